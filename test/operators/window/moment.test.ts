import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Duration } from '../../../operators/model/time.ts';
import { addColumn, advance, flush } from '../../../operators/window/engine.ts';
import { addMoment, openPlaces, takesMoments } from '../../../operators/window/moment.ts';
import { createEngine, openPanes, type Report } from '../../../operators/window/panes.ts';
import type { Shape } from '../../../operators/window/shape.ts';
import { ensureLanes } from '../../../operators/window/slots.ts';

const LANES = 3;

function shapeOf(size: number, hop: number, lateness: number, quantiles: readonly number[]): Shape {
  return {
    assigner: { kind: 'aligned', ...cut(size, hop), ancient: 'contained' },
    trigger: { kind: 'time' },
    lateness: lateness as Duration,
    ordered: false,
    purging: false,
    refire: 'frame',
    quantiles,
  };
}

function cut(size: number, hop: number) {
  return { size: size as Duration, hop: hop as Duration, offset: 0 as Duration };
}

/** Windows at work, and all that they say. */
function atWork(shape: Shape) {
  const engine = createEngine(shape);
  const panes = openPanes(shape);
  ensureLanes(panes.slots, LANES);
  const said: unknown[] = [];
  const report: Report = {
    fire: (lane, start, end, numbers, at, _sketch, version, timely) => {
      said.push([lane, start, end, [...numbers.subarray(at, at + 17)], version, timely]);
    },
    late: (lane, time, value, position) => void said.push(['late', lane, time, value, position]),
    retract: () => {},
  };
  return { engine, panes, said, report };
}

/** A moment of the three signals, how far time has come then, and whether the windows are brought to it first. */
const moments = fc.array(
  fc.record({
    time: fc.integer({ min: 0, max: 200 }),
    now: fc.integer({ min: 0, max: 120 }),
    values: fc.array(fc.constantFrom(1, 2.5, -3, Number.NaN, 1e200), {
      minLength: LANES,
      maxLength: LANES,
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

test('a moment of all signals gives what its readings give one by one', () => {
  fc.assert(
    fc.property(shapes, moments, (shape, some) => {
      const [one, other] = [atWork(shape), atWork(shape)];
      expect(takesMoments(one.engine)).toBe(true);
      const columns = Int32Array.from({ length: 2 * LANES }, (_, index) => index >> 1);
      const places = openPlaces(LANES);
      let now = 0;
      for (const { time, now: to, values, advances } of some) {
        now = Math.max(now, to);
        for (const { engine, panes, report } of [one, other]) {
          if (advances) advance(engine, panes, now, report);
        }
        const numbers = Float64Array.from(values);
        const refused = addMoment(
          one.engine,
          one.panes,
          columns,
          places,
          numbers,
          time,
          now,
          one.report,
        );
        let expected = 0;
        for (let lane = 0; lane < LANES; lane += 1) {
          const column = { lane, times: Float64Array.of(time), values: numbers, from: lane };
          expected += addColumn(other.engine, other.panes, column, now, other.report);
        }
        expect(refused).toBe(expected);
        for (const { engine, panes, report } of [one, other]) flush(engine, panes, report);
      }
      for (const { engine, panes, report } of [one, other]) advance(engine, panes, 1_000, report);
      expect(one.said).toEqual(other.said);
      expect(one.panes).toEqual(other.panes);
    }),
    { numRuns: 500 },
  );
});

test('windows that overlap in other ways, sessions and counts take their readings one by one', () => {
  const shape = shapeOf(10, 10, 0, []);
  const others: Shape[] = [
    { ...shape, assigner: { kind: 'session', gap: 5 as Duration } },
    { ...shape, trigger: { kind: 'count', count: 3 } },
    { ...shape, ordered: true },
  ];
  for (const other of others) expect(takesMoments(createEngine(other))).toBe(false);
});
