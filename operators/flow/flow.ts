/** What travels between stages: events, rows, watermarks, changes and barriers. */

import type { OperatorFunction } from 'rxjs';
import type { Key } from '../model/key.ts';
import type { ChangeValue } from '../model/knowledge.ts';
import type { Sequence } from '../model/message.ts';
import type { TableName, Tables } from '../model/tables.ts';
import type { Brand, EventTime } from '../model/time.ts';

export type Epoch = Brand<number, 'Epoch'>;
export type StageId = Brand<string, 'StageId'>;

/** Something that happened, at its own time. `late`: the time of its line had already passed it. */
export type Event<T> = {
  readonly kind: 'event';
  readonly key: Key;
  readonly time: EventTime;
  readonly late?: true;
  readonly value: T;
};

/** Something to be written down. Every later stage carries it untouched. */
export type Row = {
  readonly [T in TableName]: { readonly kind: 'row'; readonly table: T; readonly row: Tables[T] };
}[TableName];

/** Whose time it is: a source's, a line's, or that of the log itself, which is append time. */
export type ClockScope = 'source' | 'line' | 'log';

/** The one key of everything that runs on append time. */
export const LOG = '' as Key;

/**
 * No event of that scope with a time at or before this one will follow, save those marked `late`. Of the log it says how
 * far append time has come, in whole steps: events carry times of their own.
 */
export type Watermark = {
  readonly kind: 'watermark';
  readonly scope: ClockScope;
  /** A source, a line, or `LOG`. */
  readonly of: Key;
  readonly time: EventTime;
  /** The source fell silent: timers of what it has open fire up to here; its clock stays where it is. */
  readonly silence?: true;
  /** A stretch that ended just now in which nobody could have heard anything: timers that pause stand still in it. */
  readonly blind?: { readonly from: EventTime; readonly to: EventTime };
};

/** A change of model, rules or schedule. Reaches every stage and key at its sequence number. */
export type Change = {
  readonly kind: 'change';
  readonly sequence: Sequence;
  readonly value: ChangeValue;
};

/** Everything before this mark belongs to its epoch and is in its snapshot; nothing after it does. */
export type Barrier = { readonly kind: 'barrier'; readonly epoch: Epoch };

/** The five things that travel between stages, in one total order. */
export type Flow<T> = Event<T> | Row | Watermark | Change | Barrier;

/** Plain RxJS: a stage goes into `.pipe(…)`. */
export type Stage<I, O> = OperatorFunction<Flow<I>, Flow<O>>;

/** A row for a table, typed by the table's name. */
export function row<N extends TableName>(table: N, content: Tables[N]): Row {
  return { kind: 'row', table, row: content } as Row;
}
