/** Commits the epochs of a worker in their order, and says how far sinks may deliver them. */

import type { Notifier } from '../../base/notifier.ts';
import { FORMATS } from '../../base/sealed.ts';
import type { RecordEvent } from '../../observe/observe.ts';
import type { Batch, Cursor } from '../epochs/cursors.ts';
import type { EpochFile } from '../epochs/epoch-files.ts';
import type { EpochStore } from '../epochs/epoch-store.ts';
import type { CommitLog, NewCommit } from './commit-log.ts';

export interface Commits {
  /** The last epoch that sinks may have: it is committed, and none before it is missing. */
  reached(): number;
  /** Waits until an epoch is committed; false when that is given up. */
  until(epoch: number): Promise<boolean>;
  /**
   * Commits that a sink is sent these epochs as one: whoever takes over sends them so, too. False when that is given
   * up: then they must not be sent.
   */
  noteBatch(sink: string, batch: Batch): Promise<boolean>;
  /** Fires when nothing more will be committed. */
  readonly ended: AbortSignal;
}

/** What commits. */
export type Committer = Commits & {
  /** Commits all that is written, until `drain`. Never rejects. */
  run(): Promise<void>;
  /** The epoch that all sinks have taken, as the last entry of the log says it. */
  taken(): number;
  /** Says in the log that nothing is under way any more, so that whoever comes next knows how far all is. */
  release(): Promise<void>;
};

export type CommitsOptions = {
  readonly log: CommitLog;
  readonly store: EpochStore;
  readonly sinks: readonly string[];
  /** Notified when an epoch was written; notifies when one is committed. */
  readonly notifier: Notifier;
  readonly record: RecordEvent;
  /** The last epoch that a checkpoint covers. */
  readonly checkpointed: () => number;
  /** Nothing more will be written: ends when all is committed. */
  readonly drain: AbortSignal;
  /** Called when another owner has taken over, or the log is lost. */
  readonly onFailed: (error: unknown) => void;
  /** Gives up; what is left is committed after the next start. */
  readonly signal: AbortSignal;
};

/** Every file that is written is committed, one append at a time, while the next epochs are taken in. */
export function createCommits(options: CommitsOptions): Committer {
  const { store, sinks, notifier, record, checkpointed, drain, signal, onFailed } = options;
  let last = beginning(store, sinks);
  const next = () => store.files.list.find(({ epoch }) => epoch > last.epoch);
  const { append, taken } = createAppender(options, () => last);
  const head = (point: Cursor) => ({
    ...point,
    cursors: Object.fromEntries(sinks.map((sink) => [sink, store.cursors.of(sink)])),
    checkpoint: checkpointed(),
  });

  async function commit(file: EpochFile): Promise<boolean> {
    const print = file.print ?? (await store.files.printOf(file));
    if (print === undefined) return false;
    const started = performance.now();
    const { epoch, from, to } = file;
    const point = { epoch, to };
    await append({ kind: 'epoch', ...head(point), from, ...print, format: FORMATS.epoch.version });
    last = point;
    record({ kind: 'epoch-committed', epoch, to, milliseconds: performance.now() - started });
    notifier.notify();
    return true;
  }

  return {
    ended: signal,
    reached: () => Math.min(last.epoch, (store.missing[0]?.epoch ?? Number.POSITIVE_INFINITY) - 1),
    async until(epoch) {
      while (last.epoch < epoch && !signal.aborted) await notifier.wait(1_000, signal);
      return last.epoch >= epoch;
    },
    async noteBatch(sink, batch) {
      try {
        await append({ kind: 'batch', ...head(last), sink, batch });
        return true;
      } catch (error) {
        if (!signal.aborted) onFailed(error);
        return false;
      }
    },
    taken,
    async run() {
      const ending = AbortSignal.any([drain, signal]);
      try {
        while (!signal.aborted) {
          const file = next();
          if (file === undefined) {
            if (drain.aborted) return;
            await notifier.wait(1_000, ending);
            // A damaged file is cut again by the recovery that every start begins with.
          } else if (!(await commit(file))) await notifier.wait(500, signal);
        }
      } catch (error) {
        if (!signal.aborted) onFailed(error);
      }
    },
    // Whoever comes next can do without it.
    release: () => append({ kind: 'release', ...head(last) }).catch(() => undefined),
  };
}

/** Appends, and remembers how far the sinks are by the last entry. */
function createAppender(
  { log, store, sinks }: Pick<CommitsOptions, 'log' | 'store' | 'sinks'>,
  last: () => Cursor,
) {
  let said: Readonly<Record<string, Cursor>> = Object.fromEntries(store.history.cursors);
  return {
    async append(entry: NewCommit): Promise<void> {
      const { epoch } = last();
      await log.append(entry, Math.min(store.files.list[0]?.epoch ?? epoch, epoch));
      said = entry.cursors;
    },
    taken: () => Math.min(...sinks.map((sink) => said[sink]?.epoch ?? 0)),
  };
}

/**
 * From where on files are committed. A directory may be ahead of the log: one of a release without commits, or of a
 * nats-server that has lost what it had acknowledged. What a sink has by this directory was committed.
 */
function beginning(store: EpochStore, sinks: readonly string[]): Cursor {
  const { history } = store;
  const first = store.files.list.find(({ epoch }) => epoch > history.last.epoch);
  const taken = sinks.map(store.cursors.of).reduce((a, b) => (b.epoch > a.epoch ? b : a));
  const known = first === undefined ? taken : { epoch: first.epoch - 1, to: first.from - 1 };
  return known.epoch > history.last.epoch ? known : history.last;
}

/** Fires so many milliseconds after another signal: when a worker that stops gives up committing. */
export function firedAfter(signal: AbortSignal, milliseconds: number): AbortSignal {
  const late = new AbortController();
  const begin = () => {
    setTimeout(
      () => late.abort(new Error('stopped before all was committed')),
      milliseconds,
    ).unref();
  };
  if (signal.aborted) begin();
  else signal.addEventListener('abort', begin, { once: true });
  return late.signal;
}
