/** The process that carries out commands to one system: what it opens, and the loop that it runs. */

import type { NatsConnection } from '@nats-io/transport-node';
import type { ReachFields } from '../../sinks/remote/call-config.ts';
import { createMailSystem } from '../../sinks/remote/mail.ts';
import { createRestSystem } from '../../sinks/remote/rest-system.ts';
import type { Environment } from '../../sinks/remote/secret.ts';
import type { System } from '../../sinks/remote/system.ts';
import type { NotifyConfig, SystemConfig } from '../../sinks/remote/system-config.ts';
import type { LogTime } from '../nats/log-time.ts';
import type { StoreOptions } from '../nats/streams.ts';
import type { RecordEvent } from '../observe/observe.ts';
import { archiveCommands, startArchiving } from './archive.ts';
import { runCommandLoop } from './command-loop.ts';
import { openCommands } from './command-reader.ts';
import { watchedSystem } from './door-watch.ts';
import { createFileDoor } from './file-door.ts';
import { openCommandLedger } from './ledger.ts';
import type { LowWaterMark } from './low-water.ts';
import { runNotifications } from './notify/notify-system.ts';
import type { WasGiven } from './reconciliation/compare.ts';
import type { CommandIndex } from './reconciliation/known-commands.ts';
import { commandReconciliation } from './reconciliation/lanes.ts';
import { type ReconcileOptions, startReconciling } from './reconciliation/reconcile.ts';
import { statusLogOf } from './status-log.ts';
import { listenForWebhooks, type Webhooks } from './webhooks.ts';

/** What a process that owns the commands of a system is given. */
export type OwnerOptions = StoreOptions & {
  readonly connection: NatsConnection;
  readonly record: RecordEvent;
  readonly signal: AbortSignal;
  readonly partitions: number;
  readonly logTime: LogTime;
  readonly now: () => number;
  /** Milliseconds since the last thing that happened to a command. */
  readonly keep: number;
  readonly index: CommandIndex;
  readonly webhooks?: Webhooks | undefined;
  readonly environment?: Environment | undefined;
  readonly landReports?: ReconcileOptions['land'];
  readonly wasGiven?: { readonly requests: WasGiven; readonly commands: WasGiven } | undefined;
};

export interface CommandOwner {
  /** Of the system. */
  readonly name: string;
  /** Milliseconds. */
  readonly keep: number;
  run(options: OwnerOptions): Promise<void>;
}

type Manner = Pick<
  Exclude<SystemConfig, NotifyConfig>,
  'timeout' | 'settle' | 'concurrency' | 'retry' | 'keep'
> & {
  readonly every: number;
  /** Undefined where there is nobody to compare with. */
  readonly reconcile?: Exclude<SystemConfig, NotifyConfig>['reconcile'];
  readonly webhook?: ReachFields['webhook'];
};

/** `run` rejects when a secret is not there: that stops the commands to this system, and to no other. */
export function commandOwner(
  config: SystemConfig,
  {
    record,
    environment = process.env,
  }: { readonly record: RecordEvent; readonly environment?: Environment | undefined },
): CommandOwner {
  const { name, keep } = config;
  const isMine = (other: string) => other === name;
  if (config.kind === 'notify') {
    const run = (options: OwnerOptions) =>
      runNotifications(config, { ...options, environment }, (system, signal) =>
        ownCommands({ open: () => system, isMine, manner: TAKING_OVER, of: '' })({
          ...options,
          signal,
        }),
      );
    return { name, keep, run };
  }
  const open = () => watchedSystem(createSystem(config, environment), record);
  const manner = { ...config, every: EVERY };
  return { name, keep, run: ownCommands({ open, isMine, manner, of: '' }) };
}

/** A system as its profile describes it. Throws when a secret is not there. */
function createSystem(
  config: Exclude<SystemConfig, NotifyConfig>,
  environment: Environment,
): System {
  switch (config.kind) {
    case 'http':
      return createRestSystem(config, environment);
    case 'mail':
      return createMailSystem(config, environment);
    case 'files':
      return createFileDoor(config);
  }
}

/** Looks for what a person wants sent again, and keeps the low water, so often: milliseconds. */
const EVERY = 5_000;

/** Notices are taken over at once: what takes long is telling them. */
const TAKING_OVER: Manner = {
  ...{ timeout: 0, settle: 0, concurrency: 8, keep: 0, every: EVERY },
  retry: { first: 1_000, most: 60_000, faults: 10 },
};

/** Stands for the systems that are not there: no name of a system is such. */
export const ABSENT = '_';

/** Refuses the commands to every system that is not there. */
export function absentOwner(systems: readonly SystemConfig[]): CommandOwner {
  const names = systems.map(({ name }) => name).toSorted();
  const known = names.join(', ') || 'none';
  const system: System = {
    name: ABSENT,
    verbs: new Map(),
    without: () =>
      `expected a system of this installation (${known}): describe it under systems of andon.yaml`,
  };
  const retry = { first: 1_000, most: 60_000, faults: 1 };
  const manner = { timeout: 0, settle: 0, concurrency: 1, retry, keep: 0, every: EVERY };
  const isMine = (name: string) => !names.includes(name);
  const open = () => system;
  return { name: ABSENT, keep: 0, run: ownCommands({ open, isMine, manner, of: names.join(' ') }) };
}

function ownCommands({
  open,
  isMine,
  manner,
  of,
}: {
  readonly open: () => System;
  readonly isMine: (name: string) => boolean;
  readonly manner: Manner;
  readonly of: string;
}) {
  return async (options: OwnerOptions): Promise<void> => {
    const { connection, record, signal, partitions, now } = options;
    const system = open();
    const ledger = await openCommandLedger(connection, system.name, options);
    const filter = system.name === ABSENT ? '*' : system.name;
    const commands = await openCommands(connection, filter);
    const { timeout, settle, retry, every, concurrency, reconcile } = manner;
    let [stopArchiving, stopReconciling, stopListening] = [
      async () => {},
      async () => {},
      () => {},
    ];
    const timing = { timeout, settle, every, faults: retry.faults };
    const context = { record, signal, partitions, now, timing };
    const archive = (low: LowWaterMark) => {
      const archiving = { ...options, ledger, isMine, upTo: () => low.value };
      stopArchiving = startArchiving(() => archiveCommands(archiving), record);
    };
    try {
      await runCommandLoop({
        ...{ commands, ledger, isMine, of, retry, width: concurrency },
        context: { ...context, system, log: statusLogOf(connection, options) },
        onLowWater: archive,
        async onLooking(look) {
          if (reconcile === undefined) return;
          const lane = { ...options, system, context, reconcile, ledger, commands, look };
          stopReconciling = startReconciling(await commandReconciliation(lane));
          const { webhook } = manner;
          // Whatever it is about: what waits for a word of this system is looked at.
          const about = { name: system.name, webhook: webhook && { secret: webhook.secret } };
          stopListening = listenForWebhooks(about, options, async () => {
            for (const id of await ledger.watched()) await look(id);
          });
        },
      });
    } finally {
      stopListening();
      await stopReconciling();
      await stopArchiving();
    }
  };
}
