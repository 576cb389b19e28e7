import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { createOutbox } from '../../sinks/outbox.ts';
import type { Sink } from '../../sinks/sink.ts';
import { createBell } from '../base/bell.ts';
import type { Config } from '../base/config.ts';
import { connectNats } from '../nats/connection.ts';
import { silentProblem } from '../nats/connection-problems.ts';
import { openJetstreamLog } from '../nats/jetstream.ts';
import { keepUp } from '../nats/keep-up.ts';
import type { Log } from '../nats/log.ts';
import { replaced } from '../nats/lost-messages.ts';
import { ensurePartition, ensureRequests, isReplay } from '../nats/streams.ts';
import type { RecordEvent } from '../observe/internal-events.ts';
import { measureLag, type Progress } from '../observe/lag.ts';
import { createPatternCounts } from '../observe/pattern-counts.ts';
import { plant } from '../plant.ts';
import { deliver } from './delivery/deliver.ts';
import { openEpochStore } from './epochs/epoch-store.ts';
import { runEpochs } from './epochs/epochs.ts';
import type { Run } from './epochs/run.ts';
import { type Homes, openHomes } from './ownership/home.ts';
import { takeLease } from './ownership/lease.ts';

export type WorkerOptions = {
  readonly config: Config;
  /** Where `placeOf` says; the caller owns the directory. */
  readonly place: Place;
  readonly record: RecordEvent;
  /** Where rows go. */
  readonly landing: Sink;
  readonly acceptLoss: boolean;
  /** Finish what is under way, write a checkpoint, deliver, and return. */
  readonly drain: AbortSignal;
  /** Told after every batch how far the worker is. */
  readonly onProgress?: (progress: Progress) => void;
};

/** Who works a partition, and in which directory its state is. */
export type Place = { readonly owner: string; readonly directory: string };

export function placeOf(config: Config): Place {
  return {
    owner: config.owner ?? `${hostname()}:${process.pid}`,
    directory: resolve(join(config.directory, `${config.pipeline}-${config.partition}`)),
  };
}

/** How long a worker waits at its start for a server that is away. */
const PATIENCE = 30_000;
/** How long the sinks may take to catch up when the worker is told to go. What is left then waits in its files. */
const GRACE = 10_000;
/** Later runs of the same log have nothing to ask for that was not asked for already. */
const FIRST_RUN = '1';

/**
 * Works one partition: its log through the plant pipeline into epochs, and the epochs into ClickHouse and the outbox.
 * Returns after `drain`; rejects with a `Problem` when it cannot go on.
 */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const { config, drain, record, place } = options;
  const connection = await connectNats({
    ...config.nats,
    name: `andon ${place.owner}`,
    patience: PATIENCE,
    signal: drain,
    onStatus: createConnectionTeller(record),
  });
  try {
    await workPartition(options, connection, place);
  } catch (error) {
    throw silentProblem(config.nats.servers, error) ?? error;
  } finally {
    await connection.close();
  }
}

async function workPartition(
  options: WorkerOptions,
  connection: NatsConnection,
  { owner, directory }: Place,
): Promise<void> {
  const { config, record } = options;
  const { partition, partitions } = config;
  const { days, replicas, bytes = -1 } = config.stream;
  const limits = { days, replicas, bytes };
  const info = await ensurePartition(connection, { partition, partitions, ...limits });
  await ensureRequests(connection);
  const holder = { owner, host: hostname(), directory };
  const key = `${config.pipeline}-${partition}`;
  const expected = 'a partition that no other worker holds';
  const lease = await takeLease({ connection, key, expected, me: holder });
  const stream = info.config.name;
  const run: Run = { pipeline: config.pipeline, run: config.run, stream, created: info.created };
  const stopUpkeep = isReplay(info)
    ? () => undefined
    : keepUp(connection, info, partition, (subject) => {
        record({ kind: 'restated', stream, subject });
      });
  try {
    lease.lost.addEventListener('abort', () => {
      record({ kind: 'owner-lost', stream, owner: String(lease.lost.reason) });
    });
    record({ kind: 'started', pipeline: run.pipeline, run: run.run, stream, owner });
    const homes = await openHomes(connection, key, { host: hostname(), directory });
    await work({ ...options, connection, run, directory, homes }, lease.lost, info.state.first_seq);
  } finally {
    stopUpkeep();
    await lease.release();
  }
}

type Work = WorkerOptions & {
  readonly connection: NatsConnection;
  readonly run: Run;
  readonly directory: string;
  readonly homes: Homes;
};

async function work(options: Work, lost: AbortSignal, first: number): Promise<void> {
  const { config, connection, run, directory, homes, record, landing, drain, onProgress } = options;
  const sinks =
    (config.send ?? run.run === FIRST_RUN) ? [landing, createOutbox(connection)] : [landing];
  const store = await openEpochStore(
    directory,
    sinks.map(({ name }) => name),
    (file) => record({ kind: 'checkpoint-refused', file, reason: 'it is damaged' }),
  );
  if (
    store.written().epoch === 0 &&
    (await store.checkpoints.newest(run, Infinity)) === undefined
  ) {
    await homes.check(run);
  }
  const bell = createBell();
  const failed = new AbortController();
  const abort = AbortSignal.any([failed.signal, lost]);
  const written = new AbortController();
  let checkpointed = 0;
  let progress: Progress | undefined;
  let log: Log | undefined;
  const delivering = sinks.map((sink) =>
    deliver({
      sink,
      store,
      notes: landing,
      bell,
      record,
      checkpointed: () => checkpointed,
      drain: written.signal,
      signal: abort,
    }).catch((error: unknown) => failed.abort(error)),
  );
  const patterns = createPatternCounts();
  const stopMeasuring = measureLag(() => ({ log, progress }), record);
  try {
    await runEpochs({
      run,
      async openLog(checkpoint) {
        // A run that has read nothing begins where the stream does; one that has must find its next message.
        const begins = checkpoint === 0 && store.written().epoch === 0;
        log = await openLogOf(options, begins ? Math.max(0, first - 1) : checkpoint);
        return log;
      },
      pipeline: (states) => plant(states, patterns.watch()),
      store,
      directory,
      limits: config.epoch,
      backlog: config.backlog,
      bell,
      record,
      onCheckpoint(epoch) {
        // Only now is there state to be missed elsewhere. Without an answer the next checkpoint says it again.
        homes.remember(run).catch(() => undefined);
        checkpointed = epoch;
        patterns.tell(record);
      },
      onProgress(now) {
        progress = now;
        onProgress?.(now);
      },
      signal: AbortSignal.any([drain, abort]),
      abort,
    });
    abort.throwIfAborted();
    const started = performance.now();
    await finishDelivery(written, delivering, failed);
    record({ kind: 'drained', to: progress?.last ?? 0, milliseconds: performance.now() - started });
  } catch (error) {
    failed.abort(error);
    await Promise.all(delivering);
    abort.throwIfAborted();
    throw error;
  } finally {
    stopMeasuring();
  }
}

async function openLogOf(
  { run, connection, acceptLoss, record }: Work,
  after: number,
): Promise<Log> {
  const { stream, created } = run;
  const log = await openJetstreamLog({
    connection,
    stream,
    after,
    acceptLoss,
    onEvent: record,
  });
  if (log.created !== created) throw replaced(stream, created, log.created);
  return log;
}

async function finishDelivery(
  written: AbortController,
  delivering: readonly Promise<void>[],
  failed: AbortController,
): Promise<void> {
  written.abort();
  const over = new AbortController();
  await Promise.race([
    Promise.all(delivering),
    delay(GRACE, undefined, { signal: over.signal }).catch(() => undefined),
  ]);
  over.abort();
  failed.abort();
  await Promise.all(delivering);
}

/** Tells of each change once: a client that tries four times a second says "absent" each time. */
function createConnectionTeller(record: RecordEvent) {
  let told = '';
  return (status: {
    readonly type: string;
    readonly server?: string;
    readonly error?: Error;
  }): void => {
    if (status.type === 'reconnect') {
      told = '';
      record({ kind: 'connected', server: 'NATS', version: status.server ?? '' });
    }
    if (status.type !== 'disconnect' && status.type !== 'absent') return;
    const reason = status.error?.message ?? status.type;
    if (reason === told) return;
    told = reason;
    record({ kind: 'disconnected', server: 'NATS', reason });
  };
}
