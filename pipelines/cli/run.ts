import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { createBlocks } from '../../sinks/clickhouse/blocks.ts';
import { installedStream } from '../../sinks/installation.ts';
import { type CmmsConfig, readCmmses } from '../../sinks/remote/config.ts';
import { openAuditor } from '../audit/audit.ts';
import { type AuditQueue, createAuditQueue, keepAudit } from '../audit/keeper.ts';
import { endOnSignal } from '../base/child.ts';
import { type Config, readConfig } from '../base/config.ts';
import { EXIT, Problem } from '../base/problem.ts';
import { type DirectoryLock, lockDirectory } from '../base/process-lock.ts';
import { readSystems } from '../base/system-profiles.ts';
import { within } from '../base/within.ts';
import { createLogTime } from '../nats/log-time.ts';
import { connectNats } from '../nats/nats.ts';
import { ensureCommands, ensureRequests, partitionStream } from '../nats/streams.ts';
import { startHttp } from '../observe/http.ts';
import { createInternalEvents, type RecordEvent } from '../observe/observe.ts';
import { createReadiness } from '../observe/readiness.ts';
import { createStatusWatch } from '../observe/worker-status.ts';
import { keepDeliveries } from '../systems/deliveries.ts';
import { contentOfReport } from '../systems/reconciliation/report-text.ts';
import { runSystems, type SystemsOptions } from '../systems/systems.ts';
import { createWebhooks } from '../systems/webhooks.ts';
import { createLandingSink, type LandingSink } from '../warehouse/landing-sink.ts';
import { openWarehouse } from '../warehouse/warehouse.ts';
import { followWorkFigures } from '../warehouse/work-figures.ts';
import { type WorkerIdentity, workerIdentity } from '../worker/ownership/ownership.ts';
import { mendingReporter } from '../worker/report.ts';
import { runWorker, type WorkerOptions } from '../worker/worker.ts';
import { migrationActs } from './audited.ts';
import { runMember } from './run-member.ts';

/** Between two beginnings of the delivery of requests: milliseconds. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;

type Options = {
  readonly config?: string;
  readonly acceptLoss?: true;
  readonly partition?: string;
};

/** Adds `andon run`: a worker, and the delivery of its requests. */
export function registerRun(command: Command): void {
  command
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--partition <number>', 'works this one alone, also where `group` is configured')
    .option('--accept-loss', 'go on past messages that the stream trimmed before they were read')
    .addHelpText(
      'after',
      '\nSIGTERM and Ctrl-C drain: the epoch under way is written, landed and checkpointed. A second one stops at once.',
    )
    .action(async (options: Options) => {
      await run(options);
    });
}

const NO_LOSS_IN_GROUP = new Problem({
  where: '--accept-loss',
  expected: 'one partition (`--partition <number>`) whose messages may stay unread',
  found: 'a group in the configuration, which works many',
  remedy:
    'Run the partition with `--partition` and `--accept-loss` until it goes on, and then the group.',
  exit: EXIT.input,
});

/** Runs a worker, and beside it the delivery of requests where a CMMS is configured, until a signal drains it. */
async function run({ config: file, acceptLoss, partition }: Options): Promise<void> {
  // Whatever the worker and its children write is for this user alone.
  process.umask(0o077);
  const config = readConfig(file, { ...process.env, '--partition': partition });
  const { group: share } = config;
  if (share !== undefined && partition === undefined) {
    if (acceptLoss === true) throw NO_LOSS_IN_GROUP;
    await runMember({ config, share, file });
    return;
  }
  const place = workerIdentity(config);
  // Before any port or child process: who starts a worker twice shall hear of the first one, not of its ports.
  const ownership = await lockDirectory(place.directory, place.owner);
  try {
    await runOwned(config, place, ownership, { acceptLoss: acceptLoss === true, file });
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
  const { unready, watch: watchReadiness } = createReadiness();
  const status = createStatusWatch(config, unready);
  const queue = createAuditQueue();
  const land: LandingSink['write'] = (content, signal) => landing.write(content, signal);
  const stream = installedStream(config.nats.prefix, partitionStream(config.partition));
  const deliveries = keepDeliveries({ stream, record: events.record, land });
  const watches = [watchReadiness, status.watch, deliveries.watch, watchLoss(queue)];
  const record: RecordEvent = (event) => {
    for (const watch of watches) watch(event);
    events.record(event);
  };
  // Everything needed is on disk when a second signal ends it as it stands.
  const drain = endOnSignal((reason) => record({ kind: 'draining', reason }));
  const webhooks = createWebhooks(record);
  const serving = { unready, status: status.report, webhook: webhooks.receive };
  const http = await startHttp({ ...config.http, ...serving, metrics: events.metrics });
  const landing = landInto(config, record, queue);
  const over = new AbortController();
  const described = { ...describedSystems(config, file, landing), webhooks };
  const beside = { record, signal: AbortSignal.any([drain, over.signal]) };
  const working = [
    carryOut(config, described, beside),
    auditBeside(config, queue, landing, beside),
    figuresBeside(config, landing, beside),
  ];
  try {
    await landing.begin();
    if (acceptLoss) await noteAcceptedLoss(config, drain);
    await runWorker({
      ...{ config, identity: place, lock, record, landing, createBlocks },
      observer: status.observer,
      hasTaken: hasLanded(landing),
      ...{ acceptLoss, drain },
    }).catch((error: unknown) => {
      // Told to go before it had begun: nothing was under way.
      if (!drain.aborted || !isAbort(error)) throw error;
    });
  } finally {
    over.abort();
    await Promise.all(working);
    await deliveries.stop();
    await landing.close();
    await http.close();
  }
}

/** What was never read is an act for the audit stream. */
function watchLoss(queue: AuditQueue): RecordEvent {
  return (event) => {
    if (event.kind !== 'gap' || event.reason !== 'trimmed') return;
    queue.add({ act: 'loss', what: `${event.stream} ${event.from}-${event.to}` });
  };
}

/** One of an installation reads what all have landed. */
async function figuresBeside(config: Config, landing: LandingSink, beside: Beside): Promise<void> {
  if (config.partition === 0) await followWorkFigures({ ...beside, landing });
}

/** Files of the schema that are run on the way are acts for the audit stream. */
function landInto(config: Config, record: RecordEvent, queue: AuditQueue): LandingSink {
  const { database } = config.clickhouse;
  return createLandingSink(
    () => openWarehouse(config, record),
    config,
    record,
    (files) => {
      for (const act of migrationActs(database, files)) queue.add(act);
    },
  );
}

/** What runs beside a worker: where its trouble is recorded, and what ends it. */
type Beside = { readonly record: RecordEvent; readonly signal: AbortSignal };

/** Whoever lets messages go unread has said so before they are passed over. */
async function noteAcceptedLoss(config: Config, signal: AbortSignal): Promise<void> {
  const connection = await connectNats({ ...config.nats, name: 'andon', patience: 30_000, signal });
  try {
    const auditor = await openAuditor(connection, { via: 'worker', user: config.user });
    const what = `${config.pipeline}-${config.partition}`;
    await auditor.around([{ act: 'accept-loss', what }], async () => undefined);
  } finally {
    await connection.close();
  }
}

/**
 * Keeps the audit stream beside the worker; the one of the first partition lands it. Trouble is recorded and tried again.
 * Never rejects.
 */
function auditBeside(
  config: Config,
  queue: AuditQueue,
  landing: LandingSink,
  { record, signal }: Beside,
): Promise<void> {
  const { partition, user, nats } = config;
  const { replicas } = config.stream;
  return untilAborted({ record, signal }, 'audit', async () => {
    const connection = await connectNats({
      ...nats,
      name: 'andon audit',
      patience: 'wait',
      signal,
    });
    try {
      await keepAudit(connection, queue, {
        ...{ partition, user, replicas, onMended: mendingReporter(record), record, signal },
        landing: partition === 0 ? landing : undefined,
      });
    } finally {
      await connection.close();
    }
  });
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

type Described = { readonly cmms: readonly CmmsConfig[] } & Pick<
  SystemsOptions,
  'systems' | 'webhooks' | 'landReports' | 'wasGiven'
>;

function describedSystems(
  config: Config,
  file: string | undefined,
  landing: LandingSink,
): Described {
  return {
    cmms: readCmmses(config.cmms),
    systems: readSystems(config.systems, file),
    ...remembering(landing),
  };
}

/** So long the warehouse has to say whether it knows a key: milliseconds. */
const REMEMBERING = 10_000;

/** What is compared lands, and the tables remember what ledger and outbox have forgotten. */
function remembering(landing: LandingSink): Pick<Described, 'landReports' | 'wasGiven'> {
  const knows = (table: string, column: string) => async (key: string) => {
    // Keys of ours are such; what else somebody wrote into an object was never given.
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(key)) return false;
    const query = `SELECT 1 AS found FROM ${table} WHERE ${column} = '${key}' LIMIT 1`;
    const answer = landing.ask<object>(query, REMEMBERING);
    return answer.then((rows) => rows.length > 0).catch(() => undefined);
  };
  return {
    landReports: (report, signal) => landing.write(contentOfReport(report), signal),
    wasGiven: { requests: knows('request_history', 'id'), commands: knows('commands', 'key') },
  };
}

/** Asked where a worker goes on without the directory of the one before it: another warehouse would lack rows for ever. */
function hasLanded(landing: LandingSink): WorkerOptions['hasTaken'] {
  return async ({ pipeline, run, stream, created }, sink, { epoch }) => {
    // The others are streams beside the log.
    if (sink !== landing.name) return true;
    const query =
      'SELECT 1 AS found FROM epochs WHERE pipeline = {pipeline:String} AND run = {run:String} ' +
      'AND stream = {stream:String} AND created = {created:String} AND epoch = {epoch:UInt64} LIMIT 1';
    const asked = { pipeline, run, stream, created, epoch: String(epoch) };
    const answer = within(2 * REMEMBERING, landing.ask<object>(query, REMEMBERING, asked));
    return answer.then((rows) => rows.length > 0).catch(() => undefined);
  };
}

/** Carries requests and commands out beside the worker, where systems are described. Never rejects. */
async function carryOut(config: Config, described: Described, beside: Beside): Promise<void> {
  if (described.cmms.length === 0 && described.systems === undefined) return;
  await untilAborted(beside, 'maintenance', () =>
    carryOutOnce(config, described, beside.record, beside.signal),
  );
}

/**
 * Does something again and again until it is over. Trouble of whatever kind is recorded and tried again: it is no reason
 * to stop the work on the log.
 */
async function untilAborted(
  { record, signal }: Beside,
  of: 'maintenance' | 'audit',
  work: () => Promise<void>,
): Promise<void> {
  const where = of === 'audit' ? 'audit stream' : 'delivery of requests';
  for (let pause = FIRST_PAUSE; !signal.aborted; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    try {
      await work();
    } catch (error) {
      if (signal.aborted) return;
      const cause = error instanceof Error ? error : new Error(String(error));
      record({ kind: `${of}-trouble`, where, error: cause });
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
  const connect = (login: object) =>
    connectNats({ ...nats, ...login, name: 'andon maintenance', patience: 'wait', signal });
  const connection = await connect(nats.delivery ?? {});
  // Who carries out requests may not read the log, and has to know what time it is there.
  const reader = nats.delivery === undefined ? connection : await connect({});
  try {
    const store = { replicas: config.stream.replicas, onMended: mendingReporter(record) };
    if (described.cmms.length > 0) await ensureRequests(connection, store);
    if (described.systems !== undefined) await ensureCommands(connection, store);
    const logKeeps = config.stream.days * 86_400_000;
    await runSystems({
      ...{ ...store, ...described, connection, record, signal, partitions, logKeeps },
      logTime: createLogTime(reader),
    });
  } finally {
    await Promise.all([connection.close(), reader.close()]);
  }
}
