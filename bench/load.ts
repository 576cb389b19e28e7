import { setTimeout as pause } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connectNats } from '../pipelines/nats/nats.ts';
import { partitionStream } from '../pipelines/nats/streams.ts';
import { landedTo } from './landed-to.ts';
import { SIGNALS_PER_ASSET } from './paced-plant.ts';
import type { Published } from './paced-publisher.ts';
import { type BenchStand, resultOf } from './stand.ts';

export type Load = { readonly assets: number; readonly rate: number; readonly seconds: number };

/** Seconds of an epoch by default: what is not landed for two of them is behind. */
const EPOCH_SECONDS = 2;
export const MOST_LAG = 2;

export function framesPerEpoch(rate: number): number {
  return (rate / SIGNALS_PER_ASSET) * EPOCH_SECONDS;
}

/** A publisher at a steady rate, and how far the rows of its frames are behind. */
export interface Running {
  /** Resolves at its end. */
  readonly done: Promise<Published>;
  /** Of the stream now. */
  last(): Promise<number>;
  /** Epochs that are in the stream and not in ClickHouse. */
  lag(): Promise<number>;
}

/** Sets a publisher going, and stays by `work` until that is over; the publisher ends after its seconds. */
export async function underLoad<T>(
  stand: BenchStand,
  { assets, rate, seconds }: Load,
  work: (running: Running) => Promise<T>,
): Promise<T> {
  const connection = await connectNats({ servers: stand.nats.url, name: 'bench' });
  try {
    const manager = await jetstreamManager(connection);
    const last = async () => {
      const { state } = await manager.streams.info(partitionStream(0));
      return state.last_seq;
    };
    const lines: string[] = [];
    const plant = { assets, rate, seconds, url: stand.nats.url };
    const args = Object.entries(plant).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const publisher = await stand.bench(['paced-publisher', ...args], (line) => lines.push(line));
    const done = resultOf<Published>(publisher, lines);
    done.catch(() => undefined);
    return await work({
      done,
      last,
      lag: async () => ((await last()) - (await landedTo(stand))) / framesPerEpoch(rate),
    });
  } finally {
    await connection.close();
  }
}

/** Looks at something every so many milliseconds until a promise is settled. */
export async function every(
  milliseconds: number,
  until: Promise<unknown>,
  look: () => Promise<void>,
): Promise<void> {
  let over = false;
  const end = until.then(
    () => {
      over = true;
    },
    () => {
      over = true;
    },
  );
  while (!over) {
    const next = performance.now() + milliseconds;
    await look();
    await Promise.race([pause(Math.max(0, next - performance.now())), end]);
  }
}
