// What is done in the CMMS, the maintenance management system: requests go there, and what becomes of them comes back.

import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { CmmsConfig } from '../../sinks/remote/config.ts';
import type { CallOutcome } from '../../sinks/remote/outcome.ts';
import { type Cmms, createCmms } from '../../sinks/remote/remote.ts';
import type { Environment } from '../../sinks/remote/secret.ts';
import type { RecordEvent } from '../observe/observe.ts';
import { awaitLease } from '../worker/ownership/lease.ts';
import { startArchiving } from './archive.ts';
import { runDeliveryLoop } from './delivery-loop.ts';
import { openLedger } from './ledger.ts';
import { followRevisions, openRevisions } from './revision-reader.ts';

export type SystemsOptions = {
  readonly connection: NatsConnection;
  readonly cmms: CmmsConfig;
  readonly record: RecordEvent;
  /** Ends it: what is under way is finished, nothing new is begun. */
  readonly signal: AbortSignal;
  /** Of the log that statuses are published into. Default 1. */
  readonly partitions?: number;
  /** Milliseconds for which the log keeps its messages: requests are kept longer, whatever `keep` says. Default 0. */
  readonly logKeeps?: number;
  /** Where the secrets of the configuration are looked up. Default: the environment of the process. */
  readonly environment?: Environment;
  /** Milliseconds without a sign of life after which another process may take over. Default 10,000. */
  readonly term?: number;
  /** Epoch milliseconds. Default: the clock. */
  readonly now?: () => number;
};

const AFTER_TROUBLE = 1_000;
const DAY = 86_400_000;

/**
 * Brings every revision of every request into the CMMS, in order, and what becomes of a request back into the log. Runs
 * until `signal` aborts. It may be killed at any time and started again anywhere; one process at a time does the work,
 * others wait for their turn.
 *
 * Not promised: a CMMS that finishes a call later than `settle` after it fell silent can end up with two objects.
 */
export async function runSystems(options: SystemsOptions): Promise<void> {
  const { connection, cmms: config, record, signal } = options;
  const cmms = watchDoor(createCmms(config, options.environment ?? process.env), record);
  const ledger = await openLedger(connection);
  const me = { owner: `${hostname()}:${process.pid}`, host: hostname() };
  while (!signal.aborted) {
    const lease = await awaitLease({
      connection,
      key: 'maintenance',
      expected: 'that no other process carries out requests',
      me,
      ...(options.term === undefined ? {} : { term: options.term }),
      signal,
      onHeld: (other) => record({ kind: 'maintenance-owned', owner: other, own: false }),
    }).catch((error: unknown) => {
      if (signal.aborted) return undefined;
      throw error;
    });
    if (lease === undefined) return;
    record({ kind: 'maintenance-owned', owner: me.owner, own: true });
    const context = {
      cmms,
      record,
      partitions: options.partitions ?? 1,
      signal: AbortSignal.any([signal, lease.lost]),
      now: options.now ?? Date.now,
      timing: {
        timeout: config.timeout,
        settle: config.settle,
        faults: config.retry.faults,
        every: config.status?.every ?? 10_000,
      },
    };
    const stopArchiving = startArchiving({
      ...{ connection, ledger, record, now: context.now },
      keep: Math.max(config.keep, (options.logKeeps ?? 0) + DAY),
      polled: config.status !== undefined,
    });
    try {
      await runDeliveryLoop({
        follow: (following) => followRevisions(connection, following),
        revisions: await openRevisions(connection),
        log: jetstream(connection),
        ledger,
        context,
        width: config.concurrency,
        retry: config.retry,
      });
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error));
      if (!signal.aborted)
        record({ kind: 'maintenance-trouble', where: 'delivery loop', error: cause });
      await sleep(AFTER_TROUBLE, undefined, { signal }).catch(() => undefined);
    } finally {
      await stopArchiving();
      await lease.release();
    }
  }
}

/**
 * The same system, with an alarm while something else answers in its place: a gateway, a log-in page, a wrong address, a
 * search without its filter. Each change is recorded once, however many requests wait behind it.
 */
function watchDoor(cmms: Cmms, record: RecordEvent): Cmms {
  let wrong = false;

  async function watched<T>(answer: Promise<CallOutcome<T>>): Promise<CallOutcome<T>> {
    const outcome = await answer;
    const atDoor = 'door' in outcome && outcome.door === true;
    if (atDoor && !wrong) {
      wrong = true;
      record({ kind: 'cmms-door-wrong', cmms: cmms.name, note: outcome.note });
    } else if (wrong && outcome.kind === 'ok') {
      wrong = false;
      record({ kind: 'cmms-door-right', cmms: cmms.name });
    }
    return outcome;
  }

  const { status } = cmms;
  return {
    name: cmms.name,
    search: (...question) => watched(cmms.search(...question)),
    create: (...order) => watched(cmms.create(...order)),
    write: (...order) => watched(cmms.write(...order)),
    status: status === undefined ? undefined : (...question) => watched(status(...question)),
  };
}
