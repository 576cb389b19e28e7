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
/** Of what was refused, the latest: it is looked for on its own, since refusals grow old while newer work is done. */
const MOST_REFUSED = 200;

const requestRow = z.object({
  ...{ plant: z.string(), line: z.string(), asset: z.string(), id: z.string(), title: z.string() },
  ...{ priority: z.string(), revision: z.number(), time: timeAnswer },
  ...{ stop_cost: z.number().nullable(), order_late: z.boolean().nullable() },
});

const REQUEST_ROWS = `
SELECT plant, line, asset, id, title, priority, revision, time, stop_cost, order_late
FROM current_requests`;

const REQUESTS = `${REQUEST_ROWS}
ORDER BY action IN ('open', 'update') DESC, time DESC
LIMIT ${MOST_KNOWN}`;

/** The ledger has the last word: what was sent again, and taken, is none. */
const REFUSED_REQUESTS = `${REQUEST_ROWS}
WHERE id IN (SELECT id FROM deliveries FINAL WHERE lane = 'requests' AND state = 'rejected')
ORDER BY time DESC
LIMIT ${MOST_REFUSED + 1}`;

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

const COMMAND_ROWS = `
SELECT plant, line, asset, id, request, system, verb, priority, time
FROM commands FINAL
WHERE mode = 'on'`;

const COMMANDS = `${COMMAND_ROWS}
ORDER BY time DESC
LIMIT ${MOST_KNOWN}`;

const REFUSED_COMMANDS = `${COMMAND_ROWS}
  AND (system, id) IN
  (
    SELECT system, JSONExtractString(data, 'id') FROM machine_events
    WHERE type = 'command' AND kind = 'status' AND JSONExtractString(data, 'outcome') = 'rejected'
  )
ORDER BY time DESC
LIMIT ${MOST_REFUSED + 1}`;

/** A request or a command on its way into a system. */
export type DeliveryTask = {
  readonly system: string;
  readonly fate: 'waiting' | 'done' | 'refused';
  readonly attempts: number;
  readonly failures: number;
  readonly latest: LedgerEntry['history'][number] | undefined;
  readonly held: Held;
};

export type DeliveryTasks = {
  readonly tasks: readonly DeliveryTask[];
  /** Of which more were refused than are looked at. */
  readonly cut: readonly Held['kind'][];
};

/** The latest requests and commands, and those that were refused, with what became of each. */
export async function deliveriesOf({
  questions,
  flow,
}: {
  readonly questions: Questions;
  readonly flow: FlowState;
}): Promise<DeliveryTasks> {
  const [latestRequests, refusedRequests, latestCommands, refusedCommands] = await Promise.all([
    questions.ask(requestRow, REQUESTS),
    questions.ask(requestRow, REFUSED_REQUESTS),
    questions.ask(commandRow, COMMANDS),
    questions.ask(commandRow, REFUSED_COMMANDS),
  ]);
  const requests = eachOnce([...latestRequests, ...refusedRequests], ({ id }) => id);
  const nameOf = ({ system, id }: { system: string; id: string }) => `${system}.${id}`;
  const commands = eachOnce([...latestCommands, ...refusedCommands], nameOf);
  const [ofRequests, ofCommands] = await Promise.all([
    flow.requests(requests.map(({ id }) => id)),
    flow.commands(commands.map(nameOf)),
  ]);
  return {
    tasks: [
      ...requests.map((row, at) => ofRequest(row, ofRequests[at])),
      ...commands.map((row, at) => ofCommand(row, ofCommands[at], requests)),
    ],
    cut: [
      ...(refusedRequests.length > MOST_REFUSED ? (['request'] as const) : []),
      ...(refusedCommands.length > MOST_REFUSED ? (['command'] as const) : []),
    ],
  };
}

function eachOnce<T>(rows: readonly T[], keyOf: (row: T) => string): readonly T[] {
  return [...new Map(rows.map((row) => [keyOf(row), row])).values()];
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
