import type { Change, Event, Stage, StageId } from '../flow/flow.ts';
import { keyed, type Out } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import type { ClearCause, Detected } from '../model/anomaly.ts';
import { canonicalJson } from '../model/canonical.ts';
import { type AssetKey, assetKey, plantOf } from '../model/key.ts';
import { assetOf, causeOfAbsence, type Knowledge, rulesOf } from '../model/knowledge.ts';
import type { MachineEvent } from '../model/machine-event.ts';
import type { Enriched, Observation, Situation } from '../model/observation.ts';
import { lookup } from '../model/plain.ts';
import type { Asset } from '../model/plant-model.ts';
import type { Rules } from '../model/rules.ts';
import { type Duration, END_OF_TIME, type EventTime, later, MINUTE, plus } from '../model/time.ts';
import { restartsBaselines } from './baseline-modes.ts';
import {
  type CompiledDetectors,
  compileDetectors,
  isAbout,
  isAboutAsset,
  isOfSilence,
} from './compile.ts';
import {
  type AssetDetectors,
  type DetectorState,
  forgetLearnt,
  forgetRepaired,
  keepWithdrawn,
  openAssetDetectors,
} from './detector-state.ts';
import { type AssetContext, emitAnomaly, evaluateSample, withdrawAnomaly } from './evaluate.ts';
import {
  endByTime,
  escalateEvents,
  evaluateEvent,
  ON_DELAY,
  raiseAfterDelay,
  restartEvents,
} from './event-alarms.ts';
import { isUnsettled, updateBands } from './gate.ts';
import { restartRuns } from './life-cycle.ts';
import { peers } from './peers.ts';
import { type Sample, samplesOf } from './sample.ts';
import {
  awaitsAny,
  beginAllWaiting,
  ESCALATION,
  endSilence,
  escalateSilence,
  isDeclared,
  raiseSilence,
  restartSilences,
  watchSilences,
} from './silence.ts';

/**
 * Evaluates windows, features and machine events by the detector rules in force, and passes every observation on before the
 * anomalies that it causes.
 *
 * A sample is evaluated in the operation that the rule's `when` names, while its `while` holds, and if nothing changed inside
 * it (`mixed`, which goes to `dead_letters` when a rule would have evaluated it). What is not evaluated neither raises nor clears: an anomaly that is
 * open when the machine stops stays open until the running machine is found well, and its delays are paused meanwhile. A
 * sample marked `late` is evaluated too: a detector reads one signal, whose source is in order by itself, or instants that
 * `assemble` has put together (`multivariate`).
 */
export function detect(states: States): Stage<Enriched<Observation>, Detected> {
  return (observations) => observations.pipe(peers(states), detectors(states));
}

function detectors(states: States): Stage<Enriched<Observation>, Detected> {
  return keyed<AssetDetectors, Enriched<Observation>, Detected>(
    {
      id: 'detect' as StageId,
      version: 1,
      scope: 'line',
      keyOf: ({ value }) => value.observation.asset,
      open: openAssetDetectors,
      opens: keysThatAwait,
      onEvent(detectors, event, knowledge, out) {
        const { key, time, late = false, value } = event;
        out.emit(value, { key, time, late });
        if (isUnsettled(value)) detectors.unsettled = later(detectors.unsettled, time);
        const rules = rulesOf(knowledge, out.key);
        const asset = assetOf(knowledge, out.key);
        const compiled = rules === undefined ? undefined : compileDetectors(rules);
        const context = { detectors, asset, late, out };
        updateSituation(context, compiled, time, value.situation);
        if (compiled === undefined || asset === undefined) return;
        evaluateObservation({ ...context, asset }, compiled, event);
      },
      onTimer(detectors, due, knowledge, out, timer) {
        // The end of a recording is no silence.
        if (out.now >= END_OF_TIME) return;
        const rules = rulesOf(knowledge, out.key);
        if (rules === undefined) return;
        const context = { detectors, asset: assetOf(knowledge, out.key), late: false, out };
        fireTimer(context, compileDetectors(rules), timer, due);
      },
      onChange: takeOver,
    },
    states,
  );
}

/** Takes the situation of an observation, unless a later one was seen: a late observation is of the past. */
function updateSituation(
  context: AssetContext,
  compiled: CompiledDetectors | undefined,
  time: EventTime,
  situation: Situation,
): void {
  const { detectors, asset } = context;
  const before = detectors.situation;
  if (time < detectors.situated) return;
  detectors.situation = situation;
  detectors.situated = time;
  if (compiled === undefined || asset === undefined || compiled.silences.length === 0) return;
  if (detectors.unbegun) beginAllWaiting(context, compiled.silences, time);
  if (before !== null && isSameSituation(before, situation)) return;
  watchSilences({ ...context, asset }, compiled.silences, time);
}

/** In all that a `while` may name. */
function isSameSituation(a: Situation, b: Situation): boolean {
  return (
    a.state === b.state &&
    a.mode === b.mode &&
    a.order === b.order &&
    a.operation === b.operation &&
    a.product === b.product &&
    a.shift === b.shift &&
    a.planned === b.planned &&
    a.next_stop === b.next_stop &&
    a.due === b.due
  );
}

/** Evaluates every sample of an observation by every rule that is for it. */
function evaluateObservation(
  context: AssetContext & { readonly asset: Asset },
  compiled: CompiledDetectors,
  { time, value: enriched }: Event<Enriched<Observation>>,
): void {
  const { detectors, asset, out } = context;
  const { observation, situation } = enriched;
  if (observation.kind === 'event') {
    restartAfter(context, observation);
    for (const detector of compiled.events) {
      if (isAboutAsset(detector.rule, out.key, asset))
        evaluateEvent(context, detector, observation);
    }
    return;
  }
  if (observation.kind === 'schedule') return;
  updateBands(detectors.bands, compiled.banded, observation);
  const window = observation.kind === 'window' ? observation.window : '';
  let isEvaluated = false;
  for (const sample of samplesOf(enriched, time, asset)) {
    const judged = evaluateBySignal(context, compiled, sample, window);
    isEvaluated ||= judged;
  }
  if (isEvaluated && situation.mixed) {
    const detail =
      'the state, mode, product or operation changed inside it, so no detector judged it';
    out.deadLetter('mixed', detail, `${observation.kind} of ${out.key}`);
  }
}

/** Whether any rule but a silence is for this sample. */
function evaluateBySignal(
  context: AssetContext & { readonly asset: Asset },
  compiled: CompiledDetectors,
  sample: Sample,
  window: string,
): boolean {
  let isEvaluated = false;
  for (const detector of compiled.rulesFor(context.out.key, context.asset, sample.signal, window)) {
    if (isOfSilence(detector)) {
      endSilence(context, detector, sample);
    } else {
      evaluateSample(context, detector, sample);
      isEvaluated = true;
    }
  }
  return isEvaluated;
}

function fireTimer(
  context: AssetContext,
  compiled: CompiledDetectors,
  timer: string,
  due: EventTime,
): void {
  const prefix = [ESCALATION, ON_DELAY].find((text) => timer.startsWith(text)) ?? '';
  const state = context.detectors.states[timer.slice(prefix.length)];
  const rule = state === undefined ? undefined : compiled.byId.get(state.rule)?.rule;
  if (state === undefined || rule === undefined) return;
  if (rule.kind === 'silence') {
    if (prefix === ESCALATION) escalateSilence(context, state, rule, due);
    else raiseSilence(context, state, rule, due);
  } else if (rule.kind === 'event') {
    if (prefix === ESCALATION) escalateEvents(context, state, rule, due);
    else if (prefix === ON_DELAY) raiseAfterDelay(context, state, rule, due);
    else endByTime(context, state, rule, due);
  }
}

/** A repaired machine or a new sensor is another machine: what was usual is learnt anew. */
function restartAfter(context: AssetContext, event: MachineEvent): void {
  const point = restartsBaselines(event);
  if (point === undefined) return;
  forgetRepaired(context.detectors, point);
  for (const state of Object.values(context.detectors.states)) {
    if (point === '' || state.point === point) state.unjudged = false;
    if ((point !== '' && state.point !== point) || !forgetLearnt(state)) continue;
    restartRuns(state.lifeCycle);
    const reason = `the baseline starts anew after "${event.type}"`;
    const anomaly = withdrawAnomaly(state, 'baseline reset', reason, event.time);
    if (anomaly !== undefined) emitAnomaly(context, anomaly);
  }
}

/** Assets of which something is waited for that was never heard, after a change of rules or model. */
function* keysThatAwait(knowledge: Knowledge, { value: change }: Change): Iterable<AssetKey> {
  if (change.kind === 'schedule') return;
  const id = change.kind === 'rules' ? change.plant : change.model.id;
  const plant = lookup(knowledge.models, id);
  const rules = lookup(knowledge.rules, id);
  if (plant === undefined || rules === undefined) return;
  const { silences } = compileDetectors(rules);
  if (silences.every(({ rule }) => rule.declared === undefined)) return;
  for (const line of plant.lines) {
    for (const asset of line.assets) {
      const key = assetKey(plant.id, line.id, asset.id);
      if (awaitsAny(silences, key, asset)) yield key;
    }
  }
}

/** After a change, ends what is outdated, and sets the timers of what goes on. */
function takeOver(
  detectors: AssetDetectors,
  knowledge: Knowledge,
  out: Out<Detected>,
  { value: change }: Change,
  before: Knowledge,
): void {
  if (change.kind === 'schedule') return;
  const plant = change.kind === 'rules' ? change.plant : change.model.id;
  if (plantOf(out.key) !== plant) return;
  const rules = rulesOf(knowledge, out.key);
  const asset = assetOf(knowledge, out.key);
  const context = { detectors, asset, late: false, out };
  const compiled = rules === undefined ? undefined : compileDetectors(rules);
  endOutdated(context, knowledge, compiled);
  noteEdits(detectors, rulesOf(before, out.key), compiled);
  if (compiled === undefined || asset === undefined) return;
  restartSilences({ ...context, asset }, compiled.silences, out.key, (state) => {
    withdraw(context, state, 'rule changed', rules);
  });
  for (const { rule } of compiled.events) restartEvents(context, rule);
}

/** Ends what was shaped by a rule that is gone or has another shape, or by an asset or a declared signal that is gone. */
function endOutdated(
  context: AssetContext,
  knowledge: Knowledge,
  compiled: CompiledDetectors | undefined,
): void {
  const { detectors, asset, out } = context;
  const rules = rulesOf(knowledge, out.key);
  for (const key of Object.keys(detectors.states).sort()) {
    const state = detectors.states[key];
    if (state === undefined) continue;
    const cause =
      asset === undefined
        ? causeOfAbsence(knowledge, out.key)
        : causeOfEnd(state, compiled, out.key, asset);
    if (cause === undefined) {
      state.refused = false;
      continue;
    }
    withdraw(context, state, cause, rules);
    const detail = `${cause}: the state of ${state.rule} for ${state.signal} begins anew`;
    out.deadLetter('rule-changed', detail, key);
    for (const timer of [key, ESCALATION + key, ON_DELAY + key]) out.cancelTimer(timer);
    delete detectors.states[key];
  }
}

/**
 * An open anomaly of an edited rule goes on until the rule has judged anew: if the first that it finds is that all is
 * well, the edit ended it and not the machine.
 */
function noteEdits(
  detectors: AssetDetectors,
  before: Rules | undefined,
  compiled: CompiledDetectors | undefined,
): void {
  if (before === undefined || compiled === undefined) return;
  const edited = editedRules(before, compiled);
  for (const state of Object.values(detectors.states)) {
    if (state.lifeCycle.rank > 0 && edited.has(state.rule)) state.edited = true;
  }
}

const edits = new WeakMap<CompiledDetectors, { before: Rules; ids: ReadonlySet<string> }>();

/** Ids of the rules that say something else than before: the same for all assets, so found once. */
function editedRules(before: Rules, compiled: CompiledDetectors): ReadonlySet<string> {
  const known = edits.get(compiled);
  if (known?.before === before) return known.ids;
  const texts = new Map(before.detectors.map((rule) => [rule.id, canonicalJson(rule)]));
  const ids = new Set(
    [...compiled.byId].flatMap(([id, { rule }]) =>
      canonicalJson(rule) === texts.get(id) ? [] : id,
    ),
  );
  edits.set(compiled, { before, ids });
  return ids;
}

/** Why the state of a detector cannot go on; undefined when it can. */
function causeOfEnd(
  { rule: id, shape, signal, point, memory }: DetectorState,
  compiled: CompiledDetectors | undefined,
  key: AssetKey,
  asset: Asset,
): Exclude<ClearCause, 'well'> | undefined {
  const now = compiled?.byId.get(id);
  if (now === undefined || now.shape !== shape) return 'rule changed';
  const { rule } = now;
  if (rule.kind === 'event') {
    return isAboutAsset(rule, key, asset) ? undefined : 'rule changed';
  }
  if (!isAbout(rule, key, asset, signal)) return 'rule changed';
  if (rule.kind !== 'silence' || memory.kind !== 'silence' || memory.heard) return undefined;
  if (isDeclared(rule, key, asset, { signal, point })) return undefined;
  return rule.declared === true ? 'signal removed' : 'rule changed';
}

/** Ends an open anomaly that nobody saw well; nothing is learnt of its signal until somebody does, or its problem ends. */
function withdraw(
  context: AssetContext,
  state: DetectorState,
  cause: Exclude<ClearCause, 'well'>,
  rules: Rules | undefined,
): void {
  // Just after line time: at it, the anomaly would count as late.
  const now = plus(context.out.now, 1 as Duration);
  const anomaly = withdrawAnomaly(state, cause, cause, now);
  if (anomaly === undefined) return;
  emitAnomaly(context, anomaly);
  state.unjudged = true;
  keepWithdrawn(context.detectors, anomaly, plus(anomaly.time, rearmOf(rules)));
}

const REARM = (10 * MINUTE) as Duration;

/** How long the problem of an anomaly may stand after an edit has ended that: the longest `rearm` of all triggers. */
function rearmOf(rules: Rules | undefined): Duration {
  const rearms = rules?.triggers.map(({ rearm }) => rearm ?? REARM) ?? [];
  return Math.max(...(rearms.length === 0 ? [REARM] : rearms)) as Duration;
}
