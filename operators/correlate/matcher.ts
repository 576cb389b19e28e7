import type { Plain } from '../model/plain.ts';
import type { EventTime } from '../model/time.ts';
import { NO_CAPTURES } from './captures.ts';
import type { Decision } from './decisions.ts';
import {
  capturesOf,
  deadlineOf,
  eventsHeld,
  hasBegun,
  hold,
  link,
  type MatchState,
  type PartialMatch,
  release,
  retain,
  takenBy,
  underWay,
} from './partials.ts';
import type { Program } from './program.ts';
import { offer, poll } from './queue.ts';
import { takeFinished } from './skip.ts';

export type Taken<E> = { readonly stage: string; readonly event: E; readonly time: EventTime };
export type Match<E> = readonly Taken<E>[];

/** A partial match that came too late, with the time at which it did. */
export type TimedOut<E> = { readonly match: Match<E>; readonly at: EventTime };

/** What one move of the matcher brought. `asleep`: armed partial matches that are gone, by id. */
export type Moved<E> = {
  readonly matches: readonly Match<E>[];
  readonly timedOut: readonly TimedOut<E>[];
  readonly asleep: readonly number[];
  /** How many partial matches were dropped because there were too many. */
  readonly dropped: number;
};

/** What one key may hold of one pattern; beyond it the oldest partial match is dropped. */
export type Limits = { readonly partials: number; readonly events: number };
export const LIMITS: Limits = { partials: 1_000, events: 10_000 };

/** Nobody was concerned: nothing is to be done about timers either. */
export const UNCHANGED: Moved<never> = { matches: [], timedOut: [], asleep: [], dropped: 0 };

/** Whether this event would begin a match. While none is under way, no other event needs to be processed. */
export function begins<E extends Plain>(program: Program<E>, event: E): boolean {
  program.decisions.begin(event);
  const { decisions, start } = program;
  return (decisions.forAll(start) ?? decisions.forOne(start, NO_CAPTURES)).takes;
}

/**
 * Runs one event past every partial match. Time must have been advanced to the event's time before. `keep`: the event
 * as it is held, asked for once somebody takes it.
 */
export function process<E extends Plain>(
  program: Program<E>,
  state: MatchState<E>,
  event: E,
  time: EventTime,
  keep: (event: E) => E = (whole) => whole,
  limits: Limits = LIMITS,
): Moved<E> {
  program.decisions.begin(event);
  if (!concernsAny(program, state)) return UNCHANGED;
  const before = state.partial;
  const asleep: number[] = [];
  const kept: PartialMatch[] = [];
  const finished: PartialMatch[] = [];
  const step: Step<E> = {
    ...{ program, state, time, kept, finished, held: -1 },
    whole: () => keep(event),
  };
  let changed = false;
  for (const partial of before) {
    const decision = decisionFor(program, state, partial);
    if (decision.stays) {
      offer(kept, partial);
      continue;
    }
    if (!hasBegun(partial)) {
      changed = takeMoves(step, partial, decision) || changed;
      offer(kept, partial);
      continue;
    }
    changed = true;
    takeMoves(step, partial, decision);
    if (partial.armed === true) asleep.push(partial.id);
    release(state, partial.last);
  }
  if (!changed) return UNCHANGED;
  state.partial = kept;
  for (const match of finished) offer(state.finished, match);
  const matches = finish(program, state, asleep);
  const dropped = dropOldest(state, limits, asleep);
  return { matches, timedOut: [], asleep, dropped };
}

function decisionFor<E extends Plain>(
  program: Program<E>,
  state: MatchState<E>,
  partial: PartialMatch,
): Decision {
  const place = hasBegun(partial) ? partial.place : program.start;
  const { decisions } = program;
  return decisions.forAll(place) ?? decisions.forOne(place, capturesOf(program, state, partial));
}

/** Whether anything can change: most events concern nobody, and cost no more than this look. */
function concernsAny<E extends Plain>(program: Program<E>, state: MatchState<E>): boolean {
  const { decisions, start } = program;
  for (const partial of state.partial) {
    const begun = hasBegun(partial);
    const decision = decisions.forAll(begun ? partial.place : start);
    if (decision === undefined || (!decision.stays && (begun || decision.takes))) return true;
  }
  return false;
}

type Step<E extends Plain> = {
  readonly program: Program<E>;
  readonly state: MatchState<E>;
  readonly whole: () => E;
  readonly time: EventTime;
  readonly kept: PartialMatch[];
  readonly finished: PartialMatch[];
  /** Where the event is held, once somebody took it. */
  held: number;
};

/** Follows every way on. Whatever still waits is kept, unless what must be absent was seen. */
function takeMoves<E extends Plain>(
  step: Step<E>,
  partial: PartialMatch,
  { moves, stops }: Decision,
): boolean {
  const { program, state, kept, finished } = step;
  let moved = false;
  for (const { takes, from, to, completes } of moves) {
    if (!takes && !hasBegun(partial)) continue;
    moved = true;
    const next = takes ? taking(step, partial, from.number) : partial;
    if (to.kind === 'final') {
      keep(state, finished, next, to.number);
    } else if (!stops) {
      keep(state, kept, next, to.number);
    }
    if (completes) keep(state, finished, next, program.places.length);
    if (takes) settleLink(state, next.last);
  }
  return moved;
}

/** This match with the event as its last. Its link is used once, by this step, until it is settled. */
function taking<E extends Plain>(
  step: Step<E>,
  partial: PartialMatch,
  place: number,
): PartialMatch {
  const { state, time } = step;
  if (step.held < 0) {
    state.events += 1;
    step.held = hold(state, step.whole(), time);
  }
  const last = link(state, place, step.held, partial.last);
  retain(state, last);
  const { first, start } = hasBegun(partial) ? partial : { first: state.events, start: time };
  return { id: 0, place, first, start, previous: time, last };
}

function settleLink<E extends Plain>(state: MatchState<E>, last: number): void {
  release(state, last);
}

function keep<E extends Plain>(
  state: MatchState<E>,
  queue: PartialMatch[],
  { first, start, previous, last }: PartialMatch,
  place: number,
): void {
  state.matches += 1;
  retain(state, last);
  offer(queue, { id: state.matches, place, first, start, previous, last });
}

/**
 * Lets time pass. Whoever waits for an event is timed out; whoever waits for an absence is complete, if it is
 * among `absent` (all of them without it: their timers may stand still while nobody could see).
 */
export function advance<E extends Plain>(
  program: Program<E>,
  state: MatchState<E>,
  now: EventTime,
  absent?: ReadonlySet<number>,
): Moved<E> {
  const asleep: number[] = [];
  const timedOut: TimedOut<E>[] = [];
  const kept: PartialMatch[] = [];
  const complete: PartialMatch[] = [];
  for (const partial of state.partial) {
    const pending = program.places[partial.place]?.kind === 'pending';
    const deadline = deadlineOf(program, partial, now);
    const due = deadline !== null && now >= deadline;
    if (pending && absent !== undefined ? !absent.has(partial.id) : !due) {
      offer(kept, partial);
    } else if (pending) {
      offer(complete, partial);
    } else if (deadline !== null) {
      timedOut.push({ match: takenBy(program, state, partial.last), at: deadline });
      release(state, partial.last);
    }
  }
  if (kept.length === state.partial.length) return UNCHANGED;
  state.partial = kept;
  for (const match of complete) offer(state.finished, match);
  return { matches: finish(program, state, asleep), timedOut, asleep, dropped: 0 };
}

function finish<E extends Plain>(
  program: Program<E>,
  state: MatchState<E>,
  asleep: number[],
): Match<E>[] {
  return takeFinished(
    program,
    state,
    (partial) => {
      if (partial.armed === true) asleep.push(partial.id);
      release(state, partial.last);
    },
    (match) => takenBy(program, state, match.last),
  );
}

function dropOldest<E extends Plain>(
  state: MatchState<E>,
  limits: Limits,
  asleep: number[],
): number {
  let dropped = 0;
  while (underWay(state) > limits.partials || eventsHeld(state) > limits.events) {
    const oldest = state.partial.length > 1 ? poll(state.partial) : poll(state.finished);
    if (oldest === undefined) break;
    if (oldest.armed === true) asleep.push(oldest.id);
    release(state, oldest.last);
    dropped += 1;
  }
  return dropped;
}
