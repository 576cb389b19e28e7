import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { createBlocks } from '../../sinks/clickhouse/blocks.ts';
import { cmmsConfigSchema } from '../../sinks/remote/config.ts';
import { onStarterGone } from '../base/child.ts';
import { type Config, readConfig } from '../base/config.ts';
import { type DirectoryLock, lockDirectory } from '../base/process-lock.ts';
import { readSystems } from '../base/system-profiles.ts';
import { connectNats } from '../nats/nats.ts';
import { ensureCommands, ensureRequests } from '../nats/streams.ts';
import { startHttp } from '../observe/http.ts';
import { createInternalEvents, type RecordEvent } from '../observe/observe.ts';
import { createReadiness } from '../observe/readiness.ts';
import { runSystems, type SystemsOptions } from '../systems/systems.ts';
import { createLandingSink } from '../warehouse/landing-sink.ts';
import { openWarehouse } from '../warehouse/warehouse.ts';
import { type WorkerIdentity, workerIdentity } from '../worker/ownership/ownership.ts';
import { mendingReporter } from '../worker/report.ts';
import { runWorker } from '../worker/worker.ts';

/** Between two beginnings of the delivery of requests: milliseconds. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;

type Options = { readonly config?: string; readonly acceptLoss?: true };

/** Adds `andon run`: a worker, and the delivery of its requests. */
export function registerRun(command: Command): void {
  command
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--accept-loss', 'go on past messages that the stream trimmed before they were read')
    .addHelpText(
      'after',
      '\nSIGTERM and Ctrl-C drain: the epoch under way is written, landed and checkpointed. A second one stops at once.',
    )
    .action(async (options: Options) => {
      await run(options.config, options.acceptLoss === true);
    });
}

/** Runs a worker, and beside it the delivery of requests where a CMMS is configured, until a signal drains it. */
async function run(file: string | undefined, acceptLoss: boolean): Promise<void> {
  // Whatever the worker and its children write is for this user alone.
  process.umask(0o077);
  const config = readConfig(file);
  const place = workerIdentity(config);
  // Before any port or child process: who starts a worker twice shall hear of the first one, not of its ports.
  const ownership = await lockDirectory(place.directory, place.owner);
  try {
    await runOwned(config, place, ownership, { acceptLoss, file });
  } finally {
    await ownership.release();
  }
}

async function runOwned(
  config: Config,
  place: WorkerIdentity,
  lock: DirectoryLock,
  { acceptLoss, file }: { readonly acceptLoss: boolean; readonly file: string | undefined },
): Promise<void> {
  const events = createInternalEvents({
    level: config.log.level,
    labels: { pipeline: config.pipeline, partition: String(config.partition) },
  });
  const readiness = createReadiness();
  const record: RecordEvent = (event) => {
    readiness.watch(event);
    events.record(event);
  };
  const drain = drainOnSignal(record);
  const { metrics } = events;
  const http = await startHttp({ ...config.http, metrics, unready: readiness.unready });
  const landing = createLandingSink(() => openWarehouse(config, record), config, record);
  const over = new AbortController();
  const described = {
    cmms: config.cmms === undefined ? undefined : cmmsConfigSchema.parse(config.cmms),
    systems: readSystems(config.systems, file),
  };
  const until = AbortSignal.any([drain, over.signal]);
  const delivering = carryOut(config, described, record, until);
  try {
    await landing.begin();
    await runWorker({
      config,
      identity: place,
      lock,
      record,
      landing,
      createBlocks,
      acceptLoss,
      drain,
    }).catch((error: unknown) => {
      // Told to go before it had begun: nothing was under way.
      if (!drain.aborted || !isAbort(error)) throw error;
    });
  } finally {
    over.abort();
    await delivering;
    await landing.close();
    await http.close();
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

type Described = Pick<SystemsOptions, 'cmms' | 'systems'>;

/**
 * Carries requests and commands out beside the worker, where systems are described. Trouble of whatever kind is recorded
 * and tried again: it is no reason to stop the work on the log. Never rejects.
 */
async function carryOut(
  config: Config,
  described: Described,
  record: RecordEvent,
  signal: AbortSignal,
): Promise<void> {
  if (described.cmms === undefined && described.systems === undefined) return;
  for (let pause = FIRST_PAUSE; !signal.aborted; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    try {
      await carryOutOnce(config, described, record, signal);
    } catch (error) {
      if (signal.aborted) return;
      const cause = error instanceof Error ? error : new Error(String(error));
      record({ kind: 'maintenance-trouble', where: 'delivery of requests', error: cause });
      await delay(pause, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function carryOutOnce(
  config: Config,
  described: Described,
  record: RecordEvent,
  signal: AbortSignal,
): Promise<void> {
  const { nats, partitions } = config;
  const connection = await connectNats({
    ...nats,
    ...nats.delivery,
    name: 'andon maintenance',
    patience: 'wait',
    signal,
  });
  try {
    const store = { replicas: config.stream.replicas, onMended: mendingReporter(record) };
    if (described.cmms !== undefined) await ensureRequests(connection, store);
    if (described.systems !== undefined) await ensureCommands(connection, store);
    const logKeeps = config.stream.days * 86_400_000;
    await runSystems({
      ...{ ...store, ...described, connection, record, signal, partitions, logKeeps },
    });
  } finally {
    await connection.close();
  }
}

/**
 * The first signal drains, and so does the end of npm where it has started us. A second signal ends the process as it
 * stands: everything needed is on disk.
 */
function drainOnSignal(record: RecordEvent): AbortSignal {
  const drain = new AbortController();
  const begin = (reason: string) => {
    if (!drain.signal.aborted) record({ kind: 'draining', reason });
    drain.abort();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (drain.signal.aborted) process.exit(130);
      begin(signal);
    });
  }
  onStarterGone(() => begin('npm, which started this process, has ended'));
  return drain.signal;
}
