/** Commands as a person sees them: which there are, what became of each, and asking for one again. Needs NATS alone. */

import type { NatsConnection } from '@nats-io/transport-node';
import type { Command } from '../../operators/model/command.ts';
import { toIso } from '../../operators/model/time.ts';
import { COMMAND_STREAM, commandSubject } from '../../sinks/outbox.ts';
import { inColumns } from '../base/in-columns.ts';
import { EXIT, Problem } from '../base/problem.ts';
import { streamIn, streamManager, subjectIn, subjectOutOf } from '../nats/jetstream.ts';
import { findStream } from '../nats/streams.ts';
import type { CommandEntry } from './command-entry.ts';
import { openCommands, type StoredCommand } from './command-reader.ts';
import { hasRevisions, type OrderDetails, type RequestDetails, showRequest } from './inspect.ts';
import { commandName, findCommandLedger, findOrder } from './ledger.ts';
import { historyLines, stuckText } from './request-text.ts';

/** One line of `andon commands`. */
export type CommandSummary = Pick<
  Command,
  'id' | 'system' | 'verb' | 'request' | 'step' | 'n' | 'undoes'
> & {
  /** `waiting` until it is over. */
  readonly outcome: string;
  readonly state: string | null;
  readonly remote: string | null;
  /** What the system has posted for it; null where it says nothing of it. */
  readonly cost: number | null;
  /** Where it is stuck; null when it is over. */
  readonly stuck: string | null;
};

export type CommandDetails = {
  readonly summary: CommandSummary;
  readonly command: Command;
  readonly entry: CommandEntry | null;
};

/** Which are listed: those to one system, or for one request; without them all. */
export type CommandFilter = {
  readonly system?: string | undefined;
  readonly request?: string | undefined;
};

/** In the order of system and id. The stream is read as a whole, and so are the outcomes where all are listed. */
export async function listCommands(
  connection: NatsConnection,
  { system, request }: CommandFilter = {},
): Promise<readonly CommandSummary[]> {
  const found = new Map<string, Command>();
  for await (const stored of storedCommands(connection)) {
    if (stored.kind !== 'command') continue;
    const { command } = stored;
    if (system !== undefined && command.system !== system) continue;
    if (request === undefined || command.request === request) {
      found.set(commandName(command), command);
    }
  }
  const ledger = await findCommandLedger(connection);
  const entries =
    request === undefined
      ? ((await ledger?.all()) ?? [])
      : await Promise.all([...found.keys()].map(async (name) => (await ledger?.get(name))?.entry));
  const known = new Map(
    entries.flatMap((entry) => (entry === undefined ? [] : [[commandName(entry), entry]])),
  );
  return [...found]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, command]) => summaryOf(command, known.get(name)));
}

/** What is known of a work: of a request, or of an order of the CMMS's own by its id or its number there. */
export async function showWork(
  connection: NatsConnection,
  id: string,
): Promise<(RequestDetails | OrderDetails) & { readonly commands: readonly CommandSummary[] }> {
  const isRequest = await hasRevisions(connection, id);
  const found = isRequest ? undefined : await findOrder(connection, id);
  const commands = await listCommands(connection, { request: found?.entry.id ?? id });
  if (found !== undefined) {
    const { asset, time, data, id: own } = found.entry;
    return { id: own, system: found.system, order: { asset, time, data }, commands };
  }
  // What is over there is forgotten here, and what was done for it is kept for longer.
  if (!isRequest && commands.length > 0) return { id, system: null, order: null, commands };
  return { ...(await showRequest(connection, id)), commands };
}

async function* storedCommands(connection: NatsConnection): AsyncGenerator<StoredCommand> {
  if ((await findStream(connection, streamIn(connection, COMMAND_STREAM))) === undefined) return;
  yield* (await openCommands(connection, '*')).from(1);
}

/** One command with everything that is known of it; a `Problem` when there is none of this id. */
export async function showCommand(connection: NatsConnection, id: string): Promise<CommandDetails> {
  const command = await findCommand(connection, id);
  const ledger = await findCommandLedger(connection);
  const entry = (await ledger?.get(commandName(command)))?.entry;
  return { summary: summaryOf(command, entry), command, entry: entry ?? null };
}

/** The name by which a command is asked for again; a `Problem` when there is none of this id. */
export async function resendName(connection: NatsConnection, id: string): Promise<string> {
  return `command.${commandName(await findCommand(connection, id))}`;
}

async function findCommand(connection: NatsConnection, id: string): Promise<Command> {
  const named = /^[A-Za-z0-9_-]+$/.test(id);
  const [found] = named ? await namesOf(connection, commandSubject('*', id)) : [];
  const command =
    found === undefined ? undefined : await (await openCommands(connection, found[0])).read(id);
  if (command !== undefined) return command;
  throw new Problem({
    expected: 'the id of a command',
    found: `"${id}", which ${streamIn(connection, COMMAND_STREAM)} does not have`,
    remedy: '`andon commands` lists the ids.',
    exit: EXIT.input,
  });
}

/** System and id of the commands on the subjects that fit. */
async function namesOf(
  connection: NatsConnection,
  filter: string,
): Promise<readonly (readonly [system: string, id: string])[]> {
  const name = streamIn(connection, COMMAND_STREAM);
  if ((await findStream(connection, name)) === undefined) return [];
  const { streams } = await streamManager(connection);
  const { state } = await streams.info(name, { subjects_filter: subjectIn(connection, filter) });
  return Object.keys(state.subjects ?? {})
    .toSorted()
    .map((subject) => {
      const [, system = '', id = ''] = subjectOutOf(connection, subject).split('.');
      return [system, id] as const;
    });
}

function summaryOf(command: Command, entry: CommandEntry | undefined): CommandSummary {
  const { id, system, verb, request, step, n, undoes } = command;
  const cost = entry?.outcome === 'done' ? entry.values.cost : null;
  return {
    ...{ id, system, verb, request, step, n, undoes },
    outcome: entry?.outcome ?? 'waiting',
    state: entry?.state ?? null,
    remote: entry?.remote ?? null,
    cost: typeof cost === 'number' ? cost : null,
    stuck: (entry?.outcome ?? null) === null ? stuckText(entry) : null,
  };
}

const HEADINGS = ['ID', 'SYSTEM', 'VERB', 'OUTCOME', 'STATE', 'OBJECT', 'REQUEST', 'STEP'];

export function describeCommands(
  summaries: readonly CommandSummary[],
  { system, request }: CommandFilter = {},
): string {
  if (summaries.length === 0) {
    const to = system === undefined ? '' : ` to ${system}`;
    return `No commands${to}${request === undefined ? '' : ` for request ${request}`} so far.`;
  }
  const rows = summaries.map(({ id, system, verb, outcome, state, remote, request, step, n }) => [
    ...[id, system, verb, outcome, state ?? '-', remote ?? '-', request],
    n === 1 ? step : `${step} (${n})`,
  ]);
  return inColumns([HEADINGS, ...rows]);
}

/** What is stuck of a request's commands, and what systems have posted for it. Nothing that was taken back counts. */
export function describeOutcome(summaries: readonly CommandSummary[]): string {
  const undone = new Set(
    summaries.flatMap(({ undoes, outcome }) => (outcome === 'done' ? [undoes] : [])),
  );
  const posted = summaries.filter(({ id, cost }) => cost !== null && !undone.has(id));
  const total = posted.reduce((sum, { cost }) => sum + (cost ?? 0), 0);
  const stuck = summaries.filter((one) => one.stuck !== null);
  return [
    'costs, as systems have posted them',
    ...posted.map(({ cost, system, verb, remote }) => `  ${cost}  ${system} ${verb} ${remote}`),
    posted.length === 0 ? '  nothing is posted yet' : `  ${Math.round(total * 100) / 100}  in all`,
    ...(stuck.length === 0 ? [] : ['', 'stuck']),
    ...stuck.map((one) => `  ${one.system} ${one.verb} ${one.id}: ${one.stuck}`),
  ].join('\n');
}

/** One command for people: what is asked for, why, and what happened on its way. */
export function describeCommand({ summary, command, entry }: CommandDetails): string {
  const { payload, because, not_after, undoes, time } = command;
  const known = entry?.note === null || entry?.note === undefined ? '' : `: ${entry.note}`;
  return [
    `${summary.id}  ${summary.system} ${summary.verb}`,
    `request   ${summary.request}, step ${summary.step}, number ${summary.n}`,
    `decided   ${toIso(time)}: ${because}`,
    ...(not_after === null ? [] : [`not after ${toIso(not_after)}`]),
    ...(undoes === null ? [] : [`undoes    ${undoes}`]),
    `payload   ${JSON.stringify(payload)}`,
    `outcome   ${summary.outcome}${known}`,
    ...(summary.stuck === null ? [] : [`stuck     ${summary.stuck}`]),
    ...(summary.remote === null ? [] : [`object    ${summary.remote}`]),
    ...(summary.state === null ? [] : [`state     ${summary.state}`]),
    ...(entry === null || Object.keys(entry.values).length === 0
      ? []
      : [`values    ${JSON.stringify(entry.values)}`]),
    '',
    'history',
    ...historyLines(entry, 'number'),
    ...(entry?.sending ? [`  under way: ${entry.sending.what}; its end is awaited`] : []),
  ].join('\n');
}
