// What is done in the systems around the plant: requests go to the CMMS, commands to every other one, and what becomes of
// them comes back.

import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import type { CmmsConfig } from '../../sinks/remote/config.ts';
import { createCmms } from '../../sinks/remote/remote.ts';
import type { Environment } from '../../sinks/remote/secret.ts';
import type { SystemConfig } from '../../sinks/remote/system-config.ts';
import { createLogTime, type LogTime } from '../nats/log-time.ts';
import type { StoreOptions } from '../nats/streams.ts';
import type { RecordEvent } from '../observe/observe.ts';
import { awaitLease } from '../worker/ownership/lease.ts';
import { archiveRequests, startArchiving } from './archive.ts';
import { ABSENT, absentOwner, type CommandOwner, commandOwner } from './command-owner.ts';
import { openCommands } from './command-reader.ts';
import { errorOf } from './context.ts';
import { runDeliveryLoop } from './delivery-loop.ts';
import { watchedCmms } from './door-watch.ts';
import { isFinal } from './entry.ts';
import { type Ledger, openLedger, openOrderLedger } from './ledger.ts';
import { startOrderPoll } from './order-poll.ts';
import type { WasGiven } from './reconciliation/compare.ts';
import { type CommandIndex, createCommandIndex } from './reconciliation/known-commands.ts';
import { requestReconciliation } from './reconciliation/lanes.ts';
import { type ReconcileOptions, startReconciling } from './reconciliation/reconcile.ts';
import { followRevisions, openRevisions } from './revision-reader.ts';
import { ownLedger, routeTo } from './route.ts';
import { statusLogOf } from './status-log.ts';
import { listenForWebhooks, type Webhooks } from './webhooks.ts';

export type SystemsOptions = StoreOptions & {
  readonly connection: NatsConnection;
  /** Where requests go: one CMMS, or several, each of which takes some; without any they wait. */
  readonly cmms?: CmmsConfig | readonly CmmsConfig[] | undefined;
  /** Which systems take commands; undefined: this process has nothing to do with commands. */
  readonly systems?: readonly SystemConfig[] | undefined;
  readonly record: RecordEvent;
  /** Ends it: what is under way is finished, nothing new is begun. */
  readonly signal: AbortSignal;
  /** Of the log that replies are published into. Default 1. */
  readonly partitions?: number;
  /** Of that log. Default: it is asked by the same connection, whose user has to be allowed to read it. */
  readonly logTime?: LogTime;
  /** Milliseconds for which the log keeps its messages: requests are kept longer, whatever `keep` says. Default 0. */
  readonly logKeeps?: number;
  /** Where the secrets of the configuration are looked up. Default: the environment of the process. */
  readonly environment?: Environment;
  /** Where webhooks of systems come in. */
  readonly webhooks?: Webhooks | undefined;
  /** Where what differs lands, and who remembers what is long over. */
  readonly landReports?: ReconcileOptions['land'];
  readonly wasGiven?: { readonly requests: WasGiven; readonly commands: WasGiven } | undefined;
  /** Milliseconds without a sign of life after which another process may take over. Default 10,000. */
  readonly term?: number;
  /** Epoch milliseconds. Default: the clock. */
  readonly now?: () => number;
};

const AFTER_TROUBLE = 1_000;
const DAY = 86_400_000;

/**
 * Brings every revision of every request into the CMMS, every command to its system, each in order, and what becomes of
 * them back into the log. Runs until `signal` aborts. It may be killed at any time and started again anywhere; for each
 * system one process at a time does the work, others wait for their turn.
 *
 * Not promised: a system that finishes a call later than `settle` after it fell silent can end up with two objects.
 */
export async function runSystems(options: SystemsOptions): Promise<void> {
  const { cmms = [], systems } = options;
  const maintained = [cmms].flat();
  const ending = new AbortController();
  const all = { ...options, signal: AbortSignal.any([options.signal, ending.signal]) };
  const index = createCommandIndex(async function* from(sequence) {
    yield* (await openCommands(options.connection, '*')).from(sequence);
  });
  const work: Owned[] = [
    ...maintained.map((config) => requestsOwned(all, config, maintained)),
    ...(systems ?? []).map((config) => commandsOwned(commandOwner(config, all), all, index)),
    ...(systems === undefined ? [] : [commandsOwned(absentOwner(systems), all, index)]),
  ];
  const running = work.map((owned) => whileOwned(owned, all));
  try {
    await Promise.all(running);
  } finally {
    // Nobody goes on alone: whoever has called begins anew with all of them.
    ending.abort();
    await Promise.allSettled(running);
  }
}

/** Work that one process at a time does. `run` ends when its signal aborts. */
type Owned = {
  /** Of its lease. */
  readonly key: string;
  readonly expected: string;
  readonly onOwned: (owner: string, own: boolean) => void;
  readonly where: string;
  readonly run: (signal: AbortSignal) => Promise<void>;
};

async function whileOwned(owned: Owned, options: SystemsOptions): Promise<void> {
  const { connection, record, signal } = options;
  const me = { owner: `${hostname()}:${process.pid}`, host: hostname() };
  while (!signal.aborted) {
    const lease = await awaitLease({
      ...options,
      connection,
      key: owned.key,
      expected: owned.expected,
      me,
      ...(options.term === undefined ? {} : { term: options.term }),
      signal,
      onHeld: (other) => owned.onOwned(other, false),
    }).catch((error: unknown) => {
      if (signal.aborted) return undefined;
      throw error;
    });
    if (lease === undefined) return;
    owned.onOwned(me.owner, true);
    try {
      await owned.run(AbortSignal.any([signal, lease.lost]));
    } catch (error) {
      if (!signal.aborted) {
        record({ kind: 'maintenance-trouble', where: owned.where, error: errorOf(error) });
      }
      await sleep(AFTER_TROUBLE, undefined, { signal }).catch(() => undefined);
    } finally {
      await lease.release();
    }
  }
}

function requestsOwned(
  options: SystemsOptions,
  config: CmmsConfig,
  maintained: readonly CmmsConfig[],
): Owned {
  const { connection, record } = options;
  const timing = {
    ...{ timeout: config.timeout, settle: config.settle, faults: config.retry.faults },
    every: config.status?.every ?? 10_000,
  };
  const now = options.now ?? Date.now;
  return {
    // What takes all others has the lease of one that is alone: a second one never runs beside it.
    key: config.takes === undefined ? 'maintenance' : `maintenance-${config.name}`,
    expected: `that no other process carries out requests in ${config.name}`,
    where: `delivery loop of ${config.name}`,
    onOwned: (owner, own) => record({ kind: 'maintenance-owned', cmms: config.name, owner, own }),
    async run(signal) {
      // A secret that is missing stops this system, and no other.
      const cmms = watchedCmms(createCmms(config, options.environment ?? process.env), record);
      const revisions = await openRevisions(connection);
      const route = routeTo(config, maintained, revisions);
      const ledger = ownLedger(await openLedger(connection, options), route);
      const archiving = {
        ...{ connection, ledger, record, now, polled: config.status !== undefined },
        keep: keptFor(config.keep, options),
      };
      const stopArchiving = startArchiving(() => archiveRequests(archiving), record);
      const partitions = options.partitions ?? 1;
      const log = statusLogOf(connection, { partitions, logTime: logTimeOf(options) });
      const context = { cmms, record, partitions, signal, now, timing };
      const orders = await openOrderLedger(connection, cmms.name, options);
      const orderPoll = startOrderPoll({ ledger: orders, log, context });
      let [stopReconciling, stopListening] = [async () => {}, () => {}];
      try {
        const reconciling = { ...options, config, context, ledger, revisions, route };
        await runDeliveryLoop({
          follow: (following) => followRevisions(connection, following),
          ...{ revisions, log, ledger, context, route },
          width: config.concurrency,
          retry: config.retry,
          async onLooking(look) {
            const prepared = await requestReconciliation({ ...reconciling, look });
            stopReconciling = startReconciling(prepared);
            stopListening = listenForWebhooks(config, options, async (key) => {
              orderPoll.look();
              const open = key === null ? await openRequests(ledger) : [key];
              for (const id of open) look(id);
            });
          },
        });
      } finally {
        await stopReconciling();
        stopListening();
        await orderPoll.stop();
        await stopArchiving();
      }
    },
  };
}

async function openRequests(ledger: Ledger): Promise<readonly string[]> {
  const entries = await ledger.all();
  return entries.filter(({ status }) => !isFinal(status)).map(({ id }) => id);
}

function commandsOwned(owner: CommandOwner, options: SystemsOptions, index: CommandIndex): Owned {
  const { record } = options;
  const { name } = owner;
  return {
    key: `systems-${name}`,
    expected: `that no other process carries out commands to ${name}`,
    where: `commands to ${name}`,
    onOwned(by, own) {
      if (name !== ABSENT) record({ kind: 'commands-owned', system: name, owner: by, own });
    },
    run: (signal) =>
      owner.run({
        ...options,
        ...{ signal, partitions: options.partitions ?? 1, now: options.now ?? Date.now, index },
        logTime: logTimeOf(options),
        keep: keptFor(owner.keep, options),
      }),
  };
}

function logTimeOf({ connection, logTime, now }: SystemsOptions): LogTime {
  return logTime ?? createLogTime(connection, now);
}

function keptFor(keep: number, { logKeeps = 0 }: SystemsOptions): number {
  return Math.max(keep, logKeeps + DAY);
}
