import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EventTime } from '../../../operators/model/time.ts';
import { createMarks } from '../../../pipelines/demo/log-marks.ts';
import { createPace } from '../../../pipelines/demo/publish-plant.ts';

const BEGIN = 1_000_000 as EventTime;

test('simulated time runs at its speed from where it begins', () => {
  const pace = createPace(BEGIN, 120, 5_000);
  expect(pace.at(5_000, false)).toBe(BEGIN);
  expect(pace.at(6_000, false)).toBe(BEGIN + 120_000_000);
  expect(pace.untilDue((BEGIN + 240_000_000) as EventTime)).toBe(1_000);
});

test('held up it stands still, and makes up for it without a jump', () => {
  const pace = createPace(BEGIN, 100, 0);
  pace.at(1_000, false);
  const stood = pace.at(3_000, true);
  expect(stood).toBe(BEGIN + 100_000_000);
  expect(pace.held).toBe(2_000);
  expect(pace.at(4_000, false) - stood).toBe(150_000_000);
  expect(pace.at(60_000, false)).toBe(BEGIN + 6_000_000_000);
});

test('simulated time never goes back and never runs ahead of its speed', () => {
  const looks = fc.array(fc.record({ wait: fc.integer({ min: 0, max: 500 }), held: fc.boolean() }));
  fc.assert(
    fc.property(looks, (steps) => {
      const pace = createPace(BEGIN, 120, 0);
      let now = 0;
      let before = BEGIN as number;
      for (const { wait, held } of steps) {
        now += wait;
        const at = pace.at(now, held);
        expect(at).toBeGreaterThanOrEqual(before);
        expect(at).toBeLessThanOrEqual(BEGIN + now * 120_000);
        before = at;
      }
    }),
  );
});

test('a mark tells when the log had a message, also one in between', () => {
  const marks = createMarks();
  const at = (wall: number) => (wall * 1_000) as EventTime;
  for (const [wall, sequence] of [
    [10, 3],
    [20, 3],
    [30, 7],
    [40, 12],
  ] as const) {
    marks.add({ wall, sequence, at: at(wall) });
  }
  expect([1, 3, 4, 7, 8, 12].map((sequence) => marks.of(sequence)?.wall)).toEqual([
    10, 10, 30, 30, 40, 40,
  ]);
  expect(marks.of(13)).toBeUndefined();
});
