import { jetstreamManager } from '@nats-io/jetstream';
import { Empty, type NatsConnection } from '@nats-io/transport-node';
import { TICK_SUBJECT } from '../../operators/model/message.ts';

export type TicksOptions = {
  readonly connection: NatsConnection;
  readonly stream: string;
  /** The partition's own part of the subject, `andon.<n>.`. */
  readonly prefix: string;
  /** A stream without a message for so many milliseconds gets a tick. Default 1,000. */
  readonly silence?: number;
};

/**
 * Keeps the append time of a silent stream going: publishes an empty tick whenever it had no message for the silence.
 * For the one worker that owns the stream, and never for a replay. While the server is away there are no ticks, and
 * none are made up for later: that stretch is blind time. Call the returned function to stop.
 */
export function startTicks(options: TicksOptions): () => void {
  const { connection, stream, prefix, silence = 1_000 } = options;
  let last = -1;
  let since = performance.now();
  let asking = false;
  let stopped = false;

  async function look(): Promise<void> {
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: silence });
    const { state } = await manager.streams.info(stream);
    if (stopped || connection.isClosed()) return;
    const now = performance.now();
    if (state.last_seq !== last) {
      last = state.last_seq;
      since = now;
    } else if (now - since >= silence) {
      since = now;
      connection.publish(`${prefix}${TICK_SUBJECT}`, Empty);
    }
  }

  const timer = setInterval(() => {
    if (asking || connection.isClosed()) return;
    asking = true;
    // Only silence can be the answer to a server that is away: the log itself reports the interruption.
    look()
      .catch(() => undefined)
      .finally(() => {
        asking = false;
      });
  }, silence / 4);
  timer.unref();
  return () => {
    stopped = true;
    clearInterval(timer);
  };
}
