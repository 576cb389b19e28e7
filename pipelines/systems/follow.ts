import { setTimeout as sleep } from 'node:timers/promises';
import { DeliverPolicy, jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { REQUEST_STREAM } from '../../sinks/outbox.ts';

export type FollowOptions = {
  readonly signal: AbortSignal;
  /** Told of every revision in the stream, in its order, from the first one on. */
  readonly onRevision: (id: string, revision: number) => Promise<void>;
  /** Told once, when all that was in the stream at the start has been read. */
  readonly onCaughtUp: () => void;
  readonly onTrouble: (error: Error) => void;
};

/** Tells of revisions until `signal` aborts. */
export type Follow = (options: FollowOptions) => Promise<void>;

const PAUSE = 250;
const ROUND = 5_000;

/**
 * Reads the names of all revisions, then waits for more until `signal` aborts. Keeps no position of its own: what is
 * done stands in the ledger, and names alone are read quickly.
 */
export async function followRequests(
  connection: NatsConnection,
  options: FollowOptions,
): Promise<void> {
  const { signal, onRevision, onTrouble } = options;
  const client = jetstream(connection);
  let next = 1;
  let behind = true;
  const caughtUp = () => {
    if (behind) options.onCaughtUp();
    behind = false;
  };
  while (!signal.aborted) {
    try {
      const stream = await client.streams.get(REQUEST_STREAM);
      const { last_seq } = (await stream.info()).state;
      if (last_seq < next) caughtUp();
      const consumer = await stream.getConsumer({
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: next,
        headers_only: true,
      });
      while (!signal.aborted) {
        const batch = await consumer.fetch({ max_messages: 512, expires: ROUND });
        const stop = () => batch.stop();
        signal.addEventListener('abort', stop, { once: true });
        for await (const { subject, seq, info } of batch) {
          const [, id = '', revision = ''] = subject.split('.');
          await onRevision(id, Number(revision));
          next = seq + 1;
          if (info.pending === 0) caughtUp();
        }
        signal.removeEventListener('abort', stop);
        caughtUp();
      }
    } catch (error) {
      if (signal.aborted) return;
      onTrouble(error instanceof Error ? error : new Error(String(error)));
      await sleep(PAUSE, undefined, { signal }).catch(() => undefined);
    }
  }
}
