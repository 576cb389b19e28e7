import { malformed } from '../model/decoded.ts';
import { canBeWritten, type EventTime, fromMilliseconds } from '../model/time.ts';

/** Epoch milliseconds, fractions allowed, as an event time. */
export function timeOf(value: unknown): EventTime {
  if (typeof value !== 'number' || !canBeWritten(value)) {
    throw malformed('time in epoch milliseconds between the years 1900 and 2299', value);
  }
  return fromMilliseconds(value);
}
