/** What is long over leaves the outbox and the ledger; the tables keep it. */

import type { NatsConnection } from '@nats-io/transport-node';
import { COMMAND_STREAM, REQUEST_STREAM, requestSubject } from '../../sinks/outbox.ts';
import {
  streamClient,
  streamIn,
  streamManager,
  subjectIn,
  subjectOutOf,
} from '../nats/jetstream.ts';
import type { RecordEvent } from '../observe/observe.ts';
import type { CommandEntry } from './command-entry.ts';
import { errorOf } from './context.ts';
import { isFinal, type LedgerEntry } from './entry.ts';
import { type CommandLedger, commandName, type Ledger, removeEntry } from './ledger.ts';

type ArchiveOptions = {
  readonly connection: NatsConnection;
  readonly record: RecordEvent;
  /**
   * Milliseconds since the last thing that happened to it. Longer than the log keeps its messages: a log that is worked
   * again decides the same again, and it must be found.
   */
  readonly keep: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
};

const EVERY = 3_600_000;

/** Looks for what is over now, and every hour until it is stopped. Trouble is recorded; the next look is soon enough. */
export function startArchiving(
  look: () => Promise<void>,
  record: RecordEvent,
): () => Promise<void> {
  const once = () =>
    look().catch((error: unknown) => {
      record({ kind: 'maintenance-trouble', where: 'what is long over', error: errorOf(error) });
    });
  let looking = once();
  const timer = setInterval(() => {
    looking = once();
  }, EVERY);
  timer.unref();
  return () => {
    clearInterval(timer);
    return looking;
  };
}

type RequestArchive = ArchiveOptions & {
  readonly ledger: Pick<Ledger, 'all'>;
  /** Somebody says what became of a request. Without that it is over when nothing happens to it any more. */
  readonly polled: boolean;
};

/**
 * The revisions go first: one that is found without an entry in the ledger would be sent again. Killed in between, the
 * next look finds the entry still.
 */
export async function archiveRequests(options: RequestArchive): Promise<void> {
  const { connection, ledger, record } = options;
  let count = 0;
  for (const entry of await ledger.all()) {
    if (!isOver(entry, options)) continue;
    await forget(connection, REQUEST_STREAM, requestSubject(entry.id, '*'));
    await removeEntry(connection, `request.${entry.id}`);
    count += 1;
  }
  if (count > 0) record({ kind: 'requests-archived', count });
}

type CommandArchive = ArchiveOptions & {
  readonly ledger: Pick<CommandLedger, 'get' | 'watched'>;
  /** Which systems are meant. */
  readonly isMine: (system: string) => boolean;
  /** Up to here all commands are over. */
  readonly upTo: () => number;
};

/** From the oldest command on, until one is younger than `keep`: however many are over, the others are not read. */
export async function archiveCommands(options: CommandArchive): Promise<void> {
  const { connection, ledger, isMine, record } = options;
  let watched: ReadonlySet<string> | undefined;
  let count = 0;
  for await (const subject of oldCommands(options)) {
    const [, system = '', id = ''] = subject.split('.');
    if (!isMine(system)) continue;
    watched ??= new Set(await ledger.watched());
    if (watched.has(id)) continue;
    const { entry } = await ledger.get(commandName({ system, id }));
    if (entry === undefined || !isLongOver(entry, options)) continue;
    await forget(connection, COMMAND_STREAM, subject);
    await removeEntry(connection, `command.${system}.${id}`, 'outcomes');
    count += 1;
  }
  if (count > 0) record({ kind: 'commands-archived', count });
}

/** Subjects of commands that were decided long ago and are over, the oldest first. */
async function* oldCommands({
  connection,
  upTo,
  keep,
  now,
}: CommandArchive): AsyncGenerator<string> {
  if (upTo() === 0) return;
  const name = streamIn(connection, COMMAND_STREAM);
  const stream = await streamClient(connection).streams.get(name);
  const consumer = await stream.getConsumer({ headers_only: true });
  for (;;) {
    const batch = await consumer.fetch({ max_messages: 256, expires: 1_000 });
    let count = 0;
    for await (const { subject, seq, timestamp } of batch) {
      if (seq > upTo() || now() - Date.parse(timestamp) <= keep) return;
      yield subjectOutOf(connection, subject);
      count += 1;
    }
    if (count === 0) return;
  }
}

function isLongOver(
  { outcome, unreported, history }: CommandEntry,
  { keep, now }: ArchiveOptions,
): boolean {
  const last = history.at(-1)?.last ?? Number.POSITIVE_INFINITY;
  return outcome !== null && unreported === null && now() - last > keep;
}

async function forget(connection: NatsConnection, stream: string, subject: string): Promise<void> {
  const { streams } = await streamManager(connection);
  await streams.purge(streamIn(connection, stream), { filter: subjectIn(connection, subject) });
}

function isOver(entry: LedgerEntry, { keep, polled, now }: RequestArchive): boolean {
  const { status, delivery, sending, unreported, history } = entry;
  // What was rejected, and what is under way, waits for somebody.
  if (delivery !== 'sent' || sending !== null || unreported !== null) return false;
  if (polled && !isFinal(status)) return false;
  const last = history.at(-1)?.last ?? Number.POSITIVE_INFINITY;
  return now() - last > keep;
}
