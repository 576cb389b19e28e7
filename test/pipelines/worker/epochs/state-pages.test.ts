import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  applyPages,
  assembledState,
  changedPages,
  type PageDigests,
  type StateChanges,
  type StoredColumns,
} from '../../../../pipelines/worker/epochs/state-pages.ts';
import { runs } from '../../../support/long.ts';
import { randomOf } from '../../../support/plant-log.ts';

/** A state of every kind of thing that a state may hold, which is changed at random. */
type Changing = {
  numbers: Float64Array;
  readonly marks: Uint8Array;
  sketches: { counts: Float64Array; zeros: number; name: string }[];
  readonly stores: { panes: Int32Array; name: string }[];
  readonly byName: Record<string, { ring: Float64Array; last: number | null }>;
  count: number;
};

function open(): Changing {
  return {
    numbers: new Float64Array(10),
    // In the middle of another array, at an odd place.
    marks: new Uint8Array(new ArrayBuffer(3_000), 3, 2_222),
    ...{ sketches: [], stores: [], byName: {}, count: 0 },
  };
}

/** Some of the places where it is large, small, grows over the bounds of columns and pages, and shrinks. */
const CHANGES: readonly ((state: Changing, random: () => number) => void)[] = [
  (state, random) => {
    const numbers = new Float64Array(Math.floor(random() * 2_000));
    numbers.set(state.numbers.subarray(0, numbers.length));
    state.numbers = numbers;
  },
  ({ numbers }, random) => {
    numbers[Math.floor(random() * numbers.length)] = random();
  },
  ({ marks }, random) => {
    // The last bytes of all are in no whole word.
    marks[marks.length - 1 - Math.floor(random() * 3)] = random() * 256;
  },
  ({ sketches }, random) => {
    const counts = new Float64Array(Math.floor(random() * 80)).fill(random());
    sketches.push({ counts, zeros: 0, name: 'x'.repeat(Math.floor(random() * 40)) });
  },
  (state, random) => {
    state.sketches = state.sketches.slice(Math.floor(random() * 40));
  },
  ({ sketches }, random) => {
    const sketch = sketches[Math.floor(random() * sketches.length)];
    if (sketch !== undefined) sketch.zeros += 1;
  },
  ({ stores }, random) => {
    stores.push({ panes: new Int32Array(300).fill(random() * 9), name: `store ${stores.length}` });
  },
  ({ stores }, random) => {
    stores.splice(Math.floor(random() * stores.length), 1);
  },
  ({ byName }, random) => {
    // Two names that a join with dots or commas would mix up.
    for (const name of ['a.b', 'a', 'a,b', '["a"]', '']) {
      byName[name] ??= { ring: new Float64Array(100), last: null };
      byName[name].ring[Math.floor(random() * 100)] = random();
    }
  },
  ({ byName }) => {
    delete byName.a;
  },
  (state) => {
    state.count += 1;
  },
];

/** Takes what changed, as a checkpoint does: what refers to the live state is copied. */
function copied({ columns, pieces }: StateChanges): StateChanges {
  return structuredClone({ columns, pieces });
}

describe('what changed of a state', () => {
  test('one after the other makes the state again, however it grows, shrinks and moves', () => {
    const property = fc.property(fc.integer(), fc.integer({ min: 1, max: 40 }), (seed, rounds) => {
      const random = randomOf(seed);
      const state = open();
      let digests: PageDigests | undefined;
      let stored: StoredColumns | undefined;
      for (let round = 0; round < rounds; round += 1) {
        const changes = Math.floor(random() * 12);
        for (let change = 0; change < changes; change += 1) {
          CHANGES[Math.floor(random() * CHANGES.length)]?.(state, random);
        }
        const changed = changedPages(state, digests);
        if (changes === 0) expect(changed === undefined).toBe(digests !== undefined);
        if (changed === undefined) continue;
        digests = changed.digests;
        stored = applyPages(stored, copied(changed.changes));
        const expected = { ...state, marks: Uint8Array.from(state.marks) };
        expect(isDeepStrictEqual(assembledState(stored), expected), `round ${round}`).toBe(true);
      }
    });
    fc.assert(property, { numRuns: runs(60) });
  });

  test('is a page for each place that changed', () => {
    const state = { panes: new Float64Array(100_000).fill(1), name: 'x' };
    const first = changedPages(state, undefined)!;
    expect(bytesOf(first.changes)).toBeGreaterThan(800_000);
    expect(first.digests.bytes).toBe(bytesOf(first.changes));
    expect(changedPages(state, first.digests)).toBeUndefined();
    state.panes[3] = 2;
    state.panes[50_000] = -0;
    const second = changedPages(state, first.digests)!;
    expect(bytesOf(second.changes)).toBe(2 * 1_024);
  });

  test('is nothing where an array has grown and was not written', () => {
    const state = { panes: new Float64Array(1_000).fill(1) };
    const first = changedPages(state, undefined)!;
    const stored = applyPages(undefined, copied(first.changes));
    state.panes = new Float64Array(100_000);
    state.panes.set(new Float64Array(1_000).fill(1));
    state.panes[90_000] = 2;
    const second = changedPages(state, first.digests)!;
    // The page that was the last, and was not full; the one of 2; the rest of the state.
    expect(bytesOf(second.changes)).toBeLessThan(3 * 1_024);
    expect(assembledState(applyPages(stored, copied(second.changes)))).toEqual(state);
    // Cut off and grown again, what stood there is gone.
    state.panes = state.panes.slice(0, 50_000);
    const third = changedPages(state, second.digests)!;
    const shorter = applyPages(applyPages(stored, second.changes), copied(third.changes));
    state.panes = new Float64Array(100_000);
    state.panes.set(new Float64Array(1_000).fill(1));
    const fourth = changedPages(state, third.digests)!;
    expect(assembledState(applyPages(shorter, copied(fourth.changes)))).toEqual(state);
  });

  test('is what it is where other columns come and go before it', () => {
    const list = Array.from({ length: 31 }, (_, at) => ({ at }));
    const state = { list, panes: new Float64Array(10_000).fill(1) };
    const { digests } = changedPages(state, undefined)!;
    // From now on the list is a column of its own.
    list.push({ at: 31 });
    expect(bytesOf(changedPages(state, digests)!.changes)).toBeLessThan(1_024);
  });

  test.each([
    ['where they were', {}],
    ['behind a new one', { early: new Float64Array(64).fill(1) }],
  ])('is found by looking at each of many columns a few times: %s', (_, early) => {
    const length = 500;
    const sketches = Array.from({ length }, (_, at) => ({ counts: new Float64Array(64).fill(at) }));
    let looks = 0;
    const counted = <Items extends readonly unknown[]>(items: Items) => {
      return new Proxy(items, {
        get(target, name, receiver) {
          if (typeof name === 'string' && /^\d+$/.test(name)) looks += 1;
          return Reflect.get(target, name, receiver);
        },
      });
    };
    const { changes, digests } = changedPages({ sketches }, undefined)!;
    sketches[7]!.counts[7] = 8;
    const state = { ...early, sketches };
    const later = changedPages(state, { ...digests, columns: counted(digests.columns) })!;
    expect(looks).toBeLessThan(10 * length);

    looks = 0;
    const stored = applyPages(undefined, copied(changes));
    const again = applyPages({ ...stored, columns: counted(stored.columns) }, later.changes);
    expect(looks).toBeLessThan(10 * length);
    expect(assembledState(again)).toEqual(state);
  });

  test('every bit counts', () => {
    const panes = new Float64Array(256);
    const bits = new Uint8Array(panes.buffer);
    const { digests } = changedPages({ panes }, undefined)!;
    for (let bit = 0; bit < 8 * bits.length; bit += 1) {
      bits[bit >> 3] = (bits[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(changedPages({ panes }, digests)?.changes.pieces).toHaveLength(3);
      bits[bit >> 3] = (bits[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    }
  });

  test('two changes that undo each other in one of the digests are seen all the same', () => {
    const panes = new Float64Array(256);
    const words = new Uint32Array(panes.buffer);
    const { digests } = changedPages({ panes }, undefined)!;
    // A sign, and a bit in one of the next words.
    for (let next = 1; next < 256; next += 1) {
      for (let bit = 0; bit < 32; bit += 1) {
        words[0] = 0x80000000;
        words[next] = 1 << bit;
        expect(changedPages({ panes }, digests), `${next} ${bit}`).toBeDefined();
        words[next] = 0;
      }
    }
  });
});

function bytesOf({ pieces }: StateChanges): number {
  return pieces.reduce<number>(
    (sum, each) => sum + (typeof each === 'number' ? 0 : each.length),
    0,
  );
}
