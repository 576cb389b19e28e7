import { Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import type { Epoch, Flow, StageId } from '../../../../operators/flow/flow.ts';
import { keyed } from '../../../../operators/flow/keyed.ts';
import type { States } from '../../../../operators/flow/states.ts';
import type { Key } from '../../../../operators/model/key.ts';
import { EMPTY_KNOWLEDGE } from '../../../../operators/model/knowledge.ts';
import type { Sequence } from '../../../../operators/model/message.ts';
import { plantModelSchema } from '../../../../operators/model/plant-model.ts';
import type { EventTime } from '../../../../operators/model/time.ts';
import { createSnapshots, MOST_INCREMENTS } from '../../../../pipelines/worker/epochs/snapshots.ts';
import {
  NO_STATES,
  type PackedStates,
  restoreStates,
} from '../../../../pipelines/worker/epochs/state-image.ts';
import { event } from '../../../support/flows.ts';

const NAME = 'one-name-of-the-model';
const barrier: Flow<number> = { kind: 'barrier', epoch: 1 as Epoch };
const change: Flow<number> = {
  kind: 'change',
  sequence: 1 as Sequence,
  value: {
    ...{ kind: 'model', id: 'm' },
    model: plantModelSchema.parse({ id: NAME, lines: [] }),
  },
};

/** Hands on the names of the models that it knows. */
function names(id: string, states: States) {
  return keyed<null, number, number>(
    {
      id: id as StageId,
      version: 1,
      scope: 'line',
      open: () => null,
      onEvent(_, { value }, { models }, out) {
        out.emit(value + Object.keys(models).length);
      },
    },
    states,
  );
}

test('what three stages know is in a checkpoint once, and all three have it again', () => {
  const first = createSnapshots(NO_STATES);
  const input = new Subject<Flow<number>>();
  input.pipe(names('a', first), names('b', first), names('c', first)).subscribe();
  input.next(change);
  first.begin(() => input.next(barrier));
  const packed = first.taken();
  expect(packed.whole).toBe(true);
  expect(Buffer.concat(packed.parts).toString('latin1').split(`id\xb5${NAME}`)).toHaveLength(2);
  expect([...first.sizes.keys()].sort()).toEqual(['a', 'b', 'c', 'knowledge']);

  const second = createSnapshots(restoreStates(packed));
  const again = new Subject<Flow<number>>();
  const output: unknown[] = [];
  again
    .pipe(names('a', second), names('b', second), names('c', second))
    .subscribe((item) => output.push(item));
  again.next(event('p/l/a', 1, 0));
  expect(output).toMatchObject([{ value: 3 }]);
});

test('a stage that has not seen the changes of the others makes no checkpoint', () => {
  const snapshots = createSnapshots(NO_STATES);
  const [one, other] = [new Subject<Flow<number>>(), new Subject<Flow<number>>()];
  let failure: unknown;
  const observer = { error: (error: unknown) => (failure = error) };
  one.pipe(names('a', snapshots)).subscribe(observer);
  other.pipe(names('b', snapshots)).subscribe(observer);
  one.next(change);
  snapshots.begin(() => {
    one.next(barrier);
    other.next(barrier);
  });
  expect(String(failure)).toContain('stage b has not seen the same changes');
});

/** A life of a stage that keeps what it is told, by key: a list of numbers that grows, or nothing any more at 0. */
function life(restored = NO_STATES) {
  const snapshots = createSnapshots(restored);
  const input = new Subject<Flow<number>>();
  const kept = keyed<{ told: number[]; long: Float64Array }, number, number>(
    {
      ...{ id: 'kept' as StageId, version: 1, scope: 'line' },
      open: () => ({ told: [], long: new Float64Array(5_000).fill(1) }),
      onEvent(state, { value }, _, out) {
        if (value === 0) return out.close();
        state.told.push(value);
        state.long[value] = value;
        out.setTimer((value * 1_000) as EventTime);
      },
    },
    snapshots,
  );
  const output: unknown[] = [];
  input.pipe(kept).subscribe({ error: (error) => output.push(error) });
  const begin = () => snapshots.begin(() => input.next(barrier));
  return {
    snapshots,
    begin,
    tell: (key: string, value: number) => input.next(event(`p/l/${key}`, value, value)),
    checkpoint(): PackedStates {
      begin();
      return snapshots.taken();
    },
  };
}

/** The keys that come back, and what they were told. */
function toldBy(...chain: PackedStates[]): Record<string, unknown> {
  const { states = [], timers = [] } = restoreStates(...chain).restore('kept' as StageId) ?? {};
  const told = states.map(([key, state]) => [key, (state as { told: number[] }).told]);
  return { ...Object.fromEntries(told), timers: timers.map(({ key, due }) => `${key} ${due}`) };
}

/** The most bytes that a turn copies of a stage with so many states of so many numbers each; in each of some checkpoints. */
function turnsOf(states: number, numbers: number): { whole: boolean; turns: number[] }[] {
  const snapshots = createSnapshots(NO_STATES);
  const checkpoints: { whole: boolean; turns: number[] }[] = [];
  for (let round = 1; round <= 4; round += 1) {
    const turns: number[] = [];
    let left = states;
    let whole = false;
    snapshots.begin(() => {
      snapshots.save('kept' as StageId, (copy, isWhole) => {
        whole = isWhole;
        return {
          head: { version: 1, timers: [], clocks: { keys: [], times: new Float64Array() } },
          knowledge: EMPTY_KNOWLEDGE,
          closed: [],
          more(limit) {
            const taken = Math.min(limit, left);
            const first = left;
            left -= taken;
            turns.push(taken);
            copy(
              Array.from({ length: taken }, (_, at) => {
                return [`p/l/${first - at}` as Key, { now: new Float64Array(numbers).fill(round) }];
              }),
            );
            return taken === limit;
          },
        };
      });
    });
    snapshots.taken();
    checkpoints.push({ whole, turns });
  }
  return checkpoints;
}

describe('a turn', () => {
  test('copies one state where they are large, from the first on, in every base', () => {
    const checkpoints = turnsOf(100, 100_000);
    expect(checkpoints.map(({ whole }) => whole)).toEqual([true, false, false, true]);
    for (const { turns } of checkpoints) expect(Math.max(...turns)).toBe(1);
  });

  test('copies many where they are small', () => {
    for (const { turns } of turnsOf(1_000, 3)) {
      expect(Math.max(...turns)).toBe(64);
      expect(turns.length).toBeLessThan(30);
    }
  });
});

const sizeOf = ({ parts }: PackedStates) => parts.reduce((sum, { length }) => sum + length, 0);

describe('an increment', () => {
  test('has of a state what changed, and nothing of one that did not', () => {
    const { tell, checkpoint, snapshots } = life();
    for (let key = 0; key < 100; key += 1) tell(`a${key}`, 1);
    const base = checkpoint();
    const size = snapshots.sizes.get('kept')!;
    expect(sizeOf(base)).toBeGreaterThan(100 * 40_000);
    tell('a7', 2);
    const increment = checkpoint();
    expect(increment.whole).toBe(false);
    // A page of the long array, the rest of the state, timers and clocks.
    expect(sizeOf(increment)).toBeLessThan(10_000);
    expect(snapshots.sizes.get('kept')).toBe(size + 1);
    expect(toldBy(base, increment)['p/l/a7']).toEqual([1, 2]);
    expect(toldBy(base, increment)['p/l/a8']).toEqual([1]);
  });

  test('says which keys are gone, also of one that was opened again and is gone again', () => {
    const { tell, checkpoint } = life();
    for (const key of ['a', 'b', 'c']) tell(key, 1);
    const chain = [checkpoint()];
    for (const [key, value] of [
      ['a', 0],
      ['b', 0],
      ['b', 5],
      ['c', 0],
      ['c', 6],
      ['c', 0],
    ] as const)
      tell(key, value);
    chain.push(checkpoint());
    expect(toldBy(...chain)).toEqual({ 'p/l/b': [5], timers: ['p/l/b 5000'] });
    tell('a', 7);
    tell('d', 8);
    tell('d', 0);
    chain.push(checkpoint());
    expect(toldBy(...chain)).toMatchObject({ 'p/l/a': [7], 'p/l/b': [5] });
    expect(toldBy(...chain)).not.toHaveProperty('p/l/d');
  });

  test('has a state as it was at its barrier, although it changes or goes while it is copied', () => {
    const { tell, checkpoint, begin, snapshots } = life();
    for (const key of ['a', 'b', 'c']) tell(key, 1);
    const chain = [checkpoint()];
    tell('a', 2);
    tell('b', 2);
    begin();
    tell('a', 3);
    tell('b', 0);
    tell('c', 3);
    chain.push(snapshots.taken());
    expect(toldBy(...chain)).toMatchObject({ 'p/l/a': [1, 2], 'p/l/b': [1, 2], 'p/l/c': [1] });
    chain.push(checkpoint());
    expect(toldBy(...chain)).toMatchObject({ 'p/l/a': [1, 2, 3], 'p/l/c': [1, 3] });
    expect(toldBy(...chain)).not.toHaveProperty('p/l/b');
  });

  test('a base comes when the increments hold as much as it, or are many', () => {
    const busy = life();
    busy.tell('a', 1);
    const kinds: boolean[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      // All pages of a state of forty.
      for (let value = 1; value < 5_000; value += 100) busy.tell('a', value);
      for (let value = 1; value < 5_000; value += 100) busy.tell('a', value + turn);
      kinds.push(busy.checkpoint().whole);
    }
    expect(kinds[0]).toBe(true);
    expect(kinds.slice(1)).toContain(true);
    expect(kinds.slice(1)).toContain(false);

    const calm = life();
    calm.tell('a', 1);
    const whole = Array.from({ length: 2 * MOST_INCREMENTS + 4 }, () => calm.checkpoint().whole);
    const bases = whole.flatMap((isWhole, at) => (isWhole ? [at] : []));
    expect(bases).toEqual([0, MOST_INCREMENTS + 1, 2 * MOST_INCREMENTS + 2]);
  });

  test('of a life that goes on from a checkpoint the first is a base', () => {
    const first = life();
    first.tell('a', 1);
    const chain = [first.checkpoint()];
    first.tell('a', 2);
    chain.push(first.checkpoint());
    const second = life(restoreStates(...chain));
    second.tell('b', 9);
    const base = second.checkpoint();
    expect(base.whole).toBe(true);
    expect(toldBy(base)).toMatchObject({ 'p/l/a': [1, 2], 'p/l/b': [9] });
  });
});
