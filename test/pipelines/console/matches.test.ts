import { expect, test } from 'vitest';
import type { z } from 'zod';
import { rulesSchema } from '../../../operators/model/rules.ts';
import { matchesOf } from '../../../pipelines/console/data/matches.ts';
import type { Questions } from '../../../pipelines/console/data/questions.ts';

const rules = rulesSchema.parse({
  patterns: [
    {
      id: 'wear',
      pattern: [
        { name: 'rise', where: "signal == 'vibration'" },
        {
          name: 'both',
          follows: 'relaxed',
          stages: [
            { name: 'hot', where: "signal == 'temperature'", times: '1+' },
            {
              name: 'loud',
              follows: 'relaxed',
              where: "signal == 'noise'",
              within_previous: '30s',
            },
          ],
        },
        { name: 'seen', absent: 'relaxed', where: "type == 'acknowledged'" },
      ],
      within: '90s',
      on_timeout: {},
    },
  ],
});

const at = (second: number) => Date.UTC(2026, 2, 2, 6, 0, second) * 1_000;
const event = (stage: string, second: number) => ({
  ...{ stage, time: at(second), kind: 'anomaly', about: `${stage}${second}`, text: `${stage}!` },
});

function asked(rule: string, evidence: readonly object[]): Questions {
  const rows = [
    {
      ...{ rule, start: '2026-03-02 06:00:00', end: '2026-03-02 06:00:20' },
      ...{ time: '2026-03-02 06:01:30', evidence: JSON.stringify(evidence) },
    },
  ];
  return {
    ask: async <T extends z.ZodType>(schema: T) => rows.map((row) => schema.parse(row)),
    forget: () => undefined,
  };
}

test('each stage has the events that it took, groups stage by stage, and what had to be absent', async () => {
  const evidence = [event('rise', 0), event('hot', 5), event('hot', 9), event('loud', 20)];
  const [match] = await matchesOf(asked('wear', evidence), 'id', rules);
  expect(match).toMatchObject({
    ...{ rule: 'wear', within: 90_000, timed_out: false, start: '2026-03-02T06:00:00Z' },
    stages: [
      { name: 'rise', where: "signal == 'vibration'", taken: 1, absent: false },
      { name: 'hot', taken: 2, events: [{ about: 'hot5' }, { about: 'hot9' }] },
      { name: 'loud', taken: 1, within_previous: 30_000 },
      { name: 'seen', taken: 0, absent: true, where: "type == 'acknowledged'" },
    ],
  });
  expect(match?.stages[0]?.events[0]?.time).toBe('2026-03-02T06:00:00Z');
});

test('a match whose time ran out says so, and one of other rules keeps the names that it had', async () => {
  const [late] = await matchesOf(asked('wear-timeout', [event('rise', 0)]), 'id', rules);
  expect(late).toMatchObject({ timed_out: true, within: 90_000 });
  const [old] = await matchesOf(asked('worn', [event('first', 0), event('then', 4)]), 'id', rules);
  expect(old).toMatchObject({ within: null, timed_out: false });
  expect(old?.stages.map(({ name, where, taken }) => [name, where, taken])).toEqual([
    ['first', '', 1],
    ['then', '', 1],
  ]);
});

test('a stage with many events has the first of them, and how many there were', async () => {
  const many = Array.from({ length: 45 }, (_, second) => event('hot', second));
  const [match] = await matchesOf(asked('wear', many), 'id', rules);
  const hot = match?.stages.find(({ name }) => name === 'hot');
  expect([hot?.taken, hot?.events.length]).toEqual([45, 20]);
});

test('an anomaly that a trigger names is no pattern', async () => {
  expect(await matchesOf(asked('hot', [event('raised', 0)]), 'id', rules)).toEqual([]);
});
