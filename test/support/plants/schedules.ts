/** The schedule as it comes: late, moved, prolonged, cancelled, overlapping. */
import fc from 'fast-check';
import { epochMs, type Utterance } from './machines.ts';

const KINDS = ['changeover', 'planned-stop', 'maintenance', 'order', 'operation'] as const;
const ASSETS = { l1: ['press', 'pump'], l2: ['fan'] } as const;

export type ScheduleMessage = {
  readonly at: number;
  readonly line: 'l1' | 'l2';
  readonly entries: readonly Entry[];
};

type Entry = {
  readonly id: number;
  readonly kind: (typeof KINDS)[number];
  /** Seconds after the message, and how long. */
  readonly start: number;
  readonly length: number;
  readonly asset: boolean;
  readonly cancelled: boolean;
};

export function schedulesOf(seconds: number): fc.Arbitrary<ScheduleMessage[]> {
  const entry = fc.record({
    id: fc.nat(7),
    kind: fc.constantFrom(...KINDS),
    start: fc.integer({ min: -60, max: 60 }),
    length: fc.integer({ min: 5, max: 60 }),
    asset: fc.boolean(),
    cancelled: fc.integer({ min: 0, max: 3 }).map((chance) => chance === 3),
  });
  const message = fc.record({
    at: fc.nat(seconds - 1).map((second) => second * 1_000),
    line: fc.constantFrom('l1', 'l2'),
    entries: fc.array(entry, { minLength: 1, maxLength: 3 }),
  });
  return fc.array(message, { maxLength: 8 });
}

export function scheduled({ at, line, entries }: ScheduleMessage): Utterance {
  const content = {
    entries: entries.map(({ id, kind, start, length, asset, cancelled }) => ({
      ...{ id: `e${id}`, kind, start: epochMs(at + start * 1_000), cancelled },
      end: epochMs(at + (start + length) * 1_000),
      ...(asset ? { assets: [ASSETS[line][0]] } : {}),
      ...{ product: id % 2 === 0 ? 'A' : 'B', order: `${id % 4}`, segment: 'bend' },
      due: epochMs(at + 100_000),
    })),
  };
  return { at, subject: `schedule.p1.${line}`, content: () => content };
}
