import type { Change, Stage, StageId } from '../flow/flow.ts';
import { keyed, type Out } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import { plantOf } from '../model/key.ts';
import { assetOf, type Knowledge, learn, nothingKnown, rulesOf } from '../model/knowledge.ts';
import type { MachineEvent } from '../model/machine-event.ts';
import type { Asset } from '../model/plant-model.ts';
import type { Enriched, Observation, Situation } from '../model/situation.ts';
import {
  BEGINNING,
  type Duration,
  END_OF_TIME,
  type EventTime,
  later,
  plus,
} from '../model/time.ts';
import { cellKey, forget } from './cell.ts';
import { type CompiledRules, compileRules, isAbout } from './compile.ts';
import { isUnsettled } from './gate.ts';
import { readGauges } from './gauge.ts';
import { type AssetState, type Detected, hear, sayTo, settle } from './hear.ts';
import { memoryOf } from './judge.ts';
import { migrateDetect } from './migrate.ts';
import { restartsBaselines } from './restarts-baselines.ts';
import { samplesOf } from './sample.ts';
import { withdraw } from './say.ts';
import { silence, silentFrom } from './silence.ts';

/**
 * Judges windows and features by the detector rules in force, and passes every observation on before what it causes.
 *
 * A sample is judged while the rule's `while` holds and nothing changed inside it (`mixed`, which goes to `dead_letters`
 * when a rule would have judged it). What is not judged neither raises nor clears: an anomaly that is open when the
 * machine stops stays open until the machine was judged well, and its delays stand still meanwhile. A sample marked
 * `late` is judged too: every detector here hears one signal, whose source is in order by itself.
 */
export function detect(states: States): Stage<Enriched<Observation>, Detected> {
  return keyed<AssetState, Knowledge, Enriched<Observation>, Detected>(
    {
      id: 'detect' as StageId,
      // 3: bands, running time.
      version: 3,
      scope: 'line',
      keyOf: ({ value }) => value.value.asset,
      open: () => ({ cells: {}, standing: 0, situation: null, readings: {}, unsettled: BEGINNING }),
      openShared: nothingKnown,
      migrate: migrateDetect,
      onEvent(state, { key, time, late = false, value }, shared, out) {
        out.emit(value, { key, time, late });
        state.situation = value.situation;
        if (isUnsettled(value)) state.unsettled = later(state.unsettled, time);
        const rules = rulesOf(shared, out.key);
        const asset = assetOf(shared, out.key);
        if (rules === undefined || asset === undefined) return;
        const compiled = compileRules(rules);
        if (compiled.listens) {
          listen(state, compiled, asset, { time, situation: value.situation }, out);
        }
        if (value.value.kind === 'event') {
          onMachineEvent(state, value.value, late, out);
          return;
        }
        if (value.value.kind === 'schedule') return;
        readGauges(state.readings, compiled.gauges, value.value);
        const window = value.value.kind === 'window' ? value.value.window : '';
        let isJudged = false;
        for (const sample of samplesOf(value, time, asset)) {
          for (const rule of compiled.judging(out.key, asset, sample.signal, window)) {
            hear(state, rule, sample, asset, late, out);
            isJudged ||= rule.rule.kind !== 'silence';
          }
        }
        if (isJudged && value.situation.mixed) {
          const detail =
            'the state, mode, product or operation changed inside it, so no detector judged it';
          out.deadLetter('mixed', detail, `${value.value.kind} of ${out.key}`);
        }
      },
      onTimer(state, due, shared, out, key) {
        // The end of a recording is no silence.
        if (out.now >= END_OF_TIME) return;
        const cell = state.cells[key];
        const rules = rulesOf(shared, out.key);
        if (cell === undefined || rules === undefined || state.situation === null) return;
        const rule = compileRules(rules).byId.get(cell.rule)?.rule;
        if (rule?.kind !== 'silence') return;
        const verdict = silence(rule, memoryOf('silence', cell.memory), due, true);
        const occasion = { time: due, situation: state.situation };
        settle(state, cell, rule, verdict, occasion, assetOf(shared, out.key), false, out);
      },
      onChange: (shared, change) => learn(shared, change.value),
      onChanged: reconsider,
    },
    states,
  );
}

/** Silence is noticed only while the rule's condition holds; when it holds again, from then on. */
function listen(
  state: AssetState,
  { byId }: CompiledRules,
  asset: Asset,
  { time, situation }: { readonly time: EventTime; readonly situation: Situation },
  out: Out<Detected>,
): void {
  for (const [key, { rule: id, memory, anomaly }] of Object.entries(state.cells)) {
    const compiled = byId.get(id);
    if (memory.kind !== 'silence' || compiled?.rule.kind !== 'silence') continue;
    const isListening = compiled.holds(situation, asset);
    if (isListening === memory.listening) continue;
    memory.listening = isListening;
    if (isListening) memory.last = time;
    if (!isListening) out.sleep(key);
    else if (anomaly === null) out.wakeAt(silentFrom(compiled.rule, time), key, true);
  }
}

/** A repaired machine or a new sensor is another machine: what was usual is learnt anew. */
function onMachineEvent(
  state: AssetState,
  event: MachineEvent,
  late: boolean,
  out: Out<Detected>,
): void {
  const point = restartsBaselines(event);
  if (point === undefined) return;
  for (const cell of Object.values(state.cells)) {
    if ((point !== '' && cell.point !== point) || !forget(cell)) continue;
    Object.assign(cell.life, { up: null, down: null });
    const anomaly = withdraw(cell, `the baseline starts anew after "${event.type}"`, event.time);
    if (anomaly !== undefined) sayTo(state, anomaly, late, out);
  }
}

/** After a change, ends what was shaped by a rule that is gone or has another shape, or by an asset that is gone. */
function reconsider(
  state: AssetState,
  shared: Knowledge,
  out: Out<Detected>,
  { value: change }: Change,
): void {
  if (change.kind === 'schedule') return;
  const plant = change.kind === 'rules' ? change.plant : change.model.id;
  if (plantOf(out.key) !== plant) return;
  const rules = rulesOf(shared, out.key);
  const asset = assetOf(shared, out.key);
  const compiled = rules === undefined ? undefined : compileRules(rules);
  for (const key of Object.keys(state.cells).sort()) {
    const cell = state.cells[key];
    if (cell === undefined) continue;
    const now = compiled?.byId.get(cell.rule);
    const isAlive = now?.shape === cell.shape && asset !== undefined;
    if (isAlive && now !== undefined && isAbout(now.rule, out.key, asset, cell.signal)) {
      cell.refused = false;
      continue;
    }
    const reason = asset === undefined ? 'asset removed' : 'rule changed';
    // Just after line time: at it, what is said would count as behind.
    const anomaly = withdraw(cell, reason, plus(out.now, 1 as Duration));
    if (anomaly !== undefined) sayTo(state, anomaly, false, out);
    const detail = `${reason}: the state of ${cell.rule} for ${cell.signal} begins anew`;
    out.deadLetter('rule-changed', detail, key);
    out.sleep(cellKey(cell.rule, cell));
    delete state.cells[key];
  }
}
