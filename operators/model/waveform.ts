import type { AssetKey } from './key.ts';
import type { Origin } from './message.ts';
import type { EventTime } from './time.ts';

/**
 * A burst of equidistant samples of one point.
 *
 * - `rate`: samples per second (Hz). `unit`: of the samples, as sent (`g`, `m/s2`, `mm/s`, `um`).
 * - `rpm`: shaft speed while it was taken, where the sender knows it.
 * - `part`: [index from 0, count] when one burst came in several messages; whole bursts have none.
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
