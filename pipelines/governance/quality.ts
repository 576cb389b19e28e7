/** Looks for what is wrong with master data: every check of `sql/quality`, each finding with owner, age and proposal. */

import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ClickHouseClient, ClickHouseError } from '@clickhouse/client';
import { SQL_FOLDER } from '../../sinks/clickhouse/migrate.ts';
import { EXIT, Problem } from '../base/problem.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import { blocksOfRows, landBlocks } from './sync.ts';

/** A file of `sql/quality`. Each row that it gives is a finding. */
export type QualityCheck = {
  readonly name: string;
  /** The question that its first line asks. */
  readonly question: string;
  readonly sql: string;
};

export function readQualityChecks(): readonly QualityCheck[] {
  const folder = join(SQL_FOLDER, 'quality');
  const files = readdirSync(folder).filter((file) => file.endsWith('.sql'));
  return files.toSorted().map((file) => {
    const sql = readFileSync(join(folder, file), 'utf8');
    return { name: file.slice(0, -'.sql'.length), question: /^-- (.*)/.exec(sql)?.[1] ?? '', sql };
  });
}

/** What a check says. */
type FoundRow = {
  readonly plant: string;
  readonly entity: string;
  readonly system: string;
  readonly objects: readonly string[];
  readonly text: string;
  readonly proposal: string;
};
export type QualityFinding = FoundRow & {
  readonly check: string;
  readonly owner: string;
  /** Epoch milliseconds: every look has found it since. */
  readonly since: number;
};

/** `plant`: '' for what is of no plant. */
export type PlantScore = {
  readonly plant: string;
  readonly objects: number;
  readonly flagged: number;
  readonly score: number | null;
};

export type QualityReport = {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly time: number;
  readonly checks: number;
  readonly findings: readonly QualityFinding[];
  readonly scores: readonly PlantScore[];
};

type Place = { readonly system: string; readonly entity: string; readonly remote: string };

/** The views that checks read, each after those that it reads itself. */
const JUDGED = ['entities', 'at_plants', 'copies', 'mappings_now', 'now', 'references'];

/**
 * Works out once what every check reads: a table of a session goes before the view of its name. So all of them see the same
 * state, too. Whoever may make no table asks the views, each time anew.
 */
async function heldOnce(client: ClickHouseClient, session_id: string): Promise<void> {
  const here = await client.query({ query: 'SELECT currentDatabase() AS name', format: 'JSON' });
  const [database] = (await here.json<{ name: string }>()).data;
  for (const view of JUDGED.map((name) => `master_${name}`)) {
    // Without its database the name would be that of the new table.
    const query = `CREATE TEMPORARY TABLE ${view} AS SELECT * FROM ${database?.name}.${view}`;
    try {
      await client.command({ query, session_id });
    } catch (error) {
      if (error instanceof ClickHouseError) return;
      throw error;
    }
  }
}

/** Makes every check and works out the scores. Changes nothing. */
export async function checkQuality(
  client: ClickHouseClient,
  now: () => number,
): Promise<QualityReport> {
  const session_id = randomUUID();
  const ask = async <T>(query: string) =>
    (await client.query({ query, session_id, format: 'JSONEachRow' })).json<T>();
  const owners = await ask<{ entity: string; owner: string }>(
    'SELECT entity, owner FROM master_entities',
  );
  if (owners.length === 0) throw nothingCopied();
  await heldOnce(client, session_id);
  const ownerOf = new Map(owners.map(({ entity, owner }) => [entity, owner]));
  const known = await ask<Found & { since: number }>(LAST_LOOK);
  const sinceOf = new Map(known.map(({ since, ...found }) => [keyOfFinding(found), since]));
  const time = now();
  const checks = readQualityChecks();
  const findings: QualityFinding[] = [];
  for (const { name, sql } of checks) {
    for (const row of await ask<FoundRow>(sql.trimEnd().replace(/;$/, ''))) {
      const owner = ownerOf.get(row.entity) ?? '';
      const since = sinceOf.get(keyOfFinding({ ...row, check: name })) ?? time;
      findings.push({ ...row, check: name, owner, since });
    }
  }
  const places = await ask<Place & { plant: string }>(
    "SELECT plant, system, entity, remote FROM master_now WHERE system != 'governance'",
  );
  return {
    id: randomUUID(),
    time,
    checks: checks.length,
    findings,
    scores: scoresOf(places, findings),
  };
}

/** What the last look found, and since when. */
const LAST_LOOK = `
  SELECT \`check\`, entity, system, objects, text, toFloat64(toUnixTimestamp64Milli(since)) AS since
  FROM master_quality FINAL
  WHERE \`check\` != 'counted'
    AND id = (SELECT argMax(id, time) FROM master_quality WHERE \`check\` = 'counted')`;

/** What makes a finding the same as one of the look before. */
type Found = Pick<QualityFinding, 'check' | 'entity' | 'system' | 'objects' | 'text'>;

function keyOfFinding({ check, entity, system, objects, text }: Found): string {
  return JSON.stringify([check, entity, system, objects, text]);
}

function nothingCopied(): Problem {
  return new Problem({
    where: 'andon quality',
    expected: 'master data that was copied',
    found: 'none, nor who owns it',
    remedy: 'Write governance.yaml (docs/governance.md), and run andon sync first.',
    exit: EXIT.input,
  });
}

/** Each object counts once, however much was found of it. */
function scoresOf(
  places: readonly (Place & { readonly plant: string })[],
  findings: readonly QualityFinding[],
): readonly PlantScore[] {
  const keyOf = ({ system, entity, remote }: Place) => JSON.stringify([system, entity, remote]);
  const flagged = new Set(
    findings.flatMap(({ system, entity, objects }) =>
      objects.map((remote) => keyOf({ system, entity, remote })),
    ),
  );
  const plants = new Map<string, { objects: number; flagged: number }>();
  for (const place of places) {
    const counts = plants.get(place.plant) ?? { objects: 0, flagged: 0 };
    counts.objects += 1;
    if (flagged.has(keyOf(place))) counts.flagged += 1;
    plants.set(place.plant, counts);
  }
  return [...plants]
    .map(([plant, counts]) => ({
      ...{ plant, ...counts },
      score:
        counts.objects === 0 ? null : Math.round((1 - counts.flagged / counts.objects) * 1e4) / 1e4,
    }))
    .toSorted((a, b) => (a.plant < b.plant ? -1 : 1));
}

/** Keeps a report in `master_quality`: what was found, and a row for each plant. */
export async function keepQuality(
  warehouse: Pick<Warehouse, 'client'>,
  database: string,
  { id, time, findings, scores }: QualityReport,
): Promise<void> {
  const common = { id, time: time * 1_000 };
  const found = findings.map(({ since, ...finding }) => ({
    ...{ ...common, ...finding, since: since * 1_000, counted: 0, flagged: 0 },
  }));
  const counted = scores.map(({ plant, objects, flagged }) => ({
    ...{ ...common, check: 'counted', plant, entity: '', system: '', objects: [], owner: '' },
    ...{ since: time * 1_000, text: '', proposal: '', counted: objects, flagged },
  }));
  await landBlocks(warehouse, database, blocksOfRows('master_quality', [...found, ...counted]));
}
