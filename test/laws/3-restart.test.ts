import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide } from '../support/decisions.ts';
import { PLANNED_RULES, plannedLife } from '../support/planned-plant.ts';
import { logOf } from '../support/plant-log.ts';

describe('law 3: a restart changes nothing', () => {
  test('cut anywhere and gone on from the written states, the same rows and requests come out', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.uniqueArray(fc.integer({ min: 1, max: 400 }), { maxLength: 6 }),
        (seed, cuts) => {
          const messages = logOf(plannedLife(seed, 130), PLANNED_RULES);
          const whole = decide(messages);
          expect(decide(messages, { cuts: new Set(cuts) })).toEqual(whole);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('cut after every single message, too', () => {
    const messages = logOf(plannedLife(5, 100), PLANNED_RULES);
    const everywhere = new Set(messages.map(({ sequence }) => sequence));
    expect(decide(messages, { cuts: everywhere })).toEqual(decide(messages));
  });
});
