import type { Out } from '../flow/keyed.ts';
import type { AlarmState, Anomaly, Detected } from '../model/anomaly.ts';
import { type AssetKey, locate } from '../model/key.ts';
import type { Knowledge } from '../model/knowledge.ts';
import type { AnomalyRow } from '../model/tables.ts';
import { type Duration, type EventTime, later, plus } from '../model/time.ts';
import {
  type AlarmCause,
  type AlarmFacts,
  alarmState,
  applyCause,
  isShown,
  normalFacts,
} from './alarm-state.ts';

/**
 * The alarms of one line: their data, how a cause changes one, and what is landed and reported then. Every change of
 * state is a row of `alarms`; every phase of an anomaly is a row of `anomalies` with the state after it.
 */
export type LineAlarms = {
  alarms: Record<string, Alarm>;
  suppressions: OperatorSuppression[];
  /** Of each asset. */
  stretches: Record<string, PlannedStretches>;
  /** Of each asset: the kinds of stretches by which its alarms are suppressed, as they were last compared. */
  planned: Record<string, string>;
  /** When alarms came of late, as far as a flood counts them. */
  recent: EventTime[];
  flood: Anomaly | null;
  regimes: Record<string, RegimeChange>;
};

/** One rule, signal and point of an asset: what its detector reported, and what came of it. */
export type Alarm = AlarmFacts & {
  readonly asset: AssetKey;
  readonly rule: string;
  readonly signal: string;
  readonly point: string;
  /** The latest phase while it is active. */
  anomaly: Anomaly | null;
  /** Phases that were added here to those of the detector: revisions go on counting. */
  added: number;
  /** The kind of the planned stretch that suppresses it; '' for none. */
  planned: string;
  /** The group alarm that it is part of: `flood` or `regime change`; '' for none. */
  group: string;
};

/** Which alarms an operator shelved or took out of service, until when, and why. Texts may have `*`. */
export type OperatorSuppression = {
  readonly cause: 'shelved' | 'taken-out';
  readonly asset: AssetKey;
  readonly rule: string;
  readonly signal: string;
  readonly point: string;
  readonly until: EventTime | null;
  readonly who: string;
  readonly reason: string;
};

/** When an asset was last in which kind of planned stretch. */
export type PlannedStretches = Record<string, EventTime>;

/** Alarms that began since `since` and may be one change of regime; with a group alarm they are. */
type RegimeChange = { readonly since: EventTime; members: string[]; group_alarm: Anomaly | null };

export function noAlarms(): LineAlarms {
  const empty = { alarms: {}, stretches: {}, planned: {}, regimes: {} };
  return { ...empty, suppressions: [], recent: [], flood: null };
}

/** Of which line, when, and where rows and reports go. */
export type AlarmContext = {
  readonly state: LineAlarms;
  readonly knowledge: Knowledge;
  readonly time: EventTime;
  readonly out: Out<Detected>;
};

/** What names an alarm. */
export type AlarmName = Pick<Alarm, 'asset' | 'rule' | 'signal' | 'point'>;

/** Rules and points are names without bars, so the key is unique whatever the signal is called. */
export function alarmKey({ asset, rule, signal, point }: AlarmName): string {
  return `${asset}|${rule}|${point}|${signal}`;
}

export function openAlarm({ asset, rule, signal, point }: AlarmName): Alarm {
  const name = { asset, rule, signal, point };
  return { ...normalFacts(), ...name, anomaly: null, added: 0, planned: '', group: '' };
}

/** Who caused a change, and why, as far as is known. */
export type Attribution = { readonly who?: string; readonly reason?: string };

/**
 * Changes an alarm by a cause. When it is shown from now on, patterns and people get what they missed: the anomaly is
 * raised again under its id, with the next revision.
 */
export function changeAlarm(
  alarm: Alarm,
  cause: AlarmCause,
  context: AlarmContext,
  attribution: Attribution = {},
): void {
  const before = alarmState(alarm);
  const wasReported = alarm.reported;
  applyCause(alarm, cause);
  const after = alarmState(alarm);
  const isPhase = cause === 'raised' || cause === 'cleared';
  if (before !== after || isPhase) {
    landAlarmRow(alarm, cause, context, { before, after, ...attribution });
  }
  if (cause === 'raised' || wasReported || !alarm.reported) return;
  repeatPhase(alarm, 'raised', context);
}

/** Reports the anomaly of an alarm once more, now. */
export function repeatPhase(alarm: Alarm, phase: Anomaly['phase'], context: AlarmContext): void {
  const { anomaly } = alarm;
  if (anomaly === null) return;
  alarm.added += 1;
  reportPhase(alarm, { ...anomaly, phase, cause: '', time: context.time }, false, context);
}

/** Lands a phase of an anomaly, and emits it unless the alarm is hidden. */
export function reportPhase(
  alarm: Alarm,
  anomaly: Anomaly,
  late: boolean,
  { out }: AlarmContext,
  isReported = alarm.reported && isShown(alarm),
): void {
  const counted = { ...anomaly, revision: anomaly.revision + alarm.added };
  out.land('anomalies', anomalyRow(counted, alarmState(alarm), hiddenBy(alarm)));
  if (isReported) out.emit(counted, { time: counted.time, key: counted.asset, late });
}

/** Why an alarm is not reported; '' when it is. */
function hiddenBy(alarm: Alarm): string {
  if (isShown(alarm)) return '';
  if (alarm.out_of_service) return 'out of service';
  return alarm.suppressed ? alarm.group || alarm.planned : 'shelved';
}

/** The row of `anomalies` for one phase of an anomaly, with the alarm state after it, and why it was not reported. */
export function anomalyRow(anomaly: Anomaly, alarm: AlarmState, withheld: string): AnomalyRow {
  const { kind: _, asset, situation, evidence, ...content } = anomaly;
  const { state, mode, order, product } = situation;
  return {
    ...content,
    ...locate(asset),
    ...{ state, mode, order, product },
    ...{ evidence: JSON.stringify(evidence), alarm, withheld },
  };
}

/** A row of `alarms`, of an alarm or of an asset as a whole. */
export function landAlarmRow(
  { asset, rule, signal, point, anomaly }: AlarmName & { readonly anomaly: { id: string } | null },
  cause: string,
  { time, out }: AlarmContext,
  change: Attribution & { readonly before: string; readonly after: string },
): void {
  const { before, after, who = '', reason = '' } = change;
  const id = anomaly?.id ?? '';
  const content = { anomaly: id, time, cause, before, after, who, reason };
  out.land('alarms', { ...locate(asset), rule, signal, point, ...content });
}

/**
 * A timer of the line. What is due in the past (a delay that was shortened, an alarm that came late) is due at once: what
 * it reports must not lie behind the watermark.
 */
export function setLineTimer(due: EventTime, rule: string, { out }: AlarmContext): void {
  out.setTimer(later(due, plus(out.now, 1 as Duration)), rule);
}
