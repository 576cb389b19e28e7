import type { Anomaly } from '../model/anomaly.ts';
import type { AssetKey } from '../model/key.ts';
import type { EventTime } from '../model/time.ts';
import { type AlarmFacts, noAlarm } from './alarm-state.ts';

/** What was said of one rule, signal and point of an asset, and what came of it. */
export type Alarm = AlarmFacts & {
  readonly asset: AssetKey;
  readonly rule: string;
  readonly signal: string;
  readonly point: string;
  /** The latest phase while it is active. */
  anomaly: Anomaly | null;
  /** Phases that were said here beside those of the detector: revisions go on counting. */
  added: number;
  /** What suppresses it: a planned stretch by its kind, and `flood`, `regime change`. */
  planned: string;
  storm: string;
};

/** What people asked not to be told of, until when, and why. Texts may have `*`. */
export type Hold = {
  readonly cause: 'shelved' | 'taken-out';
  readonly asset: AssetKey;
  readonly rule: string;
  readonly signal: string;
  readonly point: string;
  readonly until: EventTime | null;
  readonly who: string;
  readonly reason: string;
};

/** Signals that left what is usual since `since`; with a notice they are one change of regime. */
export type Regime = { readonly since: EventTime; members: string[]; notice: Anomaly | null };

/** When an asset was last in which planned stretch. */
export type Lately = Record<string, EventTime>;

/** The alarms of one line, and what is asked and known of them together. */
export type LineAlarms = {
  alarms: Record<string, Alarm>;
  holds: Hold[];
  lately: Record<string, Lately>;
  /** When alarms came lately, as far as a flood counts them. */
  raised: EventTime[];
  flood: Anomaly | null;
  regimes: Record<string, Regime>;
};

export function noAlarms(): LineAlarms {
  return { alarms: {}, holds: [], lately: {}, raised: [], flood: null, regimes: {} };
}

type Named = Pick<Alarm, 'asset' | 'rule' | 'signal' | 'point'>;

/** Rules and points are names without bars, so the key is unique whatever the signal is called. */
export function alarmKey({ asset, rule, signal, point }: Named): string {
  return `${asset}|${rule}|${point}|${signal}`;
}

export function openAlarm({ asset, rule, signal, point }: Named): Alarm {
  const facts = noAlarm();
  return { ...facts, asset, rule, signal, point, anomaly: null, added: 0, planned: '', storm: '' };
}
