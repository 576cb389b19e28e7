import type { NatsConnection } from '@nats-io/transport-node';
import type { Request } from '../../operators/model/request.ts';
import { REQUEST_STREAM, requestSubject } from '../../sinks/outbox.ts';
import { EXIT, Problem } from '../base/problem.ts';
import { streamIn, streamManager, subjectIn, subjectOutOf } from '../nats/jetstream.ts';
import { findStream } from '../nats/streams.ts';
import type { LedgerEntry, OrderEntry } from './entry.ts';
import { findLedger } from './ledger.ts';
import { openRevisions } from './revision-reader.ts';

/** One line of `andon requests`. */
export type RequestSummary = {
  readonly id: string;
  readonly asset: string;
  readonly title: string;
  readonly priority: string;
  /** How many revisions were decided, and the last one that the CMMS has. */
  readonly revisions: number;
  readonly delivered: number;
  readonly delivery: LedgerEntry['delivery'];
  readonly status: LedgerEntry['status'];
  readonly remote: string | null;
};

export type RequestDetails = {
  readonly summary: RequestSummary;
  readonly entry: LedgerEntry | null;
  readonly revisions: readonly Request[];
};

/** All requests that were ever decided, in the order of their ids. Needs NATS alone: no warehouse, no CMMS. */
export async function listRequests(connection: NatsConnection): Promise<readonly RequestSummary[]> {
  const newest = await newestRevisions(connection, requestSubject('*', '*'));
  const entries = (await (await findLedger(connection))?.all()) ?? [];
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const revisions = await openRevisions(connection);
  const summaries: RequestSummary[] = [];
  for (const [id, last] of [...newest].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const entry = byId.get(id);
    // The ledger has the words of the first revision; what is true now stands in the last.
    const stored = await revisions.read(id, last);
    summaries.push(
      summaryOf(id, last, entry, stored?.kind === 'request' ? stored.request : undefined),
    );
  }
  return summaries;
}

/** One request with everything that is known of it; a `Problem` when there is none of this id. */
export async function showRequest(connection: NatsConnection, id: string): Promise<RequestDetails> {
  const last = await lastRevision(connection, id);
  const entry = (await (await findLedger(connection))?.get(id))?.entry;
  const stored = await openRevisions(connection);
  const revisions: Request[] = [];
  for (let revision = 1; revision <= last; revision += 1) {
    const found = await stored.read(id, revision);
    if (found?.kind === 'request') revisions.push(found.request);
  }
  const summary = summaryOf(id, last, entry, revisions.at(-1));
  return { summary, entry: entry ?? null, revisions };
}

/** A work order that the CMMS made itself, as the log was told of it last; `order`: null once it is over there. */
export type OrderDetails = {
  readonly id: string;
  readonly system: string | null;
  readonly order: Pick<OrderEntry, 'asset' | 'time' | 'data'> | null;
};

export async function hasRevisions(connection: NatsConnection, id: string): Promise<boolean> {
  if (!NAMED.test(id)) return false;
  return (await newestRevisions(connection, requestSubject(id, '*'))).size > 0;
}

/**
 * The ids of all requests whose last revision was rejected. To be sent again they are asked for (`askResend`): the delivery
 * loop then searches for each, changes what it finds and creates what it does not. Asking twice is asking once.
 */
export async function rejectedRequests(connection: NatsConnection): Promise<readonly string[]> {
  const requests = await listRequests(connection);
  return requests.filter(({ delivery }) => delivery === 'rejected').map(({ id }) => id);
}

/** Rejects with a `Problem` when there is no request of this id. */
export async function checkRequest(connection: NatsConnection, id: string): Promise<void> {
  await lastRevision(connection, id);
}

/** What can be an id: a token of a subject. */
const NAMED = /^[A-Za-z0-9_-]+$/;

async function lastRevision(connection: NatsConnection, id: string): Promise<number> {
  const newest = NAMED.test(id)
    ? await newestRevisions(connection, requestSubject(id, '*'))
    : new Map();
  const last: unknown = newest.get(id);
  if (typeof last === 'number') return last;
  throw new Problem({
    expected: 'the id of a request',
    found: `"${id}", of which ${streamIn(connection, REQUEST_STREAM)} has no revision`,
    remedy: '`andon requests` lists the ids.',
    exit: EXIT.input,
  });
}

export async function newestRevisions(
  connection: NatsConnection,
  filter: string,
): Promise<Map<string, number>> {
  const newest = new Map<string, number>();
  const name = streamIn(connection, REQUEST_STREAM);
  if ((await findStream(connection, name)) === undefined) return newest;
  const { streams } = await streamManager(connection);
  const info = await streams.info(name, { subjects_filter: subjectIn(connection, filter) });
  for (const subject of Object.keys(info.state.subjects ?? {})) {
    const [, id = '', revision = ''] = subjectOutOf(connection, subject).split('.');
    newest.set(id, Math.max(newest.get(id) ?? 0, Number(revision)));
  }
  return newest;
}

function summaryOf(
  id: string,
  last: number,
  entry: LedgerEntry | undefined,
  request: Request | undefined,
): RequestSummary {
  return {
    id,
    asset: request?.asset ?? entry?.asset ?? '',
    title: request?.title ?? entry?.title ?? '',
    priority: request?.priority ?? entry?.priority ?? '',
    revisions: last,
    delivered: entry?.delivered ?? 0,
    delivery: entry === undefined || entry.revision < last ? 'waiting' : entry.delivery,
    status: entry?.status ?? null,
    remote: entry?.remote ?? null,
  };
}
