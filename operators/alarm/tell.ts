import type { Out } from '../flow/keyed.ts';
import type { Anomaly } from '../model/anomaly.ts';
import { type AssetKey, locate } from '../model/key.ts';
import type { Knowledge } from '../model/knowledge.ts';
import type { Enriched, Observation } from '../model/situation.ts';
import type { EventTime } from '../model/time.ts';
import { type AlarmCause, alarmState, isShown, turn } from './alarm-state.ts';
import type { Alarm, LineAlarms } from './line-alarms.ts';
import { toAnomalyRow } from './to-anomaly-row.ts';

export type Told = Enriched<Observation> | Anomaly;

/** The line, when something happens to its alarms, and where to say it. */
export type Moment = {
  readonly state: LineAlarms;
  readonly shared: Readonly<Knowledge>;
  readonly time: EventTime;
  readonly out: Out<Told>;
};

/** Who caused it, and why, as far as is known. */
export type Say = { readonly who?: string; readonly reason?: string };

/** Why patterns and people are not told of an alarm; '' when they are. */
export function withheldBy(alarm: Alarm): string {
  if (isShown(alarm)) return '';
  if (alarm.out) return 'out of service';
  return alarm.suppressed ? alarm.storm || alarm.planned : 'shelved';
}

/**
 * Has a cause change an alarm: what changed is a row of `alarms`, and when it is shown from now on, patterns and people are
 * told what they missed: the anomaly is raised again under its id, with the next revision.
 */
export function cause(alarm: Alarm, by: AlarmCause, moment: Moment, say: Say = {}): void {
  const before = alarmState(alarm);
  const wasTold = alarm.told;
  turn(alarm, by);
  const after = alarmState(alarm);
  const isPhase = by === 'raised' || by === 'cleared';
  if (before !== after || isPhase) record(alarm, by, moment, { before, after, ...say });
  if (by === 'raised' || wasTold || !alarm.told) return;
  repeat(alarm, 'raised', moment);
}

/** Says the anomaly of an alarm once more, now. */
export function repeat(alarm: Alarm, phase: Anomaly['phase'], moment: Moment): void {
  const { anomaly } = alarm;
  if (anomaly === null) return;
  alarm.added += 1;
  tell(alarm, { ...anomaly, phase, time: moment.time }, false, moment);
}

/** Lands a phase of an anomaly, and passes it on when it is to be told of. */
export function tell(
  alarm: Alarm,
  anomaly: Anomaly,
  late: boolean,
  moment: Moment,
  isTold = alarm.told && isShown(alarm),
): void {
  const { out } = moment;
  const said = { ...anomaly, revision: anomaly.revision + alarm.added };
  out.land('anomalies', toAnomalyRow(said, alarmState(alarm), withheldBy(alarm)));
  if (isTold) out.emit(said, { time: said.time, key: said.asset, late });
}

type Change = Say & { readonly before: string; readonly after: string };

/** A row of `alarms`, of an alarm or of an asset as a whole. */
export function record(
  about: Pick<Alarm, 'asset' | 'rule' | 'signal' | 'point'> & { anomaly: Anomaly | null },
  by: string,
  { time, out }: Pick<Moment, 'time' | 'out'>,
  { before, after, who = '', reason = '' }: Change,
): void {
  const { rule, signal, point, anomaly } = about;
  const asset: AssetKey = about.asset;
  const said = { anomaly: anomaly?.id ?? '', time, cause: by, before, after, who, reason };
  out.land('alarms', { ...locate(asset), rule, signal, point, ...said });
}
