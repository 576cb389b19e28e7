import { type Duration, type EventTime, minus } from '../model/time.ts';

/** What the log has shown of one source (a subject). */
export type Source = {
  /** Highest event time seen, never ahead of append time, minus the source's disorder. */
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
  return time > line ? time : line;
}
