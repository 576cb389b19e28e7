import { describe, expect, it } from 'vitest';
import { alarm } from '../../../operators/alarm/alarm.ts';
import { findUnboundedPatterns } from '../../../operators/correlate/check-patterns.ts';
import { correlate } from '../../../operators/correlate/correlate.ts';
import { MOST_KEYS } from '../../../operators/correlate/partial-matches.ts';
import { enrich } from '../../../operators/enrich/enrich.ts';
import type { Flow } from '../../../operators/flow/flow.ts';
import type { Anomaly } from '../../../operators/model/anomaly.ts';
import type { Key } from '../../../operators/model/key.ts';
import type { Sequence } from '../../../operators/model/message.ts';
import type { Enriched, Observation, Observed } from '../../../operators/model/observation.ts';
import { rulesSchema } from '../../../operators/model/rules.ts';
import { at, machineEvent, rules } from '../../support/findings.ts';
import { runThrough, valuesOf } from '../../support/flows.ts';

function overflows(items: readonly Flow<unknown>[]): { detail: string; count: number }[] {
  return items.flatMap((item) => {
    if (item.kind !== 'row' || item.table !== 'dead_letters') return [];
    return item.row.reason === 'overflow' ? [item.row] : [];
  });
}

const is = (type: string) => `kind == 'event' && type == '${type}'`;
const pairs = {
  ...{ id: 'pairs', key: 'serial', skip: 'no-skip' },
  pattern: [
    { name: 'begun', where: is('begun') },
    { name: 'done', follows: 'relaxed', where: is('done') },
  ],
};
const others = { ...pairs, id: 'others', key: 'data.batch' };

describe('Keys that somebody makes up', () => {
  const serial = (second: number, type: string, number: number) =>
    machineEvent(second, type, { serial: `s${number}` });

  it('are bounded per pattern and line: the oldest go, and are counted', () => {
    const more = 10;
    const begun = Array.from({ length: MOST_KEYS + more }, (_, n) => serial(n + 1, 'begun', n));
    const time = MOST_KEYS + more + 10;
    const items: Flow<Enriched<Observation> | Anomaly>[] = [
      rules({ patterns: [pairs, others] }),
      machineEvent(0, 'begun', { batch: 'kept' }),
      ...begun,
      serial(time, 'done', 0),
      serial(time, 'done', MOST_KEYS - 1),
      machineEvent(time + 1, 'done', { batch: 'kept' }),
      serial(time + 2, 'done', MOST_KEYS + more - 1),
    ];
    const output = runThrough((states) => correlate(states), items);
    const [overflow, ...further] = overflows(output);
    expect(overflow?.detail).toContain('pattern pairs: more than 10000 values of its key');
    expect(overflow?.count).toBe(MOST_KEYS / 16);
    expect(further).toEqual([]);
    // The oldest is gone, the newer and those of other patterns are not.
    const raised = valuesOf(output).flatMap((value) =>
      'kind' in value && value.kind === 'incident' ? [value] : [],
    );
    expect(raised.map(({ rule, start }) => [rule, start])).toEqual([
      ['pairs', at(MOST_KEYS)],
      ['others', at(0)],
      ['pairs', at(MOST_KEYS + more)],
    ]);
  });

  it.each([
    [{ key: 'serial' }, 1],
    [{ key: 'serial', within: '1h' }, 0],
    [{ key: 'line' }, 0],
    [{ key: 'serial', pattern: [{ name: 'a', where: is('a') }] }, 0],
  ])('are warned of without a within: %j', (more, count) => {
    const asked = rulesSchema.parse({ patterns: [{ ...pairs, ...more }] });
    const warnings = findUnboundedPatterns(asked);
    expect(warnings).toHaveLength(count);
    if (count > 0) {
      expect(warnings[0]).toMatchObject({
        path: ['patterns', 0, 'key'],
        message: expect.stringMatching(/10,000 values of the key.*Give the pattern a within/),
      });
    }
  });
});

describe('Other keys by free text', () => {
  it('what operators shelve is bounded per line', () => {
    const shelved = Array.from({ length: 1_002 }, (_, n) =>
      machineEvent(n, 'shelved', { rule: `r${n}`, until: 1e9 }),
    );
    const output = runThrough(alarm, shelved);
    expect(overflows(output)).toHaveLength(2);
    const ended = output.flatMap((item) => {
      if (item.kind !== 'row' || item.table !== 'alarms') return [];
      return item.row.cause === 'unshelved' ? [item.row.rule] : [];
    });
    expect(ended).toEqual(['r0', 'r1']);
  });

  it('schedules of lines that no model has are bounded', () => {
    const schedule = (line: string): Flow<Observed> => ({
      kind: 'change',
      sequence: 1 as Sequence,
      value: {
        kind: 'schedule',
        line: line as Key,
        entries: [{ id: 'x', kind: 'order', start: at(5), end: at(50) }],
      },
    });
    const event = machineEvent(0, 'a');
    const items: Flow<Observed>[] = [
      { ...event, value: event.value.observation },
      schedule('p1/l1'),
      ...Array.from({ length: 1_001 }, (_, n) => schedule(`p9/l${n}`)),
    ];
    const [first, ...more] = overflows(runThrough(enrich, items));
    expect(first?.detail).toContain('without a model');
    expect(more).toHaveLength(1);
  });
});
