/** What the detectors of an asset keep between samples. */

import type { Anomaly } from '../model/anomaly.ts';
import type { DetectorRule } from '../model/detector-rule.ts';
import type { Situation } from '../model/observation.ts';
import { BEGINNING, type EventTime } from '../model/time.ts';
import { type Baselines, noBaselines } from './baseline-modes.ts';
import type { CompiledDetector } from './compile.ts';
import type { SignalBand } from './gate.ts';
import { type LifeCycle, openLifeCycle } from './life-cycle.ts';
import { noVector, type Vector } from './multivariate.ts';
import type { Sample } from './sample.ts';
import { type LastSample, moving, type Stuck } from './sensor-health.ts';
import { noSeries, type Series } from './trends.ts';

/** The detectors of one asset. */
export type AssetDetectors = {
  /** By `detectorKey`. */
  states: Record<string, DetectorState>;
  /** How many of its anomalies are open. */
  active: number;
  /** Of the last observation: a timer has none of its own. */
  situation: Situation | null;
  /** By `BandedSignal.key`: the band that each signal was in last. */
  bands: Record<string, SignalBand>;
  /** When it was last in a planned stretch or a start-up. */
  unsettled: EventTime;
};

/** The state of one rule for one signal at one point of one asset. */
export type DetectorState = {
  readonly rule: string;
  readonly shape: string;
  readonly signal: string;
  readonly point: string;
  readonly component: string;
  readonly memory: DetectorMemory;
  readonly lifeCycle: LifeCycle;
  /** Time of the first sample, of a rule that asks for whole windows. */
  readonly opened?: EventTime;
  /** Time of the last sample. */
  lastSample: EventTime;
  /** It was reported why this cannot be evaluated. */
  refused: boolean;
  /** As it was last reported; null while none is open. */
  anomaly: Anomaly | null;
};

/** What a detector keeps between samples, besides its life cycle. Limits and zones keep nothing. */
export type DetectorMemory =
  | { kind: 'limit' | 'iso20816' }
  | Baselines
  | Vector
  | Series
  | Stuck
  | LastSample;

export function openAssetDetectors(): AssetDetectors {
  return { states: {}, active: 0, situation: null, bands: {}, unsettled: BEGINNING };
}

/** Rule ids and points are names without bars, so the key is unique whatever the signal is called. */
export function detectorKey(
  rule: string,
  { point, signal }: Pick<Sample, 'point' | 'signal'>,
): string {
  return `${rule}|${point}|${signal}`;
}

/** The state of a rule for the signal of a sample, opened where there is none. */
export function stateFor(
  { states }: AssetDetectors,
  { rule, shape }: CompiledDetector,
  sample: Sample,
): DetectorState {
  const key = detectorKey(rule.id, sample);
  const known = states[key];
  if (known !== undefined) return known;
  const { signal, point, component } = sample;
  const opened: DetectorState = {
    rule: rule.id,
    shape,
    signal,
    point,
    component,
    memory: openMemory(rule),
    lifeCycle: openLifeCycle(),
    ...(rule.when?.whole === true ? { opened: sample.time } : {}),
    lastSample: BEGINNING,
    refused: false,
    anomaly: null,
  };
  states[key] = opened;
  return opened;
}

function openMemory(rule: DetectorRule): DetectorMemory {
  switch (rule.kind) {
    case 'limit':
    case 'iso20816':
      return { kind: rule.kind };
    case 'baseline':
    case 'iso20816-change':
    case 'ewma':
    case 'cusum':
    case 'range':
    case 'noise-floor':
    case 'drift':
      return noBaselines();
    case 'multivariate':
      return noVector();
    case 'rate':
    case 'trend':
      return noSeries();
    case 'stuck':
      return moving();
    case 'silence':
      return { kind: 'silence', last: BEGINNING, watching: false };
  }
}

/** Memory of one kind. The kind is part of the shape that states are found by, so another is a defect of ours. */
export function memoryOf<K extends DetectorMemory['kind']>(
  kind: K,
  memory: DetectorMemory,
): Extract<DetectorMemory, { kind: K }> {
  if (isOf(kind, memory)) return memory;
  throw new Error(`expected the memory of a ${kind} detector, found that of ${memory.kind}`);
}

function isOf<K extends DetectorMemory['kind']>(
  kind: K,
  memory: DetectorMemory,
): memory is Extract<DetectorMemory, { kind: K }> {
  return memory.kind === kind;
}

/** After a repair or with another sensor, what was learnt is of another machine. False when there was nothing to forget. */
export function forgetLearnt({ memory }: DetectorState): boolean {
  switch (memory.kind) {
    case 'baseline':
      memory.modes = {};
      return true;
    case 'vector':
      Object.assign(memory, noVector());
      return true;
    case 'series':
      Object.assign(memory, noSeries());
      return true;
    case 'limit':
    case 'iso20816':
    case 'stuck':
    case 'silence':
      return false;
  }
}

/** Something is wrong with this signal already, or with another one at the same measuring point. */
export function isSuspect(
  { states, active }: AssetDetectors,
  { signal, point }: DetectorState,
  rule: DetectorRule,
): boolean {
  if (active === 0) return false;
  const names = rule.kind === 'multivariate' ? [signal, ...rule.signals] : [signal];
  return Object.values(states).some((state) => {
    const isOfIt = point !== '' || names.includes(state.signal);
    return state.lifeCycle.rank > 0 && state.point === point && isOfIt;
  });
}
