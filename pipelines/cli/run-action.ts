import { cmmsConfigSchema } from '../../sinks/cmms/config.ts';
import { type Config, readConfig } from '../base/config.ts';
import { own } from '../base/process-lock.ts';
import { connectNats } from '../nats/connection.ts';
import { ensureRequests } from '../nats/streams.ts';
import { startHttp } from '../observe/http.ts';
import { createInternalEvents, type RecordEvent } from '../observe/internal-events.ts';
import type { Progress } from '../observe/lag.ts';
import { runMaintenance } from '../systems/systems.ts';
import { createLandingSink } from '../warehouse/landing-sink.ts';
import { openWarehouse } from '../warehouse/warehouse.ts';
import { type Place, placeOf, runWorker } from '../worker/worker.ts';

/** Runs a worker, and the maintenance pipeline beside it where a CMMS is configured, until a signal drains it. */
export async function run(file: string | undefined, acceptLoss: boolean): Promise<void> {
  const config = readConfig(file);
  const place = placeOf(config);
  // Before any port or child process: who starts a worker twice shall hear of the first one, not of its ports.
  const ownership = await own(place.directory, place.owner);
  try {
    await runOwned(config, place, acceptLoss);
  } finally {
    await ownership.release();
  }
}

async function runOwned(config: Config, place: Place, acceptLoss: boolean): Promise<void> {
  const { record, metrics } = createInternalEvents({
    level: config.log.level,
    labels: { pipeline: config.pipeline, partition: String(config.partition) },
  });
  const drain = drainOnSignal(record);
  let progress: Progress | undefined;
  const http = await startHttp({
    ...config.http,
    metrics,
    unready: () => (progress === undefined ? ['no message was processed yet'] : []),
  });
  const landing = createLandingSink(() => openWarehouse(config, record), config, record);
  // A maintenance pipeline that fails drains the worker; one whose worker is gone has nothing to wait for.
  const failed = new AbortController();
  const ending = AbortSignal.any([drain, failed.signal]);
  const over = new AbortController();
  const maintaining = maintain(config, record, AbortSignal.any([drain, over.signal])).catch(
    (error: unknown) => {
      failed.abort();
      throw error;
    },
  );
  maintaining.catch(() => undefined);
  try {
    await landing.begin();
    await runWorker({
      config,
      place,
      record,
      landing,
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
    await maintaining;
  } finally {
    over.abort();
    await maintaining.catch(() => undefined);
    await landing.close();
    await http.close();
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

async function maintain(config: Config, record: RecordEvent, signal: AbortSignal): Promise<void> {
  if (config.cmms === undefined) return;
  const cmms = cmmsConfigSchema.parse(config.cmms);
  const { nats, partitions } = config;
  const connection = await connectNats({
    ...nats,
    name: 'andon maintenance',
    patience: 'wait',
    signal,
  }).catch((error: unknown) => {
    if (signal.aborted) return undefined;
    throw error;
  });
  if (connection === undefined) return;
  try {
    await ensureRequests(connection);
    await runMaintenance({ connection, cmms, record, signal, partitions });
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
