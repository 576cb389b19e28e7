/**
 * Windows as Flink has them, on the panes and the engine of the product. What no window rule offers is added here:
 * purging, count triggers on any window, every early firing and not only the latest, a late reading that fires its
 * window at once, and Flink's remainder of times before 1970.
 */

import type { StageId } from '../../operators/flow/flow.ts';
import type { Keyed, Out } from '../../operators/flow/keyed.ts';
import type { Statistics } from '../../operators/model/observation.ts';
import {
  BEGINNING,
  type Duration,
  END_OF_TIME,
  type EventTime,
} from '../../operators/model/time.ts';
import { addReading, clearAccumulator, statistics } from '../../operators/window/aggregate.ts';
import { addReadings, advance, flush, type Report } from '../../operators/window/engine.ts';
import {
  EARLY,
  endOf,
  ensureColumns,
  findOrInsert,
  NEVER,
  NONE,
  olderThan,
  openWindowState,
  startOf,
  WIDTH,
  type WindowState,
} from '../../operators/window/panes.ts';
import {
  createWindower,
  floorToGrid,
  lastMoment,
  placeSession,
  scheduleWindow,
  TOO_LATE,
  type Windower,
  type Windows,
} from '../../operators/window/windower.ts';

type Aligned = Extract<Windows, { kind: 'aligned' }> & {
  /**
   * Where an element goes whose time is more than one hop before 1970 (plus offset): into the windows that contain
   * it. Flink 1.15 takes the remainder with its sign and so puts it into the `next` window (tumbling), or into that
   * one too (hopping, `also-next`).
   */
  readonly ancient: 'contained' | 'next' | 'also-next';
};

export type FlinkWindow = {
  readonly assigner: Aligned | Extract<Windows, { kind: 'session' }> | { readonly kind: 'global' };
  readonly trigger:
    | { readonly kind: 'time' }
    | { readonly kind: 'interval'; readonly every: Duration }
    /** Whenever so many elements have come since it last fired; never with time. */
    | { readonly kind: 'count'; readonly count: number };
  /** The content is dropped after each firing. */
  readonly purging: boolean;
  readonly lateness: Duration;
};

export type FlinkOutput =
  | {
      readonly kind: 'fired';
      readonly start: number;
      readonly end: number;
      readonly of: Statistics;
    }
  | { readonly kind: 'late'; readonly time: number; readonly value: number };

type Logic = Keyed<WindowState, number, FlinkOutput>;

/** The windows of each key over events whose values are numbers. */
export function flinkWindows(window: FlinkWindow): Logic {
  const windower = windowerOf(window);
  const settle = (state: WindowState, out: Out<FlinkOutput>) => {
    if (state.next < NEVER) out.setTimer(state.next as EventTime);
    else out.cancelTimer();
  };
  return {
    id: 'windows' as StageId,
    version: 1,
    scope: 'source',
    open: () => openWindowState(windower.shape),
    onEvent(state, { time, value }, _, out) {
      const report = reportOf(window, out);
      ensureColumns(state.panes, 1);
      if (isOfProduct(window)) {
        const [times, values] = [Float64Array.of(time), Float64Array.of(value)];
        addReadings(windower, state, 0, times, values, 0, out.now, report);
      } else addToEach(window, windower, state, { time, value }, out);
      flush(windower, state, report);
      settle(state, out);
    },
    onTimer(state, _due, _knowledge, out) {
      const report = reportOf(window, out);
      let time = nextEarly(windower, state);
      while (time < NEVER && time <= out.now) {
        advance(windower, state, time, report);
        time = nextEarly(windower, state);
      }
      advance(windower, state, out.now, report);
      settle(state, out);
    },
  };
}

/** Elements go into one pane each, and nothing fires or is dropped between two of them. */
function isOfProduct({ assigner, trigger, purging }: FlinkWindow): boolean {
  if (trigger.kind === 'count' || assigner.kind === 'global') return false;
  if (assigner.kind === 'session') return true;
  return assigner.ancient === 'contained' && (!purging || assigner.hop >= assigner.size);
}

function windowerOf(window: FlinkWindow): Windower {
  const { assigner, trigger, lateness } = window;
  const early = trigger.kind === 'interval' ? trigger.every : null;
  // A global window is one session that no element has to extend.
  const windows =
    assigner.kind === 'global' ? ({ kind: 'session', gap: 0 as Duration } as const) : assigner;
  const windower = createWindower({ windows, early, lateness, quantiles: [] });
  if (isOfProduct(window) || windows.kind !== 'aligned') return windower;
  return { ...windower, layout: { shared: false, paneSize: windows.size, eachBegins: true } };
}

function reportOf({ trigger, purging }: FlinkWindow, out: Out<FlinkOutput>): Report {
  return {
    fire(_column, start, end, numbers, at) {
      if (trigger.kind === 'count') return;
      out.emit({ kind: 'fired', start, end, of: statistics(numbers, at) });
      if (purging) clearAccumulator(numbers, at);
    },
    tooLate: (_column, time, value) => out.emit({ kind: 'late', time, value }),
    // A session that became part of another one never fires again.
    retract: () => {},
  };
}

function addToEach(
  window: FlinkWindow,
  windower: Windower,
  state: WindowState,
  { time, value }: { readonly time: number; readonly value: number },
  out: Out<FlinkOutput>,
): void {
  const { panes } = state;
  const { trigger, purging } = window;
  state.handled = Math.max(state.handled, out.now);
  const panesOfElement = placeElement(window, windower, state, time, out.now);
  if (panesOfElement === undefined) out.emit({ kind: 'late', time, value });
  for (const pane of panesOfElement ?? []) {
    const at = pane * WIDTH;
    addReading(panes.numbers, at, time, value);
    if (trigger.kind !== 'count') continue;
    // Where nothing fires early, its column holds the elements since the last firing.
    const count = (panes.numbers[at + EARLY] ?? 0) + 1;
    panes.numbers[at + EARLY] = count < trigger.count ? count : 0;
    if (count < trigger.count) continue;
    const [start, end] = [startOf(panes, pane), endOf(panes, pane)];
    out.emit({ kind: 'fired', start, end, of: statistics(panes.numbers, at) });
    if (purging) clearAccumulator(panes.numbers, at);
  }
}

/** The panes that an element goes into, each a window; none when it is too late for all of them. */
function placeElement(
  { assigner, lateness, trigger }: FlinkWindow,
  windower: Windower,
  state: WindowState,
  time: number,
  now: number,
): readonly number[] | undefined {
  const { panes } = state;
  const unscheduled = trigger.kind === 'interval' ? NEVER : 0;
  switch (assigner.kind) {
    case 'global': {
      const pane = findOrInsert(panes, 0, BEGINNING, END_OF_TIME, unscheduled);
      if (trigger.kind !== 'count') scheduleWindow(windower, state, pane, time);
      return [pane];
    }
    case 'session': {
      const counted = sessionsAround(state, time, assigner.gap)
        .map((pane) => panes.numbers[pane * WIDTH + EARLY] ?? 0)
        .reduce((sum, count) => sum + count, 0);
      const pane = placeSession(windower, state, 0, time, now, () => {});
      if (pane === TOO_LATE) return undefined;
      panes.numbers[pane * WIDTH + EARLY] = counted;
      return [pane];
    }
    case 'aligned': {
      const { size, hop, offset, ancient } = assigner;
      const newest =
        ancient === 'contained'
          ? floorToGrid(time, hop, offset)
          : time - ((time - offset + hop) % hop);
      if (newest <= time - size) return time + lateness <= now ? undefined : [];
      if (newest + size - 1 + lateness <= now) return undefined;
      const found: number[] = [];
      for (let start = newest; start > time - size; start -= hop) {
        if (start + size - 1 + lateness <= now) break;
        const pane = findOrInsert(panes, 0, start, start + size, unscheduled);
        scheduleWindow(windower, state, pane, time);
        found.push(pane);
        if (ancient === 'next') break;
      }
      return found;
    }
  }
}

/** The sessions that an element extends or merges. */
function sessionsAround({ panes }: WindowState, time: number, gap: number): readonly number[] {
  return panesOf(panes).filter((pane) => {
    return startOf(panes, pane) <= time + gap && endOf(panes, pane) >= time;
  });
}

/** When some window fires early next, before its end. */
function nextEarly(windower: Windower, { panes }: WindowState): number {
  if (windower.shape.early === null) return NEVER;
  const times = panesOf(panes).map((pane) => {
    const early = panes.numbers[pane * WIDTH + EARLY] ?? NEVER;
    return early < lastMoment(windower, panes, pane) ? early : NEVER;
  });
  return Math.min(NEVER, ...times);
}

function panesOf(panes: WindowState['panes']): readonly number[] {
  const all: number[] = [];
  for (let pane = panes.heads[0] ?? NONE; pane !== NONE; pane = olderThan(panes, pane)) {
    all.push(pane);
  }
  return all;
}
