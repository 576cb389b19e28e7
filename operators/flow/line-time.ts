/** The clocks of sources and lines: plain state, and how line time follows from it. */

import type { Key } from '../model/key.ts';
import {
  BEGINNING,
  type Duration,
  type EventTime,
  earlier,
  floorTo,
  later,
  minus,
  plus,
  SECOND,
} from '../model/time.ts';

/** Watermarks stand on whole steps of event time, so that batch cuts cannot matter. */
export const WATERMARK_STEP: Duration = SECOND;

/** The clock of one source. Plain state. */
export type SourceClock = {
  readonly asset: Key;
  /** Highest event time seen, never ahead of append time. */
  last: EventTime;
  /** `last` less the source's disorder. Its own data alone moves it. */
  time: EventTime;
  /** Append time of its latest message; blind time since then does not count (see `passOver`). */
  heard: EventTime;
  /** The same of its latest message whose time was no further behind than `skew_behind`. */
  trusted: EventTime;
  /** `time` in whole steps: the last watermark that was sent. */
  sent: EventTime;
  /** Up to here its windows were closed because it was silent. */
  closed: EventTime;
  /** Minute of append time in which it was last reported as out of step. */
  reported: EventTime;
};

/** The clock of one line, and the live sources that move it. Plain state. */
export type LineClock = {
  time: EventTime;
  /** The last watermark that was sent. */
  sent: EventTime;
  /** Append time of its first message; blind time since then does not count. */
  born: EventTime;
  readonly sources: Record<string, SourceClock>;
  /** Sources of stored values that were sent later: their clocks are their own, and move no line. */
  readonly backfill: Record<string, SourceClock>;
};

/** A source and how far it may lag: derived of the plant model and the rules. */
export type HeldSource = { readonly clock: SourceClock; readonly hold: Duration };

type LineRules = {
  readonly idle: Duration;
  readonly hold: Duration;
  readonly disorder: Duration;
};

export function openSourceClock(asset: Key): SourceClock {
  return {
    asset,
    last: BEGINNING,
    time: BEGINNING,
    heard: BEGINNING,
    trusted: BEGINNING,
    sent: BEGINNING,
    closed: BEGINNING,
    reported: BEGINNING,
  };
}

/**
 * Nobody could be heard for so long: it makes no source silent, and does not count for the first `hold`. So what all of
 * them stored while the broker was away is not late when it comes.
 */
export function passOver(line: LineClock, blind: Duration): void {
  line.born = plus(line.born, blind);
  for (const sources of [line.sources, line.backfill]) {
    for (const source of Object.values(sources)) {
      source.heard = plus(source.heard, blind);
      if (source.trusted !== BEGINNING) source.trusted = plus(source.trusted, blind);
    }
  }
}

/**
 * The time of a line: the running maximum, in whole steps, of the least time among the sources that are heard (within
 * `idle` of append time) and in step (within their `hold` of the most advanced one). So a source that lags by less
 * than `hold` is waited for, and one that lags by more delays nobody (watermark alignment, in Flink's words).
 *
 * In its first `hold` of append time a line stands at most at advanced − hold, unless all declared sources have spoken
 * (`complete`): who speaks first cannot matter. With no source heard it is append time − max(idle, hold) − disorder.
 */
export function lineTime(
  line: LineClock,
  sources: readonly HeldSource[],
  now: EventTime,
  { idle, hold, disorder }: LineRules,
  complete: boolean,
): EventTime {
  const advanced = mostAdvanced(sources, now, idle);
  if (advanced === undefined) {
    const silence = idle > hold ? idle : hold;
    return later(line.time, floorTo(minus(minus(now, silence), disorder), WATERMARK_STEP));
  }
  let least = advanced;
  for (const { clock, hold: own } of sources) {
    const step = floorTo(clock.time, WATERMARK_STEP);
    if (step < least && step >= advanced - own && isTrusted(clock, now, idle)) least = step;
  }
  const inFirstHold = !complete && now - line.born < hold;
  return later(line.time, inFirstHold ? earlier(least, minus(advanced, hold)) : least);
}

/** The most advanced time, in whole steps, of the sources that are heard; undefined when none is. */
export function mostAdvanced(
  sources: readonly HeldSource[],
  now: EventTime,
  idle: Duration,
): EventTime | undefined {
  let advanced: EventTime | undefined;
  for (const { clock } of sources) {
    if (!isTrusted(clock, now, idle)) continue;
    if (advanced === undefined || clock.time > advanced) advanced = clock.time;
  }
  return advanced === undefined ? undefined : floorTo(advanced, WATERMARK_STEP);
}

function isTrusted({ trusted }: SourceClock, now: EventTime, idle: Duration): boolean {
  return now - trusted <= idle;
}

/**
 * Up to where the windows of a source that was not heard for `idle` are closed. It follows append time, no further than
 * `extent` (the longest window) past its last event, in whole steps. It is not the source's time: what the source
 * stored meanwhile is still in order by itself when it comes.
 */
export function silenceMark(
  { last, closed }: SourceClock,
  now: EventTime,
  extent: Duration,
  { idle, disorder }: LineRules,
): EventTime {
  const silent = floorTo(minus(minus(now, idle), disorder), WATERMARK_STEP);
  const end = plus(floorTo(plus(last, extent), WATERMARK_STEP), WATERMARK_STEP);
  return later(earlier(silent, end), closed);
}
