/** Both sides of a comparison: the ledger and the outbox here, and the objects of the system over there. */

import type { NatsConnection } from '@nats-io/transport-node';
import type { Command } from '../../../operators/model/command.ts';
import type { Request } from '../../../operators/model/request.ts';
import type { ReadChanges } from '../../../sinks/remote/changes.ts';
import { success } from '../../../sinks/remote/outcome.ts';
import type { Cmms } from '../../../sinks/remote/remote.ts';
import type { System, Verb } from '../../../sinks/remote/system.ts';
import type { CommandEntry } from '../command-entry.ts';
import { isFinal, type LedgerEntry } from '../entry.ts';
import { newestRevisions } from '../inspect.ts';
import { type CommandLedger, commandName, type EntryStore } from '../ledger.ts';
import type { Revisions } from '../revision-reader.ts';
import type { OwnLedger, RequestRoute } from '../route.ts';
import type { Comparison, WasGiven } from './compare.ts';
import type { OurWork, TheirObject } from './difference.ts';
import type { KnownCommands } from './known-commands.ts';

/** So many entries are asked for at a time. */
const WIDTH = 64;

type RequestSides = {
  readonly connection: NatsConnection;
  readonly cmms: Cmms;
  readonly ledger: Pick<OwnLedger, 'shared' | 'get'>;
  readonly revisions: Revisions;
  /** Which requests are of this CMMS. */
  readonly route: RequestRoute;
  readonly wasGiven: WasGiven;
};

/** Requests, and the objects that they have in the CMMS. */
export function requestSides(options: RequestSides): Comparison {
  const { connection, cmms, ledger, revisions, route, wasGiven } = options;
  const contents = new Map<string, Request>();
  const workOf = (id: string, last: number, entry: LedgerEntry | undefined) =>
    requestWork(id, last, entry, { revisions, contents, updates: cmms.updates });
  return {
    ...{ system: cmms.name, verb: 'request', wasGiven },
    async ours() {
      contents.clear();
      const { own, foreign } = await ledger.shared();
      const entries = new Map(own.map((entry) => [entry.id, entry]));
      const newest = await newestRevisions(connection, 'request.*.*');
      return inParallel([...newest], async ([id, last]) => {
        const entry = entries.get(id);
        const mine = !foreign.has(id) && (await route.isMine(id, entry));
        const work = mine ? await workOf(id, last, entry) : undefined;
        return [id, work] as const;
      });
    },
    async look(id) {
      // A key of somebody else may be no name at all.
      if (!/^[A-Za-z0-9_-]+$/.test(id)) return undefined;
      const last = (await newestRevisions(connection, `request.${id}.*`)).get(id);
      const { entry } = await ledger.get(id);
      if (last === undefined || !(await route.isMine(id, entry))) return undefined;
      return workOf(id, last, entry);
    },
    list: listOf(cmms.changes, (object, key) => {
      const content = contents.get(key);
      const state = cmms.statusOf(object);
      const differences = content === undefined ? [] : cmms.differences(object, content);
      return { state, over: isFinal(state), differences };
    }),
    async search(work, call) {
      const request = contents.get(work.key);
      if (request !== undefined) return cmms.search(request, call);
      return success(work.remote === null ? [] : [work.remote]);
    },
  };
}

type RequestContents = {
  readonly revisions: Revisions;
  /** The revision whose content the object must have, by request. */
  readonly contents: Map<string, Request>;
  /** The CMMS takes the content of later revisions too. */
  readonly updates: boolean;
};

async function requestWork(
  id: string,
  last: number,
  entry: LedgerEntry | undefined,
  { revisions, contents, updates }: RequestContents,
): Promise<OurWork> {
  const stored = await revisions.read(id, last);
  const newest = stored?.kind === 'request' ? stored.request : undefined;
  let written = newest;
  for (let n = updates ? (entry?.delivered ?? 0) : 1; n >= 1; n -= 1) {
    const at = n === last ? stored : await revisions.read(id, n);
    if (at?.kind !== 'request') continue;
    written = at.request;
    if (written.action === 'open' || written.action === 'update') break;
  }
  if (written !== undefined) contents.set(id, written);
  const decided = stored?.kind === 'request' ? stored.stored : 0;
  const { remote = null, status = null, delivery = 'waiting', revision = 0 } = entry ?? {};
  const waiting = revision < last || (entry?.sending ?? null) !== null;
  const refused = delivery === 'rejected' && remote === null;
  const note = entry?.history.at(-1)?.note ?? null;
  return {
    ...{ key: id, id, request: id, asset: newest?.asset ?? entry?.asset ?? '', decided },
    ...{ waiting, remote, state: status },
    expects: isFinal(status) ? 'either' : remote !== null || refused ? 'object' : 'nothing',
    note: remote === null ? note : null,
    wanted: !isFinal(status) && !refused,
  };
}

type CommandSides = {
  readonly system: System;
  readonly verb: string;
  readonly of: Verb;
  readonly ledger: Pick<CommandLedger, 'get'>;
  readonly requests: Pick<EntryStore<LedgerEntry>, 'get'>;
  readonly commands: KnownCommands;
  readonly wasGiven: WasGiven;
};

/** The commands of one verb, and the objects that they made. */
export function commandSides(options: CommandSides): Comparison {
  const { system, verb, of, commands, wasGiven } = options;
  const { held } = of;
  const commandOf = (key: string) => {
    const command = commands.byKey(key);
    return command?.verb === verb ? command : undefined;
  };
  return {
    ...{ system: system.name, verb, wasGiven },
    async ours() {
      await commands.refresh();
      const all = commands.all().filter((command) => command.verb === verb);
      return inParallel(all, async (command) => [command.key, await commandWork(command, options)]);
    },
    async look(key) {
      await commands.refresh();
      const command = commandOf(key);
      return command === undefined ? undefined : commandWork(command, options);
    },
    list: listOf(held?.changes, (object, key) => {
      const command = commandOf(key);
      const state = held?.stateOf(object) ?? null;
      const differences = command === undefined ? [] : held?.differences(object, command);
      const over = state !== null && of.state?.final.has(state) === true;
      return { state, over, differences: differences ?? [] };
    }),
    async search({ key }, call) {
      const command = commandOf(key);
      if (command === undefined || of.search === undefined) return success([]);
      const found = await of.search({ command, remote: null, values: {} }, call);
      return found.kind === 'ok' ? success(found.value.map(({ remote }) => remote)) : found;
    },
  };
}

/** Undefined when it was over so long ago that ledger and stream have forgotten it. */
async function commandWork(
  command: Command,
  { system, of, ledger, requests, commands }: CommandSides,
): Promise<OurWork | undefined> {
  const { id, key, request, asset, time } = command;
  const entryOf = async (one: string): Promise<CommandEntry | undefined> =>
    (await ledger.get(commandName({ system: system.name, id: one }))).entry;
  const undo = commands.undoOf(id);
  const entry = await entryOf(id);
  if (entry === undefined && !(await commands.isKept(id))) {
    commands.forget(command);
    return undefined;
  }
  const isWaiting = async (one: string) => {
    const known = await entryOf(one);
    return known === undefined ? commands.isKept(one) : known.outcome === null;
  };
  const { outcome = null, state = null, remote = null } = entry ?? {};
  const isDone = outcome === 'done' && undo === undefined;
  const isOver = state !== null && of.state?.final.has(state) === true;
  const isRequestOver = async () => isFinal((await requests.get(request)).entry?.status ?? null);
  return {
    ...{ key, id, request, asset, decided: time / 1_000, remote, state },
    waiting: outcome === null || (undo !== undefined && (await isWaiting(undo))),
    expects: isOver ? 'either' : isDone ? 'object' : 'nothing',
    wanted: isDone && !isOver && !(await isRequestOver()),
    note: isDone || outcome === null ? null : undo === undefined ? `was ${outcome}` : TAKEN_BACK,
  };
}

const TAKEN_BACK = 'was taken back';

/** Reads what a list has of each object that carries a key. */
function listOf(
  changes: ReadChanges | undefined,
  read: (object: unknown, key: string) => Pick<TheirObject, 'state' | 'over' | 'differences'>,
): Comparison['list'] {
  if (changes === undefined) return undefined;
  return (since, onObject, call) =>
    changes(
      since,
      ({ remote, key, changed, object }) => {
        if (key === '') return;
        const at = changed === null ? null : changed / 1_000;
        onObject({ remote, key, changed: at, ...read(object, key) });
      },
      call,
    );
}

async function inParallel<A, B>(
  items: readonly A[],
  read: (item: A) => Promise<readonly [string, B | undefined]>,
): Promise<ReadonlyMap<string, B>> {
  const found = new Map<string, B>();
  for (let at = 0; at < items.length; at += WIDTH) {
    for (const [key, value] of await Promise.all(items.slice(at, at + WIDTH).map(read))) {
      if (value !== undefined) found.set(key, value);
    }
  }
  return found;
}
