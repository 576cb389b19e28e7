import type { Plain } from '../model/plain.ts';
import { type EventTime, earlier, plus } from '../model/time.ts';
import { type Captures, NO_CAPTURES } from './captures.ts';
import type { Program } from './program.ts';
import { openBuffer, type SharedBuffer } from './shared-buffer.ts';

/** One way in which the pattern may still come true. Never changed in place, save `armed`. */
export type PartialMatch = {
  readonly id: number;
  /** The place where it waits. */
  readonly place: number;
  /** Number of its first event. */
  readonly first: number;
  readonly start: EventTime;
  readonly previous: EventTime;
  /** The link to its last event. */
  readonly last: number;
  /** A timer of its own waits for its absence to be complete. */
  armed: boolean;
};

/** All that one pattern remembers of one key. Plain data. */
export type MatchState<E extends Plain> = SharedBuffer<E> & {
  readonly fingerprint: string;
  /** Events and partial matches so far: they number the next. */
  events: number;
  matches: number;
  /** A queue by first event. One of them is not begun yet: it stays, and is no partial match. */
  partial: PartialMatch[];
  /** Complete, but held back by the skip strategy while an earlier one is alive. A queue by first event. */
  finished: PartialMatch[];
};

/** The first event of a match that has not begun: after all others. */
const NOT_BEGUN = Number.MAX_SAFE_INTEGER;

export function openMatches<E extends Plain>(fingerprint: string): MatchState<E> {
  const start = 0 as EventTime;
  const begin = {
    id: 0,
    place: -1,
    first: NOT_BEGUN,
    start,
    previous: start,
    last: -1,
    armed: false,
  };
  const state = { fingerprint, events: 0, matches: 0, partial: [begin], finished: [] };
  return Object.assign(state, openBuffer<E>());
}

export function hasBegun({ last }: PartialMatch): boolean {
  return last >= 0;
}

/** Matches begun and not ended, finished ones that are held back included. */
export function underWay(state: MatchState<Plain>): number {
  return state.partial.length - 1 + state.finished.length;
}

/**
 * When this partial match is too late, or its absence complete; null: never. Where both limits have passed `now`,
 * that of the gap counts.
 */
export function deadlineOf<E>(
  program: Program<E>,
  partial: PartialMatch,
  now?: EventTime,
): EventTime | null {
  if (!hasBegun(partial)) return null;
  const gap = program.places[partial.place]?.gap ?? null;
  const step = gap === null ? null : plus(partial.previous, gap);
  const whole = program.within === null ? null : plus(partial.start, program.within);
  if (whole === null || step === null) return whole ?? step;
  return now !== undefined && now >= step ? step : earlier(whole, step);
}

type Taken<E> = { readonly stage: string; readonly event: E; readonly time: EventTime };

/** The events of a match with the names of their stages, in the order in which they were taken. */
export function takenBy<E extends Plain>(
  program: Program<E>,
  state: MatchState<E>,
  last: number,
): Taken<E>[] {
  const taken: Taken<E>[] = [];
  for (let at = last; at >= 0; ) {
    const link = state.links[at];
    if (link === undefined) break;
    const held = state.held[link.event];
    const stage = program.places[link.place]?.stage;
    if (held !== undefined && held.event !== null && stage !== undefined) {
      taken.push({ stage, event: held.event, time: held.time });
    }
    at = link.before;
  }
  return taken.reverse();
}

export function capturesOf<E extends Plain>(
  program: Program<E>,
  state: MatchState<E>,
  partial: PartialMatch,
): Captures<E> {
  if (!hasBegun(partial)) return NO_CAPTURES;
  let known: readonly Taken<E>[] | undefined;
  const taken = () => {
    known ??= takenBy(program, state, partial.last);
    return known;
  };
  return {
    all: (name) => taken().flatMap(({ stage, event }) => (stage === name ? [event] : [])),
    first: (name) => taken().find(({ stage }) => stage === name)?.event,
    last: (name) => taken().findLast(({ stage }) => stage === name)?.event,
  };
}
