/** Takes whole frames into the windows of one rule at one source, and knows where the columns of a frame went last. */

import { addReading, LARGEST } from './aggregate.ts';
import { addReadings, type Report } from './engine.ts';
import { endOf, NONE, startOf, WIDTH, type WindowState } from './panes.ts';
import { addToSketch } from './sketch.ts';
import { placeByTime, TOO_LATE, type Windower } from './windower.ts';

export type FrameColumns = {
  /** Pairs: position of the signal in the frame, column of the store. */
  readonly columns: Int32Array;
  readonly lastPanes: LastPanes;
};

/** Where the columns of a frame plan went last, all within the same pane [low, high). */
type LastPanes = { low: number; high: number; readonly panes: Int32Array };

/** Of so many columns, none of them known. */
export function openLastPanes(columns: number): LastPanes {
  return { low: 0, high: 0, panes: new Int32Array(columns).fill(NONE) };
}

/**
 * Takes the readings of a frame in, as `addReadings` would signal by signal: `columns` are pairs of the position of a
 * signal and its column. Returns how many values are too large for any statistic.
 *
 * Where time alone decides on the pane, a frame of one time knows where its columns went last. As long as a pane ends after
 * what was handled, none of its windows has fired, all of them are scheduled, and the pane is not removed: so the pane of
 * last time is right without another look.
 */
export function takeFrame(
  windower: Windower,
  state: WindowState,
  plan: FrameColumns,
  times: Float64Array,
  values: Float64Array,
  now: number,
  report: Report,
): number {
  state.handled = Math.max(state.handled, now);
  const { kind } = windower.shape.windows;
  if (times.length !== 1 || kind === 'session' || kind === 'count') {
    return addColumns(windower, state, plan.columns, times, values, now, report);
  }
  const time = times[0] ?? 0;
  const { low, high, panes } = plan.lastPanes;
  const open = time >= low && time < high && high - 1 > state.handled;
  if (!open) panes.fill(NONE);
  return addInstant(windower, state, plan, time, values, now, report);
}

/** Takes in the readings of one time, each into the pane where its column went last. */
function addInstant(
  windower: Windower,
  state: WindowState,
  { columns, lastPanes }: FrameColumns,
  time: number,
  values: Float64Array,
  now: number,
  report: Report,
): number {
  const { panes } = state;
  const { sketched } = panes;
  let refused = 0;
  for (let pair = 0; pair < columns.length; pair += 2) {
    const position = columns[pair] ?? 0;
    const column = columns[pair + 1] ?? 0;
    const value = values[position] ?? Number.NaN;
    if (!(Math.abs(value) <= LARGEST)) {
      if (!Number.isNaN(value)) refused += 1;
      continue;
    }
    let pane = lastPanes.panes[pair >> 1] ?? NONE;
    if (pane === NONE) {
      pane = placeByTime(windower, state, column, time, now);
      if (pane === TOO_LATE) report.tooLate(column, time, value, position);
      if (pane < 0) continue;
      lastPanes.panes[pair >> 1] = pane;
      lastPanes.low = startOf(panes, pane);
      lastPanes.high = endOf(panes, pane);
    }
    addReading(panes.numbers, pane * WIDTH, time, value);
    const sketch = sketched ? panes.sketches[pane] : undefined;
    if (sketch !== undefined) addToSketch(sketch, value);
  }
  return refused;
}

function addColumns(
  windower: Windower,
  state: WindowState,
  columns: Int32Array,
  times: Float64Array,
  values: Float64Array,
  now: number,
  report: Report,
): number {
  let refused = 0;
  for (let pair = 0; pair < columns.length; pair += 2) {
    const from = (columns[pair] ?? 0) * times.length;
    const column = columns[pair + 1] ?? 0;
    refused += addReadings(windower, state, column, times, values, from, now, report);
  }
  return refused;
}
