import { filter, Subject, tap } from 'rxjs';
import { expect, test } from 'vitest';
import type { Event, Flow, Stage } from '../../../operators/flow/flow.ts';
import { eachEvent, fork, handlerOf, stage } from '../../../operators/flow/stage.ts';
import type { Key } from '../../../operators/model/key.ts';
import type { EventTime } from '../../../operators/model/time.ts';

const event = (value: number): Event<number> => {
  return { kind: 'event', key: 'p/l/a' as Key, time: 0 as EventTime, value };
};

const times = (by: number): Stage<number, number> => {
  return eachEvent(({ value }, emit) => emit(event(by * value)));
};

const failsAt = (limit: number): Stage<number, number> => {
  return eachEvent((item, emit) => {
    if (item.value >= limit) throw new Error(`found ${item.value}`);
    emit(item);
  });
};

/** What comes out of some stages, and how they ended. */
function run(...stages: readonly Stage<number, number>[]) {
  const input = new Subject<Flow<number>>();
  const seen: unknown[] = [];
  const all: Stage<number, number> = (source) => stages.reduce((flow, each) => each(flow), source);
  const output = all(input);
  const subscription = output.subscribe({
    next: (item) => seen.push(item.kind === 'event' ? item.value : item.kind),
    error: (error: Error) => seen.push(error.message),
    complete: () => seen.push('complete'),
  });
  return { input, output, seen, subscription };
}

test('stages one after the other are subscribed to as one, and end with what they read', () => {
  const { input, seen } = run(times(2), times(3));
  for (const value of [1, 2]) input.next(event(value));
  input.complete();
  expect(seen).toEqual([6, 12, 'complete']);
});

test('a throw in a later stage ends the flow with its error, and nothing is read any more', () => {
  const { input, seen } = run(times(2), failsAt(4), times(3));
  for (const value of [1, 2, 1]) input.next(event(value));
  expect(seen).toEqual([6, 'found 4']);
  expect(input.observed).toBe(false);
});

test('whoever unsubscribes is no longer told', () => {
  const { input, seen, subscription } = run(times(2), times(3));
  input.next(event(1));
  subscription.unsubscribe();
  input.next(event(2));
  expect(seen).toEqual([6]);
  expect(input.observed).toBe(false);
});

test('each subscription has stages of its own', () => {
  const counts = stage<number, number>((emit) => {
    let count = 0;
    return (item) => {
      count += 1;
      emit(item.kind === 'event' ? event(count) : item);
    };
  });
  const { input, output, seen } = run(counts, times(10));
  input.next(event(0));
  output.subscribe((item) => seen.push(item.kind === 'event' ? -item.value : item.kind));
  input.next(event(0));
  expect(seen).toEqual([10, 20, -10]);
});

test('an operator of RxJS may stand between two stages', () => {
  const odd: Stage<number, number> = filter(
    (item) => item.kind !== 'event' || item.value % 2 === 1,
  );
  const { input, seen } = run(times(1), odd, times(3));
  for (const value of [1, 2, 3]) input.next(event(value));
  expect(seen).toEqual([3, 9]);
});

test('branches see every event, in their order, and marks go on once', () => {
  const looked: number[] = [];
  const looks: Stage<number, number> = tap((item) => {
    if (item.kind === 'event') looked.push(item.value);
  });
  const { input, seen } = run(
    fork<number, number>(times(2), (flow) => flow.pipe(times(3), looks), looks),
  );
  input.next(event(1));
  input.next({ kind: 'barrier', epoch: 1 as never });
  expect(seen).toEqual([2, 3, 1, 'barrier']);
  expect(looked).toEqual([3, 1]);
});

test('an error in any branch, or behind it, ends the flow', () => {
  const looks: Stage<number, number> = tap(() => undefined);
  const branches: readonly Stage<number, number>[] = [
    failsAt(2),
    (flow) => flow.pipe(failsAt(2), looks),
    (flow) => flow.pipe(looks, failsAt(2)),
  ];
  for (const branch of branches) {
    const { input, seen } = run(fork<number, number>(branch));
    for (const value of [1, 2, 1]) input.next(event(value));
    expect(seen).toEqual([1, 'found 2']);
  }
  const { input, seen } = run(fork<number, number>(looks), failsAt(2));
  for (const value of [1, 2, 1]) input.next(event(value));
  expect(seen).toEqual([1, 'found 2']);
});

test('a branch that cannot be built ends the flow as it is subscribed to', () => {
  const refuses = stage<number, number>(() => {
    throw new Error('cannot be restored');
  });
  const looks: Stage<number, number> = tap(() => undefined);
  for (const branch of [
    refuses,
    (flow: Parameters<typeof refuses>[0]) => flow.pipe(refuses, looks),
  ]) {
    expect(run(fork<number, number>(branch)).seen).toEqual(['cannot be restored']);
  }
});

test('a stage by itself handles at once, and throws what it or whoever takes its items throws', () => {
  const looks: Stage<number, number> = tap(() => undefined);
  const failing = failsAt(3);
  for (const alone of [
    failing,
    (flow: Parameters<typeof failing>[0]) => flow.pipe(failing, looks),
  ]) {
    const seen: number[] = [];
    const handle = handlerOf<number, number>(alone, (item) => {
      if (item.kind === 'event') seen.push(item.value);
    });
    handle(event(1));
    expect(seen).toEqual([1]);
    expect(() => handle(event(3))).toThrow('found 3');
    const other = handlerOf<number, number>(alone, (item) => {
      throw new Error(`no place for a ${item.kind}`);
    });
    expect(() => other({ kind: 'barrier', epoch: 1 as never })).toThrow('no place for a barrier');
  }
});
