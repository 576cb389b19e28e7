import type { Change, Event, Stage, StageId } from '../flow/flow.ts';
import { keyed, type Out } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import { plantOf } from '../model/key.ts';
import { assetOf, type Knowledge, rulesOf } from '../model/knowledge.ts';
import type { MachineEvent } from '../model/machine-event.ts';
import type { Enriched, Observation, Situation } from '../model/observation.ts';
import type { Asset } from '../model/plant-model.ts';
import { type Duration, END_OF_TIME, type EventTime, later, plus } from '../model/time.ts';
import { restartsBaselines } from './baseline-modes.ts';
import { type CompiledDetectors, compileDetectors, isAbout } from './compile.ts';
import {
  type AssetDetectors,
  detectorKey,
  forgetLearnt,
  openAssetDetectors,
} from './detector-state.ts';
import {
  type AssetContext,
  type Detected,
  emitAnomaly,
  evaluateSample,
  evaluateSilence,
} from './evaluate.ts';
import { isUnsettled, updateBands } from './gate.ts';
import { restartRuns } from './life-cycle.ts';
import { withdrawAnomaly } from './report.ts';
import { samplesOf } from './sample.ts';
import { silentFrom } from './sensor-health.ts';

/**
 * Evaluates windows and features by the detector rules in force, and passes every observation on before the anomalies that
 * it causes.
 *
 * A sample is evaluated while the rule's `while` holds and nothing changed inside it (`mixed`, which goes to
 * `dead_letters` when a rule would have evaluated it). What is not evaluated neither raises nor clears: an anomaly that is
 * open when the machine stops stays open until the running machine is found well, and its delays are paused meanwhile. A
 * sample marked `late` is evaluated too: a detector here reads one signal, whose source is in order by itself.
 */
export function detect(states: States): Stage<Enriched<Observation>, Detected> {
  return keyed<AssetDetectors, Enriched<Observation>, Detected>(
    {
      id: 'detect' as StageId,
      version: 1,
      scope: 'line',
      keyOf: ({ value }) => value.value.asset,
      open: openAssetDetectors,
      onEvent(detectors, event, knowledge, out) {
        const { key, time, late = false, value } = event;
        out.emit(value, { key, time, late });
        detectors.situation = value.situation;
        if (isUnsettled(value)) detectors.unsettled = later(detectors.unsettled, time);
        const rules = rulesOf(knowledge, out.key);
        const asset = assetOf(knowledge, out.key);
        if (rules === undefined || asset === undefined) return;
        evaluateObservation({ detectors, asset, late, out }, compileDetectors(rules), event);
      },
      onTimer(detectors, due, knowledge, out, key) {
        // The end of a recording is no silence.
        if (out.now >= END_OF_TIME) return;
        const { situation } = detectors;
        const state = detectors.states[key];
        const rules = rulesOf(knowledge, out.key);
        if (state === undefined || rules === undefined || situation === null) return;
        const rule = compileDetectors(rules).byId.get(state.rule)?.rule;
        if (rule?.kind !== 'silence') return;
        const context = { detectors, asset: assetOf(knowledge, out.key), late: false, out };
        evaluateSilence(context, state, rule, due, situation);
      },
      onChange: endOutdated,
    },
    states,
  );
}

/** Evaluates every sample of an observation by every rule that is for it. */
function evaluateObservation(
  context: AssetContext & { readonly asset: Asset },
  compiled: CompiledDetectors,
  { time, value: enriched }: Event<Enriched<Observation>>,
): void {
  const { detectors, asset, out } = context;
  const { value, situation } = enriched;
  if (compiled.watchesSilence) watchSilence(context, compiled, time, situation);
  if (value.kind === 'event') {
    restartAfter(context, value);
    return;
  }
  if (value.kind === 'schedule') return;
  updateBands(detectors.bands, compiled.banded, value);
  const window = value.kind === 'window' ? value.window : '';
  let isEvaluated = false;
  for (const sample of samplesOf(enriched, time, asset)) {
    for (const detector of compiled.rulesFor(out.key, asset, sample.signal, window)) {
      evaluateSample(context, detector, sample);
      isEvaluated ||= detector.rule.kind !== 'silence';
    }
  }
  if (isEvaluated && situation.mixed) {
    const detail =
      'the state, mode, product or operation changed inside it, so no detector judged it';
    out.deadLetter('mixed', detail, `${value.kind} of ${out.key}`);
  }
}

/** Silence is noticed only while the rule's `while` holds; when it holds again, from then on. */
function watchSilence(
  { detectors, asset, out }: AssetContext & { readonly asset: Asset },
  { byId }: CompiledDetectors,
  time: EventTime,
  situation: Situation,
): void {
  for (const [key, { rule: id, memory, anomaly }] of Object.entries(detectors.states)) {
    const compiled = byId.get(id);
    if (memory.kind !== 'silence' || compiled?.rule.kind !== 'silence') continue;
    const isWatching = compiled.holds(situation, asset);
    if (isWatching === memory.watching) continue;
    memory.watching = isWatching;
    if (isWatching) memory.last = time;
    if (!isWatching) out.cancelTimer(key);
    else if (anomaly === null) out.setTimer(silentFrom(compiled.rule, time), key, true);
  }
}

/** A repaired machine or a new sensor is another machine: what was usual is learnt anew. */
function restartAfter(context: AssetContext, event: MachineEvent): void {
  const point = restartsBaselines(event);
  if (point === undefined) return;
  for (const state of Object.values(context.detectors.states)) {
    if ((point !== '' && state.point !== point) || !forgetLearnt(state)) continue;
    restartRuns(state.lifeCycle);
    const reason = `the baseline starts anew after "${event.type}"`;
    const anomaly = withdrawAnomaly(state, 'baseline reset', reason, event.time);
    if (anomaly !== undefined) emitAnomaly(context, anomaly);
  }
}

/** After a change, ends what was shaped by a rule that is gone or has another shape, or by an asset that is gone. */
function endOutdated(
  detectors: AssetDetectors,
  knowledge: Knowledge,
  out: Out<Detected>,
  { value: change }: Change,
): void {
  if (change.kind === 'schedule') return;
  const plant = change.kind === 'rules' ? change.plant : change.model.id;
  if (plantOf(out.key) !== plant) return;
  const rules = rulesOf(knowledge, out.key);
  const asset = assetOf(knowledge, out.key);
  const compiled = rules === undefined ? undefined : compileDetectors(rules);
  for (const key of Object.keys(detectors.states).sort()) {
    const state = detectors.states[key];
    if (state === undefined) continue;
    const now = compiled?.byId.get(state.rule);
    const isSame = now?.shape === state.shape && asset !== undefined;
    if (isSame && now !== undefined && isAbout(now.rule, out.key, asset, state.signal)) {
      state.refused = false;
      continue;
    }
    const reason = asset === undefined ? 'asset removed' : 'rule changed';
    // Just after line time: at it, the anomaly would count as late.
    const anomaly = withdrawAnomaly(state, reason, reason, plus(out.now, 1 as Duration));
    if (anomaly !== undefined) emitAnomaly({ detectors, asset, late: false, out }, anomaly);
    const detail = `${reason}: the state of ${state.rule} for ${state.signal} begins anew`;
    out.deadLetter('rule-changed', detail, key);
    out.cancelTimer(detectorKey(state.rule, state));
    delete detectors.states[key];
  }
}
