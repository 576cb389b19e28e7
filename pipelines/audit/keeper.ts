/**
 * Keeps the audit stream beside a worker: begins it, copies what people do by way of the log, writes what the worker itself
 * did, and lands every entry in ClickHouse, checking that each fits the one before it.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Block, Sink } from '../../sinks/sink.ts';
import { streamIn } from '../nats/jetstream.ts';
import {
  AUDIT_STREAM,
  ensureAudit,
  ensureReasons,
  openBucket,
  type StoreOptions,
} from '../nats/streams.ts';
import type { RecordEvent } from '../observe/observe.ts';
import { type AuditedAct, beginChain, openAuditor } from './audit.ts';
import { type AuditMessage, type ChainFault, faultBetween, readEntry, sha256Of } from './chain.ts';
import { createActCopier } from './copy-acts.ts';
import { chainExtent, readEntries } from './stored-chain.ts';

/** Where entries land: the sink of the worker, and what it has. */
type AuditLanding = Pick<Sink, 'write'> & {
  ask<T>(query: string, signal: AbortSignal): Promise<readonly T[]>;
};

export type AuditKeeperOptions = StoreOptions & {
  readonly partition: number;
  /** The configured id of whoever runs the worker. */
  readonly user: string | undefined;
  /** Undefined for a keeper that lands nothing: one of them is enough for an installation. */
  readonly landing: AuditLanding | undefined;
  readonly record: RecordEvent;
  readonly signal: AbortSignal;
  /** Milliseconds between two looks. Default 2,000. */
  readonly every?: number;
};

/** What the worker itself did, kept until NATS takes it. */
export interface AuditQueue {
  add(act: AuditedAct): void;
  /** Writes all that waits, in its order. */
  write(to: (act: AuditedAct) => Promise<void>): Promise<void>;
}

export function createAuditQueue(): AuditQueue {
  const waiting: AuditedAct[] = [];
  return {
    add: (act) => void waiting.push(act),
    async write(to) {
      for (let act = waiting[0]; act !== undefined; act = waiting[0]) {
        await to(act);
        waiting.shift();
      }
    },
  };
}

/** Runs until the signal aborts. Trouble is recorded once for each kind, and what it kept from being done is tried again. */
export async function keepAudit(
  connection: NatsConnection,
  queue: AuditQueue,
  options: AuditKeeperOptions,
): Promise<void> {
  const { partition, signal, record, every = 2_000 } = options;
  const copier = createActCopier(connection, partition);
  const land = options.landing === undefined ? undefined : createLander(connection, options);
  let begun = false;
  const steps: Readonly<Record<string, () => Promise<unknown>>> = {
    'audit stream': async () => {
      if (!begun) await begin(connection, options);
      begun = true;
      await queue.write(async (act) => {
        const user = options.user ?? 'worker';
        const auditor = await openAuditor(connection, { via: 'worker', user });
        await auditor.note(act);
      });
    },
    'copying of acts': () => copier.copy(signal),
    'landing of the audit stream': async () => land?.(signal),
  };
  const troubled = new Set<string>();
  while (!signal.aborted) {
    for (const [where, step] of Object.entries(steps)) {
      try {
        await step();
        troubled.delete(where);
      } catch (error) {
        if (signal.aborted || connection.isClosed()) return;
        const cause = error instanceof Error ? error : new Error(String(error));
        if (!troubled.has(where)) record({ kind: 'audit-trouble', where, error: cause });
        troubled.add(where);
        break;
      }
    }
    await delay(every, undefined, { signal }).catch(() => undefined);
  }
}

/** What differs of a stream that this worker may not change is told, and no reason to write nothing. */
async function begin(connection: NatsConnection, options: AuditKeeperOptions): Promise<void> {
  await ensureAudit(connection, options).catch((error: unknown) => {
    const cause = error instanceof Error ? error : new Error(String(error));
    options.record({ kind: 'audit-trouble', where: 'audit stream', error: cause });
  });
  await ensureReasons(connection, options);
  await beginChain(connection);
  await openBucket(connection, 'names', options);
}

/** Entries that land as one block. */
const MOST = 500;

/** Gives what lands all entries that are not in the table yet. */
function createLander(
  connection: NatsConnection,
  { landing, record }: AuditKeeperOptions,
): (signal: AbortSignal) => Promise<void> {
  let of: string | undefined;
  let landed: AuditMessage | undefined;
  return async (signal) => {
    const extent = await chainExtent(connection);
    if (extent === undefined || landing === undefined) return;
    const { created, last } = extent;
    if (of !== created) {
      const newest = await lastLanded(connection, landing, created, signal);
      if (newest !== undefined && 'expected' in newest) record({ kind: 'audit-broken', ...newest });
      else landed = newest;
      of = created;
    }
    while ((landed?.n ?? 0) < last && !signal.aborted) {
      const from = (landed?.n ?? 0) + 1;
      const entries: AuditMessage[] = [];
      let before = landed;
      for await (const entry of readEntries(connection, from, Math.min(last, from + MOST - 1))) {
        const fault = faultBetween(before, entry);
        if (fault !== undefined) record({ kind: 'audit-broken', ...fault });
        entries.push(entry);
        before = entry;
      }
      if (before === undefined || before === landed) return;
      const stream = streamIn(connection, AUDIT_STREAM);
      await landing.write(contentOf(entries, { stream, created }, from, before.n), signal);
      landed = before;
    }
  };
}

/**
 * The newest entry that is in the table; undefined when none is, and everything lands. A fault when the stream does not
 * have it: then everything lands beside what is there.
 */
async function lastLanded(
  connection: NatsConnection,
  landing: AuditLanding,
  created: string,
  signal: AbortSignal,
): Promise<AuditMessage | ChainFault | undefined> {
  const [row] = await landing.ask<{ n: string | number; sha256: string }>(
    `SELECT sequence AS n, sha256 FROM audit WHERE created = '${created.replaceAll(/[^\w:.+-]/g, '')}'
     ORDER BY sequence DESC LIMIT 1`,
    signal,
  );
  if (row === undefined) return undefined;
  const n = Number(row.n);
  for await (const entry of readEntries(connection, n, n)) {
    if (sha256Of(entry.bytes) === row.sha256) return entry;
  }
  return { n, expected: 'the entry that has landed', found: 'none, or another one' };
}

/** The stream that the entries are of. */
type Origin = { readonly stream: string; readonly created: string };

function contentOf(entries: readonly AuditMessage[], of: Origin, from: number, to: number) {
  const lines = entries.map((entry) => `${JSON.stringify(auditRow(entry, of))}\n`);
  const block: Block = {
    table: 'audit',
    format: 'JSONEachRow',
    rows: entries.length,
    data: Buffer.from(lines.join('')),
  };
  return {
    ...{ pipeline: 'audit', run: 'audit', ...of, epoch: from, from, to },
    blocks: [block],
    revisions: [],
    commands: [],
  };
}

/** The row of an entry. What cannot be read as one has a row all the same, with its bytes. */
function auditRow({ n, bytes, appended }: AuditMessage, of: Origin): object {
  const read = readEntry(bytes);
  const entry = 'problem' in read ? undefined : read;
  return {
    ...{ ...of, run: 'audit', sequence: n, appended: appended * 1_000 },
    time: (entry === undefined ? appended : Date.parse(entry.time)) * 1_000,
    who: entry?.who ?? '',
    via: entry?.via ?? '',
    act: entry?.act ?? 'unreadable',
    step: entry?.step ?? '',
    of: entry?.of ?? 0,
    what: entry?.what ?? '',
    place_stream: entry?.place?.stream ?? '',
    place_sequence: entry?.place?.sequence ?? 0,
    before: entry?.before ?? '',
    after: entry?.after ?? '',
    reason: entry?.reason?.id ?? '',
    sha256: sha256Of(bytes),
    entry: Buffer.from(bytes).toString(),
  };
}
