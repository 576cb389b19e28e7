import { recordingSchema } from '../../pipelines/recordings/recording-description.ts';
import type { Evaluation, Plot } from './evaluation.ts';
import { chooseOnAll, crossValidate, heldOut, type ScoresByFile } from './folds.ts';
import { type Candidates, type Judged, judgedByEach, type Onset } from './judged.ts';
import { onsetsOf, runningRange } from './nab-detectors.ts';
import { nabNames, readNab, rowAt, type Series } from './nab-files.ts';
import { publishedScores } from './nab-published.ts';
import {
  bestThreshold,
  type Flag,
  type Flagged,
  normalised,
  PROFILES,
  probationOf,
  rawScore,
  scoreAt,
} from './score-nab.ts';

/** On the files of these folders the rules were chosen; what a fuller copy holds more was never looked at. */
const SEEN: readonly string[] = ['artificialNoAnomaly', 'artificialWithAnomaly', 'realKnownCause'];
/** Rules to choose from, the calmest first. */
const CANDIDATES: Candidates = Object.fromEntries(
  [10, 8, 7].map((limit) => [`limit ${limit} of \`level\``, { 'detectors.0.limit': limit }]),
);
/** What leaving a folder out may cost, in points. */
const MOST_LOST = 5;
const RANGES = ['running range', 'running range, onsets only'] as const;

/** A file and what the rules said of it. */
type Run = {
  readonly series: Series;
  readonly found: Judged;
  /** As the rules stand, and by each candidate. */
  readonly flags: readonly Flag[];
  readonly byCandidate: Readonly<Record<string, Flagged>>;
};
type Row = Evaluation['rows'][number];
/** The parts of the benchmark that are scored apart: its folders, and all. */
type Part = { readonly name: string; readonly has: (run: Run) => boolean };

const ALL: Part = { name: 'all files', has: () => true };

/** NAB: onsets of anomalies in series of many kinds, against windows that people labelled. */
export async function evaluateNab(data: string, signal: AbortSignal): Promise<Evaluation> {
  const runs: Run[] = [];
  for (const name of nabNames(data)) runs.push(await runOf(await readNab(data, name), signal));
  const range = runs.map(({ series }) => flagged(series, runningRange(series.values)));
  const onsets = range.map(({ file, flags }) => ({ file, flags: onsetsOf(flags) }));
  const scores = scoresByCandidate(runs);
  const folds = crossValidate(scores, runs.map(folderOf), worthOf);
  const left = heldOut(folds);
  const own = runs.map(({ series, flags }) => flagged(series, flags));
  const rows = [
    flagsRow('Andon, each folder left out', runs, left),
    flagsRow('Andon, rules as they stand', runs, own),
    ...[range, onsets].map((flags, at) => bestRangeRow(RANGES[at] ?? '', runs, flags)),
  ];
  return {
    name: 'nab',
    about: `NAB: ${runs.length} of its 58 files, every raised anomaly an alarm at its row. 0 is a detector that reports nothing, 100 one that reports the first row of each labelled window and no other. "As they stand" are the rules of \`examples/nab/rules.yaml\`, chosen with the folders ${SEEN.join(', ')} in view; "left out" are rules that were chosen on the other folders alone.`,
    rows: [...rows, ...publishedRows(runs), silence(runs)],
    bars: barsOf(runs, own, left, rows),
    files: runs.map((run, at) => ({
      file: run.series.name,
      windows: run.series.labelled.windows.length,
      'as they stand: raw': Number(
        rawScore(flagged(run.series, run.flags), PROFILES.standard).toFixed(4),
      ),
      'left out: raw': Number(
        rawScore(left[at] ?? flagged(run.series, []), PROFILES.standard).toFixed(4),
      ),
      folder: folderOf(run),
      chosen: folds.find(({ part }) => part === folderOf(run))?.chosen ?? '',
      'seen while choosing': isSeen(run) ? 'yes' : 'no',
    })),
    plots: runs.filter(({ series }) => series.windows.length > 1).map(plotOf),
    notes: notesOf(runs, chooseOnAll(scores, worthOf)),
  };
}

async function runOf(series: Series, signal: AbortSignal): Promise<Run> {
  const recording = recordingSchema.parse({
    name: `nab-${series.name.split('/').at(-1)}`,
    kind: 'csv',
    file: series.path,
    time: { column: 'timestamp' },
    subject: 'telemetry.nab.line1.machine',
    signals: { value: 'value' },
    tick: '5m',
  });
  const all: Candidates = { [AS_IT_STANDS]: {}, ...CANDIDATES };
  const found = await judgedByEach('nab', [recording], all, signal);
  const { [AS_IT_STANDS]: own = { onsets: [], requests: {} }, ...others } = found;
  const byCandidate = Object.entries(others).map(([name, judged]) => {
    return [name, flagged(series, flagsOf(series, judged.onsets))] as const;
  });
  return {
    series,
    found: own,
    flags: flagsOf(series, own.onsets),
    byCandidate: Object.fromEntries(byCandidate),
  };
}

const AS_IT_STANDS = 'as it stands';

function scoresByCandidate(runs: readonly Run[]): ScoresByFile<Flagged> {
  return Object.fromEntries(
    Object.keys(CANDIDATES).map((name) => [
      name,
      runs.map(({ series, byCandidate }) => byCandidate[name] ?? flagged(series, [])),
    ]),
  );
}

/** The mean of the standard profile and of the one that has more against false alarms. */
function worthOf(flags: readonly Flagged[]): number {
  // Without any window there is no score, and each false alarm is as bad.
  if (flags.every(({ file }) => file.windows.length === 0)) {
    return -flags.reduce((sum, { flags: of }) => sum + of.length, 0);
  }
  return (scoreAt(flags, 0, PROFILES.standard) + scoreAt(flags, 0, PROFILES['low FP'])) / 2;
}

/**
 * Onsets as rows: what is said at a time was known with the first row from then on. A window of one reading ends a
 * microsecond after it. A row is flagged once.
 */
function flagsOf(series: Series, onsets: readonly Onset[]): readonly Flag[] {
  const rows = new Set(onsets.map(({ from }) => rowAt(series, Math.floor(from))));
  return [...rows].sort((a, b) => a - b).map((row) => ({ row, score: 1 }));
}

function flagged(series: Series, flags: readonly Flag[]): Flagged {
  return { file: series.labelled, flags };
}

function folderOf({ series }: Run): string {
  return series.name.split('/')[0] ?? '';
}

function isSeen(run: Run): boolean {
  return SEEN.includes(folderOf(run));
}

/** Folders with a window to be found, then all files; where a fuller copy has files that nobody looked at, those too. */
function partsOf(runs: readonly Run[]): readonly Part[] {
  const names = [...new Set(runs.filter(({ series }) => series.windows.length > 0).map(folderOf))];
  const folders = names.map((name): Part => ({ name, has: (run) => folderOf(run) === name }));
  if (runs.every(isSeen)) return [...folders, ALL];
  return [
    ...folders,
    { name: 'files seen while choosing', has: isSeen },
    { name: 'files never seen', has: (run) => !isSeen(run) },
    ALL,
  ];
}

/** What was said, as it stands: there is no threshold to be chosen any more. */
function flagsRow(system: string, runs: readonly Run[], flags: readonly Flagged[]): Row {
  return rowOf(system, runs, (part, profile) => scoreAt(within(runs, flags, part), 0, profile));
}

/** The running range at the threshold that turned out to be best, another one for each figure. */
function bestRangeRow(system: string, runs: readonly Run[], flags: readonly Flagged[]): Row {
  return rowOf(`${system}, best threshold of each column`, runs, (part, profile) => {
    return bestThreshold(within(runs, flags, part), profile).score;
  });
}

function within(runs: readonly Run[], flags: readonly Flagged[], { has }: Part): Flagged[] {
  return flags.filter((_, at) => runs.slice(at, at + 1).some(has));
}

function silence(runs: readonly Run[]): Row {
  const parts = partsOf(runs).map(({ name }) => [name, 0] as const);
  return { system: 'reports nothing', ...Object.fromEntries(parts) };
}

function rowOf(
  system: string,
  runs: readonly Run[],
  score: (part: Part, profile: (typeof PROFILES)[keyof typeof PROFILES]) => number,
): Row {
  const standard = partsOf(runs).map(
    (part) => [part.name, score(part, PROFILES.standard)] as const,
  );
  const others = (['low FP', 'low FN'] as const).map((name) => {
    return [`all, ${name}`, score(ALL, PROFILES[name])] as const;
  });
  const figures = [...standard, ...others].map(([name, value]) => [name, Number(value.toFixed(1))]);
  return { system, ...Object.fromEntries(figures) };
}

/** None when a file is there whose published scores are not known here. */
function publishedRows(runs: readonly Run[]): Row[] {
  const published = new Map(runs.map(({ series }) => [series, publishedScores(series.name)]));
  const [first] = published.values();
  if (first === undefined || [...published.values()].includes(undefined)) return [];
  return Object.keys(first).map((system) => {
    const figures = partsOf(runs).map(({ name, has }) => {
      const of = runs.filter(has).map(({ series }) => series);
      const raw = of.reduce((sum, file) => sum + (published.get(file)?.[system] ?? 0), 0);
      const labelled = of.map((file) => file.labelled);
      return [name, Number(normalised(raw, labelled, PROFILES.standard).toFixed(1))];
    });
    return { system: `${system}, published`, ...Object.fromEntries(figures) };
  });
}

function barsOf(
  runs: readonly Run[],
  own: readonly Flagged[],
  left: readonly Flagged[],
  [, stands, ...ranges]: readonly Row[],
): Evaluation['bars'] {
  const ours = Number(stands?.[ALL.name]);
  const theirs = Math.max(...ranges.map((row) => Number(row[ALL.name])));
  const [chosen, without] = [own, left].map((flags) => {
    return scoreAt(within(runs, flags, ALL), 0, PROFILES.standard);
  });
  const lost = (chosen ?? 0) - (without ?? 0);
  const low = scoreAt(own, 0, PROFILES['low FP']);
  return [
    {
      bar: 'all files: better than the running range at its best threshold',
      measured: `${ours} against ${theirs}`,
      met: ours > theirs,
    },
    {
      bar: 'at least 60 by the standard profile, and 55 by the one against false alarms',
      measured: `${ours.toFixed(1)}, ${low.toFixed(1)}`,
      met: ours >= 60 && low >= 55,
    },
    {
      bar: `each folder left out in turn: at most ${MOST_LOST} points less than with all in view`,
      measured: `${lost.toFixed(1)}`,
      met: lost <= MOST_LOST,
    },
  ];
}

function notesOf(runs: readonly Run[], chosen: string): string[] {
  const windows = runs.flatMap(({ series, flags }) => {
    return series.labelled.windows.map(({ first, last }) => {
      return flags.some(({ row }) => row >= first && row <= last);
    });
  });
  const outside = runs.flatMap(({ series: { labelled }, flags }) => {
    return flags.filter(({ row }) => {
      const isIn = labelled.windows.some(({ first, last }) => row >= first && row <= last);
      return row >= probationOf(labelled) && !isIn;
    });
  });
  return [
    `${windows.filter(Boolean).length} of ${windows.length} windows found, ${outside.length} onsets outside of them and of the probation.`,
    `Chosen from ${Object.keys(CANDIDATES).length} candidates, leaving one folder out at a time: the calmest that is at most one standard error of their difference (jackknife over files) worse than the best, by the mean of the standard profile and of that against false alarms; on all of them that is "${chosen}".`,
    'Which rules there are, and all their other numbers, were chosen with all of these folders in view: leaving one out does not undo that. Rules with a limit of 3.5 were run on all 58 files by somebody else, and gave 62.0, but 50.8 against false alarms; so limits below 7 are not among the candidates. In a simulation of the rules with 5 among them, 5 was chosen for artificialWithAnomaly, and 8 points were lost.',
    `One window more or less is ${(100 / runs.reduce((sum, { series }) => sum + series.windows.length, 0)).toFixed(0)} points.`,
    'Published systems: sums of their published scores per file, at thresholds that are best on all 58 files, with which most of them were built. Those of the windowed Gaussian come out of our scorer to four digits in each of the 18 files; the thresholds and scores of whole profiles cannot be checked with 18 files of 58.',
    'Wu & Keogh (arXiv 2009.13807) find these labels partly wrong and many of the series trivial: this is a check of sanity, no claim.',
  ];
}

function plotOf({ series, found }: Run): Plot {
  const name = series.name.split('/').at(-1) ?? '';
  const end = series.times.at(-1) ?? 0;
  return {
    file: `nab-${name}`,
    title: `NAB ${name}`,
    series: [{ name: 'value', at: series.times, values: series.values }],
    truth: series.windows,
    alarms: found.onsets.map(({ rule, from, to }) => ({ from, to: to ?? end, label: rule })),
  };
}
