import { createHash } from 'node:crypto';
import { pack } from 'msgpackr';
import { expect, test } from 'vitest';
import type { Command } from '../../operators/model/command.ts';
import { orderId } from '../../operators/model/machine-event.ts';
import type { Message } from '../../operators/model/message.ts';
import { rulesSchema } from '../../operators/model/rules.ts';
import type { WorkflowRule } from '../../operators/model/workflow-rule.ts';
import { backtest } from '../../pipelines/rules/backtest.ts';
import { decide, rowsOf } from '../support/decisions.ts';
import { law } from '../support/law.ts';
import { memoryLog } from '../support/memory-log.ts';
import { frame, logOf, type Said, START } from '../support/plant-log.ts';
import { logOfPlant, plantWith } from '../support/plants/plant.ts';
import { WORKFLOWS } from '../support/plants/workflows.ts';

/** The commands of a backtest that only the record answers, as they would be sent. */
async function backtested(messages: readonly Message[], workflows: readonly WorkflowRule[]) {
  const lines: string[] = [];
  const summary = await backtest({
    ...{ openLog: async () => memoryLog(messages), workflows },
    signal: new AbortController().signal,
    onDecision({ table, line }) {
      if (table === 'commands') lines.push(line);
    },
  });
  return { lines, summary };
}

const { workflows } = rulesSchema.parse({ workflows: WORKFLOWS });
const seen = { commands: 0, record: 0 };

law(
  'law 1: a backtest with the replies of the record decides what was sent, byte for byte',
  6,
  plantWith(),
  async (plant) => {
    const messages = logOfPlant(plant);
    const sent = rowsOf(decide(messages), 'commands').map(({ command }) => command);
    const { lines, summary } = await backtested(messages, workflows);
    expect(lines).toEqual(sent);
    seen.commands += summary.commands;
    seen.record += summary.replies.record;
  },
  () => expect(Math.min(...Object.values(seen))).toBeGreaterThan(1),
);

const DAY = 86_400;
const DAY_RULES = {
  time: { disorder: '0s', idle: '2m', hold: '1s', skew: '5m', correction: '1m' },
  windows: [{ id: 'minute', kind: 'tumbling', size: '1m' }],
  detectors: [
    {
      ...{ id: 'hot', kind: 'limit', signal: 'temperature', window: 'minute', above: 80 },
      ...{ raise: { count: 2, severity: 'alarm' }, clear: { after: '5m' } },
    },
  ],
  triggers: [
    {
      ...{ id: 'replace', on: 'hot', rearm: '10m', withdraw: true },
      request: { priority: 'high', parts: ['6205'] },
    },
  ],
  workflows: [
    {
      ...{ id: 'parts', mode: 'on', when: 'size(request.parts) > 0' },
      steps: [
        { id: 'stock', do: 'erp.check-stock', with: { part: 'request.parts[0]' } },
        {
          ...{ id: 'reserve', after: ['stock'], when: 'steps.stock.short == 0' },
          ...{ do: 'erp.reserve', with: { shelf: 'steps.stock.shelf' }, undo: 'release' },
        },
        {
          ...{ id: 'requisition', after: ['stock'], when: 'steps.stock.short > 0' },
          ...{ do: 'erp.requisition', with: { quantity: 'steps.stock.short' }, undo: 'cancel' },
        },
      ],
    },
  ],
};

/** A reading every 30 s. The machine is hot for the last hour of every four: six problems in a day. */
function dayOfReadings(): Said[] {
  return Array.from({ length: DAY / 30 }, (_, index) => {
    const hot = (index * 30) % 14_400 >= 10_800;
    return frame('l1.press', index * 30_000, { temperature: (hot ? 90 : 70) + (index % 7) / 4 });
  });
}

/** What the ERP says of the nth command, four seconds after it was asked. */
function saidOf(text: string, n: number): Said {
  const command: Command = JSON.parse(text);
  const { id, request, step, system, verb } = command;
  const at = command.time / 1_000 - START + 3_000;
  const { part } = command.payload;
  // Seals are short; bearings are there until noon.
  const short = part === 'SEAL-45' ? 2 : at < (DAY * 1_000) / 2 ? 0 : 1;
  const values = verb === 'check-stock' ? { short, shelf: `shelf of ${part}` } : {};
  const data = {
    id,
    request,
    step,
    n: command.n,
    verb,
    outcome: 'done',
    remote: `R${n}`,
    ...values,
  };
  return {
    ...{ at, subject: `status.${system}.p1.l1.press` },
    headers: { 'Andon-Producer': `systems/${system}/${id}`, 'Andon-Sequence': '1' },
    payload: pack({ time: START + Math.floor(at), type: 'command', data }),
  };
}

/** The day with all answers in it, and what else was said. An answer changes nothing that was decided before it. */
function answeredDay(
  rules: object = DAY_RULES,
  more: readonly Said[] = [],
): {
  readonly said: readonly Said[];
  readonly messages: readonly Message[];
  readonly sent: readonly string[];
} {
  const answers = new Map<string, Said>();
  for (;;) {
    const said = [...dayOfReadings(), ...more, ...answers.values()].toSorted((a, b) => a.at - b.at);
    const messages = logOf(said, rules);
    const sent = rowsOf(decide(messages), 'commands').map(({ command }) => command);
    const known = answers.size;
    for (const text of sent) {
      if (!answers.has(text)) answers.set(text, saidOf(text, answers.size));
    }
    if (answers.size === known) return { said, messages, sent };
  }
}

test('a day with the replies of its record decides what was sent, by hash', async () => {
  const { messages, sent } = answeredDay();
  // Six times stock and a reservation or requisition, taken back when the problem is over: five of them are within the day.
  expect(sent).toHaveLength(17);
  const { workflows: parts } = rulesSchema.parse(DAY_RULES);
  const { lines, summary } = await backtested(messages, parts);
  expect(summary).toMatchObject({ requests: 6, replies: { record: 17 } });
  expect(hashOf(lines)).toBe(hashOf(sent));
  // The hash would tell: a record with one answer less.
  const [first] = messages.filter(({ subject }) => subject.startsWith('status.'));
  const lacking = messages.filter((message) => message !== first);
  expect(hashOf((await backtested(lacking, parts)).lines)).not.toBe(hashOf(sent));
});

/** What is done for orders of the CMMS's own: the same stock is asked for, and the part is reserved or bought. */
const SERVICE = {
  ...DAY_RULES.workflows[0],
  ...{ id: 'service', on: 'order', when: "request.origin == 'plan'" },
};
const SERVICED_RULES = { ...DAY_RULES, workflows: [...DAY_RULES.workflows, SERVICE] };

/** A plan of the CMMS makes a work order an hour after the day has begun, and it is closed at its end. */
function plannedOrder(): readonly Said[] {
  const id = orderId('cmms', 'WO-17');
  return (['scheduled', 'closed'] as const).map((status, index) => {
    const at = (index === 0 ? 1 : 23) * 3_600_000 + 15_000;
    const data = { id, remote: 'WO-17', status, origin: 'plan', parts: 'SEAL-45' };
    return {
      ...{ at, subject: 'status.cmms.p1.l1.press' },
      headers: { 'Andon-Producer': `orders/cmms/${id}`, 'Andon-Sequence': String(index + 1) },
      payload: pack({ time: START + at, type: 'order', data }),
    };
  });
}

/** As it is asked for now: one more is bought than is short, and planning hears of what has to be waited for. */
const CHANGED_RULES = {
  ...DAY_RULES,
  workflows: SERVICED_RULES.workflows.map(({ steps = [], ...workflow }) => ({
    ...workflow,
    steps: [
      ...steps.map((step) =>
        step.id === 'requisition' ? { ...step, with: { quantity: 'steps.stock.short + 1' } } : step,
      ),
      {
        ...{ id: 'late', after: ['requisition'], do: 'planner.wait' },
        ...{
          when: "steps.requisition.outcome == 'done'",
          with: { order: 'steps.requisition.remote' },
        },
      },
    ],
  })),
};

test('a day with known stock gives other orders by other rules: those that a person finds by hand', async () => {
  const { said } = answeredDay(SERVICED_RULES, plannedOrder());
  const { workflows: changed } = rulesSchema.parse(CHANGED_RULES);
  const { lines, summary } = await backtested(logOf([...said], CHANGED_RULES), changed);
  const found = lines.map((line) => {
    const { verb, payload }: Command = JSON.parse(line);
    return `${verb} ${payload.part ?? payload.quantity ?? payload.shelf ?? ''}`.trim();
  });
  // The machine is hot at 3, 7 and 11 h, when bearings are there, and at 15, 19 and 23 h, when one is short; the day ends in
  // the last problem. The order comes at 1 h, and two seals are short.
  const there = ['check-stock 6205', 'reserve shelf of 6205', 'release shelf of 6205'];
  const short = ['check-stock 6205', 'requisition 2', 'wait'];
  expect(found).toEqual([
    ...['check-stock SEAL-45', 'requisition 3', 'wait'],
    ...[...there, ...there, ...there],
    ...[...short, 'cancel 2', ...short, 'cancel 2', ...short],
  ]);
  // What nobody had asked the planner, nobody answers.
  expect(summary.replies).toMatchObject({ record: 19, none: 4 });
});

function hashOf(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}
