import type { AssetKey } from './key.ts';
import type { MachineEvent } from './machine-event.ts';
import type { Origin } from './message.ts';
import type { EventTime } from './time.ts';

// What a message of the log means once it is decoded: see `Decoded`, at the end.

/** What a source says of a value, by its code in a frame. `bad` values are none: no later stage sees them. */
export const QUALITIES = ['good', 'uncertain', 'suspect', 'bad'] as const;
export type Quality = (typeof QUALITIES)[number];
export const GOOD = 0;
export const SUSPECT = 2;
export const BAD = 3;

/**
 * One message of one asset, columnar: `samples × signals` numbers in one array. Never one object per reading.
 *
 * - `times`: one event time (microseconds) per sample, as sent, not necessarily ascending.
 * - `values`: signal-major, the value of signal s at sample i is `values[s * times.length + i]`; NaN where the
 *   sample has no number. Booleans are 0 and 1.
 * - `evaluated`: the same for windows and detectors, where it is not what was sent: NaN where a value is suspect.
 *   Without it they see `values`.
 * - `quality`: the code of each of `values`; without it all are good.
 * - `texts`: the values that are strings, by signal, each with one entry per sample (null where absent). A signal may have
 *   numbers and texts, never both at one sample.
 * - `unknown`: signals that the plant model does not have. They land, and nothing evaluates them.
 */
export type Frame = {
  readonly kind: 'frame';
  readonly origin: Origin;
  readonly asset: AssetKey;
  readonly times: Float64Array;
  readonly signals: readonly string[];
  readonly values: Float64Array;
  readonly evaluated?: Float64Array;
  readonly quality?: Uint8Array;
  readonly texts: readonly TextColumn[];
  readonly unknown?: readonly string[];
};

export type TextColumn = {
  readonly signal: string;
  readonly values: readonly (string | null)[];
  readonly quality?: Uint8Array;
};

/**
 * Equidistant samples of one measuring point.
 *
 * - `rate`: samples per second (Hz). `unit`: of the samples, as sent (`g`, `m/s2`, `mm/s`, `um`).
 * - `rpm`: shaft speed while it was taken, where the sender knows it.
 * - `part`: [index from 0, count] when one waveform came in several messages; whole waveforms have none.
 */
export type Waveform = {
  readonly kind: 'waveform';
  readonly origin: Origin;
  readonly asset: AssetKey;
  readonly point: string;
  readonly time: EventTime;
  readonly rate: number;
  readonly unit: string;
  readonly samples: Float32Array;
  readonly rpm?: number;
  readonly part?: readonly [index: number, count: number];
};

/** The broker was alive: see `TICK_SUBJECT`. */
export type Tick = { readonly kind: 'tick'; readonly origin: Origin };

/** What a message of the log can mean, besides a change. */
export type Decoded = Frame | Waveform | MachineEvent | Tick;

/** How many readings a value stands for when it becomes a dead letter; a waveform or an event is one, and so is an empty frame. */
export function weightOf(value: Decoded): number {
  return value.kind === 'frame' ? Math.max(1, countReadings(value)) : 1;
}

/** A frame of these samples alone, in their order. */
export function pickSamples(frame: Frame, samples: readonly number[]): Frame {
  const { times, values, quality, evaluated, texts } = frame;
  const count = times.length;
  const pick = <A extends Float64Array | Uint8Array>(all: A, made: A): A => {
    for (let at = 0; at < made.length; at += 1) {
      const signal = Math.floor(at / samples.length);
      made[at] = all[signal * count + (samples[at % samples.length] ?? 0)] ?? 0;
    }
    return made;
  };
  const size = frame.signals.length * samples.length;
  return {
    ...frame,
    times: Float64Array.from(samples, (sample) => times[sample] ?? 0),
    values: pick(values, new Float64Array(size)),
    ...(evaluated === undefined ? {} : { evaluated: pick(evaluated, new Float64Array(size)) }),
    ...(quality === undefined ? {} : { quality: pick(quality, new Uint8Array(size)) }),
    texts: texts.map((column) => ({
      signal: column.signal,
      values: samples.map((sample) => column.values[sample] ?? null),
      ...(column.quality === undefined
        ? {}
        : { quality: Uint8Array.from(samples, (sample) => column.quality?.[sample] ?? GOOD) }),
    })),
  };
}

/** The numbers and texts of a frame: what lands of it. */
export function countReadings({ values, texts }: Pick<Frame, 'values' | 'texts'>): number {
  let count = countNumbers(values, 0, values.length);
  for (const column of texts) count += countTexts(column);
  return count;
}

export function countNumbers(values: Float64Array, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at += 1) {
    if (!Number.isNaN(values[at])) count += 1;
  }
  return count;
}

export function countTexts({ values }: TextColumn): number {
  let count = 0;
  for (const value of values) if (value !== null) count += 1;
  return count;
}
