import { describe, expect, it } from 'vitest';
import { checkPatternConditions } from '../../../operators/correlate/check-patterns.ts';
import { correlate } from '../../../operators/correlate/correlate.ts';
import type { Epoch, Flow } from '../../../operators/flow/flow.ts';
import { NO_CHECKPOINTS, type States } from '../../../operators/flow/states.ts';
import type { Anomaly } from '../../../operators/model/anomaly.ts';
import type { Incident } from '../../../operators/model/incident.ts';
import type { Enriched, Observation } from '../../../operators/model/observation.ts';
import { rulesSchema } from '../../../operators/model/rules.ts';
import { ambiguousRuleNames } from '../../../pipelines/rules/rules.ts';
import { anomaly, at, FAN, machineEvent, rules } from '../../support/findings.ts';
import { runThrough, valuesOf, watermark } from '../../support/flows.ts';

const started = {
  id: 'repair',
  pattern: [
    { name: 'asked', where: "kind == 'event' && type == 'asked'" },
    { name: 'begun', follows: 'relaxed', where: "kind == 'event' && type == 'begun'" },
    { name: 'done', follows: 'relaxed', where: "kind == 'event' && type == 'done'" },
  ],
  within: '10m',
  on_timeout: { severity: 'warning', failure_mode: 'REPAIR-OPEN' },
};

function incidents(items: readonly Flow<Enriched<Observation> | Anomaly>[], cuts?: Set<number>) {
  return valuesOf(runThrough(correlate, items, cuts)).filter(
    (value): value is Incident => 'kind' in value && value.kind === 'incident',
  );
}

/** The timers that are set when all of these have passed. */
function timersAfter(items: readonly Flow<Enriched<Observation> | Anomaly>[]): readonly string[] {
  const found: string[] = [];
  const states: States = {
    ...NO_CHECKPOINTS,
    save(_, begin) {
      const { head } = begin(() => undefined, true);
      found.push(...head.timers.map(({ rule, due }) => `${rule} ${(due - at(0)) / 1e6}`));
    },
  };
  runThrough(() => correlate(states), [...items, { kind: 'barrier', epoch: 1 as Epoch }]);
  return found;
}

describe('the timer of a pattern for which nothing waits any more', () => {
  const over = [machineEvent(10, 'asked'), machineEvent(20, 'begun'), machineEvent(30, 'done')];
  const start = rules({ patterns: [started] });

  it('is left, set anew by the next match, and times out that match alone', () => {
    expect(timersAfter([start, ...over])).toEqual(['repair 610']);
    const next = [start, ...over, machineEvent(300, 'asked')];
    expect(timersAfter(next)).toEqual(['repair 900']);
    const found = [...next, watermark('p1/l1', at(700)), watermark('p1/l1', at(5_000))];
    for (const cuts of [[], [3], [4], [5]]) {
      const raised = incidents(found, new Set(cuts));
      expect(raised.map(({ rule, time }) => [rule, time])).toEqual([
        ['repair', at(30)],
        ['repair-timeout', at(900)],
      ]);
    }
  });

  it('fires for nothing once, and is gone', () => {
    const items = [start, ...over, watermark('p1/l1', at(611))];
    expect(timersAfter(items)).toEqual([]);
    expect(incidents(items).map(({ rule }) => rule)).toEqual(['repair']);
  });

  it('is gone with a change of the rules, and at once where the pattern has a key of its own', () => {
    expect(timersAfter([start, ...over, rules({ patterns: [] })])).toEqual([]);
    const keyed = rules({ patterns: [{ ...started, key: 'type.startsWith("a") ? "x" : "x"' }] });
    expect(timersAfter([keyed, ...over.slice(0, 1)])).toEqual(['repair/x 610']);
    expect(timersAfter([keyed, ...over])).toEqual([]);
  });
});

describe('a pattern that asks for time-outs', () => {
  const start = rules({ patterns: [started] });

  it('raises an incident of a match that began and was not completed in time, with what it had taken', () => {
    const items = [start, machineEvent(10, 'asked'), machineEvent(60, 'begun')];
    const end = watermark('p1/l1', at(5_000));
    for (const cuts of [[], [1], [2]]) {
      expect(incidents([...items, end], new Set(cuts))).toMatchObject([
        {
          rule: 'repair-timeout',
          asset: FAN,
          severity: 'warning',
          failure_mode: 'REPAIR-OPEN',
          time: at(610),
          evidence: [{ stage: 'asked' }, { stage: 'begun' }],
        },
      ]);
    }
    expect(incidents([...items, machineEvent(600, 'done'), end]).map(({ rule }) => rule)).toEqual([
      'repair',
    ]);
    expect(incidents([...items, watermark('p1/l1', at(609))])).toEqual([]);
  });

  it('raises the same partial match once, in however many states it waited', () => {
    const pattern = [
      { name: 'up', where: "kind == 'anomaly'" },
      { name: 'maybe', follows: 'relaxed', optional: true, where: 'level > 3' },
      { name: 'done', follows: 'relaxed', where: "kind == 'event' && type == 'done'" },
    ];
    const rule = { id: 'p', pattern, within: '1m', on_timeout: {} };
    const found = incidents([
      rules({ patterns: [rule] }),
      anomaly(10),
      watermark('p1/l1', at(5_000)),
    ]);
    expect(found.map(({ severity }) => severity)).toEqual(['notice']);
  });

  it('goes on with its partial matches when only what it raises changes', () => {
    const later = rules({ patterns: [{ ...started, on_timeout: { severity: 'danger' } }] });
    const end = watermark('p1/l1', at(5_000));
    const [found] = incidents([start, machineEvent(10, 'asked'), later, end]);
    expect(found).toMatchObject({ rule: 'repair-timeout', severity: 'danger' });
    const without = rules({ patterns: [{ ...started, on_timeout: undefined }] });
    expect(incidents([start, machineEvent(10, 'asked'), without, end])).toEqual([]);
  });

  it('can be named by a trigger, and its name belongs to nobody else', () => {
    const triggers = [{ id: 't', on: 'repair-timeout', request: {} }];
    const right = rulesSchema.parse({ patterns: [started], triggers });
    expect(checkPatternConditions(right)).toEqual([]);
    expect(ambiguousRuleNames(right)).toEqual([]);
    const other = { ...started, id: 'repair-timeout', on_timeout: undefined };
    expect(ambiguousRuleNames(rulesSchema.parse({ patterns: [started, other] }))).toMatchObject([
      {
        path: ['patterns', 0, 'id'],
        expected: expect.stringMatching(/no other rule repair-timeout/),
      },
    ]);
  });
});
