import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Duration } from '../../../operators/model/time.ts';
import {
  addInstant,
  addReadings,
  advance,
  flush,
  openLastPanes,
  type Report,
  takesInstants,
} from '../../../operators/window/engine.ts';
import { ensureColumns, openWindowState } from '../../../operators/window/panes.ts';
import { createWindower, type Shape } from '../../../operators/window/shape.ts';

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

/** One value of each of the three signals, how far time has come then, and whether the windows are brought to it first. */
const instants = fc.array(
  fc.record({
    time: fc.integer({ min: 0, max: 200 }),
    now: fc.integer({ min: 0, max: 120 }),
    values: fc.array(fc.constantFrom(1, 2.5, -3, Number.NaN, 1e200), {
      minLength: SIGNALS,
      maxLength: SIGNALS,
    }),
    advances: fc.boolean(),
  }),
  { maxLength: 40 },
);
const shapes = fc
  .record({
    hop: fc.constantFrom(5, 10, 20),
    size: fc.constantFrom(10, 20),
    lateness: fc.constantFrom(0, 15),
    quantiles: fc.constantFrom([], [0.5]),
  })
  .map(({ size, hop, lateness, quantiles }) => shapeOf(size, hop, lateness, quantiles));

test('the readings of one time give together what they give one by one', () => {
  fc.assert(
    fc.property(shapes, instants, (shape, some) => {
      const [one, other] = [atWork(shape), atWork(shape)];
      expect(takesInstants(one.windower)).toBe(true);
      const columns = Int32Array.from({ length: 2 * SIGNALS }, (_, index) => index >> 1);
      const lastPanes = openLastPanes(SIGNALS);
      let now = 0;
      for (const { time, now: to, values, advances } of some) {
        now = Math.max(now, to);
        for (const { windower, state, report } of [one, other]) {
          if (advances) advance(windower, state, now, report);
        }
        const numbers = Float64Array.from(values);
        const refused = addInstant(
          one.windower,
          one.state,
          columns,
          lastPanes,
          numbers,
          time,
          now,
          one.report,
        );
        let expected = 0;
        for (let column = 0; column < SIGNALS; column += 1) {
          const times = Float64Array.of(time);
          const readings = { column, times, values: numbers, from: column };
          expected += addReadings(other.windower, other.state, readings, now, other.report);
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

test('sessions and counts take their readings one by one', () => {
  const shape = shapeOf(10, 10, 0, []);
  const others: Shape[] = [
    { ...shape, windows: { kind: 'session', gap: 5 as Duration } },
    { ...shape, windows: { kind: 'count', count: 3 } },
  ];
  for (const other of others) expect(takesInstants(createWindower(other))).toBe(false);
});
