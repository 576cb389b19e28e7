import { Packr } from 'msgpackr';
import type { EventTime } from '../../../operators/model/time.ts';
import { lineage, type Recorded } from '../../recordings/recorded.ts';
import type { Seconds } from './calendar.ts';
import { BURST_RATE, type SimulatedBurst } from './waveform.ts';

/** A message, and what counting needs to know of it. */
export type Planned = Recorded & {
  /** Those that land. */
  readonly readings: number;
  /** The nuisance that it belongs to, and what it leaves in `dead_letters`. */
  readonly deadLetter?: { readonly nuisance: string; readonly count: number };
};

/** What everything that sends has in common. */
export type Sender = {
  readonly seed: number;
  /** False: the same messages with empty payloads, for counting. */
  readonly payloads: boolean;
  /** Headers of the next message of a subject. */
  readonly number: (subject: string) => Record<string, string>;
  readonly timeOf: (at: Seconds) => EventTime;
};

export const EMPTY = new Uint8Array(0);
const packr = new Packr({ useRecords: false });

/** Counts the messages of each subject: each source has a gateway of its own. */
export function createNumbering(): (subject: string) => Record<string, string> {
  const counts = new Map<string, number>();
  return (subject) => {
    const count = (counts.get(subject) ?? 0) + 1;
    counts.set(subject, count);
    return lineage(subject, '1', count);
  };
}

/** A packed block of one value a second. `time`: microseconds. */
export function block(time: EventTime, values: Readonly<Record<string, Float32Array>>): Uint8Array {
  const columns = Object.fromEntries(
    Object.entries(values).map(([name, column]) => [name, bytesOf(column)]),
  );
  return packr.pack({ time: time / 1_000, step: 1_000, values: columns });
}

export function waveform(time: EventTime, { samples, scale, rpm }: SimulatedBurst): Uint8Array {
  const i16 = bytesOf(samples);
  return packr.pack({
    time: time / 1_000,
    rate: BURST_RATE,
    unit: 'g',
    samples: { i16, scale },
    rpm,
  });
}

export function json(content: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(content));
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Int16Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
