import { Observable, type Subscriber } from 'rxjs';
import type { Event } from '../operators/flow/flow.ts';
import type { AssetKey } from '../operators/model/key.ts';
import type { MachineEvent } from '../operators/model/machine-event.ts';
import type { Sequence } from '../operators/model/message.ts';
import type { Enriched, Situation } from '../operators/model/observation.ts';
import { BEGINNING, type EventTime } from '../operators/model/time.ts';

/** One of the 65,536 events of the workload: its letter, its price (0 to 102.3) and its key (0 to 999). */
export type Entry = { readonly name: string; readonly price: number; readonly key: number };

export const ENTRIES = 65_536;
export const KEYS = 1_000;

/** The entries that repeat: a linear congruential generator of 64 bits from 42, the same everywhere. */
export function entriesOf(): readonly Entry[] {
  let state = 42n;
  return Array.from({ length: ENTRIES }, () => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    return {
      name: 'abcdefgh'[Number((state >> 40n) & 7n)] ?? '',
      price: Number((state >> 33n) & 1023n) / 10,
      key: Number((state >> 20n) % BigInt(KEYS)),
    };
  });
}

/** What stages are fed by: it calls the one stage that reads it, without the list of subscribers that a Subject has. */
export type Input<T> = Pick<Subscriber<T>, 'next' | 'complete'> & { readonly flow: Observable<T> };

export function openInput<T>(): Input<T> {
  let reader: Subscriber<T> | undefined;
  return {
    flow: new Observable((subscriber) => {
      if (reader !== undefined) throw new Error('the input of a benchmark has one reader: fork it');
      reader = subscriber;
    }),
    next: (item) => reader?.next(item),
    complete: () => reader?.complete(),
  };
}

/** A machine event as it reaches the patterns. */
export type Sample = Event<Enriched<MachineEvent>>;

const situation: Situation = {
  ...{ state: 'EXECUTE', since: BEGINNING, mode: '', order: '', product: '', shift: '' },
  ...{ operation: '', due: null, planned: '', next_stop: null, started: null, mixed: false },
};

/**
 * When the workload begins. Times of today do not fit into a small integer. With those that do, V8 would change the
 * shape of all events at the first larger time, and the first benchmark of a process would measure that.
 */
export const FIRST_TIME = 1_700_000_000_000_000 as EventTime;

/** The workload as machine events: event i is entry i modulo their number, i milliseconds after the first. */
export function eventsOf(count: number): readonly Sample[] {
  const entries = entriesOf();
  const assets = Array.from({ length: KEYS }, (_, key) => `p/l/a${key}` as AssetKey);
  const data = entries.map(({ name, price }) => ({ name, price }));
  return Array.from({ length: count }, (_, index) => {
    const at = index % ENTRIES;
    const asset = assets[entries[at]?.key ?? 0] ?? ('p/l/a0' as AssetKey);
    return sampleOf(asset, index, 'sample', data[at] ?? {});
  });
}

/** An event of this asset, so many milliseconds after the first. */
export function sampleOf(
  asset: AssetKey,
  milliseconds: number,
  type: string,
  data: MachineEvent['data'],
): Sample {
  const time = (FIRST_TIME + milliseconds * 1_000) as EventTime;
  const origin = { subject: 'event', sequence: milliseconds as Sequence, appended: time };
  const value: MachineEvent = { kind: 'event', origin, asset, time, type, data };
  return { kind: 'event', key: asset, time, value: { observation: value, situation } };
}
