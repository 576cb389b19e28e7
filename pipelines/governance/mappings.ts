/** Changes of mappings: what a change would touch, what of a list is new, and how a change goes into the log. */

import type { ClickHouseClient } from '@clickhouse/client';
import type { NatsConnection } from '@nats-io/transport-node';
import { identity } from '../../operators/model/canonical.ts';
import type { MappingChange } from '../../operators/model/wire.ts';
import { EXIT, Problem } from '../base/problem.ts';
import { type Applied, applyChanges } from '../rules/apply-changes.ts';
import { ENTITY_NAMES, STATUS_WORDS } from './entities.ts';

/** What a thing is to be called in a system. */
export type ProposedMapping = NonNullable<MappingChange['mapping']>;

/** A mapping as it is now; `change` is '' for one of the governance file. */
export type CurrentMapping = ProposedMapping & {
  readonly proposed: string;
  readonly approved: string;
  readonly state: string;
  readonly change: string;
  readonly sequence: number;
};

/** What a change would touch: things of each kind, by their ids. */
export type MappingCheck = {
  readonly mapping: ProposedMapping;
  /** What speaks against it; nothing of it may be proposed while there is one. */
  readonly mistakes: readonly string[];
  /** What whoever approves should know. */
  readonly remarks: readonly string[];
  readonly requests: readonly string[];
  readonly works: readonly string[];
  readonly rules: readonly string[];
  readonly references: number;
};

/** A change and what became of it. */
export type ChangeRecord = ProposedMapping & {
  readonly change: string;
  readonly plant: string;
  readonly proposed: string;
  readonly reason: string;
  readonly answer: string;
  readonly answered: string;
  readonly answer_reason: string;
  readonly stream: string;
  readonly sequence: number;
  readonly appended: string;
  readonly four_eyes: boolean;
  /** The later change of the same mapping that was approved before this one; '' for none. */
  readonly superseded: string;
};

const MAPPING = `entity, id, system, remote, owner, toString(valid_from) AS from, toString(valid_to) AS to`;

async function rowsOf<T>(
  client: ClickHouseClient,
  query: string,
  query_params: Record<string, unknown> = {},
): Promise<T[]> {
  return (await client.query({ query, query_params, format: 'JSONEachRow' })).json<T>();
}

export function currentMappings(client: ClickHouseClient): Promise<CurrentMapping[]> {
  const order = 'ORDER BY entity, system, id, remote, valid_from, state';
  return rowsOf(
    client,
    `SELECT ${MAPPING}, proposed, approved, state, change, toFloat64(sequence) AS sequence FROM master_mappings_now ${order}`,
  );
}

/** The newest first. `change`: this one alone. */
export function changesOfMappings(client: ClickHouseClient, change = ''): Promise<ChangeRecord[]> {
  return rowsOf(
    client,
    `SELECT ${MAPPING}, change, plant, proposed, reason, answer, answered, answer_reason, stream,
       toFloat64(sequence) AS sequence, toString(appended) AS appended, four_eyes, superseded
     FROM mapping_changes_now WHERE {change:String} = '' OR change = {change:String}
     ORDER BY mapping_changes_now.appended DESC, mapping_changes_now.sequence DESC`,
    { change },
  );
}

/** What of a list is not so already, and does not wait for an answer yet. */
export function newMappings(
  wanted: readonly ProposedMapping[],
  current: readonly CurrentMapping[],
): readonly ProposedMapping[] {
  const known = new Set(current.map(keyOfMapping));
  return wanted.filter((one) => !known.has(keyOfMapping(one)));
}

function keyOfMapping({ entity, id, system, remote, owner, from, to }: ProposedMapping): string {
  return JSON.stringify([entity, id, system, remote, owner, from, to]);
}

/** Looks at what a mapping would change. Changes nothing. */
export async function checkMapping(
  client: ClickHouseClient,
  mapping: ProposedMapping,
): Promise<MappingCheck> {
  const { entity, id, system, remote, from, to } = mapping;
  const ask = <T>(query: string) => rowsOf<T>(client, query, { entity, id, system, remote });
  const others = await ask<{ id: string; remote: string; state: string; valid_from: string }>(
    OTHERS,
  );
  const things = await ask<{ system: string; remote: string }>(THINGS);
  const touched = await ask<{ what: string; of: string }>(TOUCHED);
  const of = (what: string) => touched.filter((one) => one.what === what).map((one) => one.of);
  const same = others.filter(
    (one) => one.id === id && one.remote === remote && one.valid_from === from,
  );
  // What waits takes the place of nothing; the change that is checked may be the one that waits.
  const own = same.find((one) => one.state !== 'waiting');
  return {
    mapping,
    mistakes: [
      ...shapeMistakes(mapping),
      ...(to !== null && to < from ? [`expected a last day on or after ${from}, found ${to}`] : []),
      ...(entity === 'status' ||
      things.some((one) => one.system === system && one.remote === remote)
        ? []
        : [`expected ${entity} ${remote} in ${system}, found none in its last copy`]),
    ],
    remarks: [
      ...(own === undefined ? [] : [`it takes the place of the mapping that is ${own.state}`]),
      ...others
        .filter((one) => one !== own && one.state === 'in force')
        .map(
          (one) =>
            `${one.remote} is ${one.id} in ${system} already: end one of them, or it says two things`,
        ),
      ...(entity === 'status' || things.some((one) => one.remote === id)
        ? []
        : [`no system has ${entity} ${id} by that id yet`]),
    ],
    ...{ requests: of('request'), works: of('work'), rules: of('rules') },
    references: of('reference').length,
  };
}

function shapeMistakes({ entity, id }: ProposedMapping): string[] {
  if (!(ENTITY_NAMES as readonly string[]).includes(entity)) {
    return [`expected an entity: ${ENTITY_NAMES.join(', ')}; found ${entity}`];
  }
  if (entity !== 'status' || STATUS_WORDS.includes(id)) return [];
  return [`expected a canonical word: ${STATUS_WORDS.join(', ')}; found ${id}`];
}

const OTHERS = `
  SELECT id, remote, state, toString(valid_from) AS valid_from FROM master_mappings_now
  WHERE entity = {entity:String} AND system = {system:String} AND (remote = {remote:String} OR id = {id:String})
    AND state != 'ended' AND entity NOT IN ('plant', 'status')`;

const THINGS = `
  SELECT DISTINCT system, remote FROM master_now
  WHERE entity = {entity:String} AND (system = {system:String} AND remote = {remote:String} OR remote = {id:String})`;

/** Open requests and workflows of the asset, rules that name one of the two ids, and what refers to the thing in that system. */
const TOUCHED = `
  WITH {entity:String} = 'asset' AS asset
  SELECT 'request' AS what, id AS of FROM open_requests
  WHERE asset AND concat(plant, '/', line, '/', open_requests.asset) = {id:String}
  UNION ALL
  SELECT 'work', concat(request, ' ', workflow) FROM workflow_runs
  WHERE asset AND ended IS NULL AND concat(plant, '/', line, '/', workflow_runs.asset) = {id:String}
  UNION ALL
  SELECT 'rules', concat(plant, ' ', change)
  FROM (SELECT plant, argMax(change, appended) AS change, argMax(rules, appended) AS text FROM rules GROUP BY plant)
  WHERE position(text, {remote:String}) > 0 OR position(text, {id:String}) > 0
  UNION ALL
  SELECT 'reference', remote FROM master_references
  WHERE system = {system:String} AND target = {entity:String} AND value = {remote:String}`;

/** Publishes what a person says of mappings, in this order. Each counts from the message on at which it is in the log. */
export function publishMappings(
  connection: NatsConnection,
  place: { readonly plant: string; readonly user: string; readonly partitions: number },
  said: readonly MappingChange[],
): Promise<readonly Applied[]> {
  const { plant, user, partitions } = place;
  const messages = said.map((one) => ({
    subject: `mapping.${plant}.engineer.${user}`,
    headers: { 'Andon-Change': one.change, 'Content-Type': 'application/json' },
    payload: Buffer.from(JSON.stringify(one)),
  }));
  // Of no line: all changes of mappings are in one partition, in one order.
  return applyChanges({ connection, partitions, changes: [{ plant, lines: [], messages }] });
}

/** A proposal of its own, however often the same was proposed and refused before. */
export function proposalOf(
  mapping: ProposedMapping,
  { user, at, reason }: { readonly user: string; readonly at: number; readonly reason: string },
): MappingChange {
  const change = identity([JSON.stringify(mapping), user, String(at)]);
  return { change, verb: 'propose', reason, mapping };
}

/** Whether somebody may answer. Throws a `Problem` that says why not. */
export function checkMappingAnswer(
  change: string,
  record: ChangeRecord | undefined,
  verb: 'approve' | 'refuse',
  user: string,
): ChangeRecord {
  const wrong = (expected: string, found: string, remedy: string) =>
    new Problem({ where: `change ${change}`, expected, found, remedy, exit: EXIT.input });
  if (record === undefined) {
    const remedy =
      'andon mapping history lists them. One that was proposed just now has to land first.';
    throw wrong('a change that was proposed', 'none', remedy);
  }
  if (record.answer !== '') {
    const found = `${record.answer} by ${record.answered}, message ${record.sequence} of ${record.stream}`;
    throw wrong('a change that waits for an answer', found, 'Propose it anew.');
  }
  if (record.superseded !== '') {
    const found = `change ${record.superseded} of the same mapping, which came later and was approved`;
    throw wrong('a change that nothing later has taken the place of', found, 'Propose it anew.');
  }
  if (verb === 'approve' && record.four_eyes && record.proposed === user) {
    const remedy = 'Let somebody else approve it, or switch four_eyes off in governance.yaml.';
    throw wrong('somebody else than who proposed it (four_eyes)', user, remedy);
  }
  return record;
}
