/** What it takes to compare the requests of a CMMS, and the commands of another system, and to mend what differs. */

import type { NatsConnection } from '@nats-io/transport-node';
import type { CmmsConfig } from '../../../sinks/remote/config.ts';
import type { System } from '../../../sinks/remote/system.ts';
import type { StoreOptions } from '../../nats/streams.ts';
import type { CommandReader } from '../command-reader.ts';
import type { DeliveryContext, SystemContext } from '../context.ts';
import { askResend, type CommandLedger, commandName, findLedger } from '../ledger.ts';
import type { Revisions } from '../revision-reader.ts';
import type { OwnLedger, RequestRoute } from '../route.ts';
import { openReconcileBook } from './book.ts';
import type { WasGiven } from './compare.ts';
import type { SystemDifference } from './difference.ts';
import type { CommandIndex } from './known-commands.ts';
import type { ReconcileOptions } from './reconcile.ts';
import { commandSides, requestSides } from './sides.ts';

type Lane = StoreOptions & {
  readonly connection: NatsConnection;
  readonly landReports?: ReconcileOptions['land'];
  readonly wasGiven?: { readonly requests: WasGiven; readonly commands: WasGiven } | undefined;
};

/** Without a warehouse nobody remembers more than the ledger and the outbox. */
const forgotten: WasGiven = async () => false;

type RequestLane = Lane & {
  readonly config: CmmsConfig;
  readonly context: DeliveryContext;
  readonly ledger: OwnLedger;
  readonly revisions: Revisions;
  readonly route: RequestRoute;
  /** Asks for the status of a request at once. */
  readonly look: (id: string) => void;
};

export async function requestReconciliation(options: RequestLane): Promise<ReconcileOptions> {
  const { connection, config, context, ledger, revisions, route, look } = options;
  const { cmms, record, now, signal, timing } = context;
  const wasGiven = options.wasGiven?.requests ?? forgotten;
  return {
    ...{ system: cmms.name, lane: 'requests', record, now, signal },
    sides: [requestSides({ connection, cmms, ledger, revisions, route, wasGiven })],
    book: await openReconcileBook(connection, 'requests', cmms.name, options),
    timing: config.reconcile,
    grace: 2 * timing.every + timing.timeout,
    land: options.landReports,
    async mend({ kind, field, id }) {
      if (kind !== 'drifted' || field !== 'state') {
        await askResend(connection, id);
        return true;
      }
      const { entry, version } = await ledger.get(id);
      if (entry === undefined) return false;
      // As if nobody had asked yet: the next look says what it finds.
      return forgetState(
        () => ledger.put({ ...entry, status: null, word: null }, version),
        () => look(id),
      );
    },
  };
}

type CommandLane = Lane & {
  readonly system: System;
  readonly context: Pick<SystemContext, 'record' | 'now' | 'signal' | 'timing'>;
  readonly reconcile: ReconcileOptions['timing'];
  readonly ledger: CommandLedger;
  readonly commands: CommandReader;
  readonly index: CommandIndex;
  /** Looks at the object of a command from now on. */
  readonly look: (id: string) => Promise<void>;
};

export async function commandReconciliation(options: CommandLane): Promise<ReconcileOptions> {
  const { connection, system, context, ledger, look } = options;
  const { record, now, signal, timing } = context;
  const wasGiven = options.wasGiven?.commands ?? forgotten;
  const requests = (await findLedger(connection)) ?? {
    get: async () => ({ entry: undefined, version: 0 }),
  };
  const verbs = [...system.verbs].filter(([, { create }]) => create !== undefined);
  const commands = options.index.of({
    system: system.name,
    verbs: new Set(verbs.map(([verb]) => verb)),
    ...{ read: options.commands.read, signal },
  });
  const polled = verbs.map(([, { state }]) => state?.every ?? 0);
  return {
    ...{ system: system.name, lane: 'commands', record, now, signal },
    sides: verbs.map(([verb, of]) =>
      commandSides({ system, verb, of, ledger, requests, commands, wasGiven }),
    ),
    book: await openReconcileBook(connection, 'commands', system.name, options),
    timing: options.reconcile,
    grace: 2 * Math.max(timing.timeout, ...polled) + timing.timeout,
    land: options.landReports,
    mend: (difference) => mendCommand(difference, { connection, ledger, look, system }),
  };
}

async function mendCommand(
  { kind, field, id }: SystemDifference,
  {
    connection,
    ledger,
    look,
    system,
  }: Pick<CommandLane, 'connection' | 'ledger' | 'look' | 'system'>,
): Promise<boolean> {
  const name = commandName({ system: system.name, id });
  if (kind !== 'drifted' || field !== 'state') {
    await askResend(connection, `command.${name}`);
    return true;
  }
  const { entry, version } = await ledger.get(name);
  if (entry === undefined) return false;
  return forgetState(
    () => ledger.put({ ...entry, state: null, word: null }, version),
    async () => {
      await ledger.watch(id);
      await look(id);
    },
  );
}

/** False when somebody else has changed the entry since: it is dealt with already. */
async function forgetState(
  put: () => Promise<unknown>,
  look: () => void | Promise<void>,
): Promise<boolean> {
  try {
    await put();
  } catch {
    return false;
  }
  await look();
  return true;
}
