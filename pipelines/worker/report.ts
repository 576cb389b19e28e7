import type { Log } from '../nats/log.ts';
import { spellDifferences } from '../nats/stream-differences.ts';
import type { OnMended } from '../nats/streams.ts';
import type { RecordEvent } from '../observe/observe.ts';
import type { EpochSession } from './epochs/session.ts';

/** What a worker reports beside its work: how far it is behind its log, and whether the server is there. */

/** The last message that a worker took, and when it was appended. */
export type WorkerProgress = EpochSession['progress'];

const LAG_EVERY = 2_000;

/** Records every few seconds how far the worker is behind its log, while the server answers. */
export function reportLag(
  current: () => { readonly log: Log | undefined; readonly progress: WorkerProgress | undefined },
  record: RecordEvent,
): () => void {
  const timer = setInterval(() => {
    const { log, progress } = current();
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
      // A server that is away is recorded by `createConnectionReporter`.
      () => undefined,
    );
  }, LAG_EVERY);
  timer.unref();
  return () => clearInterval(timer);
}

/** Records what was different in a stream or bucket, and is mended. */
export function mendingReporter(record: RecordEvent): OnMended {
  return (stream, differences) => {
    const [from, to] = [
      spellDifferences(differences, 'found'),
      spellDifferences(differences, 'expected'),
    ];
    record({ kind: 'stream-mended', stream, from, to });
  };
}

/** Records each change of the connection once: a client that tries four times a second reports "absent" each time. */
export function createConnectionReporter(record: RecordEvent) {
  let lastReason = '';
  return (status: {
    readonly type: string;
    readonly server?: string;
    readonly error?: Error;
  }): void => {
    if (status.type === 'reconnect') {
      lastReason = '';
      record({ kind: 'connected', server: 'NATS', version: status.server ?? '' });
    }
    if (status.type !== 'disconnect' && status.type !== 'absent') return;
    const reason = status.error?.message ?? status.type;
    if (reason === lastReason) return;
    lastReason = reason;
    record({ kind: 'disconnected', server: 'NATS', reason });
  };
}
