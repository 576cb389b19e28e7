import type { Duration } from '../model/time.ts';

/**
 * Where a reading goes whose time is more than one hop before 1970 (plus offset): into the windows that contain it.
 * Flink 1.15 takes the remainder with its sign and so puts it into the `next` window (tumbling), or into that one too
 * (hopping, `also-next`). No telemetry is so old; recorded test vectors are.
 */
export type Ancient = 'contained' | 'next' | 'also-next';

/** To which windows a reading belongs. */
export type Assigner =
  | {
      readonly kind: 'aligned';
      readonly size: Duration;
      /** Equal to `size` for tumbling windows. */
      readonly hop: Duration;
      readonly offset: Duration;
      readonly ancient: Ancient;
    }
  | { readonly kind: 'session'; readonly gap: Duration }
  /** One window without bounds. */
  | { readonly kind: 'global' };

/** When a window says what it has. */
export type Trigger =
  /** When time reaches its end. */
  | { readonly kind: 'time' }
  /** And every so often before: each time that was passed, or only the latest of them. */
  | { readonly kind: 'interval'; readonly every: Duration; readonly report: 'each' | 'latest' }
  /** Whenever so many readings have come since it last fired; never with time. */
  | { readonly kind: 'count'; readonly count: number };

/** All that decides what a window is and when it fires. */
export type Shape = {
  readonly assigner: Assigner;
  readonly trigger: Trigger;
  /** The content is dropped after each firing. */
  readonly purging: boolean;
  /** How long a fired window is kept and takes in late readings. */
  readonly lateness: Duration;
  /** When late readings make a fired window fire again: after each frame, or once when time moves on. */
  readonly refire: 'frame' | 'watermark';
  /** Readings wait for the watermark and are taken by time, so that the order of arrival cannot matter. */
  readonly ordered: boolean;
  readonly quantiles: readonly number[];
};

/** What is kept in one slot, derived from a shape. */
export type Layout = {
  /** Windows overlap and share panes: a window is made of `size / pane` slots. */
  readonly shared: boolean;
  /** Length of an aligned slot. */
  readonly pane: number;
  /** Each reading goes into one slot, and nothing fires between two readings of a frame. */
  readonly single: boolean;
};

/** Panes can be shared only where the windows that share them cannot drop content or count on their own. */
export function layoutOf({ assigner, trigger, purging }: Shape): Layout {
  const counts = trigger.kind === 'count';
  if (assigner.kind !== 'aligned') return { shared: false, pane: 0, single: !counts };
  const { size, hop, ancient } = assigner;
  if (ancient !== 'contained') return { shared: false, pane: size, single: false };
  if (hop >= size) return { shared: false, pane: size, single: !counts };
  if (counts || purging) return { shared: false, pane: size, single: false };
  return { shared: true, pane: greatestCommonDivisor(size, hop), single: true };
}

/** The newest window that a reading goes into. */
export function newestStart(
  time: number,
  { hop, offset, ancient }: Extract<Assigner, { kind: 'aligned' }>,
): number {
  return ancient === 'contained'
    ? gridFloor(time, hop, offset)
    : time - ((time - offset + hop) % hop);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The greatest of the times `offset + n · step` that is not after `time`, also for negative times. */
export function gridFloor(time: number, step: number, offset: number): number {
  const rest = (time - offset) % step;
  return time - (rest < 0 ? rest + step : rest);
}
