import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readInstant } from '../../pipelines/files/instant.ts';
import { linesOf } from '../../pipelines/files/row-sources.ts';
import { recordingSchema } from '../../pipelines/recordings/recording-description.ts';
import type { Evaluation } from './evaluation.ts';
import { judged, type Onset } from './judged.ts';

/** An error or a failure of a machine. Time as epoch milliseconds. */
type Occurrence = { readonly time: number; readonly machine: string; readonly what: string };
type Failure = Occurrence & { readonly errors: number; readonly warned: boolean };

/** An error speaks for the two days after it. */
const AHEAD = 48 * 3_600_000;

/** Azure: errors that controllers reported, and which failures of components they announced. */
export async function evaluateAzure(data: string, signal: AbortSignal): Promise<Evaluation> {
  const errors = await occurrencesIn(fileOf(data, 'errors'), 'errorID');
  const failures = await occurrencesIn(fileOf(data, 'failures'), 'failure');
  const onsets = await onsetsOf(errors, signal);
  const judgedFailures = failures.map((failure) => judgedOf(failure, errors, onsets));
  const announced = judgedFailures.filter((failure) => failure.errors > 0);
  const warned = announced.filter((failure) => failure.warned).length;
  const told = onsets.filter((onset) => isFollowed(onset, failures)).length;
  return {
    name: 'azure',
    about: `Azure: ${errors.length} errors that controllers of one hundred machines reported in a year, as machine events, by the one rule of \`examples/azure/rules.yaml\`. A failure is warned of when an anomaly of its machine was raised in the 48 hours before it.`,
    rows: [
      ...byComponent(judgedFailures),
      rowOf('all components', judgedFailures),
      {
        system: 'anomalies',
        failures: '',
        'with an error in the 48 h before': '',
        'warned of': `${told} of ${onsets.length} followed by a failure within 48 h`,
      },
    ],
    bars: [
      {
        bar: 'each failure that an error announced is warned of',
        measured: `${warned} of ${announced.length}`,
        met: announced.length > 0 && warned === announced.length,
      },
    ],
    files: [],
    plots: [],
    notes: [
      'Nothing was chosen on this set: the rule names no code. An error that nothing follows is no fault of the rule; how many there are is in the last row.',
    ],
  };
}

function judgedOf(
  failure: Occurrence,
  errors: readonly Occurrence[],
  onsets: readonly Onset[],
): Failure {
  const isBefore = (time: number) => time <= failure.time && failure.time - time <= AHEAD;
  return {
    ...failure,
    errors: errors.filter(({ machine, time }) => machine === failure.machine && isBefore(time))
      .length,
    warned: onsets.some((onset) => {
      const stood = onset.to === undefined || onset.to >= failure.time;
      return (
        onset.asset === failure.machine &&
        (isBefore(onset.from) || (stood && onset.from <= failure.time))
      );
    }),
  };
}

function isFollowed({ asset, from }: Onset, failures: readonly Occurrence[]): boolean {
  return failures.some(({ machine, time }) => {
    return machine === asset && time >= from && time - from <= AHEAD;
  });
}

function byComponent(failures: readonly Failure[]): Evaluation['rows'] {
  const names = [...new Set(failures.map(({ what }) => what))].sort();
  return names.map((name) =>
    rowOf(
      name,
      failures.filter(({ what }) => what === name),
    ),
  );
}

function rowOf(system: string, failures: readonly Failure[]): Evaluation['rows'][number] {
  return {
    system,
    failures: failures.length,
    'with an error in the 48 h before': failures.filter(({ errors }) => errors > 0).length,
    'warned of': failures.filter(({ warned }) => warned).length,
  };
}

/** The errors as a recording of machine events, through what `andon backtest` runs. */
async function onsetsOf(errors: readonly Occurrence[], signal: AbortSignal) {
  const folder = mkdtempSync(join(tmpdir(), 'andon-azure-'));
  try {
    const file = join(folder, 'errors.ndjson');
    const lines = errors.map(({ time, machine, what }) => {
      const payload = { time, type: 'error', data: { code: what } };
      return JSON.stringify({ subject: `event.azure.park.${machine}`, payload });
    });
    writeFileSync(file, `${lines.join('\n')}\n`);
    const recording = recordingSchema.parse({
      name: 'azure-errors',
      kind: 'ndjson',
      file,
      tick: '5s',
      settle: '49h',
    });
    return (await judged('azure', [recording], signal)).onsets;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `PdM_errors.csv`, also without the prefix or packed. */
function fileOf(data: string, name: string): string {
  const names = [`PdM_${name}.csv`, `${name}.csv`].flatMap((file) => [file, `${file}.gz`]);
  const found = names.map((file) => join(data, file)).find((file) => existsSync(file));
  if (found !== undefined) return found;
  const missing = new RangeError(`${data}: expected one of ${names.join(', ')}`);
  throw Object.assign(missing, { code: 'ENOENT', path: join(data, `PdM_${name}.csv`) });
}

/** In the order of time. */
async function occurrencesIn(file: string, column: string): Promise<readonly Occurrence[]> {
  const found: Occurrence[] = [];
  let places: readonly number[] | undefined;
  for await (const line of linesOf(file)) {
    if (line.trim() === '') continue;
    const cells = line.split(',').map((cell) => cell.replace(/^"|"$/g, ''));
    if (places === undefined) {
      places = ['datetime', 'machineID', column].map((name) => cells.indexOf(name));
      if (places.some((place) => place < 0)) {
        throw new RangeError(`${file}: expected datetime, machineID, ${column}, found ${line}`);
      }
      continue;
    }
    const [time = '', machine = '', what = ''] = places.map((place) => cells[place] ?? '');
    found.push({ time: readInstant(time), machine: `machine${machine}`, what });
  }
  return found.sort((a, b) => a.time - b.time);
}
