import type { Log } from '../nats/log.ts';
import type { Session } from '../worker/epochs/session.ts';
import type { RecordEvent } from './internal-events.ts';

/** The last message that a worker took, and when it was appended. */
export type Progress = Session['progress'];

const LAG_EVERY = 2_000;

/** Tells every few seconds how far the worker is behind its log, while the server answers. */
export function measureLag(
  look: () => { readonly log: Log | undefined; readonly progress: Progress | undefined },
  record: RecordEvent,
): () => void {
  const timer = setInterval(() => {
    const { log, progress } = look();
    if (log === undefined || progress === undefined) return;
    log.state().then(
      ({ first, last, messages }) => {
        const age = Date.now() - progress.appended / 1_000;
        const processed = Math.max(0, progress.last - first + 1);
        record({
          kind: 'log-lag',
          stream: log.stream,
          messages: Math.max(0, last - progress.last),
          milliseconds: age,
          room: messages === 0 ? 1 : Math.min(1, processed / messages),
        });
      },
      // A server that is away is told of by the connection.
      () => undefined,
    );
  }, LAG_EVERY);
  timer.unref();
  return () => clearInterval(timer);
}
