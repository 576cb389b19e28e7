import type { Out } from '../flow/keyed.ts';
import type { Anomaly } from '../model/anomaly.ts';
import type { DetectorRule } from '../model/detector-rule.ts';
import type { Asset } from '../model/plant-model.ts';
import type { Enriched, Observation, Situation } from '../model/situation.ts';
import { BEGINNING, type EventTime, HOUR, later } from '../model/time.ts';
import { type Cell, cellKey, openCell } from './cell.ts';
import type { Compiled } from './compile.ts';
import { gate } from './gate.ts';
import type { Reading } from './gauge.ts';
import { judge, memoryOf } from './judge.ts';
import { type Delays, live, pause } from './life-cycle.ts';
import { gather } from './multivariate.ts';
import type { Sample } from './sample.ts';
import { say } from './say.ts';
import { rankOf } from './severity.ts';
import { silence, silentFrom } from './silence.ts';
import { statistic } from './statistic.ts';
import { toBaselineRow } from './to-baseline-row.ts';
import type { Verdict } from './verdict.ts';

/** The detectors' knowledge of one asset. `situation`: of the last observation, for what timers say. */
export type AssetState = {
  cells: Record<string, Cell>;
  /** How many of its anomalies stand. */
  standing: number;
  situation: Situation | null;
  /** What was heard last of the signals that rules tell bands of. */
  readings: Record<string, Reading>;
  /** When it was last in a planned stretch or a start-up. */
  unsettled: EventTime;
};

/** When and in which situation something is said, and of what; a timer has no sample. */
type Occasion = Pick<Sample, 'time' | 'situation'> & Partial<Pick<Sample, 'measured' | 'features'>>;

export type Detected = Enriched<Observation> | Anomaly;

/** Has one rule judge one sample of its asset. */
export function hear(
  state: AssetState,
  compiled: Compiled,
  heard: Sample,
  asset: Asset,
  late: boolean,
  out: Out<Detected>,
): void {
  const { rule } = compiled;
  const sample = rule.kind === 'multivariate' ? { ...heard, signal: rule.signal, unit: '' } : heard;
  const key = cellKey(rule.id, sample);
  const cell = state.cells[key] ?? openCell(compiled, sample);
  state.cells[key] = cell;
  if (rule.kind === 'silence') {
    hearSilence(
      state,
      cell,
      rule,
      compiled.holds(sample.situation, asset),
      sample,
      asset,
      late,
      out,
    );
    return;
  }
  if (sample.time < cell.last) {
    const detail = `a sample of ${sample.signal} came after a later one of the same source`;
    out.deadLetter('late', detail, detail);
    return;
  }
  cell.last = sample.time;
  const refuse = (why: string) => {
    if (!cell.refused)
      out.deadLetter('refused', `${rule.id} cannot judge ${sample.signal}: ${why}`, why);
    cell.refused = true;
    return undefined;
  };
  if (compiled.problem !== undefined) refuse(compiled.problem);
  const { bands, unknown } = gate(rule, compiled.gauges, state, sample);
  if (unknown !== undefined) refuse(unknown);
  const isClosed = sample.start < (cell.opened ?? BEGINNING) || bands === undefined;
  if (isClosed || sample.situation.mixed || !compiled.holds(sample.situation, asset)) {
    pause(cell.life);
    return;
  }
  const value = measuredBy(rule, sample);
  if (value === undefined || !Number.isFinite(value)) {
    refuse('its windows do not have the statistic that the rule names');
    return;
  }
  const hearing = {
    sample,
    value,
    asset,
    bands,
    refuse,
    isSuspect: () => isSuspect(state, cell, rule),
  };
  if (rule.kind === 'multivariate') {
    const memory = memoryOf('vector', cell.memory);
    if (!gather(memory, rule, heard.signal, hearing)) return;
  }
  const verdict = judge(cell.memory, rule, hearing, (milestone) => {
    const { signal, point } = cell;
    const about = { asset: out.key, rule: rule.id, signal, point, time: sample.time };
    out.land('baselines', toBaselineRow({ ...about, ...milestone }));
  });
  if (verdict === undefined) pause(cell.life);
  else settle(state, cell, rule, verdict, sample, asset, late, out);
}

/** Which window it was, and that it came late: what a person needs to find the values again. */
function circumstantial(
  rule: DetectorRule,
  { measured }: Occasion,
  late: boolean,
): Anomaly['evidence'] {
  const lateness = late ? { late } : {};
  if (measured === undefined || typeof measured === 'number') return lateness;
  const { window, version } = measured;
  return { window, window_version: version, ...('of' in rule ? { of: rule.of } : {}), ...lateness };
}

/** Any sample breaks a silence, whatever the machine does; while the rule's condition is false nobody listens. */
function hearSilence(
  state: AssetState,
  cell: Cell,
  rule: Extract<DetectorRule, { kind: 'silence' }>,
  isListening: boolean,
  sample: Sample,
  asset: Asset,
  late: boolean,
  out: Out<Detected>,
): void {
  const memory = memoryOf('silence', cell.memory);
  const verdict = silence(rule, memory, sample.time, false);
  settle(state, cell, rule, verdict, sample, asset, late, out);
  // What was heard late was heard now: its source is late, not silent.
  memory.last = later(memory.last, later(sample.time, out.now));
  memory.listening = isListening;
  if (isListening) out.wakeAt(silentFrom(rule, memory.last), cellKey(rule.id, cell), true);
}

/** Lets the life cycle decide what comes of a verdict, and says it. */
export function settle(
  state: AssetState,
  cell: Cell,
  rule: DetectorRule,
  verdict: Verdict,
  sample: Occasion,
  asset: Asset | undefined,
  late: boolean,
  out: Out<Detected>,
): void {
  // A source that catches up may speak of a time before a timer spoke: nothing is said before it.
  const time = later(sample.time, cell.life.said);
  const grade = { rank: rankOf(rule, verdict.level), calm: rankOf(rule, verdict.calm) };
  const phase = live(cell.life, delaysOf(rule), grade, time);
  if (phase === undefined) return;
  const { situation, features } = sample;
  const evidence = circumstantial(rule, sample, late);
  const about = { time, situation, evidence, asset, features };
  const anomaly = say(cell, rule, out.key, phase, verdict, about);
  sayTo(state, anomaly, late, out);
}

/** Emits an anomaly at its own time. */
export function sayTo(
  state: AssetState,
  anomaly: Anomaly,
  late: boolean,
  out: Out<Detected>,
): void {
  if (anomaly.phase === 'raised') state.standing += 1;
  if (anomaly.phase === 'cleared') state.standing -= 1;
  out.emit(anomaly, { time: anomaly.time, key: out.key, late });
}

function delaysOf(rule: DetectorRule): Delays {
  const { raise, clear } = rule;
  // A silence has its delay in its own `after`, and no further sample that could show another.
  const isSilence = rule.kind === 'silence';
  return {
    after: isSilence ? 0 : (raise.after ?? 0),
    count: isSilence ? 1 : (raise.count ?? 1),
    clear: clear.after ?? 0,
    repeat: raise.repeat ?? HOUR,
  };
}

function measuredBy(rule: Exclude<DetectorRule, { kind: 'silence' }>, { measured }: Sample) {
  if (typeof measured === 'number') return measured;
  return rule.kind === 'stuck' ? measured.last : statistic(measured, rule.of);
}

/** Something is wrong with this signal already, or with another one at the same measuring point. */
function isSuspect(state: AssetState, { signal, point }: Cell, rule: DetectorRule): boolean {
  if (state.standing === 0) return false;
  const names = rule.kind === 'multivariate' ? [signal, ...rule.signals] : [signal];
  return Object.values(state.cells).some((cell) => {
    const isOfIt = point !== '' || names.includes(cell.signal);
    return cell.life.rank > 0 && cell.point === point && isOfIt;
  });
}
