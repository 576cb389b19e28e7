import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import type { PatternWatch } from '../../operators/correlate/matcher.ts';
import type { Stage } from '../../operators/flow/flow.ts';
import type { States } from '../../operators/flow/states.ts';
import type { Message } from '../../operators/model/message.ts';
import type { WorkInput } from '../../operators/model/request.ts';
import { createFeed } from '../../sinks/feed.ts';
import { announced } from '../../sinks/live.ts';
import { createOutbox } from '../../sinks/outbox.ts';
import type { Blocks, Sink } from '../../sinks/sink.ts';
import type { Config } from '../base/config.ts';
import type { Disk } from '../base/disk.ts';
import { createNotifier, type Notifier } from '../base/notifier.ts';
import { Problem } from '../base/problem.ts';
import type { DirectoryLock } from '../base/process-lock.ts';
import { silentProblem } from '../nats/connection-problems.ts';
import { domainOf, prefixOf } from '../nats/jetstream.ts';
import { type Log, replaced } from '../nats/log.ts';
import { openJetstreamLog } from '../nats/log-reader.ts';
import { connectNats } from '../nats/nats.ts';
import {
  ensureCheckpoints,
  ensureCommands,
  ensureCommits,
  ensureFeed,
  ensureLive,
  ensurePartition,
  ensurePhotos,
  ensureRequests,
  isNotPermitted,
  isReplay,
  type StoreOptions,
} from '../nats/streams.ts';
import { startUpkeep } from '../nats/upkeep.ts';
import type { RecordEvent } from '../observe/observe.ts';
import { createPatternCounts } from '../observe/pattern-counts.ts';
import { plant } from '../plant.ts';
import { type Committer, createCommits, firedAfter } from './commits/commits.ts';
import { type Copies, commitWhenCopied, createCopies, withCopies } from './copies/copies.ts';
import { deliverEpochs } from './delivery/delivery.ts';
import type { Run } from './epochs/checkpoints.ts';
import type { Collector } from './epochs/engine.ts';
import type { EpochStore } from './epochs/epoch-store.ts';
import { isHeldBack, runEpochs } from './epochs/epochs.ts';
import { openWorkerState, type StateOptions } from './open-state.ts';
import { claimPartition, type Homes, type WorkerIdentity } from './ownership/ownership.ts';
import {
  createConnectionReporter,
  mendingReporter,
  reportLag,
  type WorkerProgress,
} from './report.ts';

export type WorkerOptions = {
  readonly config: Config;
  /** See `workerIdentity`. */
  readonly identity: WorkerIdentity;
  /** Of its directory. */
  readonly lock: Pick<DirectoryLock, 'lost' | 'confirm'>;
  /** What its directory is on. Default: the disk of this machine. */
  readonly disk?: Disk;
  readonly record: RecordEvent;
  /** Where rows go. */
  readonly landing: Sink;
  /** Encodes the rows of an epoch as `landing` wants them. */
  readonly createBlocks: () => Blocks;
  /** Default: the plant pipeline of the centre. */
  readonly pipeline?: (states: States, watch: PatternWatch) => Stage<Message, WorkInput>;
  /** Looks on at what comes out of the pipeline. */
  readonly observer?: Collector;
  /** Whether a sink has the epochs up to this one; undefined when it does not answer. */
  readonly hasTaken?: StateOptions['hasTaken'];
  readonly acceptLoss: boolean;
  /** Finish what is under way, write a checkpoint, deliver, and return. */
  readonly drain: AbortSignal;
};

/** How long a worker waits at its start for a server that is away. */
const PATIENCE = 30_000;
const AGAIN = 'Look whether the server is well, and start again. Nothing is lost.';
/** How long the sinks may take to catch up when the worker is asked to stop. What is left then waits in its files. */
const GRACE = 10_000;
/** Later runs of the same log have nothing to ask for that was not asked for already. */
const FIRST_RUN = '1';

/**
 * Works one partition: its log through the plant pipeline into epochs, and the epochs to the landing sink and the
 * outbox. Returns after `drain`; rejects with a `Problem` when it cannot go on.
 */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const { config, drain, record, identity } = options;
  const connection = await connectNats({
    ...config.nats,
    name: `andon ${identity.owner}`,
    patience: PATIENCE,
    signal: drain,
    onStatus: createConnectionReporter(record),
  });
  record({ kind: 'connected', server: 'NATS', version: connection.info?.version ?? '' });
  try {
    await workPartition(options, connection);
  } catch (error) {
    throw silentProblem(config.nats.servers, error, AGAIN) ?? error;
  } finally {
    await connection.close();
  }
}

/** Makes the streams, claims the partition, and works it for as long as it is owned. */
export async function workPartition(
  options: WorkerOptions,
  connection: NatsConnection,
): Promise<void> {
  const { config, record, identity } = options;
  const { partition, partitions } = config;
  const { days, replicas, bytes = -1 } = config.stream;
  const store: StoreOptions = { replicas, onMended: mendingReporter(record) };
  const limits = { days, bytes, ...store };
  const info = await ensurePartition(connection, { partition, partitions, ...limits });
  await ensureRequests(connection, store);
  await ensureCommands(connection, store);
  await ensureCommits(connection, store);
  const announces = await isMade(ensureLive(connection, store), (reason) => {
    record({ kind: 'live-missed', epochs: 0, reason });
  });
  const copies = await isMade(ensureCheckpoints(connection, partition, store), (reason) => {
    record({ kind: 'copies-missed', reason });
  });
  await isMade(ensurePhotos(connection, store), (reason) => {
    record({ kind: 'photos-missed', reason });
  });
  if (config.feed) await ensureFeed(connection, store);
  const key = `${config.pipeline}-${partition}`;
  const claim = await claimPartition(connection, key, identity, store);
  const stream = info.config.name;
  const run: Run = { pipeline: config.pipeline, run: config.run, stream, created: info.created };
  const stopUpkeep = isReplay(info)
    ? () => undefined
    : startUpkeep(connection, info, partition, (subject, reason) => {
        if (reason === undefined) record({ kind: 'republished', stream, subject });
        else record({ kind: 'republish-failed', stream, subject, reason });
      });
  try {
    const { owner } = identity;
    const lost = AbortSignal.any([claim.lost, options.lock.lost]);
    lost.addEventListener('abort', () => {
      record({ kind: 'owner-lost', stream, owner: String(lost.reason) });
    });
    record({ kind: 'started', pipeline: run.pipeline, run: run.run, stream, owner });
    const homes = await claim.homes();
    const first = info.state.first_seq;
    await work({ ...options, connection, run, homes, lost, announces, copies, first });
  } finally {
    stopUpkeep();
    await claim.release();
  }
}

/** A user of an older configuration of NATS may not make the stream: the worker does without it. */
async function isMade(
  making: Promise<unknown>,
  onMissed: (reason: string) => void,
): Promise<boolean> {
  try {
    await making;
    return true;
  } catch (error) {
    if (!isNotPermitted(error)) throw error;
    onMissed('this user may not make the stream; make the configuration of NATS anew');
    return false;
  }
}

type Work = WorkerOptions & {
  readonly connection: NatsConnection;
  readonly run: Run;
  readonly homes: Homes;
  /** Fires when another worker took the partition, or the directory. */
  readonly lost: AbortSignal;
  /** Tells screens of what has landed. */
  readonly announces: boolean;
  /** Copies its checkpoints into the cluster. */
  readonly copies: boolean;
  /** The first message that the stream had at the start. */
  readonly first: number;
};

/** What the parts of a worker share while it runs. */
type Shared = {
  readonly store: EpochStore;
  readonly commits: Committer;
  /** Undefined where this user may not make the bucket. */
  readonly copies: Copies | undefined;
  /** Of written and committed epochs and moved cursors. */
  readonly notifier: Notifier;
  /** Aborted with the reason when a part fails. */
  readonly failed: AbortController;
  /** Fires when work has to stop at once. */
  readonly abort: AbortSignal;
  /** Aborted when no epoch follows. */
  readonly written: AbortController;
  /** The last epoch that a checkpoint covers. */
  checkpointed: number;
  progress: WorkerProgress | undefined;
  log: Log | undefined;
};

async function work(options: Work): Promise<void> {
  const { config, record } = options;
  const sinks = sinksOf(options);
  const shared = await openShared(options, sinks);
  if (shared === undefined) return;
  const { abort, failed, commits, copies } = shared;
  const beside = [
    commitWhenCopied(copies, shared.store, commits),
    copies?.run() ?? Promise.resolve(),
  ];
  const delivering = [...beside, ...sinks.map((sink) => startDelivery(sink, options, shared))];
  const held = () => isHeldBack(shared.store, config.backlog);
  const waiting = () => {
    return sinks.map(({ name }) => ({ sink: name, ...shared.store.waitingFor(name) }));
  };
  const current = () => ({ ...shared, held: held(), waiting: waiting() });
  const stopLagReports = reportLag(current, record);
  try {
    await takeLogIn(options, shared);
    abort.throwIfAborted();
    const started = performance.now();
    await finishDelivery(shared, delivering);
    if (failed.signal.reason instanceof Problem) throw failed.signal.reason;
    const to = shared.progress?.last ?? 0;
    record({ kind: 'drained', to, milliseconds: performance.now() - started });
  } catch (error) {
    failed.abort(error);
    await Promise.all(delivering);
    abort.throwIfAborted();
    throw error;
  } finally {
    stopLagReports();
  }
}

function sinksOf(options: Work): readonly Sink[] {
  const { config, connection, run, announces } = options;
  const sends = config.send ?? run.run === FIRST_RUN;
  const landing = announces ? announcedLanding(options) : options.landing;
  const reach = { ...domainOf(connection), prefix: prefixOf(connection) };
  if (!sends) return [landing];
  const outbox = createOutbox(connection, reach);
  return config.feed ? [landing, outbox, createFeed(connection, reach)] : [landing, outbox];
}

/** Takes the log of commits over first; undefined when it was told to stop meanwhile. */
async function openShared(options: Work, sinks: readonly Sink[]): Promise<Shared | undefined> {
  const { record, lost, drain } = options;
  const names = sinks.map(({ name }) => name);
  const failed = new AbortController();
  const abort = AbortSignal.any([failed.signal, lost]);
  const late = firedAfter(drain, GRACE);
  const signal = AbortSignal.any([abort, late]);
  const opened = await openWorkerState({ ...options, sinks: names, signal }).catch(
    (error: unknown) => {
      if (error instanceof Problem || !late.aborted || abort.aborted) throw error;
      return undefined;
    },
  );
  if (opened === undefined) return undefined;
  const { log, objects, disk } = opened;
  for (const { path: file } of opened.store.fenced) record({ kind: 'epoch-file-fenced', file });
  const written = new AbortController();
  const notifier = createNotifier();
  const ending = { record, signal, drain: written.signal };
  const commits = createCommits({
    ...{ log, store: opened.store, notifier, ...ending },
    sinks: names,
    checkpointed: () => shared.checkpointed,
    onFailed: (error) => failed.abort(error),
  });
  const { directory } = options.identity;
  const copies =
    objects &&
    createCopies({ objects, directory, disk, run: options.run, taken: commits.taken, ...ending });
  const store = copies === undefined ? opened.store : withCopies(opened.store, copies);
  const shared: Shared = {
    ...{ store, commits, copies, notifier, failed, abort, written },
    ...{ checkpointed: 0, progress: undefined, log: undefined },
  };
  return shared;
}

function announcedLanding({ landing, connection, record }: Work): Sink {
  return announced(landing, {
    connection,
    jetstream: domainOf(connection),
    prefix: prefixOf(connection),
    onMissed: (epochs, reason) => record({ kind: 'live-missed', epochs, reason }),
  });
}

function startDelivery(sink: Sink, options: Work, shared: Shared): Promise<void> {
  const { landing, createBlocks, record } = options;
  const { store, commits, notifier, written, abort, failed } = shared;
  return deliverEpochs({
    sink,
    store,
    commits,
    notes: landing,
    createBlocks,
    notifier,
    record,
    checkpointed: () => shared.checkpointed,
    drain: written.signal,
    signal: abort,
  }).catch((error: unknown) => failed.abort(error));
}

/** The log through the pipeline into epochs, until the worker is asked to stop. */
async function takeLogIn(options: Work, shared: Shared): Promise<void> {
  const { config, run, identity, homes, createBlocks, observer, record, drain, first } = options;
  const { pipeline = plant } = options;
  const { store, commits, notifier, abort } = shared;
  const patterns = createPatternCounts();
  const signal = AbortSignal.any([drain, abort]);
  await runEpochs({
    run,
    async openLog(checkpoint, signal) {
      // A run that has read nothing begins where the stream does; one that has must find its next message.
      const begins = checkpoint === 0 && store.written().epoch === 0;
      const log = await openLogOf(options, begins ? Math.max(0, first - 1) : checkpoint, signal);
      shared.log = log;
      return log;
    },
    pipeline: (states) => pipeline(states, patterns.watch()),
    createBlocks,
    observer,
    store,
    commits,
    directory: identity.directory,
    limits: config.epoch,
    backlog: config.backlog,
    notifier,
    record,
    onCheckpoint(epoch) {
      // Only now is there state to be missed elsewhere. Without an answer the next checkpoint records it again.
      if (epoch > 0) homes.record(run).catch(() => undefined);
      shared.checkpointed = epoch;
      patterns.report(record);
    },
    onProgress(progress) {
      shared.progress = progress;
    },
    signal,
    abort,
  }).catch((error: unknown) => {
    // Told to stop while its log was being opened: what is written still goes out.
    if (!signal.aborted || error !== signal.reason) throw error;
  });
}

async function openLogOf(
  { run, connection, acceptLoss, record }: Work,
  after: number,
  signal: AbortSignal,
): Promise<Log> {
  const { stream, created } = run;
  const asked = { connection, stream, after, acceptLoss, signal };
  const log = await openJetstreamLog({ ...asked, onEvent: record });
  if (log.created !== created) throw replaced(stream, created, log.created);
  return log;
}

/** Gives the sinks a while for what is written; what is left is committed and delivered after the next start. */
async function finishDelivery(
  { written, failed, commits }: Shared,
  delivering: readonly Promise<void>[],
): Promise<void> {
  written.abort();
  const over = new AbortController();
  await Promise.race([
    Promise.all(delivering).then(() => commits.release()),
    delay(GRACE, undefined, { signal: over.signal }).catch(() => undefined),
  ]);
  over.abort();
  failed.abort();
  await Promise.all(delivering);
}
