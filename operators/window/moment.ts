import { add, LARGEST } from './accumulator.ts';
import { placeAligned } from './aligned.ts';
import { type Engine, LATE, type Panes, type Report } from './panes.ts';
import { addToSketch } from './sketch.ts';
import { endOf, NONE, type Slots, startOf, WIDTH } from './slots.ts';

/** Where the columns of a route went last, all within the same pane [low, high); derived, so it is no state. */
export type Places = { low: number; high: number; readonly slots: Int32Array };

/** Places of so many columns, none of them known. */
export function openPlaces(columns: number): Places {
  return { low: 0, high: 0, slots: new Int32Array(columns).fill(NONE) };
}

/** Whether readings of one moment may be added at once: each goes into one slot, which time alone decides. */
export function takesMoments({ shape, layout }: Engine): boolean {
  return layout.single && shape.assigner.kind === 'aligned' && !shape.ordered;
}

/**
 * Takes the readings of one moment in, `values` by signal and NaN where there is none, as `addColumn` would one by one.
 * `columns` are pairs: position of the signal, lane. Returns how many values are too large for any statistic.
 *
 * As long as a pane ends behind `now`, none of its windows has fired, all of them know of it, and its slot is not removed:
 * so the slot of last time is right without another look.
 */
export function addMoment(
  engine: Engine,
  panes: Panes,
  columns: Int32Array,
  places: Places,
  values: Float64Array,
  time: number,
  now: number,
  report: Report,
): number {
  const { slots } = panes;
  const { sketched } = slots;
  panes.handled = Math.max(panes.handled, now);
  const open = time >= places.low && time < places.high && places.high - 1 > now;
  if (!open) places.slots.fill(NONE);
  let refused = 0;
  for (let pair = 0; pair < columns.length; pair += 2) {
    const position = columns[pair] ?? 0;
    const lane = columns[pair + 1] ?? 0;
    const value = values[position] ?? Number.NaN;
    if (!(Math.abs(value) <= LARGEST)) {
      if (!Number.isNaN(value)) refused += 1;
      continue;
    }
    let slot = places.slots[pair >> 1] ?? NONE;
    if (slot === NONE) {
      slot = placeAligned(engine, panes, lane, time, now);
      if (slot === LATE) report.late(lane, time, value, position);
      if (slot < 0) continue;
      remember(places, pair >> 1, slots, slot);
    }
    add(slots.numbers, slot * WIDTH, time, value);
    const sketch = sketched ? slots.sketches[slot] : undefined;
    if (sketch !== undefined) addToSketch(sketch, value);
  }
  return refused;
}

function remember(places: Places, column: number, slots: Slots, slot: number): void {
  places.slots[column] = slot;
  places.low = startOf(slots, slot);
  places.high = endOf(slots, slot);
}
