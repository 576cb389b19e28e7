// Anomalies that people answered, with the time that each stood: what another value of their rule is held against.

import type { ClickHouseClient } from '@clickhouse/client';
import { type AssetKey, assetKey } from '../../../operators/model/key.ts';
import type { AnomalyRow } from '../../../operators/model/tables.ts';
import { type EventTime, eventTime } from '../../../operators/model/time.ts';
import type { PrecisionFilter } from './precision.ts';

/** A stretch in which an anomaly of a rule stood. */
export type Standing = {
  readonly asset: AssetKey;
  readonly rule: string;
  readonly signal: string;
  readonly point: string;
  readonly since: EventTime;
  /** When it cleared; undefined while it stands. */
  until: EventTime | undefined;
};

export type AnsweredAnomaly = Standing & { readonly isConfirmed: boolean };

type AnsweredRow = Pick<AnomalyRow, 'plant' | 'line' | 'asset' | 'rule' | 'signal' | 'point'> & {
  readonly verdict: 'confirmed' | 'false';
  /** Microseconds: as texts they come through JSON whole. */
  readonly since: string;
  readonly until: string | null;
};

export async function readAnswered(
  client: ClickHouseClient,
  { plant = '', asset = '', rule = '' }: PrecisionFilter,
): Promise<readonly AnsweredAnomaly[]> {
  const answer = await client.query({
    query: `SELECT
                answer.plant AS plant, answer.line AS line, answer.asset AS asset, answer.rule AS rule,
                any(fact.signal) AS signal, any(fact.point) AS point, any(answer.verdict) AS verdict,
                toString(toUnixTimestamp64Micro(min(fact.since))) AS since,
                toString(toUnixTimestamp64Micro(maxOrNullIf(fact.time, fact.phase = 'cleared'))) AS until
            FROM rule_answers AS answer
            INNER JOIN anomalies AS fact
            ON answer.plant = fact.plant AND answer.line = fact.line AND answer.asset = fact.asset AND answer.id = fact.id
            WHERE ({plant:String} = '' OR answer.plant = {plant:String}) AND ({rule:String} = '' OR answer.rule = {rule:String})
              AND ({asset:String} = '' OR answer.asset = {asset:String})
            GROUP BY plant, line, asset, rule, answer.id
            ORDER BY since, plant, line, asset, rule`,
    query_params: { plant, asset, rule },
    format: 'JSONEachRow',
  });
  return (await answer.json<AnsweredRow>()).map(({ plant, line, asset, verdict, ...row }) => ({
    ...{ asset: assetKey(plant, line, asset), rule: row.rule },
    ...{ signal: row.signal, point: row.point, isConfirmed: verdict === 'confirmed' },
    since: eventTime(Number(row.since)),
    until: row.until === null ? undefined : eventTime(Number(row.until)),
  }));
}

/** Whether one of these is about the same: of the same rule, machine, signal and point, at some moment of the same time. */
export function comesAgain(answered: Standing, standings: readonly Standing[]): boolean {
  return standings.some(
    (other) =>
      other.asset === answered.asset &&
      other.rule === answered.rule &&
      other.signal === answered.signal &&
      other.point === answered.point &&
      other.since <= (answered.until ?? Number.POSITIVE_INFINITY) &&
      answered.since <= (other.until ?? Number.POSITIVE_INFINITY),
  );
}

/** Takes in a row of `anomalies` of a replay: what is raised stands until it is cleared. `standing` has them by id. */
export function followStanding(standing: Map<string, Standing>, row: AnomalyRow): void {
  const { plant, line, asset, id, phase, rule, signal, point, since, time } = row;
  const known = standing.get(id);
  if (phase === 'cleared') {
    if (known !== undefined) known.until = time;
  } else if (known === undefined) {
    const key = assetKey(plant, line, asset);
    standing.set(id, { asset: key, rule, signal, point, since, until: undefined });
  }
}
