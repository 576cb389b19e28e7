import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { decide, rowsOf } from '../support/decisions.ts';
import { law } from '../support/law.ts';
import { logOf, plantLife } from '../support/plant-log.ts';
import { logOfPlant, plantWith } from '../support/plants/plant.ts';

afterEach(() => {
  vi.useRealTimers();
});

describe('law 1: what can change an answer is in the log', () => {
  const seen = { requests: 0 };

  law(
    'the same log gives the same rows and requests, in the same order, at any time of the world',
    8,
    fc.record({ plant: plantWith(), now: fc.date({ noInvalidDate: true }) }),
    ({ plant, now }) => {
      const messages = logOfPlant(plant);
      const first = decide(messages);
      vi.useFakeTimers({ now, toFake: ['Date', 'performance'] });
      const again = decide(messages);
      vi.useRealTimers();
      expect(again).toEqual(first);
      seen.requests += rowsOf(first, 'requests').length;
    },
    () => expect(seen.requests).toBeGreaterThan(3),
  );

  test('a change takes effect at its own sequence number and not before', () => {
    const said = plantLife(3, 120);
    const log = logOf(said);
    const rules = log[1];
    if (rules === undefined) throw new Error('the log begins with model and rules');
    // The same rules again, half-way: nothing may change. Without them at the start: nothing may be judged before.
    const again = [...log.slice(0, 200), rules, ...log.slice(200)].map(renumbered);
    const late = [...log.slice(0, 1), ...log.slice(2, 200), rules, ...log.slice(200)].map(
      renumbered,
    );
    expect(withoutRules(decide(again).rows)).toEqual(withoutRules(decide(log).rows));
    const position = 199;
    const judged = decide(late.slice(0, position)).rows.map(({ table }) => table);
    expect(new Set(judged).has('windows')).toBe(false);
    expect(decide(late).rows.some(({ table }) => table === 'windows')).toBe(true);
  });
});

function renumbered<M extends { readonly sequence: number }>(message: M, position: number): M {
  return { ...message, sequence: position + 1 };
}

/** Rows without their lineage: one more message in the log moves every number behind it. */
function withoutRules(
  rows: readonly { readonly table: string; readonly row: unknown }[],
): string[] {
  return rows
    .filter(({ table }) => !['rules', 'readings', 'waveforms'].includes(table))
    .map((row) => JSON.stringify(row));
}
