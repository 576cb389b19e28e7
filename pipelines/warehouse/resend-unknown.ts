/**
 * Sends messages again that became dead letters because the plant model did not have their asset: as backfill, into the
 * same stream, once the model has it. What was sent again is said in the log itself, so that the next time goes on there.
 */

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { RESENT_EVENT } from '../../operators/model/machine-event.ts';
import { MAX_MARKS } from '../../operators/validate/validate.ts';
import { EXIT, Problem, wrongInput } from '../base/problem.ts';
import { subjectIn } from '../nats/jetstream.ts';
import { createPublisher, type LogPublisher } from '../nats/publisher.ts';
import { type SingleMessage, singleMessage } from '../nats/stored-message.ts';
import { findStream, isReplay, logStream, partitionPrefix } from '../nats/streams.ts';
import { takeLease } from '../worker/ownership/lease.ts';
import type { ResentMark, SequenceRange, UnknownAssets, UnknownSource } from './unknown-assets.ts';

export type ResendOptions = {
  readonly connection: NatsConnection;
  readonly warehouse: Pick<UnknownAssets, 'places' | 'sources'>;
  readonly partitions: number;
  /** Messages a second. */
  readonly rate: number;
  /** Whoever sends, for the lease. */
  readonly owner: string;
  /** Messages between two marks. Default: half of what `validate` remembers of a source, so that a repeat is found. */
  readonly part?: number;
  /** Of these assets alone; all without it. */
  readonly assets?: readonly string[];
  /** Called with each part that is in the log, before it is marked there. */
  readonly onPart?: (messages: number) => void;
};

/** What became of the messages of one source. */
export type ResentSource = Pick<UnknownSource, 'stream' | 'source' | 'asset'> & {
  readonly messages: number;
  /** Messages of the stream that it has no more; those of other sources are among them. */
  readonly gone: number;
};

const PART = MAX_MARKS / 2;
/** How long the worker may take to process what is in the log, and how often it is looked: milliseconds. */
const PATIENCE = 60_000;
const BETWEEN = 250;
const KEY = 'unknown-assets';

/**
 * One process at a time, and only when the warehouse has what the log had at the beginning: what another one has sent
 * would be sent twice otherwise.
 *
 * @throws Problem when somebody else is at it, the worker is too far behind, or the model has not one of the assets
 */
export async function resendUnknown(options: ResendOptions): Promise<readonly ResentSource[]> {
  const { connection, owner, assets, warehouse } = options;
  const lease = await takeLease({
    ...{ connection, key: KEY, expected: 'that nobody else sends them again' },
    me: { owner, host: hostname() },
  });
  try {
    const logs = await logsOf(options);
    const sources = await warehouse.sources();
    checkAssets(assets ?? [], sources);
    const sent: ResentSource[] = [];
    for (const source of sources) {
      const log = logs.find(({ stream, created }) => {
        return stream === source.stream && created === source.created;
      });
      const isWanted = assets === undefined || assets.includes(source.asset);
      if (log === undefined || !isWanted || !source.isKnown) continue;
      sent.push(await resendSource(source, log, { ...options, lost: lease.lost }));
    }
    return sent;
  } finally {
    await lease.release();
  }
}

/** Before anything is sent. */
function checkAssets(assets: readonly string[], sources: readonly UnknownSource[]): void {
  for (const asset of assets) {
    const own = sources.filter((source) => source.asset === asset);
    if (own.some(({ isKnown }) => isKnown)) continue;
    const found = own.length === 0 ? `nothing of ${asset}` : `${asset}, which it has not`;
    const remedy = 'See andon dead-letters unknown; andon apply brings an asset into the model.';
    throw wrongInput('andon dead-letters resend', 'assets that the model has now', found, remedy);
  }
}

type PartitionLog = {
  readonly stream: string;
  readonly created: string;
  readonly prefix: string;
  readonly first: number;
};

/** The logs that the warehouse has caught up with. A replay is a recording: nothing is added to it. */
async function logsOf(options: ResendOptions): Promise<readonly PartitionLog[]> {
  const { connection, partitions, warehouse } = options;
  const logs: PartitionLog[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const stream = logStream(connection, partition);
    const info = await findStream(connection, stream);
    if (info === undefined || isReplay(info)) continue;
    const { created, state } = info;
    await caughtUp(warehouse, { stream, created, last: state.last_seq });
    logs.push({ stream, created, prefix: partitionPrefix(partition), first: state.first_seq });
  }
  return logs;
}

async function caughtUp(
  warehouse: Pick<UnknownAssets, 'places'>,
  { stream, created, last }: { stream: string; created: string; last: number },
): Promise<void> {
  for (const until = performance.now() + PATIENCE; ; await delay(BETWEEN)) {
    const place = (await warehouse.places()).find((each) => each.stream === stream);
    // Of a stream that no worker has begun with there are no dead letters.
    if (place === undefined || place.created !== created || place.last >= last) return;
    if (performance.now() < until) continue;
    throw new Problem({
      where: stream,
      expected: `message ${last} in the warehouse`,
      found: `${place.last}: the worker is ${last - place.last} messages behind`,
      remedy: 'Start it (andon run), or wait until it has caught up (andon status).',
      exit: EXIT.outside,
    });
  }
}

type Sending = ResendOptions & { readonly lost: AbortSignal };

async function resendSource(
  source: UnknownSource,
  log: PartitionLog,
  { connection, rate, onPart, lost, part: most = PART }: Sending,
): Promise<ResentSource> {
  const { stream, asset, ranges } = source;
  const publisher = createPublisher(connection, { run: randomUUID(), streams: [stream] });
  let messages = 0;
  try {
    for await (const part of partsOf(connection, source, log, Math.min(most, rate))) {
      lost.throwIfAborted();
      const pause = delay((part.found.length / rate) * 1_000);
      for (const { headers, data: payload } of part.found) {
        const subject = `${log.prefix}${source.subject}`;
        await publisher.publish({ subject, headers: backfillHeaders(headers), payload });
      }
      await publisher.flush();
      onPart?.(part.found.length);
      const info = await findStream(connection, stream);
      const reached = { log, to: part.to, messages: part.found.length };
      await mark(publisher, source, { ...reached, time: info?.state.last_ts });
      messages += part.found.length;
      await pause;
    }
  } finally {
    publisher.close();
  }
  const gone = ranges.reduce((sum, [from, to]) => {
    return sum + Math.max(0, Math.min(to, log.first - 1) - from + 1);
  }, 0);
  return { stream, source: source.source, asset, messages, gone };
}

type Part = { readonly found: readonly SingleMessage[]; readonly to: number };

/** Parts in the order of the log; the last one reaches to the end of the last range. */
async function* partsOf(
  connection: NatsConnection,
  source: UnknownSource,
  log: PartitionLog,
  most: number,
): AsyncGenerator<Part> {
  let found: SingleMessage[] = [];
  for (const range of source.ranges) {
    for await (const message of messagesOf(connection, source, log, range)) {
      found.push(message);
      if (found.length < most) continue;
      yield { found, to: message.sequence };
      found = [];
    }
  }
  yield { found, to: source.ranges.at(-1)?.[1] ?? 0 };
}

/** The messages of a source, whether they were published with the prefix of the partition or without. */
async function* messagesOf(
  connection: NatsConnection,
  { source, subject }: UnknownSource,
  { stream, prefix, first }: PartitionLog,
  [from, to]: SequenceRange,
): AsyncGenerator<SingleMessage> {
  const backfill = source === subject ? undefined : '1';
  const next = (spelled: string, seq: number) => {
    const query = { seq, next_by_subj: subjectIn(connection, spelled) };
    return singleMessage(connection, stream, query);
  };
  const spellings = [`${prefix}${subject}`, subject];
  const begin = Math.max(from, first);
  const heads = await Promise.all(spellings.map((spelled) => next(spelled, begin)));
  for (;;) {
    const [prefixed, plain] = heads.map((head) => head?.sequence ?? Number.POSITIVE_INFINITY);
    const at = Number(prefixed) < Number(plain) ? 0 : 1;
    const message = heads[at];
    if (message === undefined || message.sequence > to) return;
    if (message.headers['Andon-Backfill'] === backfill) yield message;
    heads[at] = await next(spellings[at] ?? '', message.sequence + 1);
  }
}

/**
 * Counts of producers say nothing in another source, where higher ones may have come long ago. So a message that has no
 * identity gets one of its count; what has neither is known by its bytes.
 */
function backfillHeaders(headers: SingleMessage['headers']): Readonly<Record<string, string>> {
  const { 'Andon-Producer': producer, 'Andon-Sequence': count, ...kept } = headers;
  const counted = producer !== undefined && count !== undefined;
  const identity = counted ? { 'Andon-Identity': `${producer}/${count}` } : {};
  return { ...identity, ...kept, 'Andon-Backfill': '1' };
}

/** An event of the asset, behind what it is about. */
async function mark(
  publisher: LogPublisher,
  { stream, created, source, asset }: UnknownSource,
  {
    log,
    to,
    messages,
    time,
  }: {
    readonly log: PartitionLog;
    readonly to: number;
    readonly messages: number;
    /** By the server's clock: an event that is ahead of it would not land. */
    readonly time: string | undefined;
  },
): Promise<void> {
  const data: ResentMark & { readonly messages: number } = {
    stream,
    created,
    source,
    to,
    messages,
  };
  await publisher.publish({
    subject: `${log.prefix}event.${asset.replaceAll('/', '.')}`,
    headers: { 'Andon-Identity': `${RESENT_EVENT}/${created}/${source}/${to}` },
    payload: Buffer.from(
      JSON.stringify({ time: Date.parse(time ?? created), type: RESENT_EVENT, data }),
    ),
  });
  await publisher.flush();
}
