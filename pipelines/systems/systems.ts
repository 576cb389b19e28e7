// What is done in the CMMS, the maintenance management system: requests go there, and what becomes of them comes back.

import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { CmmsConfig } from '../../sinks/remote/config.ts';
import { createCmms } from '../../sinks/remote/remote.ts';
import type { Environment } from '../../sinks/remote/secret.ts';
import type { RecordEvent } from '../observe/observe.ts';
import { awaitLease } from '../worker/ownership/lease.ts';
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
  /** Where the secrets of the configuration are looked up. Default: the environment of the process. */
  readonly environment?: Environment;
  /** Milliseconds without a sign of life after which another process may take over. Default 10,000. */
  readonly term?: number;
  /** Epoch milliseconds. Default: the clock. */
  readonly now?: () => number;
};

const AFTER_TROUBLE = 1_000;

/**
 * Brings every revision of every request into the CMMS, in order, and what becomes of a request back into the log. Runs
 * until `signal` aborts. It may be killed at any time and started again anywhere; one process at a time does the work,
 * others wait for their turn.
 *
 * Not promised: a CMMS that finishes a call later than `settle` after it fell silent can end up with two objects.
 */
export async function runSystems(options: SystemsOptions): Promise<void> {
  const { connection, cmms: config, record, signal } = options;
  const cmms = createCmms(config, options.environment ?? process.env);
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
      await lease.release();
    }
  }
}
