import type { Key } from '../model/key.ts';
import type { Event, Flow, Stage } from './flow.ts';
import { stage } from './stage.ts';

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

/** Gives each event the key that the stages behind it keep their state by. */
export function keyBy<T>(keyOf: (value: T) => Key): Stage<T, T> {
  return eachEvent((event, emit) => emit({ ...event, key: keyOf(event.value) }));
}
