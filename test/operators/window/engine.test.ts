import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Duration } from '../../../operators/model/time.ts';
import { addReadings, advance, flush, type Report } from '../../../operators/window/engine.ts';
import { openLastPanes, takeFrame } from '../../../operators/window/frames.ts';
import { ensureColumns, openWindowState } from '../../../operators/window/panes.ts';
import { createWindower, type Shape, type Windows } from '../../../operators/window/windower.ts';

const SIGNALS = 3;

type Sizes = {
  readonly size: number;
  readonly hop: number;
  readonly lateness: number;
  readonly early: number | null;
  readonly quantiles: readonly number[];
};

/** A shape of windows, and how long the units of time are in which its readings come. */
type Scaled = { readonly shape: Shape; readonly unit: number };

function scaled(windows: Windows, { lateness, early, quantiles }: Sizes, unit = 1): Scaled {
  const shape: Shape = {
    windows,
    early: early === null ? null : ((early * unit) as Duration),
    lateness: (lateness * unit) as Duration,
    quantiles,
  };
  return { shape, unit };
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

/**
 * Values of the three signals at one to three times. Times stay close to how far time has come, so that frames meet the
 * pane of the frame before them: open, fired and kept for late readings, or gone.
 */
const frames = fc.array(
  fc
    .record({
      /** How far time goes before the frame, and whether the windows are brought to it. */
      step: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 12 })),
      advances: fc.boolean(),
      ahead: fc.integer({ min: -25, max: 15 }),
      after: fc.oneof(
        fc.constant<number[]>([]),
        fc.array(fc.integer({ min: -12, max: 12 }), { maxLength: 2 }),
      ),
    })
    .chain(({ ahead, after, ...rest }) => {
      const times = [ahead, ...after.map((by) => ahead + by)];
      const [minLength, maxLength] = [SIGNALS * times.length, SIGNALS * times.length];
      return fc.record({
        times: fc.constant(times),
        values: fc.array(value, { minLength, maxLength }).map((list) => Float64Array.from(list)),
        step: fc.constant(rest.step),
        advances: fc.constant(rest.advances),
      });
    }),
  { maxLength: 40 },
);

// Of 15 with a hop of 10, every other pane begins no window; with a hop of 20, some readings belong to none.
const sizes: fc.Arbitrary<Sizes> = fc.record({
  hop: fc.constantFrom(5, 10, 20),
  size: fc.constantFrom(10, 15, 20),
  lateness: fc.constantFrom(0, 15),
  early: fc.constantFrom(null, 7),
  quantiles: fc.constantFrom([], [0.5]),
});
const HOUR = 3_600_000_000;
/** Night ends where morning begins; nobody works between 14:00 and 22:00. */
const clock = {
  time_zone: 'Europe/Zurich',
  shifts: [
    { id: 'morning', start: '06:00', end: '14:00' },
    { id: 'night', start: '22:00', end: '06:00' },
  ],
};
const shapes = fc.oneof(
  {
    weight: 3,
    arbitrary: sizes.map((all) => scaled({ kind: 'aligned', ...cut(all.size, all.hop) }, all)),
  },
  fc.tuple(sizes, fc.constantFrom('day', 'shift')).map(([all, size]) => {
    return scaled({ kind: 'calendar', size, offset: 0 as Duration, clock }, all, HOUR);
  }),
  sizes.map((all) => scaled({ kind: 'session', gap: 5 as Duration }, all)),
  sizes.map((all) => scaled({ kind: 'count', count: 3 }, all)),
);

test('the readings of a frame give together what they give signal by signal', () => {
  fc.assert(
    fc.property(shapes, frames, ({ shape, unit }, some) => {
      const [one, other] = [atWork(shape), atWork(shape)];
      const columns = Int32Array.from({ length: 2 * SIGNALS }, (_, index) => index >> 1);
      const plan = { columns, lastPanes: openLastPanes(SIGNALS) };
      let now = 0;
      for (const { times: relative, values, step, advances } of some) {
        now += step * unit;
        const times = Float64Array.from(relative, (time) => now + time * unit);
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
      for (const { windower, state, report } of [one, other]) {
        advance(windower, state, 1_000 * unit, report);
      }
      expect(one.reported).toEqual(other.reported);
      expect(one.state).toEqual(other.state);
    }),
    { numRuns: 500 },
  );
});
