/** Requests that are long over leave the outbox and the ledger; the tables keep them. */

import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { REQUEST_STREAM, requestSubject } from '../../sinks/outbox.ts';
import type { RecordEvent } from '../observe/observe.ts';
import { isFinal, type LedgerEntry } from './entry.ts';
import { LEDGER_BUCKET, type Ledger } from './ledger.ts';

export type ArchiveOptions = {
  readonly connection: NatsConnection;
  readonly ledger: Pick<Ledger, 'all'>;
  readonly record: RecordEvent;
  /**
   * Milliseconds since the last thing that happened to a request. Longer than the log keeps its messages: a log that is
   * worked again decides its requests again, and they must be found.
   */
  readonly keep: number;
  /** Somebody says what became of a request. Without that it is over when nothing happens to it any more. */
  readonly polled: boolean;
  /** Epoch milliseconds. */
  readonly now: () => number;
};

const EVERY = 3_600_000;

/** Looks for such requests now, and every hour until it is stopped. Trouble is recorded; the next look is soon enough. */
export function startArchiving(options: ArchiveOptions): () => Promise<void> {
  const look = () =>
    archive(options).catch((error: unknown) => {
      const cause = error instanceof Error ? error : new Error(String(error));
      options.record({ kind: 'maintenance-trouble', where: 'old requests', error: cause });
    });
  let looking = look();
  const timer = setInterval(() => {
    looking = look();
  }, EVERY);
  timer.unref();
  return () => {
    clearInterval(timer);
    return looking;
  };
}

/**
 * The revisions go first: one that is found without an entry in the ledger would be sent again. Killed in between, the
 * next look finds the entry still.
 */
async function archive(options: ArchiveOptions): Promise<void> {
  const { connection, ledger, record } = options;
  const { streams } = await jetstreamManager(connection, { checkAPI: false });
  let count = 0;
  for (const entry of await ledger.all()) {
    if (!isOver(entry, options)) continue;
    await streams.purge(REQUEST_STREAM, { filter: requestSubject(entry.id, '*') });
    await streams.purge(`KV_${LEDGER_BUCKET}`, {
      filter: `$KV.${LEDGER_BUCKET}.request.${entry.id}`,
    });
    count += 1;
  }
  if (count > 0) record({ kind: 'requests-archived', count });
}

function isOver(entry: LedgerEntry, { keep, polled, now }: ArchiveOptions): boolean {
  const { status, delivery, sending, unreported, history } = entry;
  // What was rejected, and what is under way, waits for somebody.
  if (delivery !== 'sent' || sending !== null || unreported !== null) return false;
  if (polled && !isFinal(status)) return false;
  const last = history.at(-1)?.last ?? Number.POSITIVE_INFINITY;
  return now() - last > keep;
}
