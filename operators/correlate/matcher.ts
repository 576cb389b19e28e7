import type { Key } from '../model/key.ts';
import type { PatternRule } from '../model/pattern-rule.ts';
import type { Plain } from '../model/plain.ts';
import type { EventTime } from '../model/time.ts';
import type { PatternEvent } from './event-fields.ts';
import {
  capturesOf,
  countUnderWay,
  deadlineOf,
  extractMatch,
  hasBegun,
  type Match,
  offer,
  type PartialMatch,
  type PatternState,
  poll,
  removeWhere,
  replaceQueue,
} from './partial-matches.ts';
import type { PatternProgram } from './program.ts';
import {
  extractNodes,
  lockNode,
  putEvent,
  putNode,
  releaseEvent,
  releaseNode,
} from './shared-buffer.ts';
import { NO_CAPTURES, type TransitionOutcome } from './transitions.ts';

/**
 * The matcher runs a compiled pattern over the partial matches of a key, step by step: an event, or time that passed.
 * This is the result of one step. `disarmed`: partial matches with a timer that are gone.
 */
export type MatchResult<E> = {
  readonly matches: readonly Match<E>[];
  readonly timedOut: readonly TimedOutMatch<E>[];
  readonly disarmed: readonly number[];
  /** How many matches were dropped because there were too many. */
  readonly dropped: number;
};

/** A partial match that timed out, with the time at which it did. */
export type TimedOutMatch<E> = { readonly match: Match<E>; readonly at: EventTime };

/** What one key may hold of one pattern; beyond it the oldest matches are dropped. */
type Limits = { readonly partials: number; readonly events: number };
export const LIMITS: Limits = { partials: 1_000, events: 10_000 };

/** Nothing changed: timers stay as they are, too. */
export const UNCHANGED: MatchResult<never> = {
  matches: [],
  timedOut: [],
  disarmed: [],
  dropped: 0,
};

/** Partial matches went on or ended, and that is all. */
const CHANGED: MatchResult<never> = { matches: [], timedOut: [], disarmed: [], dropped: 0 };

/** Whether this event would begin a match. While none is under way, no other event needs to be processed. */
export function startsMatch<E extends Plain>(program: PatternProgram<E>, event: E): boolean {
  const { transitions, start } = program;
  transitions.setEvent(event);
  return (transitions.outcomeForAll(start) ?? transitions.outcomeFor(start, NO_CAPTURES)).takes;
}

/** Runs one event past every partial match. Time must have been advanced to the event's time before. */
export function processEvent<E extends Plain>(
  program: PatternProgram<E>,
  state: PatternState<E>,
  event: E,
  time: EventTime,
  limits: Limits = LIMITS,
): MatchResult<E> {
  program.transitions.setEvent(event);
  if (!changesAny(program, state)) return UNCHANGED;
  const step: Step<E> = {
    program,
    state,
    event,
    time,
    partials: 0,
    finished: 0,
    buffered: -1,
    disarmed: NONE,
  };
  let changed = false;
  for (const partial of state.partials) {
    const outcome = outcomeOf(program, state, partial);
    if (outcome.unchanged || !hasBegun(partial)) {
      if (!outcome.unchanged) changed = follow(step, partial, outcome) || changed;
      offer(NEXT_PARTIALS, partial, step.partials++);
      continue;
    }
    changed = true;
    follow(step, partial, outcome);
    discard(step, partial);
  }
  if (step.buffered >= 0) releaseEvent(state, step.buffered);
  if (!changed) return UNCHANGED;
  replaceQueue(state.partials, NEXT_PARTIALS, step.partials);
  for (let at = 0; at < step.finished; at += 1) {
    const match = NEXT_FINISHED[at];
    if (match !== undefined) offer(state.finished, match);
  }
  const matches = takeFinished(step);
  const dropped = dropOldest(step, limits);
  const { disarmed } = step;
  if (matches.length + disarmed.length + dropped === 0) return CHANGED;
  return { matches, timedOut: [], disarmed, dropped };
}

/**
 * Lets time pass. A match that waits for an event times out; one that waits for an absence is complete, if it is among
 * `absent` (all of them without it: their timers may stand still in blind time).
 */
export function advanceTime<E extends Plain>(
  program: PatternProgram<E>,
  state: PatternState<E>,
  now: EventTime,
  absent?: ReadonlySet<number>,
): MatchResult<E> {
  const step: Ending<E> = { program, state, disarmed: NONE };
  const timedOut: TimedOutMatch<E>[] = [];
  const waiting: PartialMatch[] = [];
  const complete: PartialMatch[] = [];
  for (const partial of state.partials) {
    const pending = program.states[partial.state]?.kind === 'pending';
    const deadline = deadlineOf(program, partial, now);
    const due = deadline !== null && now >= deadline;
    if (pending && absent !== undefined ? !absent.has(partial.id) : !due) {
      offer(waiting, partial);
    } else if (pending) {
      offer(complete, partial);
    } else if (deadline !== null) {
      timedOut.push({ match: extractMatch(program, state, partial.last), at: deadline });
      releaseNode(state, partial.last);
    }
  }
  if (waiting.length === state.partials.length) return UNCHANGED;
  state.partials = waiting;
  for (const match of complete) offer(state.finished, match);
  const matches = takeFinished(step);
  return { matches, timedOut, disarmed: step.disarmed, dropped: 0 };
}

/** Whether anything changes: most events change nothing, and cost no more than this look. */
function changesAny<E extends Plain>(program: PatternProgram<E>, state: PatternState<E>): boolean {
  const { transitions, start } = program;
  for (const partial of state.partials) {
    const begun = hasBegun(partial);
    const outcome = transitions.outcomeForAll(begun ? partial.state : start);
    if (outcome === undefined || (!outcome.unchanged && (begun || outcome.takes))) return true;
  }
  return false;
}

function outcomeOf<E extends Plain>(
  program: PatternProgram<E>,
  state: PatternState<E>,
  partial: PartialMatch,
): TransitionOutcome {
  const { transitions, start } = program;
  const at = hasBegun(partial) ? partial.state : start;
  return (
    transitions.outcomeForAll(at) ?? transitions.outcomeFor(at, capturesOf(program, state, partial))
  );
}

type Step<E extends Plain> = {
  readonly program: PatternProgram<E>;
  readonly state: PatternState<E>;
  readonly event: E;
  readonly time: EventTime;
  /** How many there are in `NEXT_PARTIALS` and in `NEXT_FINISHED`. */
  partials: number;
  finished: number;
  /** Where the event is in the shared buffer, once a match took it. The step holds it there until its end. */
  buffered: number;
  disarmed: number[];
};

/** What ending a match needs of a step. */
type Ending<E extends Plain> = Pick<Step<E>, 'program' | 'state' | 'disarmed'>;

// The queues that a step builds: scratch, of which nothing outlives the step.
const NEXT_PARTIALS: PartialMatch[] = [];
const NEXT_FINISHED: PartialMatch[] = [];
const NONE: number[] = [];

/** Makes a match of every successor. One that still waits is dropped if what must be absent was seen. */
function follow<E extends Plain>(
  step: Step<E>,
  partial: PartialMatch,
  { successors, ends }: TransitionOutcome,
): boolean {
  const { program, state } = step;
  let followed = false;
  for (const { takes, from, to, completes } of successors) {
    if (!takes && !hasBegun(partial)) continue;
    followed = true;
    const last = takes ? take(step, partial, from.number) : partial.last;
    if (to.kind === 'final') finish(step, successorOf(step, partial, last, takes, to.number));
    else if (!ends) {
      offer(NEXT_PARTIALS, successorOf(step, partial, last, takes, to.number), step.partials++);
    }
    if (completes) finish(step, successorOf(step, partial, last, takes, program.states.length));
    // The lock of the new node is no longer needed: its matches have their own.
    if (takes) releaseNode(state, last);
  }
  return followed;
}

/** A locked node with the event, after the last of this match. */
function take<E extends Plain>(step: Step<E>, partial: PartialMatch, from: number): number {
  const { state, event, time } = step;
  if (step.buffered < 0) {
    state.eventCounter += 1;
    step.buffered = putEvent(state, state.eventCounter, event, time);
  }
  return putNode(state, from, step.buffered, partial.last);
}

/** The match in its next state, with `last` as its last node. */
function successorOf<E extends Plain>(
  { state, time }: Step<E>,
  partial: PartialMatch,
  last: number,
  takes: boolean,
  to: number,
): PartialMatch {
  state.partialCounter += 1;
  lockNode(state, last);
  const begun = hasBegun(partial);
  // A plain literal: spreads cost more here than all the rest.
  const first = begun ? partial.first : state.eventCounter;
  const start = begun ? partial.start : time;
  const previous = takes ? time : partial.previous;
  return { id: state.partialCounter, state: to, first, start, previous, last, armed: false };
}

function finish<E extends Plain>(step: Step<E>, match: PartialMatch): void {
  offer(NEXT_FINISHED, match, step.finished++);
}

/** Ends a match: its events go unless others share them, and so does its timer. */
function discard<E extends Plain>(step: Ending<E>, partial: PartialMatch): void {
  if (partial.armed) {
    if (step.disarmed === NONE) step.disarmed = [];
    step.disarmed.push(partial.id);
  }
  releaseNode(step.state, partial.last);
}

/**
 * Takes the finished matches that may come out now. Without a skip strategy that is all of them; with one, a match
 * waits while a partial match that began earlier is under way, and those that overlap it are dropped.
 */
function takeFinished<E extends Plain>(step: Ending<E>): readonly Match<E>[] {
  const { program, state } = step;
  if (state.finished.length === 0) return UNCHANGED.matches;
  const matches: Match<E>[] = [];
  for (;;) {
    const [match] = state.finished;
    if (match === undefined) return matches;
    const [partial] = state.partials;
    const waits = partial !== undefined && partial.first < match.first;
    if (program.skip.type !== 'noSkip' && waits) return matches;
    poll(state.finished);
    const limit = skipLimit(program, state, match);
    if (limit !== undefined) dropOverlapping(step, limit);
    matches.push(extractMatch(program, state, match.last));
    discard(step, match);
  }
}

/** Matches that began before this number overlap the finished one; undefined: none is dropped. */
function skipLimit<E extends Plain>(
  { skip, states }: PatternProgram<E>,
  state: PatternState<E>,
  match: PartialMatch,
): number | undefined {
  switch (skip.type) {
    case 'noSkip':
      return undefined;
    case 'skipToNext':
      return match.first + 1;
    case 'skipPastLastEvent':
      return numberOf(state, state.nodes[match.last]?.event) + 1;
    case 'skipToFirst':
    case 'skipToLast': {
      const numbers = extractNodes(state, match.last).flatMap((node) => {
        return states[node.state]?.stage === skip.stage ? [numberOf(state, node.event)] : [];
      });
      return skip.type === 'skipToFirst' ? numbers[0] : numbers.at(-1);
    }
  }
}

function numberOf<E extends Plain>(state: PatternState<E>, event = -1): number {
  return state.events[event]?.number ?? 0;
}

function dropOverlapping<E extends Plain>(step: Ending<E>, limit: number): void {
  const { state } = step;
  const overlaps = (partial: PartialMatch): boolean => {
    if (partial.first >= limit) return false;
    discard(step, partial);
    return true;
  };
  state.partials = removeWhere(state.partials, overlaps);
  state.finished = removeWhere(state.finished, overlaps);
}

function dropOldest<E extends Plain>(step: Ending<E>, limits: Limits): number {
  const { state } = step;
  let dropped = 0;
  while (countUnderWay(state) > limits.partials || state.eventsInUse > limits.events) {
    const oldest = state.partials.length > 1 ? poll(state.partials) : poll(state.finished);
    if (oldest === undefined) break;
    discard(step, oldest);
    dropped += 1;
  }
  return dropped;
}

/** One step of a pattern at one key, right after it was made. */
export type PatternStep = {
  readonly rule: PatternRule;
  readonly program: PatternProgram<PatternEvent>;
  readonly key: Key;
  /** The live state: only to be read, and only during the call. */
  readonly state: PatternState<PatternEvent>;
  readonly result: MatchResult<PatternEvent>;
  readonly time: EventTime;
  /** The event that was processed; undefined: time advanced. */
  readonly event: PatternEvent | undefined;
};

/** Observes the steps of patterns, for people and metrics. It changes nothing of what comes out. */
export interface PatternWatch {
  stepped(step: PatternStep): void;
  /** A changed or removed rule, or too many keys, ended the matches that were under way. */
  ended(
    pattern: string,
    key: Key,
    state: PatternState<PatternEvent>,
    why: 'rule-changed' | 'overflow',
  ): void;
}
