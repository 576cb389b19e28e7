import type { Row } from '../../../operators/flow/flow.ts';
import type { AssetKey } from '../../../operators/model/key.ts';
import { DAY, type EventTime, eventTime, SECOND } from '../../../operators/model/time.ts';

/** A month of rates: 365 days are twelve of them. */
const MONTH = 30.4 * DAY;

/** How much was measured, and of which machines. */
export type MeasuredSpan = {
  readings: number;
  waveforms: number;
  /** Event times of the first and last measurement. */
  readonly assets: Map<AssetKey, { first: EventTime; last: EventTime }>;
};

export function createMeasuredSpan(): MeasuredSpan {
  return { readings: 0, waveforms: 0, assets: new Map() };
}

/** Takes in what the pipeline lands of measurements; other rows change nothing. */
export function extendSpan(span: MeasuredSpan, row: Row): void {
  if (row.table === 'readings') {
    const { asset, times, signals, texts } = row.row;
    span.readings += times.length * (signals.length + texts.length);
    for (const time of times) extend(span, asset, eventTime(time), eventTime(time));
  } else if (row.table === 'waveforms') {
    const { asset, time, rate, samples } = row.row;
    const length = (samples.length / rate) * SECOND;
    span.waveforms += 1;
    extend(span, asset, time, eventTime(time + (Number.isFinite(length) ? length : 0)));
  }
}

/** Months of measurements, over all machines: each counts from its first to its last. */
export function monthsOf({ assets }: MeasuredSpan): number {
  let total = 0;
  for (const { first, last } of assets.values()) total += last - first;
  return total / MONTH;
}

function extend(span: MeasuredSpan, asset: AssetKey, from: EventTime, to: EventTime): void {
  const known = span.assets.get(asset);
  if (known === undefined) {
    span.assets.set(asset, { first: from, last: to });
    return;
  }
  if (from < known.first) known.first = from;
  if (to > known.last) known.last = to;
}
