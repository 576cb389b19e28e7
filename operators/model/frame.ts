import type { AssetKey } from './key.ts';
import type { Origin } from './message.ts';

/**
 * One message of one asset, columnar: `samples × signals` numbers in one array. Never one object per reading.
 *
 * - `times`: one event time (microseconds) per sample, as sent, not necessarily ascending.
 * - `values`: signal-major, the value of signal s at sample i is `values[s * times.length + i]`; NaN where the
 *   sample has no number. Booleans are 0 and 1.
 * - `texts`: the signals whose values are strings, each with one entry per sample (null where absent).
 * - `unknown`: signals that the plant model does not have. They land, and nothing judges them.
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
