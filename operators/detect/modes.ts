import type { BaselineState } from '../model/anomaly.ts';
import type { DetectorRule } from '../model/detector-rule.ts';
import type { Duration, EventTime } from '../model/time.ts';
import { DEVIATIONS_PER_MAD, moments, robust } from './robust.ts';
import type { Hearing } from './verdict.ts';

/** A rule that learns what is usual in each mode. */
type LearningRule = Extract<DetectorRule, { learn: number }>;
type ScaledRule = Extract<DetectorRule, { floor: number }>;

/** How far a mode has learnt: counted in samples and in running time. */
export type Progress = {
  status: BaselineState['status'];
  count: number;
  /** Running time between judged samples of this mode without a change of state in between. */
  running: Duration;
  /** Of the last sample that was learnt or followed: its time; and since when its state was on. */
  last: EventTime;
  since: EventTime;
};

/** One mode's baseline: a column of samples (on the rule's scale) while it learns, two numbers once it is ready. */
export type Mode = Progress & {
  samples: Float64Array | null;
  /** How many are in the column: every `stride`-th sample of all that were learnt. */
  kept: number;
  stride: number;
  median: number;
  mad: number;
  /** What the detector itself keeps of this mode, as it likes; empty until it needs it. */
  track: Float64Array;
};
export type Baselines = { kind: 'baseline'; modes: Record<string, Mode> };

export type Milestone = Pick<
  BaselineState,
  'mode' | 'status' | 'samples' | 'needed' | 'running' | 'needed_running' | 'median' | 'mad'
>;

const MOST_MODES = 256;
/** Of the column while it learns; it doubles as it fills. */
const FIRST_ROOM = 32;
/** 8 kB. Beyond it every other sample is let go, so what is kept stays evenly spread over the learning. */
const MOST_KEPT = 1_024;
const MOST_SHARE = 0.1;
const NOTHING = new Float64Array(0);

export function noBaselines(): Baselines {
  return { kind: 'baseline', modes: {} };
}

/** The mode of a sample by the parts of its situation that the rule names, and the bands that its signals are in. */
export function modeName(rule: LearningRule, { sample, bands }: Hearing): string {
  const name = rule.modes.map((part) => sample.situation[part]).join('/');
  return bands === '' ? name : `${name}/${bands}`;
}

/** The mode's state of a name, made where there is none; undefined when there are too many modes to be true. */
export function modeOf<M>(modes: Record<string, M>, name: string, open: () => M): M | undefined {
  const known = Object.hasOwn(modes, name) ? modes[name] : undefined;
  if (known !== undefined || Object.keys(modes).length >= MOST_MODES) return known;
  const mode = open();
  modes[name] = mode;
  return mode;
}

export function begun(): Progress {
  const never = Number.MIN_SAFE_INTEGER as EventTime;
  return { status: 'learning', count: 0, running: 0 as Duration, last: never, since: never };
}

function openMode(): Mode {
  const samples = new Float64Array(FIRST_ROOM);
  return { ...begun(), samples, kept: 0, stride: 1, median: 0, mad: 0, track: NOTHING };
}

/** `value` is on the rule's scale; `ready`: the baseline was complete before this sample. */
export type Learnt = {
  readonly name: string;
  readonly mode: Mode;
  readonly value: number;
  readonly ready: boolean;
};

/**
 * The mode that a sample is to be judged in, still learning or ready. While it learns, the sample is taken in, unless an
 * anomaly of the signal stands (`frozen`). `show` is called at every tenth of the learning and when the status changes.
 * Undefined, refused with a sentence: no logarithm, or too many modes.
 */
export function learnt(
  memory: Baselines,
  rule: LearningRule,
  hearing: Hearing,
  show: (milestone: Milestone) => void,
): Learnt | undefined {
  const isLog = 'scale' in rule && rule.scale === 'log';
  if (isLog && !(hearing.value > 0)) {
    return hearing.refuse(`a logarithm needs values above 0, found ${hearing.value}`);
  }
  const name = modeName(rule, hearing);
  const mode = modeOf(memory.modes, name, openMode);
  if (mode === undefined) {
    return hearing.refuse(`more than ${MOST_MODES} modes, ${name} has no baseline`);
  }
  const value = isLog ? Math.log(hearing.value) : hearing.value;
  if (mode.status === 'ready') return { name, mode, value, ready: true };
  if (study(mode, value, rule, hearing)) {
    const median = isLog ? Math.exp(mode.median) : mode.median;
    show({ ...milestoneOf(name, mode, rule), median, mad: mode.mad });
  }
  return { name, mode, value, ready: false };
}

export function milestoneOf(
  name: string,
  { status, count, running }: Progress,
  rule: LearningRule,
) {
  const { learn, learn_time: time = 0 as Duration } = rule;
  return { mode: name, status, samples: count, needed: learn, running, needed_running: time };
}

/**
 * Counts a sample, unless it is suspect. `isNews`: the status changed, or another tenth is learnt; `isTaken`: it is to be
 * kept; and the status is `ready` from the sample that makes it so.
 */
export function advance(
  progress: Progress,
  rule: LearningRule,
  { sample, isSuspect }: Hearing,
): { readonly isTaken: boolean; readonly isNews: boolean } {
  const suspect = isSuspect();
  const status = suspect ? 'frozen' : 'learning';
  const isTurn = progress.status !== status;
  progress.status = status;
  if (suspect) return { isTaken: false, isNews: isTurn };
  const before = tenthOf(progress, rule);
  const { time, situation } = sample;
  // A machine that stopped in between did not run in between.
  if (progress.count > 0 && situation.since === progress.since) {
    progress.running = (progress.running + time - progress.last) as Duration;
  }
  Object.assign(progress, { count: progress.count + 1, last: time, since: situation.since });
  const isReady = progress.count >= rule.learn && progress.running >= (rule.learn_time ?? 0);
  if (isReady) progress.status = 'ready';
  return { isTaken: true, isNews: isReady || isTurn || tenthOf(progress, rule) !== before };
}

/** The samples and the time must both be there, so the lesser share of them is how far it is. */
function tenthOf(
  { count, running }: Progress,
  { learn, learn_time: time = 0 as Duration }: LearningRule,
) {
  const share = time === 0 ? 1 : running / time;
  return Math.floor(10 * Math.min(count / learn, share, 1));
}

/** Takes a sample into a baseline that is not ready. True when there is something new to show. */
function study(mode: Mode, value: number, rule: LearningRule, hearing: Hearing): boolean {
  const { isTaken, isNews } = advance(mode, rule, hearing);
  if (mode.samples === null) return isNews;
  if (isTaken) keep(mode, mode.samples, value);
  if (!isNews || mode.kept === 0) return isNews;
  const samples = mode.samples.slice(0, mode.kept);
  Object.assign(mode, follows(rule) ? moments(samples) : robust(samples));
  // Drift alone looks at the samples themselves once more, and lets them go then.
  if (mode.status === 'ready' && rule.kind !== 'drift') mode.samples = null;
  return true;
}

/** A baseline that goes on with every value, by moments: it begins with those, too. */
function follows(rule: LearningRule): boolean {
  return rule.kind === 'baseline' && rule.forget !== undefined;
}

function keep(mode: Mode, samples: Float64Array, value: number): void {
  if ((mode.count - 1) % mode.stride !== 0) return;
  let room = samples;
  if (mode.kept === room.length && room.length >= MOST_KEPT) {
    mode.stride *= 2;
    mode.kept = Math.ceil(mode.kept / 2);
    for (let at = 1; at < mode.kept; at += 1) room[at] = room[2 * at] ?? 0;
    if ((mode.count - 1) % mode.stride !== 0) return;
  } else if (mode.kept === room.length) {
    room = new Float64Array(Math.min(MOST_KEPT, 2 * room.length));
    room.set(samples);
    mode.samples = room;
  }
  room[mode.kept] = value;
  mode.kept += 1;
}

/**
 * How far a sample moves what follows by half in `half`: 1 − 2^(−Δt/half), and at most a tenth, because one sample behind a
 * gap does not speak for all of it. 0 without `half`. Takes note of the sample's time.
 */
export function shareOf(progress: Progress, time: EventTime, half: Duration | undefined): number {
  const elapsed = Math.max(0, time - progress.last);
  progress.last = time;
  return half === undefined ? 0 : Math.min(MOST_SHARE, 1 - 0.5 ** (elapsed / half));
}

/**
 * One deviation of a mode, on the rule's scale: 1.4826 · max(MAD, floor). A dead constant signal without a floor would
 * make any change infinitely many deviations, so it is kept finite.
 */
export function deviationOf({ scale, floor }: ScaledRule, { median, mad }: Mode): number {
  const least = scale === 'log' ? floor : floor * Math.abs(median);
  return DEVIATIONS_PER_MAD * Math.max(mad, least, Number.EPSILON * Math.abs(median), 1e-12);
}

/** A value on the rule's scale, back in the signal's unit. */
export function unscaled({ scale }: ScaledRule, value: number): number {
  return scale === 'log' ? Math.exp(value) : value;
}
