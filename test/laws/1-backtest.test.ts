import { expect } from 'vitest';
import { rulesSchema } from '../../operators/model/rules.ts';
import { backtest } from '../../pipelines/rules/backtest.ts';
import { decide, rowsOf } from '../support/decisions.ts';
import { law } from '../support/law.ts';
import { memoryLog } from '../support/memory-log.ts';
import { logOfPlant, plantWith } from '../support/plants/plant.ts';
import { WORKFLOWS } from '../support/plants/workflows.ts';

const { workflows } = rulesSchema.parse({ workflows: WORKFLOWS });
const seen = { commands: 0, record: 0 };

law(
  'law 1: a backtest with the replies of the record decides what was sent, byte for byte',
  6,
  plantWith(),
  async (plant) => {
    const messages = logOfPlant(plant);
    const sent = rowsOf(decide(messages), 'commands').map(({ command }) => command);
    const lines: string[] = [];
    const { commands, replies } = await backtest({
      ...{ openLog: async () => memoryLog(messages), workflows },
      signal: new AbortController().signal,
      onDecision({ table, line }) {
        if (table === 'commands') lines.push(line);
      },
    });
    expect(lines).toEqual(sent);
    seen.commands += commands;
    seen.record += replies.record;
  },
  () => expect(Math.min(...Object.values(seen))).toBeGreaterThan(1),
);
