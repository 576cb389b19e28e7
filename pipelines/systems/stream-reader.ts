/** Reads a stream of what is to be carried out, from a place on and without end. Keeps no position: the ledger says what is done. */

import { setTimeout as sleep } from 'node:timers/promises';
import { DeliverPolicy } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { streamClient, streamIn, subjectOutOf } from '../nats/jetstream.ts';
import { errorOf } from './context.ts';

/** Who follows a stream. */
export type Following = {
  readonly signal: AbortSignal;
  /** Called once, when all that was in the stream at the start has been read. */
  readonly onCaughtUp: () => void;
  readonly onTrouble: (error: Error) => void;
};

/** What is read: a stream, from a sequence on, with what is in its messages or without. Plain names. */
export type StreamSource = {
  readonly stream: string;
  readonly from: number;
  readonly bodies: boolean;
};

export type ReadMessage = {
  readonly subject: string;
  readonly sequence: number;
  readonly data: Uint8Array;
};

/** Milliseconds: after trouble, and of one fetch. */
const PAUSE = 250;
const FETCH = 5_000;

/** Reports every message in its order, then waits for more until `signal` aborts. */
export async function followStream(
  connection: NatsConnection,
  source: StreamSource,
  options: Following & { readonly onMessage: (message: ReadMessage) => Promise<void> },
): Promise<void> {
  const { signal, onMessage, onTrouble } = options;
  const client = streamClient(connection);
  let next = source.from;
  let catchingUp = true;
  const caughtUp = () => {
    // Told to end while it was reading: nothing is begun any more.
    if (catchingUp && !signal.aborted) options.onCaughtUp();
    catchingUp = false;
  };
  while (!signal.aborted) {
    try {
      const stream = await client.streams.get(streamIn(connection, source.stream));
      const { last_seq } = (await stream.info()).state;
      if (last_seq < next) caughtUp();
      const consumer = await stream.getConsumer({
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: next,
        headers_only: !source.bodies,
      });
      while (!signal.aborted) {
        const batch = await consumer.fetch({ max_messages: 512, expires: FETCH });
        const stop = () => batch.stop();
        signal.addEventListener('abort', stop, { once: true });
        for await (const { subject, seq, info, data } of batch) {
          await onMessage({ subject: subjectOutOf(connection, subject), sequence: seq, data });
          next = seq + 1;
          if (info.pending === 0) caughtUp();
        }
        signal.removeEventListener('abort', stop);
        caughtUp();
      }
    } catch (error) {
      if (signal.aborted) return;
      onTrouble(errorOf(error));
      await sleep(PAUSE, undefined, { signal }).catch(() => undefined);
    }
  }
}
