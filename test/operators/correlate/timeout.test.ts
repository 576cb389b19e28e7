import { describe, expect, it } from 'vitest';
import { checkPatternConditions } from '../../../operators/correlate/check-patterns.ts';
import { correlate } from '../../../operators/correlate/correlate.ts';
import type { Flow } from '../../../operators/flow/flow.ts';
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
