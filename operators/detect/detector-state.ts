/** What the detectors of an asset keep between samples. */

import type { Anomaly } from '../model/anomaly.ts';
import type { DetectorRule } from '../model/detector-rule.ts';
import type { Situation } from '../model/observation.ts';
import { BEGINNING, type EventTime } from '../model/time.ts';
import { type Baselines, noBaselines } from './baseline-modes.ts';
import type { CompiledDetector } from './compile.ts';
import type { Suspicion } from './evaluation.ts';
import type { SignalBand } from './gate.ts';
import { type LifeCycle, openLifeCycle } from './life-cycle.ts';
import type { Usage } from './limits.ts';
import { noVector, type Vector } from './multivariate.ts';
import type { Sample } from './sample.ts';
import { type LastSample, moving, type Stuck, unheard } from './sensor-health.ts';
import { noSeries, type Series } from './trends.ts';

/** The detectors of one asset. */
export type AssetDetectors = {
  /** By `detectorKey`. */
  states: Record<string, DetectorState>;
  /** How many anomalies are open, by `suspectKey`. */
  open: Record<string, number>;
  /** By `detectorKey`: anomalies that were open when an edit ended them, and whose signal was not seen well since. */
  withdrawn: Record<string, WithdrawnAnomaly>;
  /** Of the last observation, and its time: a timer has none of its own. */
  situation: Situation | null;
  situated: EventTime;
  /** By silence rule with a `while`: whether that holds. */
  watching: Record<string, boolean>;
  /** A silence of what was never heard waits for the line's time to begin. */
  unbegun: boolean;
  /** By `BandedSignal.key`: the band that each signal was in last. */
  bands: Record<string, SignalBand>;
  /** When it was last in a planned stretch or a start-up. */
  unsettled: EventTime;
};

/** Until when nothing is learnt of its signal, unless that is seen well before. */
type WithdrawnAnomaly = { readonly about: string; readonly until: EventTime };

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
  /** An edit ended its anomaly, and it was not judged anew since. */
  unjudged: boolean;
  /** Its rule was edited while its anomaly was open, and no sample has breached the edited rule since. */
  edited: boolean;
  /** As it was last reported; null while none is open. */
  anomaly: Anomaly | null;
};

/** The events that began an anomaly or are about to: the first and the last of them, how many, and the last in words. */
export type EventCount = {
  kind: 'event';
  since: EventTime;
  last: EventTime;
  count: number;
  text: string;
};

/** What a detector keeps between samples, besides its life cycle. Limits and zones keep nothing. */
export type DetectorMemory =
  | { kind: 'limit' | 'iso20816' }
  | Baselines
  | Vector
  | Series
  | Stuck
  | LastSample
  | Usage
  | EventCount;

export function openAssetDetectors(): AssetDetectors {
  const unheard = { situation: null, situated: BEGINNING, watching: {}, unbegun: false };
  return { states: {}, open: {}, withdrawn: {}, ...unheard, bands: {}, unsettled: BEGINNING };
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
  { states, withdrawn }: AssetDetectors,
  { rule, shape }: CompiledDetector,
  sample: Pick<Sample, 'signal' | 'point' | 'component' | 'time'>,
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
    unjudged: Object.hasOwn(withdrawn, key),
    edited: false,
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
    case 'usage':
      return { kind: 'usage', used: 0 };
    case 'silence':
      return unheard();
    case 'event':
      return { kind: 'event', since: BEGINNING, last: BEGINNING, count: 0, text: '' };
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
export function forgetLearnt({ memory, anomaly }: DetectorState): boolean {
  switch (memory.kind) {
    case 'usage':
      // What is not due yet was not what the work was about.
      if (anomaly === null) return false;
      memory.used = 0;
      return true;
    case 'baseline':
      Object.assign(memory, noBaselines());
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
    case 'event':
      return false;
  }
}

/** What an anomaly makes suspect: all that its measuring point measures, or its signal where there is no point. */
function suspectKey({ signal, point }: Pick<DetectorState, 'signal' | 'point'>): string {
  return point === '' ? `|${signal}` : `${point}|`;
}

/** An anomaly was raised or has ended: counts those that are open. */
export function countOpen({ open }: AssetDetectors, anomaly: Anomaly): void {
  if (anomaly.phase === 'updated') return;
  const key = suspectKey(anomaly);
  const count = (open[key] ?? 0) + (anomaly.phase === 'raised' ? 1 : -1);
  if (count > 0) open[key] = count;
  else delete open[key];
}

/** An edit has ended an open anomaly, which nobody saw well: its signal stays suspect until it is, or until `until`. */
export function keepWithdrawn(
  { withdrawn }: AssetDetectors,
  anomaly: Pick<Anomaly, 'rule' | 'signal' | 'point'>,
  until: EventTime,
): void {
  withdrawn[detectorKey(anomaly.rule, anomaly)] = { about: suspectKey(anomaly), until };
}

/** The rule has judged its signal anew, found it well or raised it again: what an edit withdrew matters no more. */
export function forgetWithdrawn({ withdrawn }: AssetDetectors, state: DetectorState): void {
  state.unjudged = false;
  delete withdrawn[detectorKey(state.rule, state)];
}

/** The machine was repaired at a point, or at all of them (''): what was withdrawn there is another machine's. */
export function forgetRepaired({ withdrawn }: AssetDetectors, point: string): void {
  for (const [key, { about }] of Object.entries(withdrawn)) {
    if (point === '' || about === `${point}|`) delete withdrawn[key];
  }
}

/** Whether something is wrong, or was when a rule was edited, with this signal or another one at the same measuring point. */
export function suspicionOf(
  { open, withdrawn }: AssetDetectors,
  { signal, point }: DetectorState,
  rule: DetectorRule,
  time: EventTime,
): Suspicion {
  const signals = rule.kind === 'multivariate' ? [signal, ...rule.signals] : [signal];
  const keys = point === '' ? signals.map((name) => `|${name}`) : [`${point}|`];
  if (keys.some((key) => open[key] !== undefined)) return 'frozen';
  for (const [name, { about, until }] of Object.entries(withdrawn)) {
    if (time >= until) delete withdrawn[name];
    else if (keys.includes(about)) return 'waiting';
  }
  return '';
}
