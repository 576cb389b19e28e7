import type { Plain } from '../model/plain.ts';
import type { EventTime } from '../model/time.ts';
import {
  capturesOf,
  deadlineOf,
  type MatchState,
  type PartialMatch,
  release,
  retain,
  takenBy,
} from './partials.ts';
import type { Program } from './program.ts';
import { takeFinished } from './skip.ts';

export type Taken<E> = { readonly stage: string; readonly event: E; readonly time: EventTime };
export type Match<E> = readonly Taken<E>[];

/** What one move of the matcher brought. `asleep`: armed partial matches that are gone, by id. */
export type Moved<E> = {
  readonly matches: readonly Match<E>[];
  readonly timedOut: readonly Match<E>[];
  readonly asleep: readonly number[];
  /** How many partial matches were dropped because there were too many. */
  readonly dropped: number;
};

/** Partial matches of one key and pattern; beyond it the oldest is dropped. */
export const PARTIAL_LIMIT = 1_000;

const NOTHING = { matches: [], timedOut: [], asleep: [], dropped: 0 };

/** Runs one event past every partial match. Time must have been advanced to the event's time before. */
export function process<E extends Plain>(
  program: Program<E>,
  state: MatchState<E>,
  event: E,
  time: EventTime,
): Moved<E> {
  const [begin] = program.steps;
  const begins = begin?.accepts(event, capturesOf(program, state, undefined)) === true;
  if (!begins && state.partial.length === 0) return NOTHING;
  state.events += 1;
  const number = state.events;
  const held = { event, time, uses: 1 };
  state.held[number] = held;
  const asleep: number[] = [];
  const before = state.partial;
  state.partial = [];
  for (const partial of before) {
    const moves = movesOf(program, state, partial, event, time);
    const kept = moves.stopped ? [] : moves.kept;
    for (const next of [...kept, ...moves.finished]) retain(state, next);
    if (partial.armed === true && !kept.includes(partial)) asleep.push(partial.id);
    release(state, partial);
    state.partial.push(...kept);
    state.finished.push(...moves.finished);
  }
  if (begins) {
    state.matches += 1;
    const id = state.matches;
    const fresh: PartialMatch = {
      ...{ id, step: 1, first: number, start: time, previous: time },
      taken: [[0, number]],
    };
    retain(state, fresh);
    (program.steps.length === 1 ? state.finished : state.partial).push(fresh);
  }
  const matches = finish(program, state, asleep);
  let dropped = 0;
  while (state.partial.length + state.finished.length > PARTIAL_LIMIT) {
    const oldest = state.partial.shift() ?? state.finished.shift();
    if (oldest === undefined) break;
    if (oldest.armed === true) asleep.push(oldest.id);
    release(state, oldest);
    dropped += 1;
  }
  held.uses -= 1;
  if (held.uses === 0) delete state.held[number];
  return { matches, timedOut: [], asleep, dropped };
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
  const timedOut: Match<E>[] = [];
  state.partial = state.partial.filter((partial) => {
    const pending = program.steps[partial.step]?.kind === 'pending';
    const deadline = deadlineOf(program, partial);
    const due = deadline !== null && now >= deadline;
    if (pending && absent !== undefined ? !absent.has(partial.id) : !due) return true;
    if (pending) {
      state.finished.push(partial);
      return false;
    }
    timedOut.push(takenBy(program, state, partial));
    release(state, partial);
    return false;
  });
  return { matches: finish(program, state, asleep), timedOut, asleep, dropped: 0 };
}

function finish<E extends Plain>(
  program: Program<E>,
  state: MatchState<E>,
  asleep: number[],
): Match<E>[] {
  if (state.finished.length === 0) return [];
  return takeFinished(
    program,
    state,
    (partial) => {
      if (partial.armed === true) asleep.push(partial.id);
      release(state, partial);
    },
    (match) => takenBy(program, state, match),
  );
}

type Moves = { readonly kept: PartialMatch[]; readonly finished: PartialMatch[]; stopped: boolean };

/** Where a partial match can go with this event. `stopped`: what must be absent was seen, so nothing is kept. */
function movesOf<E extends Plain>(
  program: Program<E>,
  state: MatchState<E>,
  partial: PartialMatch,
  event: E,
  time: EventTime,
): Moves {
  const captures = capturesOf(program, state, partial);
  const moves: Moves = { kept: [], finished: [], stopped: false };
  for (let index = partial.step; ; index += 1) {
    const step = program.steps[index];
    if (step === undefined) {
      // A last "not next" is over: the event that was not the forbidden one completes the match, untaken.
      moves.finished.push(partial);
      return moves;
    }
    const accepted = step.accepts(event, captures);
    if (step.kind === 'pending') {
      if (accepted) moves.stopped = true;
      else moves.kept.push(index === partial.step ? partial : { ...partial, step: index });
      return moves;
    }
    if (step.kind === 'not-next') {
      if (accepted) moves.stopped = true;
      if (accepted) return moves;
      continue;
    }
    moves.stopped = step.guards.some((guard) => guard(event, captures));
    const stays = step.strictness === 'relaxedAny' || (step.strictness === 'relaxed' && !accepted);
    if (accepted) {
      state.matches += 1;
      const taken = [...partial.taken, [index, state.events] as const];
      const moved = { id: state.matches, step: index + 1, first: partial.first };
      const next = { ...moved, start: partial.start, previous: time, taken };
      (index + 1 === program.steps.length ? moves.finished : moves.kept).push(next);
    }
    if (stays) moves.kept.push(index === partial.step ? partial : { ...partial, step: index });
    return moves;
  }
}
