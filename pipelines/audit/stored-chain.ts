/** The chain in JetStream: the stream of the installation that is appended to, and its reading. */

import type { StoredMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import {
  streamClient,
  streamIn,
  streamManager,
  subjectIn,
  subjectOutOf,
} from '../nats/jetstream.ts';
import { AUDIT_STREAM, isNotPermitted, isWithoutStream } from '../nats/streams.ts';
import type { ChainStore } from './append.ts';
import { type AuditMessage, readEntry } from './chain.ts';

/** Milliseconds for one answer: after that, what is stored tells. */
const ANSWER = 2_000;

export async function openStoredChain(connection: NatsConnection): Promise<ChainStore> {
  const { streams } = await streamManager(connection, { timeout: ANSWER });
  const client = streamClient(connection);
  const stream = streamIn(connection, AUDIT_STREAM);
  const all = subjectIn(connection, 'audit.>');
  return {
    async last() {
      return entryOf(connection, await streams.getMessage(stream, { last_by_subj: all }));
    },
    async read(n) {
      return entryOf(connection, await streams.getMessage(stream, { seq: n }));
    },
    async append(subject, bytes, after) {
      // Servers before 2.10 do not compare with a last sequence of 0.
      const expect = after === 0 ? { lastSubjectSequence: 0 } : { lastSequence: after };
      await client.publish(subjectIn(connection, subject), bytes, {
        expect: { streamName: stream, ...expect },
        timeout: ANSWER,
      });
    },
    isLasting: (error) => isNotPermitted(error) || connection.isClosed() || isWithoutStream(error),
  };
}

/** What stands in the chain, and how far it reaches. */
export type ChainExtent = {
  /** When its stream was made, as the server says it. */
  readonly created: string;
  readonly first: number;
  readonly last: number;
};

/** Undefined when there is no audit stream. */
export async function chainExtent(connection: NatsConnection): Promise<ChainExtent | undefined> {
  const { streams } = await streamManager(connection);
  try {
    const { created, state } = await streams.info(streamIn(connection, AUDIT_STREAM));
    return { created, first: state.first_seq, last: state.last_seq };
  } catch (error) {
    if (isWithoutStream(error)) return undefined;
    throw error;
  }
}

/** Entries that are asked for at once. */
const WIDTH = 64;

/** The entries from one number to another, ascending; those that are missing are left out. Without a consumer. */
export async function* readEntries(
  connection: NatsConnection,
  from: number,
  to: number,
): AsyncGenerator<AuditMessage> {
  const { streams } = await streamManager(connection);
  const stream = streamIn(connection, AUDIT_STREAM);
  for (let at = from; at <= to; at += WIDTH) {
    const count = Math.min(WIDTH, to - at + 1);
    const asked = Array.from({ length: count }, (_, index) =>
      streams.getMessage(stream, { seq: at + index }),
    );
    for (const message of await Promise.all(asked)) {
      const entry = entryOf(connection, message);
      if (entry !== undefined) yield entry;
    }
  }
}

function entryOf(connection: NatsConnection, message: StoredMsg | null): AuditMessage | undefined {
  if (message === null) return undefined;
  const { seq, data, time } = message;
  return {
    n: seq,
    subject: subjectOutOf(connection, message.subject),
    bytes: data,
    appended: time.getTime(),
  };
}

/** The ids of all reasons that somebody gave. */
export async function* reasonsOf(connection: NatsConnection, who: string): AsyncGenerator<string> {
  const extent = await chainExtent(connection);
  for await (const { bytes } of readEntries(connection, 1, extent?.last ?? 0)) {
    const entry = readEntry(bytes);
    if ('problem' in entry || entry.who !== who || entry.reason === null) continue;
    yield entry.reason.id;
  }
}
