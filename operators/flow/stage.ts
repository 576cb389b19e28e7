/** Stages without memory: made of plain code, or of other stages. */

import { Observable, Subject } from 'rxjs';
import type { Key } from '../model/key.ts';
import type { TableName, Tables } from '../model/tables.ts';
import { type Event, type Flow, row, type Stage } from './flow.ts';

type Handle<T> = (item: Flow<T>) => void;
type Build<I, O> = (emit: Handle<O>) => Handle<I>;

/** Stages one after the other as one, and the flow that the first of them reads. */
type Chain<I, O> = { readonly source: Observable<Flow<I>>; readonly build: Build<I, O> };

/** The stages behind a flow. They call each other: RxJS in between costs more than most of them do. */
const chains = new WeakMap<object, unknown>();

function chainOf<O>(flow: Observable<Flow<O>>): Chain<unknown, O> | undefined {
  return chains.get(flow) as Chain<unknown, O> | undefined;
}

function chained<I, O>(source: Observable<Flow<I>>, build: Build<I, O>): Chain<unknown, O> {
  const before = chainOf(source);
  if (before !== undefined) {
    return { source: before.source, build: (emit) => before.build(build(emit)) };
  }
  return { source, build } as Chain<unknown, O>;
}

/**
 * Makes a stage from plain code: `build` is called once per subscription and returns what handles each item, at
 * once and in order. A throw ends the flow with that error: RxJS alone would report it later, from nowhere, and
 * go on with half a message done.
 */
export function stage<I, O>(build: Build<I, O>): Stage<I, O> {
  return (source) => {
    const chain = chained(source, build);
    const flow = new Observable<Flow<O>>((subscriber) => {
      const handle = chain.build((item) => subscriber.next(item));
      return chain.source.subscribe({
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
    chains.set(flow, chain);
    return flow;
  };
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
  return stage((emit) => {
    const inputs = branches.map((branch) => {
      return handlerOf(branch, (item) => {
        if (item.kind === 'event' || item.kind === 'row') emit(item);
      });
    });
    return (item) => {
      if (item.kind !== 'row') for (const input of inputs) input(item);
      if (item.kind !== 'event') emit(item);
    };
  });
}

/**
 * What handles the items of a stage by itself, at once: `emit` is called before it returns, and what is thrown in the
 * stage or in `emit` is thrown by it. Nothing is to be handled after a throw: the stage may be halfway through an item. A
 * stage with operators of RxJS is subscribed to, and never unsubscribed from: it lives as long as its handler.
 */
export function handlerOf<I, O>(alone: Stage<I, O>, emit: Handle<O>): Handle<I> {
  const input = new Subject<Flow<I>>();
  const output = alone(input);
  const chain = chainOf(output);
  if (chain?.source === input) return chain.build(emit);
  let failure: { readonly error: unknown } | undefined;
  const check = () => {
    if (failure !== undefined) throw failure.error;
  };
  output.subscribe({
    next(item) {
      // A throw in here would be reported by RxJS from nowhere, after the fact.
      try {
        emit(item);
      } catch (error) {
        failure ??= { error };
      }
    },
    error(error) {
      failure ??= { error };
    },
  });
  check();
  return (item) => {
    input.next(item);
    check();
  };
}
