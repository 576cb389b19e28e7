import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { z } from 'zod';
import type { EventTime } from '../../operators/model/time.ts';
import { EXIT, Problem } from '../base/problem.ts';
import type { Bucket } from '../base/roles.ts';
import { streamManager } from '../nats/jetstream.ts';
import { bucketIn, findBucket, openBucket, type StoreOptions } from '../nats/streams.ts';
import { type CommandEntry, commandEntrySchema } from './command-entry.ts';
import { entrySchema, type LedgerEntry, type OrderEntry, orderEntrySchema } from './entry.ts';

/** One entry, and the version that a change of it must find. 0: there is none yet. */
export type StoredEntry<E> = { readonly entry: E | undefined; readonly version: number };

/**
 * What became of many things: one entry each in a KV bucket, changed by compare-and-set only, so that two who believe
 * they own it cannot both go on.
 */
export interface EntryStore<E> {
  /** Every entry that can be read: `get` says of each other one what to do. */
  all(): Promise<readonly E[]>;
  /** @throws Problem when the entry cannot be read */
  get(name: string): Promise<StoredEntry<E>>;
  /** Rejects when somebody else changed the entry since `version`. Gives the new version. */
  put(entry: E, version: number): Promise<number>;
}

/** What a person asked to be sent again, by id. */
interface Resends {
  resends(): Promise<readonly string[]>;
  resent(id: string): Promise<void>;
}

/** What became of every request. */
export type Ledger = EntryStore<LedgerEntry> & Resends;

/** Below it every command of the stream is over. `of`: for which stream, and which systems, that was found. */
export type LowWater = { readonly of: string; readonly sequence: number };

/** The name of a command in the ledger: ids are those of one system. */
export function commandName({ system, id }: Pick<CommandEntry, 'system' | 'id'>): string {
  return `${system}.${id}`;
}

/** What became of commands, by `commandName`; and what is kept for those to one system. */
export type CommandLedger = EntryStore<CommandEntry> &
  Resends & {
    /** Ids of commands whose objects are still looked at. A mark of its own each, so that a start need not read them all. */
    watched(): Promise<readonly string[]>;
    watch(id: string): Promise<void>;
    unwatch(id: string): Promise<void>;
    lowWater(): Promise<LowWater | undefined>;
    keepLowWater(mark: LowWater): Promise<void>;
  };

/** What became of the work orders that a system made itself, while they are open. */
export type OrderLedger = EntryStore<OrderEntry> & {
  /** Up to when its changes have been read. */
  mark(): Promise<EventTime | undefined>;
  keepMark(mark: EventTime): Promise<void>;
  forget(id: string): Promise<void>;
};

/** What whoever only looks may ask of a ledger. */
export type LedgerReader<E> = Pick<EntryStore<E>, 'all' | 'get'>;

/** Opens the ledger, and makes its buckets when there are none. */
export async function openLedger(
  connection: NatsConnection,
  options: StoreOptions = {},
): Promise<Ledger> {
  const { bucket, resends } = await openBuckets(connection, options);
  return {
    ...storeIn(connection, bucket, REQUESTS),
    resends: () => resendsIn(connection, resends, ''),
    resent: (id) => resends.purge(id),
  };
}

/** The ledger of commands, and what is kept for one system; `_` for commands to systems that are not there. */
export async function openCommandLedger(
  connection: NatsConnection,
  system: string,
  options: StoreOptions = {},
): Promise<CommandLedger> {
  const { bucket, resends } = await openBuckets(connection, options);
  const outcomes = await openBucket(connection, 'outcomes', options);
  // With the outcomes: where they are lost, it is too, and every command is looked at again.
  const mark = `low.${system}`;
  return {
    ...storeIn(connection, outcomes, COMMANDS),
    resends: () => resendsIn(connection, resends, `command.${system}.`),
    resent: (id) => resends.purge(`command.${system}.${id}`),
    watched: () => idsIn(connection, 'ledger', `watch.${system}.`, '*'),
    watch: async (id) => void (await bucket.put(`watch.${system}.${id}`, '')),
    unwatch: (id) => removeEntry(connection, `watch.${system}.${id}`),
    async lowWater() {
      const found = await outcomes.get(mark);
      return found?.operation === 'PUT' ? found.json<LowWater>() : undefined;
    },
    keepLowWater: async (low) => void (await outcomes.put(mark, JSON.stringify(low))),
  };
}

/** Opens what is kept of the orders that a system made itself. */
export async function openOrderLedger(
  connection: NatsConnection,
  system: string,
  options: StoreOptions = {},
): Promise<OrderLedger> {
  const { bucket } = await openBuckets(connection, options);
  const mark = `orders.${system}`;
  return {
    ...storeIn(connection, bucket, { ...ORDERS, prefix: `order.${system}.` }),
    async mark() {
      const found = await bucket.get(mark);
      return found?.operation === 'PUT' ? found.json<EventTime>() : undefined;
    },
    keepMark: async (time) => void (await bucket.put(mark, JSON.stringify(time))),
    forget: (id) => removeEntry(connection, `order.${system}.${id}`),
  };
}

async function openBuckets(connection: NatsConnection, options: StoreOptions) {
  const bucket = await openBucket(connection, 'ledger', options);
  const resends = await openBucket(connection, 'resends', options);
  return { bucket, resends };
}

/**
 * What people asked to be sent again. By subjects, and each looked at: a consumer that lists keys waits for half a minute
 * for one that is removed meanwhile.
 */
async function resendsIn(
  connection: NatsConnection,
  bucket: KV,
  below: string,
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const id of await idsIn(connection, 'resends', below, '*')) {
    if ((await bucket.get(`${below}${id}`))?.operation === 'PUT') ids.push(id);
  }
  return ids;
}

/** The ledger for whoever may not make it; undefined when there is none yet. */
export async function findLedger(
  connection: NatsConnection,
): Promise<LedgerReader<LedgerEntry> | undefined> {
  const bucket = await findBucket(connection, 'ledger');
  return bucket === undefined ? undefined : storeIn(connection, bucket, REQUESTS);
}

/** The same for commands. */
export async function findCommandLedger(
  connection: NatsConnection,
): Promise<LedgerReader<CommandEntry> | undefined> {
  const bucket = await findBucket(connection, 'outcomes');
  return bucket === undefined ? undefined : storeIn(connection, bucket, COMMANDS);
}

/**
 * An open order that a system made itself, by its id or its number there, and the name of that system. Rejects with a
 * `Problem` where several systems have an order of that number.
 */
export async function findOrder(
  connection: NatsConnection,
  wanted: string,
): Promise<FoundOrder | undefined> {
  const bucket = await findBucket(connection, 'ledger');
  if (bucket === undefined) return undefined;
  const names = await idsIn(connection, 'ledger', ORDERS.prefix, '*.*');
  const orders = storeIn(connection, bucket, ORDERS);
  const orderOf = async (name: string): Promise<readonly FoundOrder[]> => {
    const { entry } = await orders.get(name);
    return entry === undefined ? [] : [{ system: name.split('.')[0] ?? '', entry }];
  };
  const named = names.find((name) => name.endsWith(`.${wanted}`));
  if (named !== undefined) return (await orderOf(named))[0];
  const found: FoundOrder[] = [];
  for (let at = 0; at < names.length; at += WIDTH) {
    // What is damaged is none of this number, and is told where it is worked on.
    const some = names.slice(at, at + WIDTH).map((name) => orderOf(name).catch(() => []));
    found.push(
      ...(await Promise.all(some)).flat().filter(({ entry }) => entry.data.remote === wanted),
    );
  }
  if (found.length > 1) {
    const which = found.map(({ system, entry }) => `${entry.id} of ${system}`).join(', ');
    throw new Problem({
      expected: `one order ${wanted}`,
      found: which,
      remedy: 'Ask for one of these ids.',
      exit: EXIT.input,
    });
  }
  return found[0];
}

export type FoundOrder = { readonly system: string; readonly entry: OrderEntry };

/**
 * In a bucket of its own: whoever may write here can neither change nor remove what became of a request. `name`: the id
 * of a request, or `command.<system>.<id>`.
 */
export async function askResend(connection: NatsConnection, name: string): Promise<void> {
  const bucket =
    (await findBucket(connection, 'resends')) ?? (await openBucket(connection, 'resends'));
  await bucket.put(name, '');
}

/** Requests, orders and marks; and commands, of which there are most. */
type LedgerBucket = Extract<Bucket, 'ledger' | 'outcomes'>;

/** How many entries are asked for at once. */
const WIDTH = 64;

/** Entries of one kind: where they are, how their keys begin, what they hold, and for people what they are. */
type Kind<E> = {
  readonly bucket: LedgerBucket;
  readonly prefix: string;
  readonly tokens: string;
  readonly nameOf: (entry: E) => string;
  readonly schema: z.ZodType<E>;
  readonly about: string;
};

const REQUESTS: Kind<LedgerEntry> = {
  bucket: 'ledger',
  prefix: 'request.',
  tokens: '*',
  nameOf: ({ id }) => id,
  schema: entrySchema,
  about: 'the request',
};

const COMMANDS: Kind<CommandEntry> = {
  bucket: 'outcomes',
  prefix: 'command.',
  tokens: '*.*',
  nameOf: commandName,
  schema: commandEntrySchema,
  about: 'the command',
};

const ORDERS: Kind<OrderEntry> = {
  bucket: 'ledger',
  prefix: 'order.',
  tokens: '*',
  nameOf: ({ id }) => id,
  schema: orderEntrySchema,
  about: 'the work order',
};

function storeIn<E>(
  connection: NatsConnection,
  bucket: KV,
  { bucket: place, prefix, tokens, nameOf, schema, about }: Kind<E>,
): EntryStore<E> {
  return {
    async all() {
      const ids = await idsIn(connection, place, prefix, tokens);
      const entries: E[] = [];
      for (let at = 0; at < ids.length; at += WIDTH) {
        const found = await Promise.all(
          ids.slice(at, at + WIDTH).map((id) => bucket.get(`${prefix}${id}`)),
        );
        for (const each of found) {
          const entry = each?.operation === 'PUT' ? parse(each.value, schema) : undefined;
          if (entry !== undefined) entries.push(entry);
        }
      }
      return entries;
    },
    async get(id) {
      const found = await bucket.get(`${prefix}${id}`);
      if (found === null) return { entry: undefined, version: 0 };
      const { operation, value, revision } = found;
      if (operation !== 'PUT') return { entry: undefined, version: revision };
      const entry = parse(value, schema);
      if (entry === undefined)
        throw unreadable(bucketIn(connection, place), `${prefix}${id}`, about);
      return { entry, version: revision };
    },
    put(entry, version) {
      return bucket.put(`${prefix}${nameOf(entry)}`, JSON.stringify(entry), {
        previousSeq: version,
      });
    },
  };
}

/** Whole: what the bucket keeps of a key that was deleted would count as one. */
export async function removeEntry(
  connection: NatsConnection,
  key: string,
  bucket: LedgerBucket = 'ledger',
): Promise<void> {
  const name = bucketIn(connection, bucket);
  const { streams } = await streamManager(connection);
  await streams.purge(`KV_${name}`, { filter: `$KV.${name}.${key}` });
}

/** By the subjects of the bucket: a consumer of its own is more than a reader is permitted. */
export async function idsIn(
  connection: NatsConnection,
  bucket: LedgerBucket | 'resends',
  below: string,
  tokens: string,
): Promise<readonly string[]> {
  const name = bucketIn(connection, bucket);
  const prefix = `$KV.${name}.${below}`;
  const { streams } = await streamManager(connection);
  const { state } = await streams.info(`KV_${name}`, { subjects_filter: prefix + tokens });
  return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(prefix.length));
}

function parse<E>(value: Uint8Array, schema: z.ZodType<E>): E | undefined {
  try {
    return schema.parse(JSON.parse(Buffer.from(value).toString()));
  } catch {
    return undefined;
  }
}

function unreadable(bucket: string, key: string, about: string): Problem {
  return new Problem({
    where: `${bucket}, ${key}`,
    expected: `what became of ${about}`,
    found: 'an entry that is damaged, or of another version',
    remedy:
      `Remove it: nats kv del ${bucket} ${key}. Then the system is searched for ${about}, ` +
      'and what it has is not sent again.',
    exit: EXIT.outside,
  });
}
