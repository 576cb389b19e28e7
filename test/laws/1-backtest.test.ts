import { createHash } from 'node:crypto';
import { pack } from 'msgpackr';
import { expect, test } from 'vitest';
import type { Command } from '../../operators/model/command.ts';
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
  const values = verb === 'check-stock' ? { short: n % 3 === 0 ? 2 : 0, shelf: `s${n}` } : {};
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

/** The day with all answers in it. An answer changes nothing that was decided before it. */
function answeredDay(): {
  readonly messages: readonly Message[];
  readonly sent: readonly string[];
} {
  const answers = new Map<string, Said>();
  for (;;) {
    const said = [...dayOfReadings(), ...answers.values()].toSorted((a, b) => a.at - b.at);
    const messages = logOf(said, DAY_RULES);
    const sent = rowsOf(decide(messages), 'commands').map(({ command }) => command);
    const known = answers.size;
    for (const text of sent) {
      if (!answers.has(text)) answers.set(text, saidOf(text, answers.size));
    }
    if (answers.size === known) return { messages, sent };
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

function hashOf(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}
