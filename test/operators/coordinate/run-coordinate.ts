import { coordinate } from '../../../operators/coordinate/coordinate.ts';
import { type Flow, LOG } from '../../../operators/flow/flow.ts';
import { type Command, type CommandOutcome, commandId } from '../../../operators/model/command.ts';
import {
  type EventData,
  type MachineEvent,
  orderId,
  type RequestStatus,
} from '../../../operators/model/machine-event.ts';
import type { Sequence } from '../../../operators/model/message.ts';
import type { Request, WorkInput } from '../../../operators/model/request.ts';
import type { CommandRow, WorkflowStepRow } from '../../../operators/model/tables.ts';
import { at, FAN, model, rules } from '../../support/findings.ts';
import { runThrough } from '../../support/flows.ts';

// Readable beginnings of what coordinate takes in. Times are seconds of append time.

export const ID = 'reqreqreqreqreqreqre';

export function request(more: Partial<Request> = {}): Request {
  return {
    ...{ kind: 'request', id: ID, revision: 1, action: 'open', asset: FAN, asset_name: 'Fan' },
    ...{ component: 'bearing', failure_mode: 'BRG-WEAR', work: 'repair', severity: 'alarm' },
    ...{ priority: 'high', title: 'Fan: hot', description: 'It is hot.', parts: ['6205'] },
    ...{
      duration: 2,
      slot: null,
      round: 1,
      since: at(0),
      opened: at(0),
      time: at(0),
      trigger: 'hot',
    },
    current: { order: '4711', operation: '', product: 'lid', due: null, end: null },
    stop: { cost: null, cost_in_slot: null, currency: 'EUR', done: null, late: null },
    ...{ because: 'hot spoke', incidents: [], anomalies: [], evidence: [] },
    ...{ state: 'EXECUTE', order: '4711', product: 'lid', ids: {} },
    ...more,
  };
}

type Item = Flow<WorkInput>;

/** Append time has come so far. */
export function tick(seconds: number): Item {
  return { kind: 'watermark', scope: 'log', of: LOG, time: at(seconds) };
}

/** A revision of the request, at a time. */
export function revised(seconds: number, more: Partial<Request> = {}): Item[] {
  const value = request(more);
  return [tick(seconds), { kind: 'event', key: value.asset, time: at(seconds), value }];
}

/** Something that is said at a time. */
function said(seconds: number, event: Pick<MachineEvent, 'type' | 'data' | 'attested'>): Item[] {
  const origin = { subject: 'said', sequence: 1 as Sequence, appended: at(seconds) };
  const value: MachineEvent = { kind: 'event', origin, asset: FAN, time: at(seconds), ...event };
  return [tick(seconds), { kind: 'event', key: FAN, time: at(seconds), value }];
}

export function reply(
  seconds: number,
  [step, n]: readonly [step: string, n: number],
  outcome: CommandOutcome,
  more: EventData & { readonly request?: string } = {},
  system = 'erp',
): Item[] {
  const { request = ID, ...values } = more;
  const data = {
    request,
    step,
    n,
    id: commandId({ request, step, n }),
    verb: 'v',
    outcome,
    ...values,
  };
  return said(seconds, { type: 'command', data, attested: { kind: 'status', system } });
}

export function status(seconds: number, word: RequestStatus, id = ID): Item[] {
  const attested = { kind: 'status', system: 'cmms' } as const;
  return said(seconds, { type: 'request', data: { id, status: word }, attested });
}

/** What the maintenance system says of an order that it made itself. */
export function order(
  seconds: number,
  remote: string,
  word: RequestStatus,
  more: EventData = {},
): Item[] {
  const attested = { kind: 'status', system: 'cmms' } as const;
  const data = { id: orderId('cmms', remote), remote, status: word, ...more };
  return said(seconds, { type: 'order', data, attested });
}

export function acknowledged(seconds: number, user?: string, id = ID): Item[] {
  const attested = { kind: 'act', via: 'console', user: user ?? '' } as const;
  const by = user === undefined ? {} : { attested };
  return said(seconds, { type: 'acknowledged', data: { id }, ...by });
}

export function decision(
  seconds: number,
  step: string,
  word: 'keep' | 'undo' | 'approve' | 'refuse',
  more: Readonly<Record<string, EventData[string] | undefined>> = {},
  via = 'console',
): Item[] {
  const attested = { kind: 'act', via, user: 'u1' } as const;
  const data = { request: ID, step, decision: word, ...more };
  return said(seconds, { type: 'decision', data, attested });
}

/** Rules with this workflow alone. */
export function workflow(content: object): Item {
  return rules({ workflows: [{ id: 'parts', mode: 'on', settle: '10s', ...content }] }) as Item;
}

/** Runs these items behind a model and workflow; gives what was decided, in words that tests can read. */
export function run(first: object, items: readonly Item[][], cuts: readonly number[] = []) {
  return runRules(workflow(first), items, cuts);
}

/** The same behind any rules. */
export function runRules(first: Item, items: readonly Item[][], cuts: readonly number[] = []) {
  const all = [model, first, ...items.flat()] as Item[];
  const output = runThrough(coordinate, all, new Set(cuts));
  const rows = <T>(table: string): T[] =>
    output.flatMap((item) => (item.kind === 'row' && item.table === table ? [item.row as T] : []));
  const commands = rows<CommandRow>('commands').map(({ command, mode }) => {
    return { ...(JSON.parse(command) as Command), mode };
  });
  const steps = rows<WorkflowStepRow>('workflow_steps');
  return {
    output,
    all,
    commands,
    steps,
    /** `12 reserve 1 erp.reserve` */
    asked: commands.map(({ time, step, n, system, verb, mode }) => {
      return `${time / 1e6} ${step} ${n} ${system}.${verb}${mode === 'on' ? '' : ` ${mode}`}`;
    }),
    /** `12 reserve done` */
    told: steps.map(({ time, step, state }) => `${time / 1e6} ${step} ${state}`),
    deadLetters: rows<{ readonly detail: string }>('dead_letters').map(({ detail }) => detail),
    requests: output.flatMap((item) => (item.kind === 'event' ? [item.value] : [])),
  };
}
