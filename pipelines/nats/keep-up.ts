import type { StreamInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { restate } from './restate.ts';
import { partitionPrefix } from './streams.ts';
import { startTicks } from './ticks.ts';

const RESTATE_EVERY = 3_600_000;

/** What a live log needs of the worker that owns it: ticks in its silences, and its plants said again in time. */
export function keepUp(
  connection: NatsConnection,
  { config: { name: stream, max_age } }: StreamInfo,
  partition: number,
  onRestated: (subject: string) => void,
): () => void {
  const stopTicks = startTicks({ connection, stream, prefix: partitionPrefix(partition) });
  const look = () =>
    restate({ connection, stream, maxAge: max_age / 1_000_000 }).then(
      (subjects) => {
        for (const subject of subjects) onRestated(subject);
      },
      // Away, or somebody was quicker: the next look is soon enough.
      () => undefined,
    );
  const timer = setInterval(look, RESTATE_EVERY);
  timer.unref();
  return () => {
    clearInterval(timer);
    stopTicks();
  };
}
