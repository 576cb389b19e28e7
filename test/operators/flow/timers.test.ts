import { getHeapStatistics } from 'node:v8';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createTimers, type Timer } from '../../../operators/flow/timers.ts';
import { type Key, lineOf } from '../../../operators/model/key.ts';
import type { EventTime } from '../../../operators/model/time.ts';

const LINE = 'p/l' as Key;

function timer(asset: number, rule: number, due: number): Timer {
  return { key: `p/l/${asset}` as Key, rule: `r${rule}`, due: due as EventTime, pauses: false };
}

function byTurn(a: Timer, b: Timer): number {
  if (a.due !== b.due) return a.due - b.due;
  if (a.key !== b.key) return a.key < b.key ? -1 : 1;
  return a.rule < b.rule ? -1 : 1;
}

describe('timers', () => {
  test.each([
    ['a few keys with a few timers', 4, 4],
    ['a key or two with many', 1, 60],
  ])(
    'whatever is set, put off, cancelled and forgotten, the live ones of %s fire in the order (time, key, rule)',
    (_, keys, rules) => {
      const assets = fc.integer({ min: 0, max: keys });
      const ofKey = fc.integer({ min: 0, max: rules });
      const act = fc.tuple(
        fc.constantFrom('set', 'set', 'set', 'cancel', 'forget', 'take', 'take of'),
        assets,
        ofKey,
        fc.nat(500),
      );
      fc.assert(
        fc.property(fc.array(act, { maxLength: 400 }), (acts) => {
          const timers = createTimers(lineOf);
          const takeDueOn = (name: Key, until: EventTime) => {
            const clock = timers.clockNamed(name);
            return clock === undefined ? undefined : timers.takeDue(clock, until);
          };
          const model = new Map<string, Timer>();
          for (const [what, asset, rule, due] of acts) {
            const one = timer(asset, rule, due);
            const name = `${one.key} ${one.rule}`;
            if (what === 'set') {
              timers.set(timers.of(one.key), one.rule, one.due, one.pauses);
              model.set(name, one);
            } else if (what === 'cancel') {
              timers.cancel(timers.of(one.key), one.rule);
              model.delete(name);
            } else if (what === 'forget') {
              timers.forget(timers.of(one.key));
              for (const [other, { key }] of model) if (key === one.key) model.delete(other);
            } else {
              const isOfKey = what === 'take of';
              const next = [...model.values()]
                .filter((other) => other.due <= due && (!isOfKey || other.key === one.key))
                .sort(byTurn)[0];
              const taken = isOfKey
                ? timers.takeDueOf(timers.of(one.key), due as EventTime)
                : takeDueOn(LINE, due as EventTime);
              expect(taken).toEqual(next);
              if (next !== undefined) model.delete(`${next.key} ${next.rule}`);
            }
            expect(timers.all().sort(byTurn)).toEqual([...model.values()].sort(byTurn));
          }
        }),
        { numRuns: 200 },
      );
    },
  );

  test('one that is put off with every event does not fill the memory', () => {
    const timers = createTimers(lineOf);
    const before = getHeapStatistics().used_heap_size;
    for (let due = 0; due < 2_000_000; due += 1) {
      timers.set(timers.of(`p/l/${due % 10}` as Key), 'r0', due as EventTime, false);
    }
    expect(timers.all()).toHaveLength(10);
    expect(getHeapStatistics().used_heap_size - before).toBeLessThan(80_000_000);
  });
});
