import type { Row } from '../../../operators/flow/flow.ts';
import { type AssetKey, assetKey } from '../../../operators/model/key.ts';
import type { AnomalyRow } from '../../../operators/model/tables.ts';
import type { Duration, EventTime } from '../../../operators/model/time.ts';
import type { Life, Lives } from './lives.ts';

/** What the detectors that are looked at have said; memory is for what stands, whatever was said. */
export type AlarmTally = {
  /** Raised and told to people. */
  alarms: number;
  /** Raised and withheld: shelved, suppressed, in a flood. */
  withheld: number;
  /** Raised while the machine was known to be healthy. */
  falseAlarms: number;
  /** Opened by any rule. */
  requests: number;
  first: EventTime | undefined;
  /** When the first alarm of a life that lasted was told. */
  readonly lasting: Map<AssetKey, Map<Life, EventTime>>;
  readonly standing: Map<string, Standing>;
};

type Standing = { readonly asset: AssetKey; readonly since: EventTime };

export type TallyOptions = {
  /** Ids of the detectors whose alarms count. */
  readonly detectors: ReadonlySet<string>;
  readonly livesOf: Lives;
  /** An alarm that stood for so long has lasted. */
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
    standing: new Map(),
  };
}

/** Takes in what the pipeline lands of anomalies and requests; other rows change nothing. */
export function count(tally: AlarmTally, row: Row, options: TallyOptions): void {
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
    const standing = tally.standing.get(id);
    tally.standing.delete(id);
    if (standing !== undefined) ended(tally, standing, time, options);
  }
}

/** At the end of the log: what still stands has lasted. */
export function close(tally: AlarmTally, options: TallyOptions): void {
  for (const standing of tally.standing.values()) {
    keep(tally, standing, lifeAt(standing, options.livesOf));
  }
  tally.standing.clear();
}

function raised(tally: AlarmTally, row: AnomalyRow, { livesOf }: TallyOptions): void {
  const standing = { asset: assetKey(row.plant, row.line, row.asset), since: row.time };
  tally.alarms += 1;
  if (isFalse(row.time, lifeAt(standing, livesOf))) tally.falseAlarms += 1;
  if (tally.first === undefined || row.time < tally.first) tally.first = row.time;
  tally.standing.set(row.id, standing);
}

/** Cleared: it lasted if it stood long enough, or when its machine failed. */
function ended(
  tally: AlarmTally,
  standing: Standing,
  cleared: EventTime,
  { livesOf, lasting }: TallyOptions,
): void {
  const life = lifeAt(standing, livesOf);
  const stoodAtEnd = life?.end !== undefined && cleared > life.end;
  if (stoodAtEnd || cleared - standing.since >= lasting) keep(tally, standing, life);
}

/** A false alarm is no warning, however long it stood. */
function keep(tally: AlarmTally, { asset, since }: Standing, life: Life | undefined): void {
  if (life === undefined || isFalse(since, life)) return;
  const firsts = tally.lasting.get(asset) ?? new Map<Life, EventTime>();
  const known = firsts.get(life);
  if (known === undefined || since < known) firsts.set(life, since);
  tally.lasting.set(asset, firsts);
}

function isFalse(at: EventTime, life: Life | undefined): boolean {
  return life?.healthyUntil !== undefined && at < life.healthyUntil;
}

function lifeAt({ asset, since }: Standing, livesOf: Lives): Life | undefined {
  return livesOf(asset).find(
    ({ from, end }) => since > from && (end === undefined || since <= end),
  );
}
