import type { AssetKey } from './key.ts';
import type { MachineEvent } from './machine-event.ts';
import type { Origin } from './message.ts';
import type { EventTime } from './time.ts';

// What a message of the log means once it is decoded: see `Decoded`, at the end.

/**
 * One message of one asset, columnar: `samples × signals` numbers in one array. Never one object per reading.
 *
 * - `times`: one event time (microseconds) per sample, as sent, not necessarily ascending.
 * - `values`: signal-major, the value of signal s at sample i is `values[s * times.length + i]`; NaN where the
 *   sample has no number. Booleans are 0 and 1.
 * - `texts`: the signals whose values are strings, each with one entry per sample (null where absent).
 * - `unknown`: signals that the plant model does not have. They land, and nothing evaluates them.
 */
export type Frame = {
  readonly kind: 'frame';
  readonly origin: Origin;
  readonly asset: AssetKey;
  readonly times: Float64Array;
  readonly signals: readonly string[];
  readonly values: Float64Array;
  readonly texts: readonly TextColumn[];
  readonly unknown?: readonly string[];
};

export type TextColumn = { readonly signal: string; readonly values: readonly (string | null)[] };

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

/** How many readings a value stands for when it becomes a dead letter; a waveform or an event is one. */
export function weightOf(value: Decoded): number {
  return value.kind === 'frame' ? Math.max(1, value.times.length * value.signals.length) : 1;
}
