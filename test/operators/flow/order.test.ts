import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Flow, StageId } from '../../../operators/flow/flow.ts';
import { order } from '../../../operators/flow/order.ts';
import type { States } from '../../../operators/flow/states.ts';
import { event, runThrough, watermark } from '../../support/flows.ts';

const ordered = (states: States) =>
  order<string>(
    { id: 'order' as StageId, compare: (a, b) => (a === b ? 0 : a < b ? -1 : 1) },
    states,
  );

describe('order', () => {
  test('releases events by line time, then key, then rank', () => {
    const output = runThrough(ordered, [
      event('p/l/b', 3, 'late'),
      event('p/l/a', 3, 'y'),
      event('p/l/a', 3, 'x'),
      event('p/l/a', 1, 'first'),
      event('p/l/a', 9, 'waits'),
      watermark('p/l', 5),
    ]);
    expect(output).toEqual([
      event('p/l/a', 1, 'first'),
      event('p/l/a', 3, 'x'),
      event('p/l/a', 3, 'y'),
      event('p/l/b', 3, 'late'),
      watermark('p/l', 5),
    ]);
  });

  test('an event whose line time has passed goes on at once, marked late', () => {
    const output = runThrough(ordered, [watermark('p/l', 5), event('p/l/a', 5, 'x')]);
    expect(output.at(-1)).toEqual({ ...event('p/l/a', 5, 'x'), late: true });
  });

  test('a line does not hold up another', () => {
    const output = runThrough(ordered, [
      event('p/l/a', 1, 'x'),
      event('p/m/a', 1, 'y'),
      watermark('p/m', 2),
    ]);
    expect(output).toEqual([event('p/m/a', 1, 'y'), watermark('p/m', 2)]);
  });

  test('the order of arrival between two watermarks does not matter', () => {
    const times = fc.array(fc.tuple(fc.constantFrom('p/l/a', 'p/l/b'), fc.nat(9), fc.string()), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(
        times.chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
        ),
        ([all, shuffled]) => {
          const flow = (items: typeof all): Flow<string>[] => [
            ...items.map(([key, time, value]) => event(key, time, value)),
            watermark('p/l', 10),
          ];
          expect(runThrough(ordered, flow(shuffled))).toEqual(runThrough(ordered, flow(all)));
        },
      ),
    );
  });
});
