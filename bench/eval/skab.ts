import { recordingSchema } from '../../pipelines/recordings/recording-description.ts';
import type { Evaluation, Plot } from './evaluation.ts';
import { judged, type Onset } from './judged.ts';
import { type Counts, countsOf, type SkabScore, skabScore } from './score-skab.ts';
import { type Experiment, LEARNT, readAnomalyFree, readSkab, SKAB_SIGNALS } from './skab-files.ts';
import { t2q } from './skab-t2q.ts';

/** What a system says of each row of an experiment. */
type System = { readonly name: string; readonly alarmed: readonly (readonly boolean[])[] };
type Row = Evaluation['rows'][number];

/** Of the eight signals, those that the rules look at. */
const SIX = [0, 1, 2, 3, 6, 7];
const MOST_FALSE = 20;
const PUBLISHED: Readonly<Record<string, SkabScore>> = {
  'Conv-AE': { f1: 0.78, far: 13.55, mar: 28.02 },
  MSET: { f1: 0.78, far: 39.73, mar: 14.13 },
  'T2+Q (PCA)': { f1: 0.76, far: 26.62, mar: 24.92 },
};

/** SKAB: alarms of a pump whose inlet valve is closed for some minutes, row by row. */
export async function evaluateSkab(data: string, signal: AbortSignal): Promise<Evaluation> {
  const files = [...(await readSkab(data, 'valve1')), await readAnomalyFree(data)];
  const own: (readonly boolean[])[] = [];
  for (const file of files) own.push(await saidOf(file, signal));
  const systems: readonly System[] = [
    { name: 'Andon', alarmed: own },
    { name: 'own T² + Q', alarmed: files.map(({ rows }) => t2q(rows, LEARNT)) },
    {
      name: 'own T² + Q of the six signals of the rules',
      alarmed: files.map(({ rows }) => t2q(rows.map(sixOf), LEARNT)),
    },
    { name: 'always alarm', alarmed: files.map(({ rows }) => rows.map(() => true)) },
  ];
  return {
    name: 'skab',
    about: `SKAB: ${files.length - 1} experiments with an inlet valve (of 34 of the whole set), and hours without a fault. The first 400 rows of each file are learnt, every further row is in alarm while an anomaly of \`examples/skab/rules.yaml\` stands. Rates are percentages of the normal and of the anomalous rows of all files together.`,
    rows: [...systems.map((system) => rowOf(system, files)), ...publishedRows()],
    bars: [
      barOf('experiments held back', isHeldBack, systems, files),
      barOf('all experiments', isExperiment, systems, files),
    ],
    plots: [plotOf(files.filter(isExperiment), own)],
    notes: [
      delaysOf(files.filter(isExperiment), own),
      'Which signals, `limit`, `follow` and `deadband` were chosen on the experiments with an even number and the hours without a fault: from the middle of what raises at most 10 % of the normal rows of the former and 20 % of the latter. The experiments with an odd number were held back, but scored four times: rules that do not follow, or slower, chosen on the even ones alone, had as good an F1 there with 21 to 32 % false alarms. `weight` and `shrink` are the defaults, which came from a search over the whole set (D-52).',
      'T² and Q: 85 % of the variance, limits at 99.9 % by their formulas. The published rows are of all 34 files and cannot be checked with 16; in that of T2+Q the limit of Q is not the one of the formula.',
      'Alarming always has an F1 of 0.70, here as in the whole set: half of the rows are anomalous, so an F1 about that shows nothing. The fault comes with the same row of each file and lasts as long.',
      'The rig drifts: 400 rows (7 minutes) do not tell what it does for hours, and whatever holds it against them alone alarms for almost all of the hours without a fault. Following within minutes cures that, and is blind for faults that come as slowly.',
    ],
  };
}

async function saidOf(file: Experiment, signal: AbortSignal): Promise<readonly boolean[]> {
  const recording = recordingSchema.parse({
    name: `skab-${file.name.replace('/', '-')}`,
    kind: 'csv',
    file: file.path,
    delimiter: ';',
    time: { column: 'datetime' },
    subject: 'telemetry.skab.rig.pump',
    signals: SKAB_SIGNALS,
  });
  const { onsets } = await judged('skab', [recording], signal);
  return file.times.map((time) => onsets.some((onset) => stands(onset, time)));
}

/** From the row that raised it up to the row that cleared it; a window of one reading ends a microsecond after it. */
function stands({ from, to = Number.POSITIVE_INFINITY }: Onset, time: number): boolean {
  return Math.floor(from) <= time && time < Math.floor(to);
}

function sixOf(row: readonly number[]): readonly number[] {
  return SIX.map((at) => row[at] ?? 0);
}

function isExperiment({ name }: Experiment): boolean {
  return name.startsWith('valve1');
}

function isHeldBack(file: Experiment): boolean {
  return isExperiment(file) && Number(file.name.split('/').at(-1)) % 2 === 1;
}

function scoreOf(
  { alarmed }: System,
  files: readonly Experiment[],
  has: (file: Experiment) => boolean,
): SkabScore {
  const counts = files.flatMap((file, at): Counts[] => {
    if (!has(file)) return [];
    return [countsOf(file.anomalous.slice(LEARNT), (alarmed[at] ?? []).slice(LEARNT))];
  });
  return skabScore(counts);
}

function rowOf(system: System, files: readonly Experiment[]): Row {
  const heldBack = scoreOf(system, files, isHeldBack);
  const chosen = scoreOf(system, files, (file) => isExperiment(file) && !isHeldBack(file));
  const all = scoreOf(system, files, isExperiment);
  const quiet = scoreOf(system, files, (file) => !isExperiment(file));
  return {
    system: system.name,
    'held back: F1': heldBack.f1.toFixed(3),
    'false %': heldBack.far.toFixed(1),
    'missed %': heldBack.mar.toFixed(1),
    'chosen on: F1': chosen.f1.toFixed(3),
    'all: F1': all.f1.toFixed(3),
    'all: false %': all.far.toFixed(1),
    'all: missed %': all.mar.toFixed(1),
    'without a fault: false %': quiet.far.toFixed(1),
  };
}

function publishedRows(): Row[] {
  return Object.entries(PUBLISHED).map(([name, { f1, far, mar }]) => ({
    system: `${name}, published, all 34 files`,
    'all: F1': f1.toFixed(2),
    'all: false %': far.toFixed(1),
    'all: missed %': mar.toFixed(1),
  }));
}

function barOf(
  name: string,
  has: (file: Experiment) => boolean,
  [own, ...others]: readonly System[],
  files: readonly Experiment[],
): Evaluation['bars'][number] {
  const [ours, theirs] = [own, ...others.slice(0, 2)].map((system) => {
    return system === undefined ? { f1: 0, far: 100, mar: 100 } : scoreOf(system, files, has);
  });
  const [f1 = 0, far = 100, other = 1] = [ours?.f1, ours?.far, theirs?.f1];
  return {
    bar: `${name}: F1 better than own T² + Q, at most ${MOST_FALSE} % of the normal rows in alarm`,
    measured: `${f1.toFixed(3)} against ${other.toFixed(3)}, ${far.toFixed(1)} %`,
    met: f1 > other && far <= MOST_FALSE,
  };
}

/** Which faults were noticed while they lasted, and how late. */
function delaysOf(files: readonly Experiment[], own: readonly (readonly boolean[])[]): string {
  const delays = files.flatMap(({ anomalous, times }, file) => {
    const first = anomalous.indexOf(true, LEARNT);
    const noticed = anomalous.findIndex(
      (is, row) => row >= first && is && own[file]?.[row] === true,
    );
    return noticed < 0 ? [] : [((times[noticed] ?? 0) - (times[first] ?? 0)) / 1_000];
  });
  delays.sort((a, b) => a - b);
  const middle = delays[Math.floor(delays.length / 2)] ?? 0;
  return `${delays.length} of ${files.length} faults were noticed while they lasted, half of those within ${middle} s.`;
}

/** How many experiments stand in alarm, and how many are labelled, at each row. */
function plotOf(files: readonly Experiment[], own: readonly (readonly boolean[])[]): Plot {
  const [first] = files;
  const at = first?.times ?? [];
  const count = (of: (file: number, row: number) => boolean | undefined) => {
    return at.map((_, row) => files.filter((_file, file) => of(file, row) === true).length);
  };
  return {
    file: 'skab-valve1',
    title: `SKAB valve1: how many of ${files.length} experiments`,
    series: [
      { name: 'are labelled', at, values: count((file, row) => files[file]?.anomalous[row]) },
      { name: 'are in alarm', at, values: count((file, row) => own[file]?.[row]) },
    ],
    truth: [],
    alarms: [],
  };
}
