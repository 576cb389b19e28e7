import { type Duration, type EventTime, earlier, later, minus, plus } from '../model/time.ts';

/** What the log has shown of one source (a subject). */
export type Source = {
  /** Highest event time seen, never ahead of append time. */
  last: EventTime;
  /** The source's own time: `last` minus its disorder; while it is silent, see `silentTime`. */
  time: EventTime;
  /** Append time of its latest message. */
  heard: EventTime;
  /** `time` in whole steps: the last watermark that was sent. */
  marked: EventTime;
};

/**
 * The time of a line: the least time of the sources heard within `idle`, never going back. A source whose time is
 * behind the line is catching up and does not hold it. Without any that hold it, the line follows append time.
 */
export function lineTime(
  sources: Iterable<Source>,
  line: EventTime,
  now: EventTime,
  { idle, disorder }: { readonly idle: Duration; readonly disorder: Duration },
): EventTime {
  let least: EventTime | undefined;
  for (const { time, heard } of sources) {
    if (now - heard > idle || time < line) continue;
    if (least === undefined || time < least) least = time;
  }
  const time = least ?? minus(minus(now, idle), disorder);
  return later(time, line);
}

/**
 * The time of a source that was not heard for `idle`: it follows append time, so that what is open can close, but no
 * further than `extent` (the longest window) behind its last event. A gateway that comes back after an hour finds
 * its windows closed and its clock where it was, and what it brings is judged.
 */
export function silentTime(
  { last, time }: Source,
  now: EventTime,
  extent: Duration,
  { idle, disorder }: { readonly idle: Duration; readonly disorder: Duration },
): EventTime {
  const silent = minus(minus(now, idle), disorder);
  return later(earlier(silent, plus(last, extent)), time);
}
