import { malformed } from '../model/decoded.ts';
import { type EventTime, fromMilliseconds } from '../model/time.ts';

// ClickHouse's DateTime64 knows 1900 to 2299; nothing outside of it can be written down.
const EARLIEST = Date.UTC(1900, 0, 1);
const LATEST = Date.UTC(2299, 0, 1);

/** Epoch milliseconds, fractions allowed, as an event time. */
export function timeOf(value: unknown): EventTime {
  if (typeof value !== 'number' || !(value >= EARLIEST && value < LATEST)) {
    throw malformed('time in epoch milliseconds between the years 1900 and 2299', value);
  }
  return fromMilliseconds(value);
}
