import type { Features } from './features.ts';
import type { MachineEvent } from './machine-event.ts';
import type { ScheduleEntry } from './schedule.ts';
import type { EventTime } from './time.ts';
import type { Window } from './window.ts';

/** What the machine was doing, as of an event time, by all that is known of it. */
export type Situation = {
  /** PackML state; `UNDEFINED` before the first state event. */
  readonly state: string;
  readonly since: EventTime;
  readonly mode: string;
  readonly order: string;
  readonly product: string;
  readonly shift: string;
  /** The planned thing that goes on: `changeover`, `planned-stop`, `maintenance`, or nothing. */
  readonly planned: string;
  /** End of the latest state or planned stretch that suppressions may name: `[kind, end]`. */
  readonly ended: readonly (readonly [kind: string, end: EventTime])[];
  /** The state, mode or product changed inside the window: it is judged by none. */
  readonly mixed: boolean;
};

export type Situated<T> = { readonly value: T; readonly situation: Situation };

/** What is judged and matched behind the first `order`. */
export type Observation = Window | Features | MachineEvent;

/** The next stretch in which a line stands anyway. */
export type Gap = Pick<ScheduleEntry, 'id' | 'kind' | 'start' | 'end'>;
