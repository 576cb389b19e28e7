/** What time it is in a log: answers that are brought into one have to carry its time, and deadlines in it stand on that. */

import type { NatsConnection } from '@nats-io/transport-node';
import { appendTimeAt, type KnownAppendTime } from './stored-message.ts';
import { findStream, isReplay, logStream } from './streams.ts';

/** Milliseconds, of the log of a partition. Rejects while the server is away. */
export type LogTime = (partition: number) => Promise<number>;

/**
 * The clock's time. In a log that is played again it is the append time of the latest message, which may be months ago and
 * goes on as fast as the log is played. A log that was found to be live is not asked about again, and of one that is played
 * only the messages that came since the last question are read: there may be any number without a time.
 */
export function createLogTime(connection: NatsConnection, now: () => number = Date.now): LogTime {
  const live = new Set<number>();
  const played = new Map<number, KnownAppendTime & { readonly created: string }>();
  return async (partition) => {
    if (live.has(partition)) return now();
    const stream = logStream(connection, partition);
    const info = await findStream(connection, stream);
    if (info === undefined) return now();
    if (!isReplay(info)) {
      live.add(partition);
      return now();
    }
    const { first_seq: first, last_seq: sequence } = info.state;
    const before = played.get(partition);
    // Another stream of that name, or one that was cut back, begins anew.
    const goesOn = before?.created === info.created && before.sequence <= sequence;
    const known = goesOn ? { known: before } : {};
    const appended = await appendTimeAt(connection, { stream, first, sequence, ...known });
    played.set(partition, { created: info.created, sequence, appended });
    return Math.floor(appended / 1_000);
  };
}
