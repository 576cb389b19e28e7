import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf } from '../../pipelines/files/row-sources.ts';
import {
  type RecordingDescription,
  recordingSchema,
} from '../../pipelines/recordings/recording-description.ts';
import type { Evaluation, Plot } from './evaluation.ts';
import { type Judged, judged, type Onset } from './judged.ts';
import { type Columns, columnOf, readColumns } from './read-columns.ts';
import { robustOnset } from './robust-onset.ts';

/** A run of the rig, and the bearings that had failed at its end. */
type Test = { readonly number: number; readonly failed: readonly number[] };
/** A run with its snapshots, its channels (two a bearing in the first), and what the rules said of it. */
type Run = Test & {
  readonly table: Columns;
  readonly channels: readonly Channel[];
  readonly found: Judged;
};
type Channel = { readonly bearing: number; readonly column: string };

const BEARINGS = [1, 2, 3, 4] as const;
/** From `dataset.json`. */
const TESTS: readonly Test[] = [
  { number: 1, failed: [3, 4] },
  { number: 2, failed: [1] },
  { number: 3, failed: [3] },
];
const [FOUND_BY, SILENT_BEFORE] = [548, 700];
/** Snapshots of the plain detector's baseline: behind the first ones, in which the rig settles. */
const LEARNT = [20, 220] as const;
/** The last two snapshots were taken after the shutdown, and would squeeze the picture. */
const AFTER_SHUTDOWN = 2;
const HOUR = 3_600_000;
const RULES = ['rises-apart', 'level-rises', 'regime'] as const;

/** IMS: with which snapshot each of four bearings on a shaft is first reported, in the runs that are there. */
export async function evaluateIms(data: string, signal: AbortSignal): Promise<Evaluation> {
  const runs: Run[] = [];
  for (const test of TESTS) {
    const file = join(data, `test${test.number}_timefeatures.csv.gz`);
    if (existsSync(file)) runs.push(await runOf(test, file, signal));
  }
  const which = runs.map(({ number, table }) => `${number} (${table.times.length} snapshots)`);
  return {
    name: 'ims',
    about: `IMS, run ${which.join(', ')} of three: four bearings on a shaft, a snapshot every 10 minutes, until one of them fails. In each cell: with which snapshot, counted from 0, the bearing is first reported, and how long before the end; bearings that failed are marked *. A notice of regime is about all of them: it stands with the bearing whose value made it so.`,
    rows: runs.flatMap(rowsOf),
    bars: runs.flatMap(barsOf),
    files: runs.flatMap(({ number, found, table, failed }) =>
      BEARINGS.map((bearing) => ({
        file: `test ${number}, bearing ${bearing}`,
        failed: failed.includes(bearing) ? 'yes' : 'no',
        ...Object.fromEntries(
          RULES.map((rule) => [rule, snapshotAt(table, firstOf(found, bearing, rule)?.from)]),
        ),
      })),
    ),
    plots: runs.flatMap((run) => BEARINGS.map((bearing) => plotOf(run, bearing))),
    notes: [
      'Rules with their defaults, save which severity they raise, for how long they must be well again, and that `rises-apart` is relative to the other bearings: nothing was chosen by search. Of the three runs only the second was in view, so there is nothing to leave out; that the defaults fit it was known.',
      'What shakes the healthy bearings at the end of the second run is the broken one on the same shaft.',
    ],
  };
}

async function runOf(test: Test, file: string, signal: AbortSignal): Promise<Run> {
  const channels = await channelsIn(file);
  const names = channels.flatMap(({ column }) => [`${column}_std`, `${column}_rms`]);
  const table = await readColumns(file, 'timestamp', names);
  const recordings = BEARINGS.map((bearing) => {
    return recordingOf(test, file, bearing, channels);
  });
  return { ...test, table, channels, found: await judged('ims', recordings, signal) };
}

/** `B1_std`, or with two sensors a bearing `B1_a_std` or `B1a_std`, as the heading has them. */
async function channelsIn(file: string): Promise<readonly Channel[]> {
  for await (const heading of linesOf(file)) {
    return heading.split(',').flatMap((name): Channel[] => {
      const [, column, bearing] = /^(B(\d)_?[a-z]?)_std$/.exec(name.trim()) ?? [];
      return column === undefined ? [] : [{ bearing: Number(bearing), column }];
    });
  }
  return [];
}

function recordingOf(
  { number }: Test,
  file: string,
  bearing: number,
  channels: readonly Channel[],
): RecordingDescription {
  const own = channels.filter((channel) => channel.bearing === bearing);
  const signals = own.map(({ column }, at) => {
    return [`${column}_std`, `vibration_acceleration_rms${at === 0 ? '' : '_b'}`] as const;
  });
  return recordingSchema.parse({
    name: `ims-test${number}-bearing${bearing}`,
    kind: 'csv',
    file,
    time: { column: 'timestamp' },
    subject: `telemetry.ims.rig.bearing${bearing}`,
    signals: Object.fromEntries(signals),
    tick: '1m',
  });
}

function rowsOf({ number, failed, table, channels, found }: Run): Evaluation['rows'] {
  const byBearing = (figure: (bearing: number) => string) => {
    return Object.fromEntries(
      BEARINGS.map((bearing) => {
        const mark = failed.includes(bearing) ? '*' : '';
        return [`bearing ${bearing}`, `${figure(bearing)}${mark}`];
      }),
    );
  };
  return [
    ...RULES.map((rule) => ({
      system: `run ${number}, ${rule === 'regime' ? 'notice of regime' : `rule \`${rule}\``}`,
      ...byBearing((bearing) => told(table, firstOf(found, bearing, rule)?.from)),
    })),
    {
      system: `run ${number}, robust z of the rms above 6, six in a row${number === 2 ? ' (published: 548, 841, 908, 706)' : ''}`,
      ...byBearing((bearing) => {
        const onsets = channels
          .filter((channel) => channel.bearing === bearing)
          .flatMap(
            ({ column }) => robustOnset(columnOf(table, `${column}_rms`), LEARNT, 6, 6) ?? [],
          );
        const first = Math.min(...onsets);
        return told(table, onsets.length === 0 ? undefined : table.times[first]);
      }),
    },
  ];
}

/** What is asked for: of the second run by number, of the others that only those that fail stand out. */
function barsOf({ number, failed, table, found }: Run): Evaluation['bars'] {
  const first = (bearing: number) => {
    const earliest = RULES.map((rule) => firstOf(found, bearing, rule)?.from);
    return Math.min(...earliest.map((time) => snapshotAt(table, time)));
  };
  const healthy = BEARINGS.filter((bearing) => !failed.includes(bearing));
  if (number !== 2) {
    const apart = healthy.filter((bearing) => firstOf(found, bearing, 'rises-apart') !== undefined);
    return [
      {
        bar: `run ${number}: at most one healthy bearing stands out from the others`,
        measured: `${apart.length} of ${healthy.length}`,
        met: apart.length <= 1,
      },
    ];
  }
  return [
    {
      bar: `run 2: bearing 1 is reported by snapshot ${FOUND_BY}`,
      measured: `${first(1)}`,
      met: first(1) <= FOUND_BY,
    },
    {
      bar: `run 2: the healthy bearings are silent before ${SILENT_BEFORE}`,
      measured: healthy.map(first).join(', '),
      met: healthy.every((bearing) => first(bearing) >= SILENT_BEFORE),
    },
  ];
}

function plotOf({ number, failed, table, channels, found }: Run, bearing: number): Plot {
  const end = table.times.at(-1) ?? 0;
  const failure = { from: end - 2 * HOUR, to: end, label: 'it had failed' };
  return {
    file: `ims-test${number}-bearing${bearing}`,
    title: `IMS test ${number}, bearing ${bearing}`,
    series: channels
      .filter((channel) => channel.bearing === bearing)
      .map(({ column }) => ({
        name: 'acceleration rms, g',
        at: table.times.slice(0, -AFTER_SHUTDOWN),
        values: columnOf(table, `${column}_std`).slice(0, -AFTER_SHUTDOWN),
      })),
    truth: failed.includes(bearing) ? [failure] : [],
    alarms: found.onsets
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
