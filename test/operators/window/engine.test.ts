import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Duration } from '../../../operators/model/time.ts';
import { addReadings, advance, flush, takeFrame } from '../../../operators/window/engine.ts';
import { ensureColumns, openWindowState } from '../../../operators/window/panes.ts';
import { openLastPanes } from '../../../operators/window/plan.ts';
import { createWindower, type Shape } from '../../../operators/window/shape.ts';
import type { Report } from '../../../operators/window/windower.ts';

const SIGNALS = 3;

function shapeOf(size: number, hop: number, lateness: number, quantiles: readonly number[]): Shape {
  return {
    windows: { kind: 'aligned', ...cut(size, hop) },
    early: null,
    lateness: lateness as Duration,
    quantiles,
  };
}

function cut(size: number, hop: number) {
  return { size: size as Duration, hop: hop as Duration, offset: 0 as Duration };
}

/** Windows at work, and all that they report. */
function atWork(shape: Shape) {
  const windower = createWindower(shape);
  const state = openWindowState(shape);
  ensureColumns(state.panes, SIGNALS);
  const reported: unknown[] = [];
  const report: Report = {
    fire: (column, start, end, numbers, at, _sketch, version, timely) => {
      reported.push([column, start, end, [...numbers.subarray(at, at + 17)], version, timely]);
    },
    tooLate: (...reading) => void reported.push(['too late', ...reading]),
    retract: () => {},
  };
  return { windower, state, reported, report };
}

const value = fc.constantFrom(1, 2.5, -3, Number.NaN, 1e200);

/** Values of the three signals at one to three times, and how far time has come then. */
const frames = fc.array(
  fc
    .record({
      from: fc.integer({ min: 0, max: 200 }),
      after: fc.array(fc.integer({ min: -12, max: 12 }), { maxLength: 2 }),
      now: fc.integer({ min: 0, max: 120 }),
      advances: fc.boolean(),
    })
    .chain(({ from, after, ...rest }) => {
      const times = [from, ...after.map((by) => from + by)];
      const [minLength, maxLength] = [SIGNALS * times.length, SIGNALS * times.length];
      return fc.record({
        times: fc.constant(Float64Array.from(times)),
        values: fc.array(value, { minLength, maxLength }).map((list) => Float64Array.from(list)),
        now: fc.constant(rest.now),
        /** Whether the windows are brought to that time before. */
        advances: fc.constant(rest.advances),
      });
    }),
  { maxLength: 40 },
);
const aligned = fc
  .record({
    hop: fc.constantFrom(5, 10, 20),
    size: fc.constantFrom(10, 20),
    lateness: fc.constantFrom(0, 15),
    quantiles: fc.constantFrom([], [0.5]),
  })
  .map(({ size, hop, lateness, quantiles }) => shapeOf(size, hop, lateness, quantiles));
const shapes = fc.oneof(
  { weight: 3, arbitrary: aligned },
  aligned.map((shape): Shape => ({ ...shape, windows: { kind: 'session', gap: 5 as Duration } })),
  aligned.map((shape): Shape => ({ ...shape, windows: { kind: 'count', count: 3 } })),
);

test('the readings of a frame give together what they give signal by signal', () => {
  fc.assert(
    fc.property(shapes, frames, (shape, some) => {
      const [one, other] = [atWork(shape), atWork(shape)];
      const columns = Int32Array.from({ length: 2 * SIGNALS }, (_, index) => index >> 1);
      const plan = { columns, lastPanes: openLastPanes(SIGNALS) };
      let now = 0;
      for (const { times, values, now: to, advances } of some) {
        now = Math.max(now, to);
        for (const { windower, state, report } of [one, other]) {
          if (advances) advance(windower, state, now, report);
        }
        const { windower, state, report } = one;
        const refused = takeFrame(windower, state, plan, times, values, now, report);
        let expected = 0;
        for (let column = 0; column < SIGNALS; column += 1) {
          const { windower, state, report } = other;
          const from = column * times.length;
          expected += addReadings(windower, state, column, times, values, from, now, report);
        }
        expect(refused).toBe(expected);
        for (const { windower, state, report } of [one, other]) flush(windower, state, report);
      }
      for (const { windower, state, report } of [one, other])
        advance(windower, state, 1_000, report);
      expect(one.reported).toEqual(other.reported);
      expect(one.state).toEqual(other.state);
    }),
    { numRuns: 500 },
  );
});
