import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide, rowsOf } from '../support/decisions.ts';
import { PLANNED_RULES, plannedLife } from '../support/planned-plant.ts';
import { logOf, plantLife, RULES, type Said } from '../support/plant-log.ts';

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

  test('cut before, at or after a change of rules, the same rows and requests come out', () => {
    let ended = 0;
    const property = fc.property(fc.integer(), fc.integer({ min: 20, max: 380 }), (seed, place) => {
      const messages = logOf(withNewRules(plantLife(seed, 130), place));
      const whole = decide(messages);
      // Model, rules and schedule stand before the first message of the plant.
      const cuts = new Set([place + 2, place + 3, place + 4, place + 5]);
      expect(decide(messages, { cuts })).toEqual(whole);
      ended += rowsOf(whole, 'dead_letters').filter(
        ({ reason }) => reason === 'rule-changed',
      ).length;
    });
    fc.assert(property, { numRuns: 20 });
    expect(ended).toBeGreaterThan(20);
  });

  test('states that are copied while work goes on are those of the cut', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.uniqueArray(fc.integer({ min: 1, max: 400 }), { maxLength: 4 }),
        fc.integer({ min: 1, max: 60 }),
        (seed, cuts, overlap) => {
          const messages = logOf(plantLife(seed, 130));
          const whole = decide(messages);
          expect(decide(messages, { cuts: new Set(cuts), overlap })).toEqual(whole);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('cut after every single message, too', () => {
    const messages = logOf(plannedLife(5, 100), PLANNED_RULES);
    const everywhere = new Set(messages.map(({ sequence }) => sequence));
    expect(decide(messages, { cuts: everywhere })).toEqual(decide(messages));
  });
});

/** The same, with rules that mean something else put in at this place. */
function withNewRules(said: readonly Said[], place: number): Said[] {
  const patterns = RULES.patterns.map((rule) => ({ ...rule, within: '60s', on_timeout: {} }));
  const [hot, ...others] = RULES.detectors;
  const detectors = [{ ...hot, window: 'long' }, ...others];
  const change = {
    at: said[place]?.at ?? 0,
    subject: 'rules.p1',
    payload: Buffer.from(JSON.stringify({ ...RULES, patterns, detectors })),
    headers: { 'Content-Type': 'application/json', 'Andon-Change': 'c2' },
  };
  return [...said.slice(0, place), change, ...said.slice(place)];
}
