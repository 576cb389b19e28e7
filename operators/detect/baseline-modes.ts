import type { BaselineState } from '../model/anomaly.ts';
import { formatNumber } from '../model/canonical.ts';
import type { DetectorRule } from '../model/detector-rule.ts';
import { locate } from '../model/key.ts';
import { type MachineEvent, requestStatusOf } from '../model/machine-event.ts';
import { lookup } from '../model/plain.ts';
import type { BaselineRow } from '../model/tables.ts';
import { type Duration, type EventTime, HOUR } from '../model/time.ts';
import {
  type BaselineProgress,
  type DetectorInput,
  deadbandOf,
  type Evaluation,
  formatQuantity,
} from './evaluation.ts';

/** What is usual in each mode of a machine: learnt from samples, then frozen or followed. */

/** A rule that learns what is usual in each mode. */
type LearningRule = Extract<DetectorRule, { learn: number }>;
type ScaledRule = Extract<DetectorRule, { floor: number }>;

/** How far a mode has learnt: counted in samples and in running time. */
export type LearningProgress = {
  status: BaselineState['status'];
  count: number;
  /** Running time between evaluated samples of this mode without a change of state in between. */
  running: Duration;
  /** Of the last sample that was learnt or followed: its time; and since when its state was on. */
  last: EventTime;
  since: EventTime;
};

/** One mode's baseline: a column of samples (on the rule's scale) while it learns, two numbers once it is ready. */
export type BaselineMode = LearningProgress & {
  samples: Float64Array | null;
  /** How many are in the column: every `stride`-th sample of all that were learnt. */
  filled: number;
  stride: number;
  median: number;
  mad: number;
  /** For the detector itself, in a layout of its own; empty until it needs it. */
  track: Float64Array;
};

/** The baselines of one signal, by the name of the mode. */
export type Baselines = {
  kind: 'baseline';
  modes: Record<string, BaselineMode>;
  /** Of a CUSUM: whose sum passed its limit and is not back at 0. */
  excursion: { readonly mode: string; readonly side: 'up' | 'down' } | null;
};

const MOST_MODES = 256;
/** Of the column while the mode learns; it doubles as it fills. */
const FIRST_LENGTH = 32;
/** 8 kB. Beyond it every other sample is dropped, so the column stays evenly spread over the learning. */
const MOST_SAMPLES = 1_024;
const MOST_SHARE = 0.1;
const NOTHING = new Float64Array(0);

export function noBaselines(): Baselines {
  return { kind: 'baseline', modes: {}, excursion: null };
}

/** The mode of a sample by the parts of its situation that the rule names, and the bands that its signals are in. */
export function modeName(rule: LearningRule, { sample, bands }: DetectorInput): string {
  const name = rule.modes.map((part) => sample.situation[part]).join('/');
  return bands === '' ? name : `${name}/${bands}`;
}

/** The mode's state of a name, made where there is none; undefined when there are too many to be plausible. */
export function modeOf<M>(modes: Record<string, M>, name: string, open: () => M): M | undefined {
  const known = lookup(modes, name);
  if (known !== undefined || Object.keys(modes).length >= MOST_MODES) return known;
  const mode = open();
  modes[name] = mode;
  return mode;
}

export function noProgress(): LearningProgress {
  const never = Number.MIN_SAFE_INTEGER as EventTime;
  return { status: 'learning', count: 0, running: 0 as Duration, last: never, since: never };
}

function openMode(): BaselineMode {
  const samples = new Float64Array(FIRST_LENGTH);
  return { ...noProgress(), samples, filled: 0, stride: 1, median: 0, mad: 0, track: NOTHING };
}

/** `value` is on the rule's scale; `ready`: the baseline was complete before this sample. */
type LearntMode = {
  readonly name: string;
  readonly mode: BaselineMode;
  readonly value: number;
  readonly ready: boolean;
};

/**
 * The mode that a sample is to be evaluated in, still learning or ready. While it learns, the sample is taken in, unless an
 * anomaly of the signal is open (`frozen`) or was when a rule was edited (`waiting`). Progress is reported at every tenth of the learning and when the status
 * changes. Undefined, and refused with a sentence: no logarithm, or too many modes.
 */
export function learnSample(
  memory: Baselines,
  rule: LearningRule,
  input: DetectorInput,
): LearntMode | undefined {
  const isLog = 'scale' in rule && rule.scale === 'log';
  if (isLog && !(input.value > 0)) {
    return input.refuse(`a logarithm needs values above 0, found ${input.value}`);
  }
  const name = modeName(rule, input);
  const mode = modeOf(memory.modes, name, openMode);
  if (mode === undefined) {
    return input.refuse(`more than ${MOST_MODES} modes, ${name} has no baseline`);
  }
  const value = isLog ? Math.log(input.value) : input.value;
  if (mode.status === 'ready') return { name, mode, value, ready: true };
  if (addSample(mode, value, rule, input)) {
    const median = isLog ? Math.exp(mode.median) : mode.median;
    input.reportProgress({ ...progressOf(name, mode, rule), median, mad: mode.mad });
  }
  return { name, mode, value, ready: false };
}

/** How far a mode has learnt, without what it has learnt. */
export function progressOf(
  name: string,
  { status, count, running }: LearningProgress,
  rule: LearningRule,
): Omit<BaselineProgress, 'median' | 'mad'> {
  const { learn, learn_time: time = 0 as Duration } = rule;
  return { mode: name, status, samples: count, needed: learn, running, needed_running: time };
}

/**
 * Counts a sample, unless it is suspect. `isMilestone`: the status changed, or another tenth is learnt; `isTaken`: the
 * sample is to be learnt from; and the status is `ready` from the sample that makes it so.
 */
export function countSample(
  progress: LearningProgress,
  rule: LearningRule,
  { sample, suspicion }: DetectorInput,
): { readonly isTaken: boolean; readonly isMilestone: boolean } {
  const suspect = suspicion();
  const status = suspect === '' ? 'learning' : suspect;
  const isChange = progress.status !== status;
  progress.status = status;
  if (suspect !== '') return { isTaken: false, isMilestone: isChange };
  const before = tenthOf(progress, rule);
  const { time, situation } = sample;
  // A machine that stopped in between did not run in between.
  if (progress.count > 0 && situation.since === progress.since) {
    progress.running = (progress.running + time - progress.last) as Duration;
  }
  Object.assign(progress, { count: progress.count + 1, last: time, since: situation.since });
  const isReady = progress.count >= rule.learn && progress.running >= (rule.learn_time ?? 0);
  if (isReady) progress.status = 'ready';
  return { isTaken: true, isMilestone: isReady || isChange || tenthOf(progress, rule) !== before };
}

/** The samples and the time must both be there, so the lesser share of them is how far it is. */
function tenthOf(
  { count, running }: LearningProgress,
  { learn, learn_time: time = 0 as Duration }: LearningRule,
) {
  const share = time === 0 ? 1 : running / time;
  return Math.floor(10 * Math.min(count / learn, share, 1));
}

/** Takes a sample into a baseline that is not ready. True when progress is to be reported. */
function addSample(
  mode: BaselineMode,
  value: number,
  rule: LearningRule,
  input: DetectorInput,
): boolean {
  const { isTaken, isMilestone } = countSample(mode, rule, input);
  if (mode.samples === null) return isMilestone;
  if (isTaken) append(mode, mode.samples, value);
  if (!isMilestone || mode.filled === 0) return isMilestone;
  const samples = mode.samples.slice(0, mode.filled);
  Object.assign(mode, follows(rule) ? meanAndDeviation(samples) : medianAndMad(samples));
  // Drift alone looks at the samples themselves once more, and drops them then.
  if (mode.status === 'ready' && rule.kind !== 'drift') mode.samples = null;
  return true;
}

/** A baseline that follows every value does so by mean and deviation: it begins with those, too. */
function follows(rule: LearningRule): boolean {
  return rule.kind === 'baseline' && rule.forget !== undefined;
}

/** Appends every `stride`-th sample to the column; a full one drops every other sample and doubles the stride. */
function append(mode: BaselineMode, samples: Float64Array, value: number): void {
  if ((mode.count - 1) % mode.stride !== 0) return;
  let column = samples;
  if (mode.filled === column.length && column.length >= MOST_SAMPLES) {
    mode.stride *= 2;
    mode.filled = Math.ceil(mode.filled / 2);
    for (let at = 1; at < mode.filled; at += 1) column[at] = column[2 * at] ?? 0;
    if ((mode.count - 1) % mode.stride !== 0) return;
  } else if (mode.filled === column.length) {
    column = new Float64Array(Math.min(MOST_SAMPLES, 2 * column.length));
    column.set(samples);
    mode.samples = column;
  }
  column[mode.filled] = value;
  mode.filled += 1;
}

/**
 * How far a sample moves what follows by half in `half`: 1 − 2^(−Δt/half), and at most a tenth, because one sample after a
 * gap does not speak for all of it. 0 without `half`. Takes note of the sample's time.
 */
export function followingShare(
  progress: LearningProgress,
  time: EventTime,
  half: Duration | undefined,
): number {
  const elapsed = Math.max(0, time - progress.last);
  progress.last = time;
  return half === undefined ? 0 : Math.min(MOST_SHARE, 1 - 0.5 ** (elapsed / half));
}

/**
 * One deviation of a mode, on the rule's scale: 1.4826 · max(MAD, floor). A dead constant signal without a floor would
 * make any change infinitely many deviations, so it is kept finite.
 */
export function deviationOf({ scale, floor }: ScaledRule, { median, mad }: BaselineMode): number {
  const least = scale === 'log' ? floor : floor * Math.abs(median);
  return DEVIATIONS_PER_MAD * Math.max(mad, least, Number.EPSILON * Math.abs(median), 1e-12);
}

/** A value on the rule's scale, back in the signal's unit. */
export function unscaled({ scale }: ScaledRule, value: number): number {
  return scale === 'log' ? Math.min(Math.exp(value), Number.MAX_VALUE) : value;
}

/** Of a normal distribution, the standard deviation is this many median absolute deviations: 1 / Φ⁻¹(3/4). */
export const DEVIATIONS_PER_MAD = 1.4826;

/** Median and median absolute deviation: up to half of the values may be wrong without moving either far. */
export function medianAndMad(values: Float64Array): { median: number; mad: number } {
  const median = medianOf(values);
  return { median, mad: medianOf(values.map((value) => Math.abs(value - median))) };
}

/** Mean and standard deviation in their place, the deviation as a MAD of a normal distribution. */
function meanAndDeviation(values: Float64Array): { median: number; mad: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { median: mean, mad: Math.sqrt(squares / values.length) / DEVIATIONS_PER_MAD };
}

function medianOf(values: Float64Array): number {
  const sorted = values.slice().sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (sorted[middle - 1] ?? 0) / 2 + upper / 2;
}

/** The row of `baselines` for one step of what a baseline has learnt. */
export function toBaselineRow(state: BaselineState): BaselineRow {
  const { asset, running, needed_running, ...rest } = state;
  return {
    ...rest,
    hours: running / HOUR,
    needed_hours: needed_running / HOUR,
    ...locate(asset),
  };
}

/**
 * Which point's baselines start anew after a machine event: '' for all of the asset, undefined for none.
 * `repaired` and `sensor_changed` may name a `point`; a request does it when it is completed.
 */
export function restartsBaselines(event: MachineEvent): string | undefined {
  if (event.type === 'request') {
    return requestStatusOf(event)?.status === 'completed' ? '' : undefined;
  }
  if (event.type !== 'repaired' && event.type !== 'sensor_changed') return undefined;
  const { point } = event.data;
  return typeof point === 'string' ? point : '';
}

/** The detector `drift`: whether a baseline has become stale. */

type DriftRule = Extract<DetectorRule, { kind: 'drift' }>;

/** So many quantiles stand for the learnt samples: 4 kB. */
const QUANTILES = 500;

/**
 * Whether a baseline is stale: the latest `recent` samples of a mode against those that were learnt, by the greatest
 * distance of the two distribution functions (two-sample Kolmogorov-Smirnov statistic, 0 to 1). It tells that the machine
 * is not the one that was learnt, not that it is faulty: a notice to learn anew. No significance is claimed, because
 * samples of machines are not independent; `distance` is the share of samples that moved away. Level: `stale`.
 */
export function drift(
  memory: Baselines,
  rule: DriftRule,
  input: DetectorInput,
): Evaluation | undefined {
  const known = learnSample(memory, rule, input);
  if (!known?.ready) return undefined;
  const { mode, name, value } = known;
  const recent = takeRecent(mode, value, rule);
  if (recent === undefined) return undefined;
  const sorted = recent.slice().sort();
  const usual = mode.track.subarray(rule.recent + 1);
  const distance = distanceOf(sorted, usual);
  const now = unscaled(rule, sorted[sorted.length >> 1] ?? value);
  const before = unscaled(rule, mode.median);
  const { unit } = input.sample;
  return {
    level: distance > rule.distance ? 'stale' : '',
    levelWithDeadband: distance > rule.distance - deadbandOf(rule, rule.distance) ? 'stale' : '',
    value: now,
    unit,
    limit: before,
    score: distance / rule.distance,
    text: () =>
      `in the median of its latest ${rule.recent} values, learnt were ${formatQuantity(before, unit)}: ${formatNumber(100 * distance)} % of them moved away from the baseline of ${name}, which may be stale`,
    evidence: () => ({
      distance,
      recent: rule.recent,
      median: before,
      samples: mode.count,
      mode: name,
    }),
  };
}

/**
 * Takes a sample among the recent ones, and returns them when they are complete. `track`: how many were taken, the ring of
 * the recent ones, the learnt ones in rising order.
 */
function takeRecent(
  mode: BaselineMode,
  value: number,
  { recent }: DriftRule,
): Float64Array | undefined {
  if (mode.samples !== null) {
    const usual = quantilesOf(mode.samples.slice(0, mode.filled).sort());
    mode.track = new Float64Array(1 + recent + usual.length);
    mode.track.set(usual, 1 + recent);
    mode.samples = null;
  }
  const taken = mode.track[0] ?? 0;
  mode.track[1 + (taken % recent)] = value;
  mode.track[0] = taken + 1;
  return taken + 1 < recent ? undefined : mode.track.subarray(1, 1 + recent);
}

function quantilesOf(sorted: Float64Array): Float64Array {
  if (sorted.length <= QUANTILES) return sorted;
  return Float64Array.from({ length: QUANTILES }, (_, at) => {
    return sorted[Math.round((at * (sorted.length - 1)) / (QUANTILES - 1))] ?? 0;
  });
}

/** The greatest difference of the two empirical distribution functions; both columns in rising order. */
function distanceOf(a: Float64Array, b: Float64Array): number {
  let [i, j, most] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const at = Math.min(a[i] ?? 0, b[j] ?? 0);
    while (i < a.length && (a[i] ?? 0) <= at) i += 1;
    while (j < b.length && (b[j] ?? 0) <= at) j += 1;
    most = Math.max(most, Math.abs(i / a.length - j / b.length));
  }
  return most;
}
