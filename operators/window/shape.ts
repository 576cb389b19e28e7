/** What the windows of a rule are and when they fire, as data. */

import {
  type LocalSpan,
  localDayAt,
  type PlantClock,
  rememberSpans,
  shiftSpanAt,
} from '../model/plant-model.ts';
import { type Duration, type EventTime, greatestCommonDivisor } from '../model/time.ts';

/** All that decides what a window is and when it fires. */
export type Shape = {
  readonly windows: Windows;
  /** A window fires when time reaches its end; with this, also every so often before. */
  readonly early: Duration | null;
  /** How long a fired window is kept and takes in late readings. */
  readonly lateness: Duration;
  readonly quantiles: readonly number[];
};

/** To which windows a reading belongs. */
export type Windows =
  | {
      readonly kind: 'aligned';
      readonly size: Duration;
      /** Equal to `size` for tumbling windows. */
      readonly hop: Duration;
      readonly offset: Duration;
    }
  /** Days and shifts by the clock of the plant. `offset`: how long after midnight a day begins. */
  | {
      readonly kind: 'calendar';
      readonly size: 'day' | 'shift';
      readonly offset: Duration;
      readonly clock: PlantClock;
    }
  | { readonly kind: 'session'; readonly gap: Duration }
  /** Every so many readings, in the order of their times. */
  | { readonly kind: 'count'; readonly count: number };

/** How windows are cut into panes, derived from a shape. */
export type Layout = {
  /** Windows overlap and share panes: a window is made of `size / paneSize` of them. Otherwise it is one pane. */
  readonly shared: boolean;
  /** Length of an aligned pane. */
  readonly paneSize: number;
  /** Every pane begins a window. Where it is so, no start need be looked for on the grid. */
  readonly eachBegins: boolean;
  /** Of calendar windows: the one that holds a time; none between two shifts. */
  readonly spanAt?: (time: EventTime) => LocalSpan;
};

/** A shape at work: what decides where readings go, and when. */
export type Windower = { readonly shape: Shape; readonly layout: Layout };

export function createWindower(shape: Shape): Windower {
  return { shape, layout: layoutOf(shape) };
}

function layoutOf({ windows }: Shape): Layout {
  if (windows.kind === 'calendar') {
    const { size, clock, offset } = windows;
    const spanAt = rememberSpans((time) => {
      return size === 'day' ? localDayAt(time, clock.time_zone, offset) : shiftSpanAt(time, clock);
    });
    return { shared: false, paneSize: 0, eachBegins: true, spanAt };
  }
  if (windows.kind !== 'aligned') return { shared: false, paneSize: 0, eachBegins: true };
  const { size, hop } = windows;
  if (hop >= size) return { shared: false, paneSize: size, eachBegins: true };
  const paneSize = greatestCommonDivisor(size, hop);
  return { shared: true, paneSize, eachBegins: paneSize === hop };
}

/** The greatest of the times `offset + n · step` that is not after `time`, also for negative times. */
export function floorToGrid(time: number, step: number, offset: number): number {
  const rest = (time - offset) % step;
  return time - (rest < 0 ? rest + step : rest);
}
