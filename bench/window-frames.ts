import type { Event, Flow, Watermark } from '../operators/flow/flow.ts';
import type { Frame } from '../operators/model/decoded.ts';
import type { AssetKey, Key } from '../operators/model/key.ts';
import type { Sequence } from '../operators/model/message.ts';
import { END_OF_TIME, type EventTime, fromMilliseconds } from '../operators/model/time.ts';
import { ENTRIES, entriesOf, KEYS } from './reference-workload.ts';

/** Events between two watermarks, and milliseconds that a watermark stays behind the newest event. */
const BATCH = 1_000;
const BEHIND = 50;

/** The events of the reference workload as three columns: key, price, and the time is the position in milliseconds. */
export type Columns = { readonly keys: Int32Array; readonly prices: Float64Array };

export function columnsOf(count: number): Columns {
  const entries = entriesOf();
  const keys = new Int32Array(count);
  const prices = new Float64Array(count);
  for (let index = 0; index < count; index += 1) {
    const entry = entries[index % ENTRIES];
    keys[index] = entry?.key ?? 0;
    prices[index] = entry?.price ?? 0;
  }
  return { keys, prices };
}

/**
 * The workload as assets send it: a key is one of `signals` signals of an asset, and what came between two watermarks
 * is one frame of each asset, a sample per event. Behind it the watermark of each source, and at the end of all the last.
 */
export function framesOf({ keys, prices }: Columns, signals: number): readonly Flow<Frame>[] {
  const names = Array.from({ length: signals }, (_, index) => `s${index}`);
  const assets = Array.from({ length: Math.ceil(KEYS / signals) }, (_, index) => `p/l/a${index}`);
  const flow: Flow<Frame>[] = [];
  for (let from = 0; from < keys.length; from += BATCH) {
    const to = Math.min(from + BATCH, keys.length);
    const taken: number[][] = assets.map(() => []);
    for (let index = from; index < to; index += 1) {
      taken[Math.floor((keys[index] ?? 0) / signals)]?.push(index);
    }
    for (const [asset, events] of taken.entries()) {
      if (events.length === 0) continue;
      const values = new Float64Array(signals * events.length).fill(Number.NaN);
      for (const [sample, event] of events.entries()) {
        values[((keys[event] ?? 0) % signals) * events.length + sample] = prices[event] ?? 0;
      }
      const times = Float64Array.from(events, fromMilliseconds);
      flow.push(frameOf(assets[asset] ?? '', times, names, values));
    }
    const time = fromMilliseconds(to - 1 - BEHIND);
    for (const asset of assets) flow.push(watermarkOf(asset, time));
  }
  for (const asset of assets) flow.push(watermarkOf(asset, END_OF_TIME));
  return flow;
}

function frameOf(
  asset: string,
  times: Float64Array,
  signals: readonly string[],
  values: Float64Array,
): Event<Frame> {
  const time = (times.at(-1) ?? 0) as EventTime;
  const origin = { subject: asset, sequence: 1 as Sequence, appended: time };
  const key = asset as AssetKey;
  const value: Frame = {
    ...{ kind: 'frame', origin, asset: key, times, signals, values, texts: [] },
  };
  return { kind: 'event', key, time, value };
}

function watermarkOf(asset: string, time: EventTime): Watermark {
  return { kind: 'watermark', scope: 'source', of: asset as Key, time };
}
