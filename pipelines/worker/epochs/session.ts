/** One session of the loop: takes messages in, cuts epochs, writes them and checkpoints down. */

import { setImmediate as macrotask } from 'node:timers/promises';
import { StateVersionError } from '../../../operators/flow/states.ts';
import type { Message } from '../../../operators/model/message.ts';
import { BEGINNING, type EventTime } from '../../../operators/model/time.ts';
import type { EpochContent } from '../../../sinks/sink.ts';
import type { Notifier } from '../../base/notifier.ts';
import { EXIT, Problem } from '../../base/problem.ts';
import type { Gap, Log } from '../../nats/log.ts';
import type { RecordEvent } from '../../observe/observe.ts';
import type { CommittedEpoch } from '../commits/commit-entry.ts';
import type { Commits } from '../commits/commits.ts';
import type { Run } from './checkpoints.ts';
import type { Cursor } from './cursors.ts';
import {
  type Collector,
  createPipelineEngine,
  type Pipeline,
  type PipelineEngine,
  withObserver,
} from './engine.ts';
import type { CollectedEpoch, EpochCollector } from './epoch-collector.ts';
import { type EpochFile, printOfContent } from './epoch-files.ts';
import { differingTables } from './epoch-print.ts';
import { type EpochStore, persist } from './epoch-store.ts';
import { type KnownCut, otherThanCommitted, planReplay, rangeOf } from './recovery.ts';
import type { PackedStates, RestoredStates } from './state-image.ts';

export type EpochLimits = {
  readonly seconds: number;
  readonly rows: number;
  readonly bytes: number;
  readonly checkpointEvery: number;
};

/** An epoch that holds a request or command ends after so many milliseconds: somebody waits for it. */
const URGENT_MILLISECONDS = 500;

/** Of each batch, while a checkpoint is under way. */
const COPY_MILLISECONDS = 5;

type EpochSessionOptions = {
  readonly run: Run;
  readonly log: Log;
  readonly pipeline: Pipeline;
  readonly store: EpochStore;
  readonly commits: Pick<Commits, 'until'>;
  /** Where the store is, for people. */
  readonly directory: string;
  readonly collector: EpochCollector;
  /** Looks on at what comes out of the pipeline. */
  readonly observer?: Collector | undefined;
  readonly limits: EpochLimits;
  /** Notified when a committed epoch is there again. */
  readonly notifier: Notifier;
  readonly record: RecordEvent;
  readonly onEpoch: (checkpointed: number | undefined) => Promise<void>;
  /** Gives up waiting for a disk that cannot be written. */
  readonly abort: AbortSignal;
};

/**
 * One run of the pipeline, from a checkpoint until it stops or an operator throws. First the epochs that were written before are cut again at their
 * bounds and compared; then new ones are cut by time, rows or bytes. Nothing counts as processed before its file is
 * written.
 */
export class EpochSession {
  readonly #options: EpochSessionOptions;
  readonly #engine: PipelineEngine;
  readonly #cuts: KnownCut[];
  #epoch: number;
  /** Of the epochs since the last checkpoint, those of earlier lives too: else a worker that is killed often has none. */
  #weight = 0;
  #checkpointed: number;
  #last: number;
  #from: number;
  #appended: EventTime = BEGINNING;
  /** Gaps that wait for the message after them: they often come alone. */
  #gaps: Gap[] = [];
  #begun = performance.now();
  readonly #yielding = new CooperativeYield();
  /** The epoch that was cut last is written down while the next one is taken in. At most one at a time. */
  #writing: Promise<void> = Promise.resolve();
  /** The checkpoint whose states are being copied. */
  #copying: Cursor | undefined;

  constructor(options: EpochSessionOptions, checkpoint: Cursor, states: RestoredStates) {
    this.#options = options;
    this.#engine = continuePipeline(options, states);
    const { files, missing, written, history } = options.store;
    const ends = [written(), history.last];
    this.#cuts = planReplay({ files: files.list, missing, ends }, checkpoint);
    this.#epoch = checkpoint.epoch + 1;
    this.#checkpointed = checkpoint.epoch;
    this.#last = checkpoint.to;
    this.#from = checkpoint.to + 1;
  }

  /** The last message that was taken, and when it was appended. */
  get progress(): { readonly last: number; readonly appended: EventTime } {
    return { last: this.#last, appended: this.#appended };
  }

  /** Milliseconds until the epoch under way is due, if it has anything in it. */
  get remaining(): number {
    if (this.#last < this.#from) return 1_000;
    const { limits, collector } = this.#options;
    const usual = limits.seconds * 1_000;
    const due = collector.urgent ? Math.min(usual, URGENT_MILLISECONDS) : usual;
    return Math.max(0, due - (performance.now() - this.#begun));
  }

  /** Takes a batch in. Yields to other work now and then, and after it. */
  async take(messages: readonly Message[], gaps: readonly Gap[]): Promise<void> {
    this.#gaps.push(...gaps);
    for (const message of messages) {
      if (this.#yielding.isDue()) await this.#yielding.yieldNow();
      while (this.#cuts[0] !== undefined && message.sequence > rangeOf(this.#cuts[0]).to) {
        await this.#cutKnown(this.#cuts[0]);
      }
      this.#recordGaps(message);
      this.#push(message);
      const known = this.#cuts[0];
      if (known !== undefined) {
        if (message.sequence === rangeOf(known).to) await this.#cutKnown(known);
        // Perhaps hours of rows, when an old checkpoint had to do, and every sink has them.
        else if (known.kind === 'discard' && this.#full()) this.#collected(known.epoch);
      } else if (this.#full()) {
        await this.cut(false);
      }
    }
    if (this.#cuts.length === 0 && this.#last >= this.#from && this.remaining === 0) {
      const usual = this.#options.limits.seconds * 1_000;
      await this.cut(false, Math.min(1, (performance.now() - this.#begun) / usual));
    }
    await this.#copyStates(COPY_MILLISECONDS);
    await this.#yielding.yieldNow();
  }

  /**
   * Writes the epoch under way down; with `final`, or every so often, a checkpoint beside it. `weight`: an epoch that
   * ended early counts less, because checkpoints cost much more than epochs.
   */
  async cut(final: boolean, weight = 1): Promise<void> {
    // What was not replayed to the end yet is already written down.
    if (this.#cuts.length > 0) return;
    if (this.#last < this.#from) {
      if (final) await this.#checkpointLast();
      return;
    }
    const { limits } = this.#options;
    const epoch = this.#epoch;
    this.#weight += weight;
    const checkpoint = final || this.#weight >= limits.checkpointEvery;
    if (checkpoint) this.#weight = 0;
    if (checkpoint) await this.#copyStates(Number.POSITIVE_INFINITY);
    this.#engine.cut(epoch, checkpoint);
    const collected = this.#collected(epoch);
    const begun = this.#begun;
    if (checkpoint) this.#copying = { epoch, to: this.#last };
    this.#advance(epoch);
    await this.#afterWriting(() => this.#writeDown(collected, begun));
    if (!final) return;
    await this.#copyStates(Number.POSITIVE_INFINITY);
    await this.#writing;
  }

  /** Begins to write something down once what was begun before is written. */
  async #afterWriting(write: () => Promise<void>): Promise<void> {
    await this.#writing;
    this.#writing = write();
    // Whoever waits for it next gets the error.
    this.#writing.catch(() => undefined);
  }

  /** Copies states for the checkpoint that is under way, for about so many milliseconds. */
  async #copyStates(milliseconds: number): Promise<void> {
    const at = this.#copying;
    const states = at === undefined ? undefined : this.#engine.copied(milliseconds);
    if (at === undefined || states === undefined) return;
    this.#copying = undefined;
    await this.#afterWriting(() => this.#checkpoint(at, states));
  }

  /** Resolves when all that was cut is written down. */
  settled(): Promise<void> {
    return this.#writing;
  }

  async #writeDown(collected: CollectedEpoch, begun: number): Promise<void> {
    const { store, onEpoch } = this.#options;
    const { bytes } = await this.#persist(() => store.files.write(collected.content));
    this.#recordEpoch(collected, bytes, performance.now() - begun);
    await onEpoch(undefined);
  }

  /** At a drain between two epochs: the next start need not replay what is already written down. */
  async #checkpointLast(): Promise<void> {
    await this.#copyStates(Number.POSITIVE_INFINITY);
    await this.#writing;
    const epoch = this.#epoch - 1;
    if (epoch === this.#checkpointed || epoch === 0) return;
    this.#engine.cut(epoch, true);
    this.#copying = { epoch, to: this.#last };
    await this.#copyStates(Number.POSITIVE_INFINITY);
    await this.#writing;
  }

  async #checkpoint({ epoch, to }: Cursor, states: PackedStates): Promise<void> {
    const { store, run, record, onEpoch, commits } = this.#options;
    // Whoever takes over may cut other epochs from what is not committed: a checkpoint amid of one would be of no use.
    if (!(await commits.until(epoch))) return;
    const started = performance.now();
    const sizes = [...this.#engine.sizes];
    const bytes = await this.#persist(() =>
      store.checkpoints.write({ ...run, epoch, to, states }, store.files.list[0]?.from),
    );
    this.#checkpointed = epoch;
    const milliseconds = performance.now() - started;
    record({ kind: 'checkpoint-written', epoch, to, bytes, milliseconds, whole: states.whole });
    for (const [stage, size] of sizes) record({ kind: 'stage-state', stage, bytes: size });
    await onEpoch(epoch);
  }

  #recordEpoch(collected: CollectedEpoch, bytes: number, milliseconds: number): void {
    const { content, messages, readings, deadLetters } = collected;
    const { record } = this.#options;
    const { epoch, from, to, blocks, revisions, commands } = content;
    record({
      kind: 'epoch-written',
      epoch,
      from,
      to,
      messages,
      readings,
      rows: blocks.reduce((sum, { rows }) => sum + rows, 0),
      revisions: revisions.length,
      commands: commands.length,
      bytes,
      milliseconds,
    });
    for (const { reason, stage, count } of deadLetters)
      record({ kind: 'dead-letter', reason, stage, count });
  }

  /** Nothing is pulled until it is written, and it stays in memory. */
  #persist<T>(write: () => Promise<T>): Promise<T> {
    const { directory: path, record, abort: signal } = this.#options;
    return persist(write, { path, record, signal });
  }

  #recordGaps(next: Message): void {
    const { run, record } = this.#options;
    for (
      let gap = this.#gaps[0];
      gap !== undefined && gap.to < next.sequence;
      gap = this.#gaps[0]
    ) {
      this.#gaps.shift();
      this.#engine.gap(gap, next);
      const { kind: reason, from, to } = gap;
      record({ kind: 'gap', stream: run.stream, reason, from, to });
    }
  }

  #push(message: Message): void {
    const reason = this.#options.store.skipped.reasonFor(message.sequence);
    if (reason === undefined) this.#engine.push(message);
    else this.#engine.skip(message, reason);
    this.#options.collector.message(message);
    this.#last = message.sequence;
    this.#appended = message.appended;
  }

  /** What was collected up to the last message, and a clean sheet. */
  #collected(epoch: number): CollectedEpoch {
    const { collector, run } = this.#options;
    return collector.finish(run, { epoch, from: this.#from, to: this.#last });
  }

  #full(): boolean {
    const { collector, limits } = this.#options;
    return collector.rows >= limits.rows || collector.bytes >= limits.bytes;
  }

  async #cutKnown(known: KnownCut): Promise<void> {
    this.#cuts.shift();
    const { epoch, to } = rangeOf(known);
    this.#engine.cut(epoch, false);
    this.#weight += 1;
    this.#last = Math.max(this.#last, to);
    const { content } = this.#collected(epoch);
    this.#advance(epoch);
    if (known.kind === 'compare') await this.#compare(known.file, content);
    if (known.kind === 'committed') await this.#restore(known.committed, content);
  }

  /** What comes out now beside what was written then. */
  async #compare(file: EpochFile, content: EpochContent): Promise<void> {
    const { store, record } = this.#options;
    const { epoch, from, to } = content;
    const found = await store.files.holds(file, content);
    if (found === 'same') return;
    if (found === 'other') {
      const written = (await store.files.printOf(file))?.tables ?? {};
      const tables = differingTables(written, printOfContent(content).tables).join(', ');
      record({ kind: 'replay-mismatch', epoch, from, to, tables });
      return;
    }
    const committed = store.committed.get(epoch);
    if (committed === undefined) await this.#persist(() => store.files.write(content));
    else await this.#restore(committed, content);
    record({ kind: 'epoch-file-damaged', file: file.path, reason: 'its sha256 does not fit' });
  }

  /** Writes a committed epoch whose file is not here, or not what was committed. */
  async #restore(committed: CommittedEpoch, content: EpochContent): Promise<void> {
    const { store, directory, notifier, record } = this.#options;
    const { sha256, tables } = printOfContent(content);
    if (sha256 !== committed.sha256) {
      const differing = differingTables(committed.tables, tables);
      throw otherThanCommitted(directory, committed, { sha256, tables: differing });
    }
    await this.#persist(() => store.restore(content));
    const { epoch, from, to } = committed;
    record({ kind: 'epoch-restored', epoch, from, to });
    // It was waited for already: back-pressure is for what is new.
    notifier.notify();
  }

  #advance(epoch: number): void {
    this.#epoch = epoch + 1;
    this.#from = this.#last + 1;
    this.#begun = performance.now();
  }
}

/**
 * Milliseconds of one turn. Sinks need some dozen turns of the event loop for an epoch (its file, a socket that takes a
 * part of it each time, the answer, the cursor): one that waits for them falls behind however fast it is.
 */
const LONGEST_TURN = 8;
/** Messages between two readings of the clock. */
const MESSAGES_BETWEEN = 32;

/** Cooperative yielding: the loop that takes messages in shares one thread with the sinks and the server. */
export class CooperativeYield {
  #began = performance.now();
  #messages = 0;

  /** Called once a message: whether it is time to yield. */
  isDue(): boolean {
    this.#messages += 1;
    return (
      this.#messages % MESSAGES_BETWEEN === 0 && performance.now() - this.#began > LONGEST_TURN
    );
  }

  /** Lets everything else that is ready run once. */
  async yieldNow(): Promise<void> {
    await macrotask();
    this.#began = performance.now();
  }
}

/** @throws Problem: the checkpoint is of another version of Andon */
function continuePipeline(
  { pipeline, collector, observer, directory }: EpochSessionOptions,
  states: RestoredStates,
): PipelineEngine {
  try {
    return createPipelineEngine(pipeline, states, withObserver(collector, observer));
  } catch (error) {
    if (!(error instanceof StateVersionError)) throw error;
    throw new Problem(
      {
        where: directory,
        expected: 'a checkpoint that this version of Andon can go on from',
        found: error.message,
        remedy:
          'Go on with the version that wrote it, or begin a new run: another `run` and another `directory` in the configuration.',
        exit: EXIT.outside,
      },
      { cause: error },
    );
  }
}
