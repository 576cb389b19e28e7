import type { Plain } from '../model/plain.ts';
import type { EventTime } from '../model/time.ts';
import { NO_CAPTURES } from './captures.ts';
import type { Decision } from './decisions.ts';
import {
  capturesOf,
  deadlineOf,
  hasBegun,
  type MatchState,
  type PartialMatch,
  takenBy,
  underWay,
} from './partials.ts';
import type { Program } from './program.ts';
import { offer, poll, replace } from './queue.ts';
import { hold, link, release, retain } from './shared-buffer.ts';
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

/** Partial matches went on or ended, and that is all. */
const CHANGED: Moved<never> = { matches: [], timedOut: [], asleep: [], dropped: 0 };

/** Whether this event would begin a match. While none is under way, no other event needs to be processed. */
export function begins<E extends Plain>(program: Program<E>, event: E): boolean {
  program.decisions.begin(event);
  const { decisions, start } = program;
  return (decisions.forAll(start) ?? decisions.forOne(start, NO_CAPTURES)).takes;
}

/** Runs one event past every partial match. Time must have been advanced to the event's time before. */
export function process<E extends Plain>(
  program: Program<E>,
  state: MatchState<E>,
  event: E,
  time: EventTime,
  limits: Limits = LIMITS,
): Moved<E> {
  program.decisions.begin(event);
  if (!concernsAny(program, state)) return UNCHANGED;
  const step: Step<E> = {
    program,
    state,
    event,
    time,
    kept: 0,
    finished: 0,
    held: -1,
    asleep: NOBODY,
  };
  let changed = false;
  for (const partial of state.partial) {
    const decision = decisionFor(program, state, partial);
    const begun = hasBegun(partial);
    if (decision.stays || !begun) {
      if (!decision.stays) changed = takeMoves(step, partial, decision) || changed;
      offer(KEPT, partial, step.kept++);
      continue;
    }
    changed = true;
    takeMoves(step, partial, decision);
    endOf(step, partial);
  }
  if (!changed) return UNCHANGED;
  replace(state.partial, KEPT, step.kept);
  for (let at = 0; at < step.finished; at += 1) {
    const match = FINISHED[at];
    if (match !== undefined) offer(state.finished, match);
  }
  const matches = finish(step);
  const dropped = dropOldest(step, limits);
  const { asleep } = step;
  if (matches.length + asleep.length + dropped === 0) return CHANGED;
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

// Where a step puts what it keeps and what it finishes: scratch, of which nothing outlives the step.
const KEPT: PartialMatch[] = [];
const FINISHED: PartialMatch[] = [];
const NOBODY: number[] = [];

type Step<E extends Plain> = {
  readonly program: Program<E>;
  readonly state: MatchState<E>;
  readonly event: E;
  readonly time: EventTime;
  /** How many there are in `KEPT` and in `FINISHED`. */
  kept: number;
  finished: number;
  /** Where the event is held, once somebody took it. */
  held: number;
  asleep: number[];
};

function endOf<E extends Plain>(step: Ending<E>, partial: PartialMatch): void {
  if (partial.armed) {
    if (step.asleep === NOBODY) step.asleep = [];
    step.asleep.push(partial.id);
  }
  release(step.state, partial.last);
}

/** Follows every way on. Whatever still waits is kept, unless what must be absent was seen. */
function takeMoves<E extends Plain>(
  step: Step<E>,
  partial: PartialMatch,
  { moves, stops }: Decision,
): boolean {
  const { program, state } = step;
  let moved = false;
  for (const { takes, from, to, completes } of moves) {
    if (!takes && !hasBegun(partial)) continue;
    moved = true;
    const last = takes ? taking(step, partial, from.number) : partial.last;
    if (to.kind === 'final') finished(step, goingOn(step, partial, last, takes, to.number));
    else if (!stops) offer(KEPT, goingOn(step, partial, last, takes, to.number), step.kept++);
    if (completes) finished(step, goingOn(step, partial, last, takes, program.places.length));
    // Its own use of the new link is over: those that are kept have theirs.
    if (takes) release(state, last);
  }
  return moved;
}

/** A link to the event as the last of this match. */
function taking<E extends Plain>(step: Step<E>, partial: PartialMatch, place: number): number {
  const { state, event, time } = step;
  if (step.held < 0) {
    state.events += 1;
    step.held = hold(state, state.events, event, time);
  }
  return link(state, place, step.held, partial.last);
}

/** The match as it is behind a move, with this as its last link. */
function goingOn<E extends Plain>(
  { state, time }: Step<E>,
  partial: PartialMatch,
  last: number,
  takes: boolean,
  place: number,
): PartialMatch {
  state.matches += 1;
  retain(state, last);
  const begun = hasBegun(partial);
  // A plain literal: spreads cost more here than all the rest.
  const first = begun ? partial.first : state.events;
  const start = begun ? partial.start : time;
  const previous = takes ? time : partial.previous;
  return { id: state.matches, place, first, start, previous, last, armed: false };
}

function finished<E extends Plain>(step: Step<E>, match: PartialMatch): void {
  offer(FINISHED, match, step.finished++);
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
  const step = { program, state, asleep: NOBODY };
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
  const matches = finish(step);
  return { matches, timedOut, asleep: step.asleep, dropped: 0 };
}

type Ending<E extends Plain> = Pick<Step<E>, 'program' | 'state' | 'asleep'>;

function finish<E extends Plain>(step: Ending<E>): readonly Match<E>[] {
  const { program, state } = step;
  if (state.finished.length === 0) return UNCHANGED.matches;
  return takeFinished(
    program,
    state,
    (partial) => endOf(step, partial),
    (match) => takenBy(program, state, match.last),
  );
}

function dropOldest<E extends Plain>(step: Ending<E>, limits: Limits): number {
  const { state } = step;
  let dropped = 0;
  while (underWay(state) > limits.partials || state.holding > limits.events) {
    const oldest = state.partial.length > 1 ? poll(state.partial) : poll(state.finished);
    if (oldest === undefined) break;
    endOf(step, oldest);
    dropped += 1;
  }
  return dropped;
}
