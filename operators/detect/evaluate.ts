/** The way of a sample through one rule: gate, detector, life cycle, anomaly. */

import type { Out } from '../flow/keyed.ts';
import type { Anomaly } from '../model/anomaly.ts';
import type { DetectorRule } from '../model/detector-rule.ts';
import type { Enriched, Observation, Situation } from '../model/observation.ts';
import type { Asset } from '../model/plant-model.ts';
import { BEGINNING, type EventTime, later } from '../model/time.ts';
import { toBaselineRow } from './baseline-modes.ts';
import type { CompiledDetector } from './compile.ts';
import { baseline, cusum, ewma } from './control-charts.ts';
import {
  type AssetDetectors,
  type DetectorMemory,
  type DetectorState,
  detectorKey,
  isSuspect,
  memoryOf,
  stateFor,
} from './detector-state.ts';
import { drift } from './drift.ts';
import type { DetectorInput, Evaluation } from './evaluation.ts';
import { gate } from './gate.ts';
import { iso20816, iso20816Change } from './iso20816.ts';
import { delaysOf, nextPhase, pause, severityRank } from './life-cycle.ts';
import { limit, range } from './limits.ts';
import { completeVector, multivariate } from './multivariate.ts';
import { reportAnomaly } from './report.ts';
import { type Sample, valueOfSample } from './sample.ts';
import { noiseFloor, silence, silentFrom, stuck } from './sensor-health.ts';
import { rate, trend } from './trends.ts';

export type Detected = Enriched<Observation> | Anomaly;

/** Whose detectors these are, and where what they find goes. `asset` is undefined when the plant model has lost it. */
export type AssetContext = {
  readonly detectors: AssetDetectors;
  readonly asset: Asset | undefined;
  /** Of the event under evaluation: its line time has passed. */
  readonly late: boolean;
  readonly out: Out<Detected>;
};

type KnownAssetContext = AssetContext & { readonly asset: Asset };

/** When and in which situation an evaluation was made, and of what; a timer has no sample. */
type Occasion = Pick<Sample, 'time' | 'situation'> & Partial<Pick<Sample, 'measured' | 'features'>>;

type SilenceRule = Extract<DetectorRule, { kind: 'silence' }>;
type ValueRule = Exclude<DetectorRule, SilenceRule>;

/** Evaluates one sample of an asset by one rule, and emits the anomaly that it raises, updates or clears. */
export function evaluateSample(
  context: KnownAssetContext,
  compiled: CompiledDetector,
  taken: Sample,
): void {
  const { rule } = compiled;
  const sample = rule.kind === 'multivariate' ? { ...taken, signal: rule.signal, unit: '' } : taken;
  const state = stateFor(context.detectors, compiled, sample);
  if (rule.kind === 'silence') {
    const isWatching = compiled.holds(sample.situation, context.asset);
    endSilence(context, state, rule, sample, isWatching);
    return;
  }
  if (sample.time < state.lastSample) {
    const detail = `a sample of ${sample.signal} came after a later one of the same source`;
    context.out.deadLetter('late', detail, detail);
    return;
  }
  state.lastSample = sample.time;
  const input = inputOf(context, compiled, rule, state, sample);
  if (input === undefined) return;
  if (rule.kind === 'multivariate') {
    const memory = memoryOf('vector', state.memory);
    if (!completeVector(memory, rule, taken.signal, input)) return;
  }
  const evaluation = evaluate(state.memory, rule, input);
  if (evaluation === undefined) pause(state.lifeCycle);
  else applyEvaluation(context, state, rule, evaluation, sample);
}

/** What the detector is given; undefined when the sample is not to be evaluated, or cannot be, which is refused. */
function inputOf(
  { detectors, asset, out }: KnownAssetContext,
  compiled: CompiledDetector,
  rule: ValueRule,
  state: DetectorState,
  sample: Sample,
): DetectorInput | undefined {
  const refuse = (why: string) => {
    if (!state.refused) {
      out.deadLetter('refused', `${rule.id} cannot judge ${sample.signal}: ${why}`, why);
    }
    state.refused = true;
    return undefined;
  };
  if (compiled.problem !== undefined) refuse(compiled.problem);
  const { bands, unknown } = gate(rule, compiled.banded, detectors, sample);
  if (unknown !== undefined) refuse(unknown);
  const isClosed = sample.start < (state.opened ?? BEGINNING) || bands === undefined;
  if (isClosed || sample.situation.mixed || !compiled.holds(sample.situation, asset)) {
    pause(state.lifeCycle);
    return undefined;
  }
  const value = valueOfSample(rule, sample);
  if (value === undefined || !Number.isFinite(value)) {
    return refuse('its windows do not have the statistic that the rule names');
  }
  return {
    sample,
    value,
    asset,
    bands,
    refuse,
    isSuspect: () => isSuspect(detectors, state, rule),
    reportProgress(progress) {
      const { signal, point } = state;
      const about = { asset: out.key, rule: rule.id, signal, point, time: sample.time };
      out.land('baselines', toBaselineRow({ ...about, ...progress }));
    },
  };
}

/** Has the detector of the rule's kind evaluate its input; undefined where it finds nothing, as while it learns. */
function evaluate(
  memory: DetectorMemory,
  rule: ValueRule,
  input: DetectorInput,
): Evaluation | undefined {
  switch (rule.kind) {
    case 'limit':
      return limit(rule, input);
    case 'iso20816':
      return iso20816(rule, input);
    case 'baseline':
      return baseline(memoryOf('baseline', memory), rule, input);
    case 'iso20816-change':
      return iso20816Change(memoryOf('baseline', memory), rule, input);
    case 'ewma':
      return ewma(memoryOf('baseline', memory), rule, input);
    case 'cusum':
      return cusum(memoryOf('baseline', memory), rule, input);
    case 'range':
      return range(memoryOf('baseline', memory), rule, input);
    case 'noise-floor':
      return noiseFloor(memoryOf('baseline', memory), rule, input);
    case 'drift':
      return drift(memoryOf('baseline', memory), rule, input);
    case 'multivariate':
      return multivariate(memoryOf('vector', memory), rule, input);
    case 'rate':
      return rate(memoryOf('series', memory), rule, input);
    case 'trend':
      return trend(memoryOf('series', memory), rule, input);
    case 'stuck':
      return stuck(memoryOf('stuck', memory), rule, input);
  }
}

/** Any sample ends a silence, whatever the machine does; a new one is watched for only while the rule's `while` holds. */
function endSilence(
  context: KnownAssetContext,
  state: DetectorState,
  rule: SilenceRule,
  sample: Sample,
  isWatching: boolean,
): void {
  const memory = memoryOf('silence', state.memory);
  applyEvaluation(context, state, rule, silence(rule, memory, sample.time, false), sample);
  const { out } = context;
  // A late sample arrived now: its source is late, not silent.
  memory.last = later(memory.last, later(sample.time, out.now));
  memory.watching = isWatching;
  if (isWatching) out.setTimer(silentFrom(rule, memory.last), detectorKey(rule.id, state), true);
}

/** The timer of a silence rule came due without a sample in between. */
export function evaluateSilence(
  context: AssetContext,
  state: DetectorState,
  rule: SilenceRule,
  due: EventTime,
  situation: Situation,
): void {
  const evaluation = silence(rule, memoryOf('silence', state.memory), due, true);
  applyEvaluation(context, state, rule, evaluation, { time: due, situation });
}

/** Lets the life cycle decide what comes of an evaluation, and emits the anomaly if one does. */
function applyEvaluation(
  context: AssetContext,
  state: DetectorState,
  rule: DetectorRule,
  evaluation: Evaluation,
  occasion: Occasion,
): void {
  // A source that catches up may bring a sample from before a timer fired: nothing is reported before what was.
  const time = later(occasion.time, state.lifeCycle.reported);
  const severity = {
    rank: severityRank(rule, evaluation.level),
    rankWithDeadband: severityRank(rule, evaluation.levelWithDeadband),
  };
  const phase = nextPhase(state.lifeCycle, delaysOf(rule), severity, time);
  if (phase === undefined) return;
  const { asset, late, out } = context;
  const { situation, features } = occasion;
  const evidence = evidenceOf(rule, occasion, late);
  const about = { time, situation, evidence, asset, features };
  emitAnomaly(context, reportAnomaly(state, rule, out.key, phase, evaluation, about));
}

/** Which window it was, and that it came late: what a person needs to find the values again. */
function evidenceOf(
  rule: DetectorRule,
  { measured }: Occasion,
  late: boolean,
): Anomaly['evidence'] {
  const lateness = late ? { late } : {};
  if (measured === undefined || typeof measured === 'number') return lateness;
  const { window, version } = measured;
  return { window, window_version: version, ...('of' in rule ? { of: rule.of } : {}), ...lateness };
}

/** Emits an anomaly at its own time. */
export function emitAnomaly({ detectors, late, out }: AssetContext, anomaly: Anomaly): void {
  if (anomaly.phase === 'raised') detectors.active += 1;
  if (anomaly.phase === 'cleared') detectors.active -= 1;
  out.emit(anomaly, { time: anomaly.time, key: out.key, late });
}
