import type { DetectorRule } from '../model/detector-rule.ts';
import { BEGINNING, type EventTime } from '../model/time.ts';
import {
  advance,
  begun,
  type Milestone,
  milestoneOf,
  modeName,
  modeOf,
  type Progress,
  shareOf,
} from './modes.ts';
import { learnSubspace, measure, moveCenter, type Subspace, smoothen } from './subspace.ts';
import { deadbandOf, type Hearing, short, type Verdict } from './verdict.ts';

export type MultivariateRule = Extract<DetectorRule, { kind: 'multivariate' }>;

/** One mode: the vectors that it has learnt, in rows, until it knows its subspace; then the smoothed deviations. */
type VectorMode = Progress & {
  rows: Float32Array | null;
  kept: number;
  stride: number;
  subspace: Subspace | null;
  smooth: Float64Array;
};

/** The vector of one time as far as its features have been heard, and what was learnt. */
export type Vector = {
  kind: 'vector';
  time: EventTime;
  heard: Float64Array;
  missing: number;
  modes: Record<string, VectorMode>;
};

/** 14 kB: 400 vectors of 9 features. Beyond it every other vector is let go. */
const MOST_NUMBERS = 3_600;
const NAMED = 3;

export function noVector(): Vector {
  return { kind: 'vector', time: BEGINNING, heard: new Float64Array(0), missing: 0, modes: {} };
}

/** Puts a feature in its place. True when the vector of its time is complete with it; an incomplete one is given up. */
export function gather(
  memory: Vector,
  rule: MultivariateRule,
  signal: string,
  hearing: Hearing,
): boolean {
  const { time } = hearing.sample;
  const size = rule.signals.length;
  if (memory.time !== time || memory.heard.length !== size) {
    memory.time = time;
    memory.heard = new Float64Array(size).fill(Number.NaN);
    memory.missing = size;
  }
  const at = rule.signals.indexOf(signal);
  if (Number.isNaN(memory.heard[at])) memory.missing -= 1;
  memory.heard[at] = hearing.value;
  return memory.missing === 0;
}

/**
 * Hotelling's T² and SPE of a complete feature vector against the subspace of its mode, each over its 99.9 % quantile in
 * learning times `limit`. T² says: usual together, but too much; SPE: not in the way these features move together. What
 * each feature contributes stands in the verdict. Levels: `t2`, `spe`.
 */
export function multivariate(
  memory: Vector,
  rule: MultivariateRule,
  hearing: Hearing,
  show: (milestone: Milestone) => void,
): Verdict | undefined {
  const name = modeName(rule, hearing);
  const size = rule.signals.length;
  const mode = modeOf(memory.modes, name, () => open(size));
  if (mode === undefined) return hearing.refuse(`too many modes, ${name} has no baseline`);
  if (mode.subspace === null) {
    const { isTaken, isNews } = advance(mode, rule, hearing);
    if (isTaken) keep(mode, memory.heard);
    if (mode.status === 'ready' && mode.rows !== null) {
      mode.subspace = learnSubspace(mode.rows.slice(0, mode.kept * size), size, rule);
      mode.rows = null;
    }
    if (isNews) show({ ...milestoneOf(name, mode, rule), median: 0, mad: 0 });
    return undefined;
  }
  smoothen(mode.smooth, memory.heard, mode.subspace, rule.weight);
  const verdict = verdictOf(mode.smooth, mode.subspace, { rule, name, samples: mode.count });
  const share = shareOf(mode, hearing.sample.time, rule.follow);
  if (share > 0 && verdict.level === '' && !hearing.isSuspect()) {
    moveCenter(mode.subspace, memory.heard, share);
  }
  return verdict;
}

function open(size: number): VectorMode {
  const rows = new Float32Array(MOST_NUMBERS - (MOST_NUMBERS % size));
  return { ...begun(), rows, kept: 0, stride: 1, subspace: null, smooth: new Float64Array(size) };
}

function keep(mode: VectorMode, vector: Float64Array): void {
  const { rows } = mode;
  const size = vector.length;
  if (rows === null || (mode.count - 1) % mode.stride !== 0) return;
  if (mode.kept * size === rows.length) {
    mode.stride *= 2;
    mode.kept = Math.ceil(mode.kept / 2);
    for (let row = 1; row < mode.kept; row += 1) {
      rows.copyWithin(row * size, 2 * row * size, (2 * row + 1) * size);
    }
    if ((mode.count - 1) % mode.stride !== 0) return;
  }
  rows.set(vector, mode.kept * size);
  mode.kept += 1;
}

function verdictOf(
  smooth: Float64Array,
  subspace: Subspace,
  { rule, name, samples }: { rule: MultivariateRule; name: string; samples: number },
): Verdict {
  const { t2, spe, toT2, toSpe } = measure(smooth, subspace);
  const most = { t2: rule.limit * subspace.t2, spe: rule.limit * subspace.spe };
  // A subspace of all components leaves nothing over, so that rounding must not be held against nothing.
  const isSpe = subspace.spe > 1e-9 && spe / most.spe > t2 / most.t2;
  const side = isSpe ? 'spe' : 't2';
  const value = isSpe ? spe : t2;
  const limit = most[side];
  const shares = () => sharesOf(isSpe ? toSpe : toT2, rule.signals);
  return {
    level: value > limit ? side : '',
    calm: value > limit - deadbandOf(rule, limit) ? side : '',
    value,
    unit: '',
    limit,
    score: value / limit,
    text: () =>
      `the ${isSpe ? 'SPE' : "Hotelling's T²"} of ${rule.signals.length} signals (limit ${short(limit)}), by ${named(shares())}`,
    evidence: () => ({
      statistic: side,
      t2,
      spe,
      t2_limit: most.t2,
      spe_limit: most.spe,
      samples,
      mode: name,
    }),
    contributions: shares,
  };
}

/** What each feature adds, as shares of all that add. */
function sharesOf(parts: Float64Array, signals: readonly string[]): Record<string, number> {
  const sum = parts.reduce((total, part) => total + Math.max(0, part), 0) || 1;
  return Object.fromEntries(
    signals.map((signal, at) => [signal, Math.max(0, parts[at] ?? 0) / sum]),
  );
}

function named(shares: Readonly<Record<string, number>>): string {
  const most = Object.entries(shares).sort(([, a], [, b]) => b - a);
  return most
    .slice(0, NAMED)
    .map(([signal, share]) => `${signal} ${Math.round(100 * share)} %`)
    .join(', ');
}
