/** Stages without memory: made of plain code, or of other stages. */

import { Observable, Subject } from 'rxjs';
import type { Key } from '../model/key.ts';
import type { TableName, Tables } from '../model/tables.ts';
import { type Event, type Flow, row, type Stage } from './flow.ts';

/**
 * Makes a stage from plain code: `build` is called once per subscription and returns what handles each item, at
 * once and in order. A throw ends the flow with that error: RxJS alone would report it later, from nowhere, and
 * go on with half a message done.
 */
export function stage<I, O>(
  build: (emit: (item: Flow<O>) => void) => (item: Flow<I>) => void,
): Stage<I, O> {
  return (source) =>
    new Observable<Flow<O>>((subscriber) => {
      const handle = build((item) => subscriber.next(item));
      return source.subscribe({
        next(item) {
          try {
            handle(item);
          } catch (error) {
            subscriber.error(error);
          }
        },
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
}

/** Keeps the events of one kind. Only for splitting a flow whose other part is handled elsewhere: nothing else is allowed to vanish. */
export function only<I, O extends I>(is: (value: I) => value is O): Stage<I, O> {
  const holds = (event: Event<I>): event is Event<O> => is(event.value);
  return eachEvent((event, emit) => {
    if (holds(event)) emit(event);
  });
}

/** Handles each event with plain code that may emit any number of items, in place, at once. */
export function eachEvent<I, O>(
  handle: (event: Event<I>, emit: (item: Flow<O>) => void) => void,
): Stage<I, O> {
  return stage((emit) => (item) => (item.kind === 'event' ? handle(item, emit) : emit(item)));
}

/** Gives each event the key that the stages after it keep their state by. */
export function keyBy<T>(keyOf: (value: T) => Key): Stage<T, T> {
  return eachEvent((event, emit) => emit({ ...event, key: keyOf(event.value) }));
}

/** Writes an event down in a table on its way past, when `toRow` gives it a row there. */
export function land<T, N extends TableName>(
  table: N,
  toRow: (value: T, event: Event<T>) => Tables[N] | undefined,
): Stage<T, T> {
  return eachEvent((event, emit) => {
    const content = toRow(event.value, event);
    if (content !== undefined) emit(row(table, content));
    emit(event);
  });
}

/**
 * One flow through several branches. Every branch sees every event, change and mark; changes and marks go on once,
 * after all branches have dealt with them; what the branches emit goes on at once, in the order of the branches.
 */
export function fork<I, O>(...branches: readonly Stage<I, O>[]): Stage<I, O> {
  return (source) =>
    new Observable<Flow<O>>((subscriber) => {
      const inputs = branches.map((branch) => {
        const input = new Subject<Flow<I>>();
        const output = branch(input).subscribe({
          next: (item) => {
            if (item.kind === 'event' || item.kind === 'row') subscriber.next(item);
          },
          error: (error) => subscriber.error(error),
        });
        subscriber.add(output);
        return input;
      });
      const split = stage<I, O>((emit) => (item) => {
        if (item.kind !== 'row') for (const input of inputs) input.next(item);
        if (item.kind !== 'event') emit(item);
      });
      return split(source).subscribe(subscriber);
    });
}
