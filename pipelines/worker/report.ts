import { toIso } from '../../operators/model/time.ts';
import type { Log } from '../nats/log.ts';
import { spellDifferences } from '../nats/stream-differences.ts';
import type { OnMended } from '../nats/streams.ts';
import type { RecordEvent } from '../observe/observe.ts';
import type { EpochSession } from './epochs/session.ts';

/** What a worker reports beside its work: how far it is behind its log, and whether the server is there. */

/** The last message that a worker took, and when it was appended. */
export type WorkerProgress = EpochSession['progress'];

const LAG_EVERY = 2_000;
/** A log that has more, and of which nothing came for so long, is stalled: milliseconds. */
const STALLED_AFTER = 30_000;

/** What a lag report is made of. */
export type LagSource = {
  readonly log: Pick<Log, 'stream' | 'replay' | 'state'> | undefined;
  readonly progress: WorkerProgress | undefined;
  /** Nothing is pulled because too much waits for the sinks. */
  readonly held: boolean;
  /** What each sink has still to take. */
  readonly waiting: readonly {
    readonly sink: string;
    readonly files: number;
    readonly bytes: number;
  }[];
};

/**
 * Records every few seconds how far the sinks are behind the worker, also while they are away; how far the worker is
 * behind its log, while the server answers; and an alarm when the log has more and nothing comes of it, whatever the
 * reason.
 */
export function reportLag(
  current: () => LagSource,
  record: RecordEvent,
  { every = LAG_EVERY, stalledAfter = STALLED_AFTER } = {},
): () => void {
  const stall = createStallAlarm(record, stalledAfter);
  const timer = setInterval(() => {
    const { log, progress, held, waiting } = current();
    for (const left of waiting) record({ kind: 'sink-behind', ...left });
    if (log === undefined) return;
    log.state().then(
      ({ first, last, messages }) => {
        const read = progress?.last ?? first - 1;
        const behind = Math.max(0, last - read);
        stall({ stream: log.stream, read, behind: held ? 0 : behind });
        if (progress === undefined) return;
        const processed = Math.max(0, read - first + 1);
        record({
          kind: 'log-lag',
          stream: log.stream,
          read,
          appended: toIso(progress.appended),
          messages: behind,
          milliseconds: Date.now() - progress.appended / 1_000,
          room: messages === 0 ? 1 : Math.min(1, processed / messages),
          replay: log.replay,
        });
      },
      // A server that is away is recorded by `createConnectionReporter`.
      () => undefined,
    );
  }, every);
  timer.unref();
  return () => clearInterval(timer);
}

function createStallAlarm(record: RecordEvent, after: number) {
  let last = Number.NaN;
  let since = performance.now();
  let raised = false;
  return ({ stream, read, behind }: { stream: string; read: number; behind: number }) => {
    const now = performance.now();
    if (behind === 0 || read !== last) {
      last = read;
      since = now;
      if (raised) record({ kind: 'log-moves', stream });
      raised = false;
    } else if (!raised && now - since > after) {
      raised = true;
      record({ kind: 'log-stalled', stream, messages: behind, milliseconds: now - since });
    }
  };
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

/** Records each change of the connection, and every reminder that nobody has answered yet: see `connectNats`. */
export function createConnectionReporter(record: RecordEvent) {
  let lastReason = '';
  return (status: { readonly type: string; readonly error?: Error }): void => {
    if (status.type === 'reconnect') {
      lastReason = '';
      record({ kind: 'connected', server: 'NATS', version: '' });
    }
    if (status.type !== 'disconnect' && status.type !== 'absent') return;
    const reason = status.error?.message ?? status.type;
    if (status.type === 'disconnect' && reason === lastReason) return;
    lastReason = reason;
    record({ kind: 'disconnected', server: 'NATS', reason });
  };
}
