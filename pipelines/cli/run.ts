import type { Command } from 'commander';
import { createBlocks } from '../../sinks/clickhouse/blocks.ts';
import { cmmsConfigSchema } from '../../sinks/remote/config.ts';
import { type Config, readConfig } from '../base/config.ts';
import { lockDirectory } from '../base/process-lock.ts';
import { connectNats } from '../nats/nats.ts';
import { ensureRequests } from '../nats/streams.ts';
import { startHttp } from '../observe/http.ts';
import { createInternalEvents, type RecordEvent } from '../observe/observe.ts';
import { runSystems } from '../systems/systems.ts';
import { createLandingSink } from '../warehouse/landing-sink.ts';
import { openWarehouse } from '../warehouse/warehouse.ts';
import { type WorkerIdentity, workerIdentity } from '../worker/ownership/ownership.ts';
import { mendingReporter, type WorkerProgress } from '../worker/report.ts';
import { runWorker } from '../worker/worker.ts';

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
  const config = readConfig(file);
  const place = workerIdentity(config);
  // Before any port or child process: who starts a worker twice shall hear of the first one, not of its ports.
  const ownership = await lockDirectory(place.directory, place.owner);
  try {
    await runOwned(config, place, acceptLoss);
  } finally {
    await ownership.release();
  }
}

async function runOwned(config: Config, place: WorkerIdentity, acceptLoss: boolean): Promise<void> {
  const { record, metrics } = createInternalEvents({
    level: config.log.level,
    labels: { pipeline: config.pipeline, partition: String(config.partition) },
  });
  const drain = drainOnSignal(record);
  let progress: WorkerProgress | undefined;
  const http = await startHttp({
    ...config.http,
    metrics,
    unready: () => (progress === undefined ? ['no message was processed yet'] : []),
  });
  const landing = createLandingSink(() => openWarehouse(config, record), config, record);
  // A delivery that fails drains the worker; one whose worker is gone has nothing to wait for.
  const failed = new AbortController();
  const ending = AbortSignal.any([drain, failed.signal]);
  const over = new AbortController();
  const delivering = deliverRequests(config, record, AbortSignal.any([drain, over.signal])).catch(
    (error: unknown) => {
      failed.abort();
      throw error;
    },
  );
  delivering.catch(() => undefined);
  try {
    await landing.begin();
    await runWorker({
      config,
      identity: place,
      record,
      landing,
      createBlocks,
      acceptLoss,
      drain: ending,
      onProgress(now) {
        progress = now;
      },
    }).catch((error: unknown) => {
      // Told to go before it had begun: nothing was under way.
      if (!ending.aborted || !isAbort(error)) throw error;
    });
    over.abort();
    await delivering;
  } finally {
    over.abort();
    await delivering.catch(() => undefined);
    await landing.close();
    await http.close();
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

async function deliverRequests(
  config: Config,
  record: RecordEvent,
  signal: AbortSignal,
): Promise<void> {
  if (config.cmms === undefined) return;
  const cmms = cmmsConfigSchema.parse(config.cmms);
  const { nats, partitions } = config;
  const connection = await connectNats({
    ...nats,
    ...nats.delivery,
    name: 'andon maintenance',
    patience: 'wait',
    signal,
  }).catch((error: unknown) => {
    if (signal.aborted) return undefined;
    throw error;
  });
  if (connection === undefined) return;
  try {
    const store = { replicas: config.stream.replicas, onMended: mendingReporter(record) };
    await ensureRequests(connection, store);
    await runSystems({ ...store, connection, cmms, record, signal, partitions });
  } finally {
    await connection.close();
  }
}

/** The first signal drains; the second one ends the process as it stands: everything needed is on disk. */
function drainOnSignal(record: RecordEvent): AbortSignal {
  const drain = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (drain.signal.aborted) process.exit(130);
      record({ kind: 'draining', reason: signal });
      drain.abort();
    });
  }
  return drain.signal;
}
