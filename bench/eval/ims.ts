import { join } from 'node:path';
import {
  type RecordingDescription,
  recordingSchema,
} from '../../pipelines/recordings/recording-description.ts';
import type { Evaluation, Plot } from './evaluation.ts';
import { type Judged, judged, type Onset } from './judged.ts';
import { type Columns, columnOf, readColumns } from './read-columns.ts';
import { robustOnset } from './robust-onset.ts';

const BEARINGS = [1, 2, 3, 4] as const;
const FAILED = 1;
const FOUND_BY = 548;
const SILENT_BEFORE = 700;
/** Snapshots of the plain detector's baseline: behind the first ones, in which the rig settles. */
const LEARNT = [20, 220] as const;
/** The last two snapshots were taken after the shutdown, and would squeeze the picture. */
const AFTER_SHUTDOWN = 2;
const HOUR = 3_600_000;
const RULES = ['level-rises', 'level-high'] as const;

/** IMS, second run: with which snapshot of 984, counted from 0, each of four bearings is first reported. */
export async function evaluateIms(data: string, signal: AbortSignal): Promise<Evaluation> {
  const file = join(data, 'test2_timefeatures.csv.gz');
  const names = BEARINGS.flatMap((bearing) => [`B${bearing}_std`, `B${bearing}_rms`]);
  const table = await readColumns(file, 'timestamp', names);
  const recordings = BEARINGS.map((bearing) => recordingOf(file, bearing));
  const found = await judged('ims', recordings, signal);
  return {
    name: 'ims',
    about:
      'IMS, second run: four bearings on a shaft, a snapshot every 10 minutes for a week, until the outer race of bearing 1 fails. In each cell: with which snapshot of 984, counted from 0, the bearing is first reported, and how long before the end.',
    rows: [
      ...RULES.map((rule) => ({
        system: `Andon, rule \`${rule}\``,
        ...byBearing((bearing) => told(table, firstOf(found, bearing, rule)?.from)),
      })),
      {
        system: 'robust z above 6, six in a row (published: 548, 841, 908, 706)',
        ...byBearing((bearing) => {
          const at = robustOnset(columnOf(table, `B${bearing}_rms`), LEARNT, 6, 6);
          return told(table, at === undefined ? undefined : table.times[at]);
        }),
      },
    ],
    bars: barsOf(table, found),
    plots: BEARINGS.map((bearing) => plotOf(table, bearing, found)),
    notes: [
      'Rules with their defaults, save which severity they raise and for how long they must be well again. Of the three runs only this one is present, so nothing is held back: that the defaults fit it was known.',
      'What shakes the healthy bearings at the end is the broken one on the same shaft.',
    ],
  };
}

function recordingOf(file: string, bearing: number): RecordingDescription {
  return recordingSchema.parse({
    name: `ims-test2-bearing${bearing}`,
    kind: 'csv',
    file,
    time: { column: 'timestamp' },
    subject: `telemetry.ims.rig.bearing${bearing}`,
    signals: { [`B${bearing}_std`]: 'vibration_acceleration_rms' },
    tick: '1m',
  });
}

function barsOf(table: Columns, found: Judged): Evaluation['bars'] {
  const first = (bearing: number) => {
    const earliest = RULES.map((rule) => firstOf(found, bearing, rule)?.from);
    return Math.min(...earliest.map((time) => snapshotAt(table, time)));
  };
  const healthy = BEARINGS.filter((bearing) => bearing !== FAILED).map(first);
  return [
    {
      bar: `bearing 1 is reported by snapshot ${FOUND_BY}`,
      measured: `${first(FAILED)}`,
      met: first(FAILED) <= FOUND_BY,
    },
    {
      bar: `the healthy bearings are silent before ${SILENT_BEFORE}`,
      measured: healthy.join(', '),
      met: healthy.every((at) => at >= SILENT_BEFORE),
    },
  ];
}

function plotOf(table: Columns, bearing: number, { onsets }: Judged): Plot {
  const end = table.times.at(-1) ?? 0;
  const failure = { from: end - 2 * HOUR, to: end, label: 'the outer race failed' };
  return {
    file: `ims-test2-bearing${bearing}`,
    title: `IMS test 2, bearing ${bearing}`,
    series: [
      {
        name: 'acceleration rms, g',
        at: table.times.slice(0, -AFTER_SHUTDOWN),
        values: columnOf(table, `B${bearing}_std`).slice(0, -AFTER_SHUTDOWN),
      },
    ],
    truth: bearing === FAILED ? [failure] : [],
    alarms: onsets
      .filter(({ asset }) => asset === `bearing${bearing}`)
      .map(({ rule, from, to }) => ({ from, to: to ?? end, label: rule })),
    logarithmic: true,
  };
}

function firstOf({ onsets }: Judged, bearing: number, rule: string): Onset | undefined {
  return onsets.find((onset) => onset.asset === `bearing${bearing}` && onset.rule === rule);
}

/** The last snapshot that was there at a time; never is beyond all. */
function snapshotAt({ times }: Columns, time = Number.POSITIVE_INFINITY): number {
  if (time === Number.POSITIVE_INFINITY) return times.length;
  return times.findLastIndex((at) => at <= time);
}

function told(table: Columns, time: number | undefined): string {
  if (time === undefined) return 'never';
  const hours = ((table.times.at(-1) ?? 0) - time) / HOUR;
  return `${snapshotAt(table, time)} (${hours.toFixed(1)} h)`;
}

function byBearing(figure: (bearing: number) => string): Record<string, string> {
  return Object.fromEntries(BEARINGS.map((bearing) => [`bearing ${bearing}`, figure(bearing)]));
}
