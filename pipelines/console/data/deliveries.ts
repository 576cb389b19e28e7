/** What is on its way into other systems: each request and command with what waits, was done or was refused. */

import { z } from 'zod';
import type { CommandEntry } from '../../systems/command-entry.ts';
import type { LedgerEntry } from '../../systems/entry.ts';
import { timeAnswer } from '../api/route.ts';
import type { FlowState } from './flow-state.ts';
import type { Questions } from './questions.ts';

export const heldSchema = z.object({
  kind: z.enum(['request', 'command']),
  id: z.string(),
  request: z.string().describe('The request that it is, or that the command is for.'),
  plant: z.string(),
  line: z.string(),
  asset: z.string(),
  title: z.string(),
  priority: z.string(),
  since: timeAnswer.describe('Since when it waits, or was refused.'),
  stop_cost: z.number().nullable(),
  order_late: z.boolean().nullable(),
  note: z.string().describe('Of the latest attempt.'),
});
type Held = z.output<typeof heldSchema>;

/** The latest of each: what is older and still waits is open. */
const MOST_KNOWN = 500;

const requestRow = z.object({
  ...{ plant: z.string(), line: z.string(), asset: z.string(), id: z.string(), title: z.string() },
  ...{ priority: z.string(), revision: z.number(), time: timeAnswer },
  ...{ stop_cost: z.number().nullable(), order_late: z.boolean().nullable() },
});

const REQUESTS = `
SELECT plant, line, asset, id, title, priority, revision, time, stop_cost, order_late
FROM current_requests
ORDER BY action IN ('open', 'update') DESC, time DESC
LIMIT ${MOST_KNOWN}`;

const commandRow = z.object({
  ...{
    plant: z.string(),
    line: z.string(),
    asset: z.string(),
    id: z.string(),
    request: z.string(),
  },
  ...{ system: z.string(), verb: z.string(), priority: z.string(), time: timeAnswer },
});

const COMMANDS = `
SELECT plant, line, asset, id, request, system, verb, priority, time
FROM commands FINAL
WHERE mode = 'on'
ORDER BY time DESC
LIMIT ${MOST_KNOWN}`;

/** A request or a command on its way into a system. */
export type DeliveryTask = {
  readonly system: string;
  readonly fate: 'waiting' | 'done' | 'refused';
  readonly attempts: number;
  readonly failures: number;
  readonly latest: LedgerEntry['history'][number] | undefined;
  readonly held: Held;
};

/** The latest requests and commands, with what became of each. */
export async function deliveriesOf({
  questions,
  flow,
}: {
  readonly questions: Questions;
  readonly flow: FlowState;
}): Promise<readonly DeliveryTask[]> {
  const [requests, commands] = await Promise.all([
    questions.ask(requestRow, REQUESTS),
    questions.ask(commandRow, COMMANDS),
  ]);
  const [ofRequests, ofCommands] = await Promise.all([
    flow.requests(requests.map(({ id }) => id)),
    flow.commands(commands.map(({ system, id }) => `${system}.${id}`)),
  ]);
  return [
    ...requests.map((row, at) => ofRequest(row, ofRequests[at])),
    ...commands.map((row, at) => ofCommand(row, ofCommands[at], requests)),
  ];
}

function ofRequest(row: z.output<typeof requestRow>, entry: LedgerEntry | undefined): DeliveryTask {
  const { revision, time, ...named } = row;
  const isBehind = entry === undefined || entry.revision < revision;
  const refused = entry?.delivery === 'rejected';
  return {
    system: entry === undefined || entry.system === '' ? 'cmms' : entry.system,
    fate: isBehind ? 'waiting' : refused ? 'refused' : 'done',
    ...attemptsOf(entry),
    held: { kind: 'request', request: row.id, ...named, since: time, note: noteOf(entry) },
  };
}

function ofCommand(
  { system, verb, time, ...named }: z.output<typeof commandRow>,
  entry: CommandEntry | undefined,
  requests: readonly z.output<typeof requestRow>[],
): DeliveryTask {
  const outcome = entry?.outcome ?? null;
  const request = requests.find(({ id }) => id === named.request);
  const { stop_cost = null, order_late = null, title = '' } = request ?? {};
  return {
    system,
    fate: outcome === null ? 'waiting' : outcome === 'rejected' ? 'refused' : 'done',
    ...attemptsOf(entry),
    held: {
      ...named,
      ...{ kind: 'command', title: title === '' ? verb : `${verb}: ${title}`, since: time },
      ...{ stop_cost, order_late, note: entry?.note ?? noteOf(entry) },
    },
  };
}

function attemptsOf(entry: LedgerEntry | CommandEntry | undefined) {
  const { attempts = 0, faults = 0, history = [] } = entry ?? {};
  return { attempts, failures: faults, latest: history.at(-1) };
}

function noteOf(entry: LedgerEntry | CommandEntry | undefined): string {
  return entry?.history.at(-1)?.note ?? '';
}
