/** The workflows of the plant that laws are tried on, and systems around it that answer what they are asked. */
import fc from 'fast-check';
import { pack } from 'msgpackr';
import { COMMAND_OUTCOMES, type Command } from '../../../operators/model/command.ts';
import type { CommandRow, WorkflowStepRow } from '../../../operators/model/tables.ts';
import type { Arrival } from './links.ts';
import { epochMs } from './machines.ts';

/** Every way in which a step can go on, quick enough that each is taken within minutes. */
export const WORKFLOWS = [
  {
    ...{ id: 'parts', mode: 'on', classes: ['p*', 'fan'], settle: '5s' },
    steps: [
      {
        ...{ id: 'stock', do: 'erp.check-stock', deadline: '15s', again: true },
        with: { parts: 'request.parts', severity: 'request.severity' },
      },
      {
        ...{ id: 'reserve', after: ['stock'], do: 'erp.reserve', undo: 'release', again: true },
        ...{ when: 'steps.stock.short == 0', deadline: '20s', late: 'undo' },
        with: { priority: 'request.priority', shelf: 'steps.stock.shelf' },
      },
      {
        ...{ id: 'order', after: ['stock'], do: 'erp.requisition', undo: 'cancel' },
        ...{ when: 'steps.stock.short > 0', deadline: '8s', late: 'ask' },
        ...{ otherwise: 'escalate', escalate: ['call'], with: { quantity: 'steps.stock.short' } },
      },
      {
        ...{ id: 'heard', deadline: '30s', otherwise: 'escalate', escalate: ['call'] },
        until:
          "request.acknowledged || request.status in ['accepted', 'scheduled', 'started', 'completed']",
      },
      {
        ...{ id: 'call', do: 'mail.notify', deadline: '10s', otherwise: 'give-up', again: true },
        with: { text: 'request.title' },
      },
      { id: 'plan', after: ['reserve', 'order'], mode: 'shadow', do: 'planner.propose-stop' },
    ],
  },
  {
    ...{ id: 'rest', mode: 'on', when: "request.work != 'calibration'" },
    steps: [
      {
        ...{ id: 'told', do: 'mail.notify', undo: 'recall', again: true },
        ...{ deadline: '4s', otherwise: 'give-up', with: { text: 'request.title' } },
      },
      { id: 'more', after: ['told'], do: 'mail.notify', late: 'ask', deadline: '2s' },
    ],
  },
];

/** How a system takes one command: what it answers, when, and what becomes of the object then. */
export type Handling = {
  /** Without one it says nothing. */
  readonly outcome?: (typeof COMMAND_OUTCOMES)[number] | undefined;
  readonly delay: number;
  readonly short: number;
  readonly later: boolean;
  /** What a person says who is asked. */
  readonly decision: 'keep' | 'undo' | undefined;
};

export const handling: fc.Arbitrary<Handling> = fc.record({
  outcome: fc.oneof(
    { weight: 5, arbitrary: fc.constant('done' as const) },
    { weight: 2, arbitrary: fc.constantFrom(...COMMAND_OUTCOMES, undefined) },
  ),
  delay: fc.oneof(fc.integer({ min: 100, max: 4_000 }), fc.integer({ min: 100, max: 40_000 })),
  short: fc.constantFrom(0, 0, 2),
  later: fc.boolean(),
  decision: fc.constantFrom('keep', 'undo', undefined),
});

/** What the system says of a command that was decided at `now` (milliseconds). */
export function repliesTo({ command, system }: CommandRow, now: number, how: Handling): Arrival[] {
  const { outcome, delay, short, later } = how;
  if (outcome === undefined) return [];
  const { id, asset, request, step, n, verb }: Command = JSON.parse(command);
  const subject = `status.${system}.${asset.replaceAll('/', '.')}`;
  const said = (at: number, sequence: number, more: object): Arrival => ({
    ...{ appended: at, subject },
    headers: { 'Andon-Producer': `systems/${system}/${id}`, 'Andon-Sequence': `${sequence}` },
    payload: pack({
      time: epochMs(Math.floor(at)),
      type: 'command',
      data: { id, request, step, n, verb, outcome, remote: `R${n}`, ...more },
    }),
  });
  const values = verb === 'check-stock' ? { short, shelf: `s${n}` } : {};
  const first = said(now + delay, 1, values);
  // Also the same again, as a system that lost the acknowledgement sends it.
  const repeated = delay % 3 === 0 ? [{ ...first, appended: first.appended + 500 }] : [];
  return later && outcome === 'done'
    ? [first, ...repeated, said(now + delay + 3_000, 2, { state: 'picked' })]
    : [first, ...repeated];
}

/** What a person says who is asked about something that was done late. */
export function decisionOn(row: WorkflowStepRow, now: number, { decision }: Handling): Arrival[] {
  if (row.state !== 'ask' || decision === undefined) return [];
  const { line, asset, request, step } = row;
  const at = now + 2_000;
  const data = { request, step, decision };
  return [
    {
      ...{ appended: at, subject: `act.p1.${line}.${asset}.console.u1`, headers: {} },
      payload: pack({ time: epochMs(Math.floor(at)), type: 'decision', data }),
    },
  ];
}
