import type { Features } from './features.ts';
import type { MachineEvent } from './machine-event.ts';
import type { ScheduleEvent } from './schedule-event.ts';
import type { EventTime } from './time.ts';
import type { Window } from './window.ts';

/** What the machine was doing, as of an event time, by all that is known of it. */
export type Situation = {
  /** PackML state; `UNDEFINED` before the first state event. */
  readonly state: string;
  readonly since: EventTime;
  readonly mode: string;
  readonly order: string;
  /** Segment of the order that runs at this machine, where the schedule has operations. */
  readonly operation: string;
  readonly product: string;
  /** When the order must be done; null where the schedule does not say. */
  readonly due: EventTime | null;
  readonly shift: string;
  /** The planned thing that goes on: `changeover`, `planned-stop`, `maintenance`, `startup`, or nothing. */
  readonly planned: string;
  /** Minutes from the end of what was observed to the next stretch in which the machine stands; 0 in one, null without. */
  readonly next_stop: number | null;
  /** When the machine last stopped being in a start-up state; null if it never did. */
  readonly started: EventTime | null;
  /** The state, mode, product or operation changed inside the window: it is judged by none. */
  readonly mixed: boolean;
};

export type Enriched<T> = { readonly value: T; readonly situation: Situation };

/** What is observed of a machine: what was measured, and what happened to it. */
export type Observed = Window | Features | MachineEvent;

/** What is judged and matched behind `situate`: what was observed, and what happened in the schedule. */
export type Observation = Observed | ScheduleEvent;
