/**
 * Snapshots of streams, as nats-server makes them: everything of a stream, its sequences, times and creation among it.
 * The client library has no calls for them. The protocol: ADR-1 (JetStream API) of nats-architecture-and-design.
 */

import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { EXIT, Problem } from '../base/problem.ts';
import { apiSubject, newInbox } from './jetstream.ts';

const errorSchema = z.object({ code: z.number(), description: z.string() });
const headSchema = z.looseObject({
  error: errorSchema.optional(),
  config: z.looseObject({ name: z.string() }).optional(),
  state: z.looseObject({ messages: z.number(), last_seq: z.number() }).optional(),
  created: z.string().optional(),
  deliver_subject: z.string().optional(),
});

/** What a restore needs beside the bytes: as the server said it. */
export const snapshotHeadSchema = z.object({
  config: z.looseObject({ name: z.string() }),
  state: z.looseObject({ messages: z.number(), last_seq: z.number() }),
});
export type SnapshotHead = z.infer<typeof snapshotHeadSchema>;

/** Milliseconds that the server may be silent. */
const PATIENCE = 60_000;
const CHUNK = 131_072;

/** Gives the bytes of a stream to `write`, one chunk after the other; the next one comes when it has resolved. */
export async function snapshotStream(
  connection: NatsConnection,
  stream: string,
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<SnapshotHead> {
  const inbox = newInbox(connection);
  const chunks = connection.subscribe(inbox);
  // Ends the loop below, which then finds no end of the snapshot.
  const watch = watchdog(() => chunks.unsubscribe());
  try {
    const asked = { deliver_subject: inbox, no_consumers: true, chunk_size: CHUNK };
    const answer = await ask(connection, `SNAPSHOT.${stream}`, stream, asked);
    const head = snapshotHeadSchema.parse(answer);
    for await (const message of chunks) {
      watch.reset();
      if (message.data.length === 0) {
        if (message.headers?.hasError) throw failed(stream, message.headers.description);
        return head;
      }
      await write(message.data);
      message.respond();
    }
    throw failed(stream, `silence for ${PATIENCE / 1_000} s in the middle`);
  } finally {
    watch.stop();
    chunks.unsubscribe();
  }
}

/** Makes a stream of its snapshot. Resolves with when it was created, according to the server. */
export async function restoreStream(
  connection: NatsConnection,
  head: SnapshotHead,
  chunks: AsyncIterable<Uint8Array>,
): Promise<string> {
  const stream = head.config.name;
  const { deliver_subject } = await ask(connection, `RESTORE.${stream}`, stream, head);
  if (deliver_subject === undefined) throw failed(stream, 'no address for the bytes');
  for await (const chunk of chunks) {
    const answer = await connection.request(deliver_subject, chunk, { timeout: PATIENCE });
    if (answer.data.length > 0) checked(stream, answer);
  }
  const end = await connection.request(deliver_subject, undefined, { timeout: PATIENCE });
  return checked(stream, end).created ?? '';
}

async function ask(connection: NatsConnection, call: string, stream: string, body: object) {
  const subject = apiSubject(connection, `STREAM.${call}`);
  const options = { timeout: PATIENCE };
  return checked(stream, await connection.request(subject, JSON.stringify(body), options));
}

function checked(stream: string, answer: Msg): z.infer<typeof headSchema> {
  const parsed = headSchema.parse(answer.json());
  if (parsed.error !== undefined) throw failed(stream, parsed.error.description);
  return parsed;
}

function failed(stream: string, found: string): Problem {
  return new Problem({
    where: stream,
    expected: 'nats-server to take or give a snapshot of the stream',
    found,
    remedy: 'Look at the log of nats-server, and try again.',
    exit: EXIT.outside,
  });
}

function watchdog(onSilence: () => void): { reset(): void; stop(): void } {
  let timer = setTimeout(onSilence, PATIENCE);
  return {
    reset() {
      clearTimeout(timer);
      timer = setTimeout(onSilence, PATIENCE);
    },
    stop: () => clearTimeout(timer),
  };
}
