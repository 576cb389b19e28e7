import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Command } from '../../../operators/model/command.ts';
import { readDescription } from '../../../pipelines/recordings/recording-description.ts';
import { openRecordingLog } from '../../../pipelines/recordings/recordings.ts';
import { backtest } from '../../../pipelines/rules/backtest.ts';
import { changesOf } from '../../../pipelines/rules/changes.ts';
import { readPlantAndRules } from '../../../pipelines/rules/rules.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const signal = new AbortController().signal;

describe('where the record does not say', () => {
  const folder = temporaryDirectory();
  const BEGAN = Date.UTC(2026, 0, 5, 6);
  const written = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const plant = written(
    'plant.yaml',
    'plants: [{ id: p, lines: [{ id: l, assets: [{ id: a, signals: { heat: {} } }] }] }]\n',
  );
  const RULES = `windows: [{ id: minute, kind: tumbling, size: 1m }]
detectors: [{ id: hot, kind: limit, signal: heat, above: 50 }]
triggers: [{ id: look, on: hot, request: { parts: ["6205"] } }]
workflows:
  - id: parts
    mode: on
    steps:
      - { id: stock, do: erp.check-stock, with: { part: "request.parts[0]" }, deadline: 2m }
      - { id: order, after: [stock], when: steps.stock.short > 0, do: erp.requisition, with: { quantity: steps.stock.short } }
`;

  /** Ten minutes of heat; `more`: further lines of the record. */
  async function tried(rules: string, more: readonly object[] = []) {
    const heat = Array.from({ length: 600 }, (_, second) => ({
      ...{ subject: 'telemetry.p.l.a', appended: BEGAN + 1_000 * second },
      payload: { time: BEGAN + 1_000 * second, values: { heat: 60 } },
    }));
    const lines = [...more, ...heat].map((line) => JSON.stringify(line));
    const recordings = [await readDescription(written('recording.ndjson', lines.join('\n')))];
    const { plants, rules: checked } = await readPlantAndRules(plant, written('rules.yaml', rules));
    const { workflows, assume } = checked.rules;
    const commands: Command[] = [];
    const summary = await backtest({
      openLog: () => openRecordingLog({ recordings, changes: changesOf(plants, checked) }),
      onDecision({ table, line }) {
        if (table === 'commands') commands.push(JSON.parse(line));
      },
      ...{ workflows, assume, signal },
    });
    return { commands, replies: summary.replies };
  }

  test('systems are silent', async () => {
    const { commands, replies } = await tried(RULES);
    expect(replies).toEqual({ record: 0, last_answer: 0, assumed: 0, none: 1 });
    expect(commands.map(({ verb }) => verb)).toEqual(['check-stock']);
  });

  test('they answer as the rules assume', async () => {
    const assume =
      'assume: [{ do: erp.check-stock, with: { part: "6205" }, gives: { short: 3 } }]\n';
    const { commands, replies } = await tried(`${RULES}${assume}`);
    expect(replies).toEqual({ record: 0, last_answer: 0, assumed: 1, none: 1 });
    expect(commands[1]).toMatchObject({ verb: 'requisition', payload: { quantity: 3 } });
    const other = assume.replace('6205', '6206');
    expect((await tried(`${RULES}${other}`)).replies).toMatchObject({ assumed: 0, none: 1 });
  });

  test('the last answer of the record for the same verb and machine goes before that', async () => {
    const reply = (seconds: number, short: number) => ({
      ...{ subject: 'status.erp.p.l.a', appended: BEGAN - 1_000 * seconds },
      payload: {
        ...{ time: BEGAN - 1_000 * seconds, type: 'command' },
        data: {
          ...{
            id: 'x',
            request: 'y',
            step: 'z',
            n: 1,
            verb: 'check-stock',
            outcome: 'done',
            short,
          },
        },
      },
    });
    const assume = 'assume: [{ do: erp.check-stock, gives: { short: 3 } }]\n';
    const { commands, replies } = await tried(`${RULES}${assume}`, [reply(60, 5), reply(30, 7)]);
    expect(replies).toEqual({ record: 0, last_answer: 1, assumed: 0, none: 1 });
    expect(commands[1]).toMatchObject({ payload: { quantity: 7 } });
  });
});
