import type { TableName, Tables } from '../model/tables.ts';
import { type Event, row, type Stage } from './flow.ts';
import { eachEvent } from './stateless.ts';

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
