/** Signals that give no value: noticed by timers on line time, only while the rule's `while` holds. */

import type { SilenceRule } from '../model/detector-rule.ts';
import type { AssetKey } from '../model/key.ts';
import { FEATURE_PREFIX, type Situation } from '../model/observation.ts';
import type { Asset } from '../model/plant-model.ts';
import { BEGINNING, type Duration, type EventTime, later, plus } from '../model/time.ts';
import { type CompiledDetector, isAbout } from './compile.ts';
import { type DetectorState, detectorKey, memoryOf, stateFor } from './detector-state.ts';
import { type AssetContext, applyEvaluation, type KnownAssetContext } from './evaluate.ts';
import { delaysOf, nextStep } from './life-cycle.ts';
import type { Sample } from './sample.ts';
import { silence, silentFrom } from './sensor-health.ts';

type CompiledSilence = CompiledDetector<SilenceRule>;

/** Prefix of the timers that raise the severity of an open anomaly by duration. */
export const ESCALATION = 'escalate ';

/** What a machine was doing of which nothing was ever heard. */
const UNHEARD: Situation = {
  ...{ state: 'UNDEFINED', since: BEGINNING, mode: '', order: '', operation: '', product: '' },
  ...{ due: null, shift: '', planned: '', next_stop: null, started: null, mixed: false },
};

/** The situation of an asset as of its last observation. */
export function situationOfAsset({ detectors }: Pick<AssetContext, 'detectors'>): Situation {
  return detectors.situation ?? UNHEARD;
}

/**
 * Silence is noticed only while the rule's `while` holds; when it holds again, from then on. Asked once per rule and change
 * of situation, not per signal.
 */
export function watchSilences(
  context: KnownAssetContext,
  silences: readonly CompiledSilence[],
  time: EventTime,
): void {
  const { detectors, asset } = context;
  const situation = situationOfAsset(context);
  for (const compiled of silences) {
    const { id } = compiled.rule;
    const before = detectors.watching[id] ?? true;
    const isWatching = compiled.holds(situation, asset);
    if (isWatching === before) continue;
    detectors.watching[id] = isWatching;
    for (const state of Object.values(detectors.states)) {
      if (state.rule === id) setWatching(context, compiled.rule, state, isWatching, time);
    }
  }
}

function setWatching(
  { out }: AssetContext,
  rule: SilenceRule,
  state: DetectorState,
  isWatching: boolean,
  time: EventTime,
): void {
  const key = detectorKey(rule.id, state);
  if (!isWatching) {
    out.cancelTimer(key);
    out.cancelTimer(ESCALATION + key);
    return;
  }
  const memory = memoryOf('silence', state.memory);
  Object.assign(memory, { last: time, after: rule.after });
  if (state.anomaly === null) out.setTimer(silentFrom(rule, time), key, true);
  else escalateLater(out, state, rule, time);
}

/** Any sample ends a silence, whatever the machine does; a new one is watched for only while the rule's `while` holds. */
export function endSilence(
  context: KnownAssetContext,
  compiled: CompiledSilence,
  sample: Sample,
): void {
  const { out, detectors } = context;
  const { rule } = compiled;
  const state = stateFor(detectors, compiled, sample);
  const memory = memoryOf('silence', state.memory);
  applyEvaluation(context, state, rule, silence(rule, memory, sample.time, false), sample);
  const key = detectorKey(rule.id, state);
  out.cancelTimer(ESCALATION + key);
  // A late sample arrived now: its source is late, not silent.
  const last = later(memory.last, later(sample.time, out.now));
  Object.assign(memory, { last, heard: true, after: rule.after, due: null });
  if (detectors.watching[rule.id] ?? true) out.setTimer(silentFrom(rule, last), key, true);
}

/** The timer of a silence rule came due without a sample in between. */
export function raiseSilence(
  context: AssetContext,
  state: DetectorState,
  rule: SilenceRule,
  due: EventTime,
): void {
  const memory = memoryOf('silence', state.memory);
  const { out, detectors } = context;
  if (memory.last === BEGINNING) {
    // Nothing was heard of the line before: its time begins now.
    if (out.now === BEGINNING) detectors.unbegun = true;
    else beginWaiting(context, state, rule, out.now);
    return;
  }
  memory.due = due;
  evaluateSilence(context, state, rule, due, rule.after);
}

/** An open silence has lasted so long that its severity rises. */
export function escalateSilence(
  context: AssetContext,
  state: DetectorState,
  rule: SilenceRule,
  due: EventTime,
): void {
  const lasted = nextStep(state.lifeCycle, delaysOf(rule));
  if (state.anomaly !== null && lasted !== undefined) {
    evaluateSilence(context, state, rule, due, lasted);
  }
}

function evaluateSilence(
  context: AssetContext,
  state: DetectorState,
  rule: SilenceRule,
  time: EventTime,
  lasted: number,
): void {
  const evaluation = silence(rule, memoryOf('silence', state.memory), time, true);
  const situation = situationOfAsset(context);
  applyEvaluation(context, state, rule, evaluation, { time, situation, lasted });
  if (state.anomaly !== null) escalateLater(context.out, state, rule, time);
}

function escalateLater(
  out: AssetContext['out'],
  state: DetectorState,
  rule: SilenceRule,
  now: EventTime,
): void {
  const next = nextStep(state.lifeCycle, delaysOf(rule));
  if (next === undefined) return;
  const after = Math.max(1, next - state.lifeCycle.lasted) as Duration;
  out.setTimer(plus(now, after), ESCALATION + keyOf(state), true);
}

/** What was never heard is waited for from now on: the rules or the model that ask for it have just come into force. */
function beginWaiting(
  { out, detectors }: AssetContext,
  state: DetectorState,
  rule: SilenceRule,
  now: EventTime,
): void {
  Object.assign(memoryOf('silence', state.memory), { last: now, after: rule.after });
  const key = detectorKey(rule.id, state);
  if (detectors.watching[rule.id] ?? true) out.setTimer(silentFrom(rule, now), key, true);
}

/** Begins to wait for what was never heard, where the time of the line began with this very event. */
export function beginAllWaiting(
  context: AssetContext,
  silences: readonly CompiledSilence[],
  time: EventTime,
): void {
  context.detectors.unbegun = false;
  for (const { rule } of silences) {
    for (const state of Object.values(context.detectors.states)) {
      if (state.rule !== rule.id) continue;
      if (memoryOf('silence', state.memory).last === BEGINNING) {
        beginWaiting(context, state, rule, time);
      }
    }
  }
}

/** Whether a rule waits for this signal of an asset though it was never heard. */
export function isDeclared(
  rule: SilenceRule,
  key: AssetKey,
  asset: Asset,
  state: Pick<DetectorState, 'signal' | 'point'>,
): boolean {
  if (rule.declared !== true || !isAbout(rule, key, asset, state.signal)) return false;
  return isOfPoints(rule)
    ? rule.signal === state.signal && asset.points.some(({ id }) => id === state.point)
    : state.point === '' && Object.hasOwn(asset.signals, state.signal);
}

/** Features have no names in the model: they are waited for by name, and at each measuring point. */
function isOfPoints({ signal }: SilenceRule): boolean {
  return signal.startsWith(FEATURE_PREFIX) && !signal.includes('*');
}

function declaredSignals(rule: SilenceRule, key: AssetKey, asset: Asset) {
  if (rule.declared !== true) return [];
  if (isOfPoints(rule)) {
    if (!isAbout(rule, key, asset, rule.signal)) return [];
    return asset.points.map(({ id, component = '' }) => {
      return { signal: rule.signal, point: id, component };
    });
  }
  return Object.keys(asset.signals)
    .filter((signal) => isAbout(rule, key, asset, signal))
    .map((signal) => ({ signal, point: '', component: '' }));
}

/** Whether any rule waits for what was never heard of an asset. */
export function awaitsAny(
  silences: readonly CompiledSilence[],
  key: AssetKey,
  asset: Asset,
): boolean {
  return silences.some(({ rule }) => declaredSignals(rule, key, asset).length > 0);
}

/**
 * After a change of rules or model: asks each `while` anew, sets the timers of a changed `after` anew, and waits for what is
 * declared and was never heard.
 */
export function restartSilences(
  context: KnownAssetContext,
  silences: readonly CompiledSilence[],
  key: AssetKey,
  withdraw: (state: DetectorState) => void,
): void {
  const { detectors, asset, out } = context;
  const now = plus(out.now, 1 as Duration);
  const known = new Set(silences.map(({ rule }) => rule.id));
  for (const id of Object.keys(detectors.watching)) {
    if (!known.has(id)) delete detectors.watching[id];
  }
  watchSilences(context, silences, now);
  for (const compiled of silences) {
    const { rule } = compiled;
    for (const about of declaredSignals(rule, key, asset)) {
      if (detectors.states[detectorKey(rule.id, about)] !== undefined) continue;
      const state = stateFor(detectors, compiled, { ...about, time: BEGINNING });
      if (out.now === BEGINNING) out.setTimer(plus(BEGINNING, 1 as Duration), keyOf(state));
      else beginWaiting(context, state, rule, out.now);
    }
    for (const state of Object.values(detectors.states)) {
      if (state.rule === rule.id) setAfter(context, rule, state, now, withdraw);
    }
  }
}

/** Takes a changed `after` over: what was put off by blind time stays put off. */
function setAfter(
  { detectors, out }: AssetContext,
  rule: SilenceRule,
  state: DetectorState,
  now: EventTime,
  withdraw: (state: DetectorState) => void,
): void {
  const memory = memoryOf('silence', state.memory);
  if (memory.last === BEGINNING || memory.after === rule.after) return;
  const key = keyOf(state);
  const noticed = plus(plus(memory.last, memory.after), 1 as Duration);
  const before = out.timerAt(key) ?? memory.due ?? noticed;
  const due = plus(before, (rule.after - memory.after) as Duration);
  memory.after = rule.after;
  if (state.anomaly !== null && due > now) withdraw(state);
  if (state.anomaly !== null) escalateLater(out, state, rule, now);
  const isOpen = state.anomaly !== null;
  if (!isOpen && (detectors.watching[rule.id] ?? true)) out.setTimer(later(due, now), key, true);
}

function keyOf(state: DetectorState): string {
  return detectorKey(state.rule, state);
}
