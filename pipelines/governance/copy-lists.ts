/** Reads what systems say of their things by their interfaces: lists in pages, all of it or what changed since a mark. */

import type { ClickHouseClient } from '@clickhouse/client';
import type { EventTime } from '../../operators/model/time.ts';
import type { ReachConfig } from '../../sinks/remote/call-config.ts';
import { type Caller, createCaller } from '../../sinks/remote/caller.ts';
import { createChangesReader } from '../../sinks/remote/changes.ts';
import { readCmmses } from '../../sinks/remote/config.ts';
import { valueAt } from '../../sinks/remote/http.ts';
import type { Environment } from '../../sinks/remote/secret.ts';
import type { Config } from '../base/config.ts';
import { EXIT, foundInPlace, Problem } from '../base/problem.ts';
import { readSystems } from '../base/system-profiles.ts';
import type { EntityCopy } from './copy-sources.ts';
import { collectObjects, type EntityName } from './entities.ts';
import type { ListSource } from './governance-file.ts';

/** Everything is copied anew after so many milliseconds: what is gone shows only then. */
const FULL_EVERY = 86_400_000;
/** A clock over there that lags, and what was being written when the last list was read. Milliseconds. */
const OVERLAP = 60_000;

type ListCopier = {
  /** How systems are reached, by name. */
  readonly systems: ReadonlyMap<string, ReachConfig>;
  readonly client: ClickHouseClient;
  readonly environment: Environment;
  /** Everything, whatever was copied before. */
  readonly full: boolean;
  readonly now: () => number;
  readonly signal: AbortSignal;
};

/** How systems with an HTTP interface are reached, the CMMS among them. */
export function reachedSystems(
  config: Config,
  file: string | undefined,
): ReadonlyMap<string, ReachConfig> {
  const found = new Map<string, ReachConfig>();
  for (const one of readSystems(config.systems, file) ?? []) {
    if (one.kind === 'http') found.set(one.name, one);
  }
  for (const cmms of readCmmses(config.cmms)) {
    if (!found.has(cmms.name)) found.set(cmms.name, cmms);
  }
  return found;
}

/** The same caller for all lists of a system: one log-in, one rate, behind all calls that cannot wait. */
export function createListCopier(options: ListCopier) {
  const { systems, client, environment, now, signal } = options;
  const callers = new Map<string, Caller>();
  const callerOf = (system: string): Caller => {
    const known = callers.get(system);
    if (known !== undefined) return known;
    const reach = systems.get(system);
    if (reach === undefined) throw notDescribed(system, [...systems.keys()]);
    const caller = reached(system, () => createCaller(reach, environment));
    callers.set(system, caller);
    return caller;
  };
  return async (system: string, entity: EntityName, source: ListSource): Promise<EntityCopy> => {
    const { list, fields } = source;
    const caller = callerOf(system);
    const begun = now();
    const since = options.full
      ? 0
      : await markOf(client, { system, entity, source: list.path }, begun);
    const collected = collectObjects();
    const read = createChangesReader(caller, { ...list, key: list.remote });
    const outcome = await read(
      (since * 1_000) as EventTime,
      ({ remote, changed, object }) => {
        collected.add({ remote, changed, fields: fieldsIn(object, fields) });
      },
      { priority: 'reconcile', signal },
    );
    if (outcome.kind !== 'ok') throw notRead(system, entity, list.path, outcome.note);
    return {
      ...{ system, entity, objects: collected.all(), asOf: begun * 1_000, full: since === 0 },
      source: list.path,
    };
  };
}

/** Texts, numbers and yes or no; nothing else is a value of master data. */
function fieldsIn(
  object: unknown,
  fields: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const found = Object.entries(fields).map(([field, pointer]) => {
    const value = valueAt(object, pointer);
    const plain = ['string', 'number', 'boolean'].includes(typeof value);
    return [field, plain ? String(value).trim() : ''] as const;
  });
  return Object.fromEntries(found.filter(([, value]) => value !== ''));
}

/** Milliseconds from which on changes of this list are to be read; 0 where everything is due, as of another list. */
async function markOf(
  client: ClickHouseClient,
  query_params: { readonly system: string; readonly entity: string; readonly source: string },
  now: number,
): Promise<number> {
  const query = `
    SELECT toFloat64(toUnixTimestamp64Milli(maxIf(as_of, full))) AS whole, toFloat64(toUnixTimestamp64Milli(max(as_of))) AS last
    FROM master_syncs WHERE system = {system:String} AND entity = {entity:String} AND source = {source:String}`;
  const answer = await client.query({ query, query_params, format: 'JSONEachRow' });
  const [{ whole = 0, last = 0 } = {}] = await answer.json<{ whole: number; last: number }>();
  return whole <= 0 || now - whole >= FULL_EVERY ? 0 : Math.max(1, last - OVERLAP);
}

/** A token that is not set keeps none of the other systems from being read. */
function reached(system: string, create: () => Caller): Caller {
  try {
    return create();
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    throw new Problem(
      {
        where: `systems.${system}`,
        expected: 'address and log-in that can be used',
        found: foundInPlace(cause),
        remedy: 'Set what is missing, and run it again. What was copied before stands.',
        exit: EXIT.outside,
      },
      { cause },
    );
  }
}

function notDescribed(system: string, known: readonly string[]): Problem {
  return new Problem({
    where: `sources.${system}`,
    expected: `a system of the configuration with an HTTP interface: ${known.join(', ') || 'there is none'}`,
    found: system,
    remedy: 'Describe it under `cmms` or `systems`, and give the configuration by --config.',
    exit: EXIT.input,
  });
}

function notRead(system: string, entity: string, path: string, note: string): Problem {
  return new Problem({
    where: `${system}, ${entity}`,
    expected: `the list at ${path} to its end`,
    found: note,
    remedy: 'What was copied before stands. Try again when the system answers.',
    exit: EXIT.outside,
  });
}
