import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deadLettersOf, decide, rowsOf } from '../support/decisions.ts';
import { law } from '../support/law.ts';
import { runs } from '../support/long.ts';
import { PLANNED_RULES, plannedLife } from '../support/planned-plant.ts';
import { frame, logOf, MODEL, type Said } from '../support/plant-log.ts';
import { logOfPlant, plantWith } from '../support/plants/plant.ts';

describe('law 3: a restart changes nothing', () => {
  const cut = fc.record({
    plant: plantWith(),
    places: fc.uniqueArray(fc.nat(999), { minLength: 1, maxLength: 6 }),
    /** Before, at and after a change of rules or model, too. */
    atChanges: fc.boolean(),
    /** How many messages come while the states are being copied. */
    overlap: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 60 })),
    /** Checkpoints of a life behind its first one: each has only what changed. */
    increments: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 4 })),
  });
  const seen = { ended: 0, requests: 0 };

  law(
    'cut anywhere and gone on from the written states, the same rows and requests come out',
    12,
    cut,
    ({ plant, places, atChanges, overlap, increments }) => {
      const messages = logOfPlant(plant);
      const changes = messages.filter(({ subject }) => /^(rules|model)\./.test(subject));
      const cuts = new Set([
        ...places.map((place) => 1 + Math.floor((place / 1_000) * messages.length)),
        ...changes.flatMap(({ sequence }) => {
          return atChanges ? [sequence - 1, sequence, sequence + 1] : [];
        }),
      ]);
      const whole = decide(messages);
      expect(decide(messages, { cuts, overlap, increments })).toEqual(whole);
      seen.requests += rowsOf(whole, 'requests').length;
      seen.ended += rowsOf(whole, 'dead_letters').filter(
        ({ reason }) => reason === 'rule-changed',
      ).length;
    },
    () => expect(Math.min(...Object.values(seen))).toBeGreaterThan(3),
  );

  test('the same with a schedule that changes all the time', () => {
    const places = fc.uniqueArray(fc.integer({ min: 1, max: 400 }), { maxLength: 6 });
    const increments = fc.nat(3);
    const property = fc.property(fc.integer(), places, increments, (seed, cuts, increments) => {
      const messages = logOf(plannedLife(seed, 130), PLANNED_RULES);
      expect(decide(messages, { cuts: new Set(cuts), increments })).toEqual(decide(messages));
    });
    fc.assert(property, { numRuns: runs(20) });
  });

  test.each([0, 1, 7])(
    'cut after every single message, with %i increments behind each base, too',
    (increments) => {
      const messages = logOf(plannedLife(5, 100), PLANNED_RULES);
      const everywhere = new Set(messages.map(({ sequence }) => sequence));
      expect(decide(messages, { cuts: everywhere, increments })).toEqual(decide(messages));
    },
  );

  test('what a key knew is gone with it, though the checkpoint before an increment has it', () => {
    const model = (lines: readonly object[]): Said => ({
      ...{ at: 0, subject: 'model.p1' },
      payload: Buffer.from(JSON.stringify({ ...MODEL, lines })),
      headers: { 'Content-Type': 'application/json', 'Andon-Change': 'c2' },
    });
    const first = frame('l1.press', 1_000, { temperature: 70 });
    const messages = logOf([
      first,
      model(MODEL.lines.slice(1)),
      frame('l1.press', 2_000, { temperature: 71 }),
      model(MODEL.lines),
      // Of a machine that is new to the plant: no repeat.
      { ...first, at: 3_000 },
    ]);
    const [, , , known = 0, , gone = 0] = messages.map(({ sequence }) => sequence);
    const cuts = new Set([known, gone]);
    const decided = decide(messages, { cuts, increments: 1 });
    expect(decided).toEqual(decide(messages));
    expect(deadLettersOf(decided)).toEqual({ unknown: 1 });
  });
});
