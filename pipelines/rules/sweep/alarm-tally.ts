import type { Row } from '../../../operators/flow/flow.ts';
import { type AssetKey, assetKey } from '../../../operators/model/key.ts';
import type { AnomalyRow } from '../../../operators/model/tables.ts';
import type { Duration, EventTime } from '../../../operators/model/time.ts';
import type { OperatingPeriod, PeriodsOf } from './operating-periods.ts';

/** Alarms of the detectors in question; its memory is bounded by the alarms that are active. */
export type AlarmTally = {
  /** Raised and shown to people. */
  alarms: number;
  /** Raised and withheld: shelved, suppressed, in a flood. */
  withheld: number;
  /** Raised while the machine was known to be healthy. */
  falseAlarms: number;
  /** Opened by any rule. */
  requests: number;
  first: EventTime | undefined;
  /** When the first alarm that lasted was raised, by asset and period. */
  readonly lasting: Map<AssetKey, Map<OperatingPeriod, EventTime>>;
  /** By id. */
  readonly active: Map<string, ActiveAlarm>;
};

type ActiveAlarm = { readonly asset: AssetKey; readonly since: EventTime };

export type TallyOptions = {
  /** Ids of the detectors whose alarms count. */
  readonly detectors: ReadonlySet<string>;
  readonly periodsOf: PeriodsOf;
  /** An alarm that was active for so long has lasted. */
  readonly lasting: Duration;
};

export function createAlarmTally(): AlarmTally {
  return {
    alarms: 0,
    withheld: 0,
    falseAlarms: 0,
    requests: 0,
    first: undefined,
    lasting: new Map(),
    active: new Map(),
  };
}

/** Takes in what the pipeline lands of anomalies and requests; other rows change nothing. */
export function countAlarms(tally: AlarmTally, row: Row, options: TallyOptions): void {
  if (row.table === 'requests') {
    tally.requests += row.row.action === 'open' ? 1 : 0;
    return;
  }
  if (row.table !== 'anomalies' || !options.detectors.has(row.row.rule)) return;
  const { id, phase, withheld, time } = row.row;
  if (phase === 'raised') {
    if (withheld === '') raised(tally, row.row, options);
    else tally.withheld += 1;
  } else if (phase === 'cleared') {
    const alarm = tally.active.get(id);
    tally.active.delete(id);
    if (alarm !== undefined) ended(tally, alarm, time, options);
  }
}

/** At the end of the log: what is still active has lasted. */
export function closeTally(tally: AlarmTally, options: TallyOptions): void {
  for (const alarm of tally.active.values()) {
    addLasting(tally, alarm, periodAt(alarm, options.periodsOf));
  }
  tally.active.clear();
}

function raised(tally: AlarmTally, row: AnomalyRow, { periodsOf }: TallyOptions): void {
  const alarm = { asset: assetKey(row.plant, row.line, row.asset), since: row.time };
  tally.alarms += 1;
  if (isFalse(row.time, periodAt(alarm, periodsOf))) tally.falseAlarms += 1;
  if (tally.first === undefined || row.time < tally.first) tally.first = row.time;
  tally.active.set(row.id, alarm);
}

/** Cleared: it lasted if it was active for long enough, or when its machine failed. */
function ended(
  tally: AlarmTally,
  alarm: ActiveAlarm,
  cleared: EventTime,
  { periodsOf, lasting }: TallyOptions,
): void {
  const period = periodAt(alarm, periodsOf);
  const activeAtEnd = period?.end !== undefined && cleared > period.end;
  if (activeAtEnd || cleared - alarm.since >= lasting) addLasting(tally, alarm, period);
}

/** A false alarm is no warning, however long it was active. */
function addLasting(
  tally: AlarmTally,
  { asset, since }: ActiveAlarm,
  period: OperatingPeriod | undefined,
): void {
  if (period === undefined || isFalse(since, period)) return;
  const firsts = tally.lasting.get(asset) ?? new Map<OperatingPeriod, EventTime>();
  const known = firsts.get(period);
  if (known === undefined || since < known) firsts.set(period, since);
  tally.lasting.set(asset, firsts);
}

function isFalse(at: EventTime, period: OperatingPeriod | undefined): boolean {
  return period?.healthyUntil !== undefined && at < period.healthyUntil;
}

function periodAt(
  { asset, since }: ActiveAlarm,
  periodsOf: PeriodsOf,
): OperatingPeriod | undefined {
  return periodsOf(asset).find(
    ({ from, end }) => since > from && (end === undefined || since <= end),
  );
}
