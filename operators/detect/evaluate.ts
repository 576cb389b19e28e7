import type { Out } from '../flow/keyed.ts';
import type { Anomaly, AnomalyPhase, ClearCause, Detected } from '../model/anomaly.ts';
import { identity } from '../model/canonical.ts';
import type { DetectorRule, ValueRule } from '../model/detector-rule.ts';
import type { AssetKey } from '../model/key.ts';
import type { Features, Situation } from '../model/observation.ts';
import type { Asset } from '../model/plant-model.ts';
import {
  BEGINNING,
  type Duration,
  type EventTime,
  formatDuration,
  later,
  SECOND,
  toIso,
} from '../model/time.ts';
import { drift, toBaselineRow } from './baseline-modes.ts';
import { type CompiledDetector, isRelative } from './compile.ts';
import { baseline, cusum, ewma } from './control-charts.ts';
import {
  type AssetDetectors,
  countOpen,
  type DetectorMemory,
  type DetectorState,
  forgetWithdrawn,
  memoryOf,
  stateFor,
  suspicionOf,
} from './detector-state.ts';
import { type DetectorInput, type Evaluation, formatQuantity } from './evaluation.ts';
import { explain } from './explain.ts';
import { gate } from './gate.ts';
import { iso20816, iso20816Change } from './iso20816.ts';
import { delaysOf, endLife, nextPhase, pause, severityOf, severityRank } from './life-cycle.ts';
import { limit, range, usage } from './limits.ts';
import { completeVector, multivariate } from './multivariate.ts';
import { besidePeers, withoutPeers } from './peers.ts';
import { type Sample, valueOfSample } from './sample.ts';
import { noiseFloor, stuck } from './sensor-health.ts';
import { rate, trend } from './trends.ts';

/** The way of a sample through one rule: gate, detector, life cycle, anomaly. */

/** Whose detectors these are, and where what they find goes. `asset` is undefined when the plant model has lost it. */
export type AssetContext = {
  readonly detectors: AssetDetectors;
  readonly asset: Asset | undefined;
  /** Of the event under evaluation: its line time has passed. */
  readonly late: boolean;
  readonly out: Out<Detected>;
};

export type KnownAssetContext = AssetContext & { readonly asset: Asset };

/** When and in which situation an evaluation was made, and of what; a timer has no sample. */
type Occasion = Pick<Sample, 'time' | 'situation'> &
  Partial<Pick<Sample, 'start' | 'measured' | 'features'>> & {
    /** How long the condition has lasted, where that is not counted in samples. */
    readonly lasted?: number;
  };

/** No signal of a machine is that large, and its square is still a number. */
const LARGEST = 1e120;

/** Evaluates one sample of an asset by one rule, and emits the anomaly that it raises, updates or clears. */
export function evaluateSample(
  context: KnownAssetContext,
  compiled: CompiledDetector<ValueRule>,
  taken: Sample,
): void {
  const { rule } = compiled;
  const sample = rule.kind === 'multivariate' ? { ...taken, signal: rule.signal, unit: '' } : taken;
  const state = stateFor(context.detectors, compiled, sample);
  if (refuseOutdated(context, state, sample.time)) return;
  const input = inputOf(context, compiled, rule, state, sample);
  if (input === undefined) return;
  if (rule.kind === 'multivariate') {
    const memory = memoryOf('vector', state.memory);
    if (!completeVector(memory, rule, taken.signal, input)) return;
  }
  const evaluation = evaluate(state.memory, rule, input);
  if (evaluation === undefined) pause(state.lifeCycle);
  else applyEvaluation(context, state, rule, besidePeers(evaluation, rule, sample), sample);
}

/** A sample or event that is older than the last one of its detector is not judged, and counted. */
export function refuseOutdated(
  { out }: AssetContext,
  state: DetectorState,
  time: Sample['time'],
): boolean {
  if (time >= state.lastSample) {
    state.lastSample = time;
    return false;
  }
  const detail = `not judged: older than the last one that ${state.rule} judged of ${anomalySubject(state)}`;
  out.deadLetter('late', detail, `${state.rule} ${anomalySubject(state)} ${toIso(time)}`);
  return true;
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
    pause(state.lifeCycle);
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
  // What was counted while the state changed was counted all the same.
  const mixed = sample.situation.mixed && rule.kind !== 'usage';
  if (isClosed || mixed || !compiled.holds(sample.situation, asset)) {
    pause(state.lifeCycle);
    return undefined;
  }
  const whole = valueOfSample(rule, sample);
  if (whole === undefined) {
    return refuse('its windows do not have the statistic that the rule names');
  }
  const value = isRelative(rule) ? withoutPeers(whole, rule, sample) : whole;
  if (value === undefined) {
    pause(state.lifeCycle);
    return undefined;
  }
  if (!Number.isFinite(value)) {
    pause(state.lifeCycle);
    const detail = `not judged by ${rule.id}: a value of ${anomalySubject(state)} is no number`;
    out.deadLetter('not-finite', detail, String(value));
    return undefined;
  }
  return {
    sample,
    // What is learnt, summed and squared must stay a number; what is only compared is compared as it is.
    value: state.memory.kind === 'limit' ? value : Math.min(Math.max(value, -LARGEST), LARGEST),
    asset,
    bands,
    refuse,
    suspicion: () => suspicionOf(detectors, state, rule, sample.time),
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
    case 'usage':
      return usage(memoryOf('usage', memory), rule, input);
    case 'stuck':
      return stuck(memoryOf('stuck', memory), rule, input);
  }
}

/** Lets the life cycle decide what comes of an evaluation, and emits the anomaly if one does. */
export function applyEvaluation(
  context: AssetContext,
  state: DetectorState,
  rule: DetectorRule,
  evaluation: Evaluation,
  occasion: Occasion,
): void {
  // A source that catches up may bring a sample from before a timer fired: nothing is reported before what was.
  const time = later(occasion.time, state.lifeCycle.reported);
  const verdict = {
    rank: severityRank(rule, evaluation.level),
    rankWithDeadband: severityRank(rule, evaluation.levelWithDeadband),
    length: occasion.start === undefined ? 0 : occasion.time - occasion.start,
    lasted: occasion.lasted,
  };
  const phase = nextPhase(state.lifeCycle, delaysOf(rule), verdict, time);
  // A breach of the edited rule is one that its edit did not end.
  if (verdict.rank > 0) state.edited = false;
  const isWell = verdict.rank === 0 && verdict.rankWithDeadband === 0;
  if (state.unjudged && (isWell || phase === 'raised')) forgetWithdrawn(context.detectors, state);
  if (phase === undefined) return;
  const { asset, late, out } = context;
  const { situation, features } = occasion;
  const evidence = evidenceOf(rule, occasion, late);
  const about = { time, situation, evidence, asset, features };
  emitAnomaly(context, describeAnomaly(state, rule, out.key, phase, evaluation, about));
  if (phase === 'cleared') state.edited = false;
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
  countOpen(detectors, anomaly);
  out.emit(anomaly, { time: anomaly.time, key: out.key, late });
}

/** Describes a phase of an anomaly in words and numbers, and keeps it in the detector's state while the anomaly is open. */
function describeAnomaly(
  state: DetectorState,
  rule: DetectorRule,
  asset: AssetKey,
  phase: AnomalyPhase,
  evaluation: Evaluation,
  about: {
    readonly time: EventTime;
    readonly situation: Situation;
    readonly evidence: Anomaly['evidence'];
    readonly asset: Asset | undefined;
    readonly features: Features | undefined;
  },
): Anomaly {
  const { signal, point, lifeCycle, anomaly: before } = state;
  const { time, situation } = about;
  const contributions = evaluation.contributions?.() ?? {};
  const features = phase === 'cleared' ? undefined : about.features;
  const { lines, ...explained } = explain(rule, state, about.asset, features, contributions);
  const since = before?.since ?? later(evaluation.since ?? lifeCycle.since, lifeCycle.ended);
  const finding = `${anomalySubject(state)} ${predicateOf(rule, evaluation)}`;
  const reason =
    phase === 'cleared'
      ? `${finding}; lasted ${durationText(since, time)}`
      : `${finding}, since ${toIso(since)}${situationText(situation)}${partText(explained.part, lines)}`;
  const anomaly: Anomaly = {
    kind: 'anomaly',
    id: before?.id ?? identity([asset, rule.id, signal, point, since]),
    phase,
    cause: phase !== 'cleared' ? '' : state.edited ? 'rule changed' : 'well',
    revision: (before?.revision ?? 0) + 1,
    asset,
    rule: rule.id,
    detector: rule.kind,
    signal,
    point,
    component: rule.component ?? state.component,
    failure_mode: rule.failure_mode ?? '',
    // What has cleared keeps the severity that it had.
    severity: phase === 'cleared' && before !== null ? before.severity : severityOf(lifeCycle.rank),
    since,
    time,
    value: toFinite(evaluation.value),
    limit: toFinite(evaluation.limit),
    score: toFinite(evaluation.score),
    unit: evaluation.unit,
    situation,
    reason,
    ...explained,
    contributions,
    evidence: {
      ...toFiniteEvidence(evaluation.evidence?.()),
      ...(lines === '' ? {} : { lines }),
      ...about.evidence,
    },
  };
  state.anomaly = phase === 'cleared' ? null : anomaly;
  return anomaly;
}

/** Ends an anomaly that no sample can end any more. Undefined when none is open. */
export function withdrawAnomaly(
  state: DetectorState,
  cause: Exclude<ClearCause, 'well'>,
  reason: string,
  now: EventTime,
): Anomaly | undefined {
  const { anomaly } = state;
  if (anomaly === null) return undefined;
  const time = later(now, anomaly.time);
  endLife(state.lifeCycle, time);
  state.anomaly = null;
  const text = `${reason}; ${anomalySubject(state)} was not seen to be well again`;
  const revision = anomaly.revision + 1;
  return { ...anomaly, phase: 'cleared', cause, revision, time, reason: text };
}

/** A signal, and where it is measured. */
function anomalySubject({ signal, point }: Pick<DetectorState, 'signal' | 'point'>): string {
  return point === '' ? signal : `${signal} at ${point}`;
}

function predicateOf(rule: DetectorRule, { value, unit, text }: Evaluation): string {
  if (rule.kind === 'silence' || rule.kind === 'event') return text();
  return `is ${formatQuantity(value, unit)}, ${text()}`;
}

function situationText(situation: Situation): string {
  const { state, mode, order, operation, product, planned } = situation;
  const parts = { mode, order, operation, product, planned };
  const known = Object.entries(parts).filter(([, text]) => text !== '');
  return [`; state ${state}`, ...known.map(([name, text]) => `${name} ${text}`)].join(', ');
}

function partText(part: string, lines: string): string {
  return part === '' ? '' : `; lines of the ${part.replace('_', ' ')} stand out (${lines})`;
}

/** The largest number instead of one that is too large: JSON and tables know no infinity. */
function toFinite(value: number): number {
  if (Number.isNaN(value)) return 0;
  return Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE);
}

function toFiniteEvidence(evidence: Anomaly['evidence'] = {}): Anomaly['evidence'] {
  return Object.fromEntries(
    Object.entries(evidence).map(([name, fact]) => {
      return [name, typeof fact === 'number' ? toFinite(fact) : fact];
    }),
  );
}

/** In whole seconds. */
function durationText(from: EventTime, to: EventTime): string {
  return formatDuration((Math.round((to - from) / SECOND) * SECOND) as Duration);
}
