/** Objectives of service: what they promise, when they were not kept, and how much of the error budget that took. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { positiveDurationSchema } from '../../operators/model/time.ts';
import { SQL_FOLDER } from '../../sinks/clickhouse/migrate.ts';
import { openYamlFile } from '../base/yaml-file.ts';

/** Each is a file in `sql/objectives`, which says when it was not kept. */
export const OBJECTIVES = {
  flow: { title: 'Data gets into the log, and none of it is lost', target: 99.9, within: '1m' },
  latency: { title: 'What is in the log is in the warehouse in time', target: 99, within: '1m' },
  request_creation: { title: 'Requests are in the CMMS in time', target: 99.5, within: '5m' },
  synchronisation: { title: 'Copies of master data are fresh', target: 99, within: '26h' },
  reconciliation: {
    title: 'Systems are compared in time, and no difference stands for long',
    ...{ target: 99, within: '26h' },
  },
} as const;
export type ObjectiveName = keyof typeof OBJECTIVES;

const objective = ({ target, within }: { readonly target: number; readonly within: string }) =>
  z
    .strictObject({
      target: z
        .number()
        .min(95)
        .max(99.999)
        .default(target)
        .describe('Percent of the time in which it is kept.'),
      within: positiveDurationSchema.prefault(within).describe('So long it may take.'),
    })
    .prefault({});

export const objectivesSchema = z.strictObject({
  objectives: z
    .strictObject({
      flow: objective(OBJECTIVES.flow),
      latency: objective(OBJECTIVES.latency),
      request_creation: objective(OBJECTIVES.request_creation),
      synchronisation: objective(OBJECTIVES.synchronisation),
      reconciliation: objective(OBJECTIVES.reconciliation),
    })
    .prefault({})
    .describe('What is left out is as shipped.'),
});
export type Objectives = z.output<typeof objectivesSchema>['objectives'];

/** Reads and checks the file; without a path `objectives.yaml` of this folder, or what is shipped if there is none. */
export function readObjectives(path?: string): Objectives {
  const file = path ?? 'objectives.yaml';
  if (path === undefined && !existsSync(file)) return objectivesSchema.parse({}).objectives;
  const yaml = openYamlFile(file);
  const parsed = objectivesSchema.safeParse(yaml.data ?? {});
  yaml.report(parsed.error, []);
  if (parsed.success) return parsed.data.objectives;
  throw parsed.error;
}

/** Epoch milliseconds; `to` is no part of it. */
export type Period = { readonly from: number; readonly to: number };

/** Some time in which an objective was not kept. `plant`: '' where it concerns all. */
type DegradedRow = {
  readonly plant: string;
  readonly subject: string;
  readonly begun: number;
  readonly ended: number;
  readonly text: string;
  readonly requests: readonly string[];
};
type Waiting = { readonly plant: string; readonly id: string } & Period;

/** How an objective was kept at a plant. `spent`: of the budget; above 1 it was missed. */
export type KeptObjective = {
  readonly plant: string;
  readonly objective: ObjectiveName;
  readonly target: number;
  /** Minutes of the period of which anything is known of the plant. */
  readonly minutes: number;
  readonly degraded: number;
  /** Minutes that may be degraded. */
  readonly budget: number;
  readonly spent: number;
  /** Requests that had to wait in degraded time. */
  readonly held: readonly string[];
  /** The longest stretch that one cause took. */
  readonly worst: Pick<DegradedRow, 'subject' | 'begun' | 'ended' | 'text'> | null;
};

/** What is known of each plant: from its first message on. */
const KNOWN = `
  SELECT plants.plant AS plant, toFloat64(toUnixTimestamp64Milli(min(epochs.first_appended))) AS from
  FROM epochs
  INNER JOIN (SELECT DISTINCT plant, stream FROM assets) AS plants ON epochs.stream = plants.stream
  WHERE epochs.last_appended > {from:DateTime64(6, 'UTC')} - INTERVAL 31 DAY
    AND epochs.first_appended < {to:DateTime64(6, 'UTC')}
  GROUP BY plant ORDER BY plant`;

/** A request waits from the beginning of its problem until it is in the CMMS, or nobody needs it any more. */
const WAITING = `
  SELECT plant, id, toFloat64(toUnixTimestamp64Milli(since)) AS from,
         toFloat64(toUnixTimestamp64Milli(least(ifNull(created, {to:DateTime64(6, 'UTC')}), ifNull(over, {to:DateTime64(6, 'UTC')})))) AS to
  FROM request_creations
  WHERE since < {to:DateTime64(6, 'UTC')}
    AND least(ifNull(created, {to:DateTime64(6, 'UTC')}), ifNull(over, {to:DateTime64(6, 'UTC')})) > {from:DateTime64(6, 'UTC')}
  ORDER BY id`;

/** Objectives whose degraded time every request of the plant has to wait for. */
const HOLDS_ALL: ReadonlySet<ObjectiveName> = new Set(['flow', 'latency']);

/** Rows of one SELECT with its parameters. */
export type AskRows = (
  query: string,
  parameters: Readonly<Record<string, unknown>>,
) => Promise<readonly unknown[]>;

export function askRowsOf(client: ClickHouseClient): AskRows {
  return async (query, query_params) =>
    (await client.query({ query, query_params, format: 'JSONEachRow' })).json();
}

/** How all objectives were kept at each plant of which anything is known. */
export async function evaluateObjectives(
  askRows: AskRows,
  objectives: Objectives,
  period: Period,
): Promise<readonly KeptObjective[]> {
  const given = { from: period.from / 1_000, to: period.to / 1_000 };
  const ask = async <T>(query: string, more: Readonly<Record<string, number>> = {}) =>
    (await askRows(query, { ...given, ...more })) as readonly T[];
  const known = await ask<{ plant: string; from: number }>(KNOWN);
  const waiting = await ask<Waiting>(WAITING);
  const kept: KeptObjective[] = [];
  for (const name of Object.keys(OBJECTIVES) as ObjectiveName[]) {
    const { target, within } = objectives[name];
    const rows = await ask<DegradedRow>(degradedSql(name), { within: Math.round(within / 1e6) });
    for (const { plant, from } of known) {
      const own = rows.filter((row) => row.plant === plant || row.plant === '');
      const observed = { from: Math.max(from, period.from), to: period.to };
      const held = waiting.filter((one) => HOLDS_ALL.has(name) && one.plant === plant);
      kept.push({ plant, objective: name, target, ...judge(own, observed, held, target) });
    }
  }
  return kept;
}

function degradedSql(name: ObjectiveName): string {
  const sql = readFileSync(join(SQL_FOLDER, 'objectives', `${name}.sql`), 'utf8');
  return `
    SELECT plant, subject, text, requests, toFloat64(toUnixTimestamp64Milli(begun)) AS begun, toFloat64(toUnixTimestamp64Milli(ended)) AS ended
    FROM (${sql.trimEnd().replace(/;$/, '')})`;
}

/** Minutes count once, however many causes were at work in them. */
function judge(
  rows: readonly DegradedRow[],
  observed: Period,
  waiting: readonly Waiting[],
  target: number,
) {
  const clipped = rows
    .map((row) => ({
      ...row,
      begun: Math.max(row.begun, observed.from),
      ended: Math.min(row.ended, observed.to),
    }))
    .filter(({ begun, ended }) => ended > begun)
    .toSorted((a, b) => a.begun - b.begun);
  const stretches = united(clipped);
  const degraded = minutesOf(stretches.reduce((sum, { from, to }) => sum + to - from, 0));
  const minutes = minutesOf(observed.to - observed.from);
  const budget = Math.round(minutes * (100 - target)) / 100;
  const caught = waiting.filter((one) =>
    stretches.some(({ from, to }) => one.from < to && from < one.to),
  );
  const held = [...clipped.flatMap(({ requests }) => requests), ...caught.map(({ id }) => id)];
  const [worst = null] = clipped
    .map(({ subject, begun, ended, text }) => ({ subject, begun, ended, text }))
    .toSorted((a, b) => b.ended - b.begun - (a.ended - a.begun));
  return {
    ...{ minutes, degraded, budget, worst },
    spent: budget === 0 ? 0 : Math.round((degraded / budget) * 1e4) / 1e4,
    held: [...new Set(held)].toSorted(),
  };
}

/** `rows` by their beginning. */
function united(rows: readonly DegradedRow[]): readonly Period[] {
  const found: Period[] = [];
  for (const { begun: from, ended: to } of rows) {
    const last = found.at(-1);
    if (last === undefined || from > last.to) found.push({ from, to });
    else found[found.length - 1] = { from: last.from, to: Math.max(last.to, to) };
  }
  return found;
}

function minutesOf(milliseconds: number): number {
  return Math.round(milliseconds / 600) / 100;
}
