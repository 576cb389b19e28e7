import type { Plain } from '../model/plain.ts';
import { type EventTime, earlier, plus } from '../model/time.ts';
import { type Captures, NO_CAPTURES } from './captures.ts';
import type { Program } from './program.ts';

/** An event that partial matches hold, once for all of them. `uses`: the links to it. */
export type Held<E> = {
  readonly number: number;
  readonly event: E;
  readonly time: EventTime;
  uses: number;
};

/** One event taken at a place, after the link before (-1: none). Matches that began alike share their links. */
export type Link = {
  readonly place: number;
  readonly event: number;
  readonly before: number;
  uses: number;
};

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
  armed?: true;
};

/** All that one pattern remembers of one key. Plain data: links and events are found by their index. */
export type MatchState<E extends Plain> = {
  readonly fingerprint: string;
  /** Events and partial matches so far: they number the next. */
  events: number;
  matches: number;
  held: (Held<E> | null)[];
  links: (Link | null)[];
  /** Indexes in `held` and `links` that are free again. */
  freeHeld: number[];
  freeLinks: number[];
  /** A queue by first event. One of them is not begun yet: it stays, and is no partial match. */
  partial: PartialMatch[];
  /** Complete, but held back by the skip strategy while an earlier one is alive. A queue by first event. */
  finished: PartialMatch[];
};

/** The first event of a match that has not begun: after all others. */
const NOT_BEGUN = Number.MAX_SAFE_INTEGER;

export function openMatches<E extends Plain>(fingerprint: string): MatchState<E> {
  const start = 0 as EventTime;
  const begin = { id: 0, place: -1, first: NOT_BEGUN, start, previous: start, last: -1 };
  return {
    ...{ fingerprint, events: 0, matches: 0 },
    ...{ held: [], links: [], freeHeld: [], freeLinks: [] },
    ...{ partial: [begin], finished: [] },
  };
}

export function hasBegun({ last }: PartialMatch): boolean {
  return last >= 0;
}

/** Matches begun and not ended, finished ones that are held back included. */
export function underWay(state: MatchState<Plain>): number {
  return state.partial.length - 1 + state.finished.length;
}

export function eventsHeld(state: MatchState<Plain>): number {
  return state.held.length - state.freeHeld.length;
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

/** Keeps an event; the answer is where. It goes when the last link to it goes. */
export function hold<E extends Plain>(state: MatchState<E>, event: E, time: EventTime): number {
  return put(state.held, state.freeHeld, { number: state.events, event, time, uses: 0 });
}

/** Adds an event to what the match with this last link has taken; nobody uses the new link yet. */
export function link<E extends Plain>(
  state: MatchState<E>,
  place: number,
  event: number,
  before: number,
): number {
  const held = state.held[event];
  if (held !== null && held !== undefined) held.uses += 1;
  retain(state, before);
  return put(state.links, state.freeLinks, { place, event, before, uses: 0 });
}

export function retain<E extends Plain>(state: MatchState<E>, last: number): void {
  const found = state.links[last];
  if (found !== null && found !== undefined) found.uses += 1;
}

/** One user less of a chain of links; what nobody uses any more goes. */
export function release<E extends Plain>(state: MatchState<E>, last: number): void {
  for (let at = last; at >= 0; ) {
    const found = state.links[at];
    if (found === null || found === undefined) return;
    found.uses -= 1;
    if (found.uses > 0) return;
    free(state.links, state.freeLinks, at);
    const held = state.held[found.event];
    if (held !== null && held !== undefined) {
      held.uses -= 1;
      if (held.uses === 0) free(state.held, state.freeHeld, found.event);
    }
    at = found.before;
  }
}

/** The links of a match, in the order in which its events were taken. */
export function chainOf<E extends Plain>(state: MatchState<E>, last: number): Link[] {
  const chain: Link[] = [];
  for (let at = last; at >= 0; ) {
    const found = state.links[at];
    if (found === null || found === undefined) break;
    chain.push(found);
    at = found.before;
  }
  return chain.reverse();
}

/** The events of a match with the names of their stages, in the order in which they were taken. */
export function takenBy<E extends Plain>(
  program: Program<E>,
  state: MatchState<E>,
  last: number,
): { readonly stage: string; readonly event: E; readonly time: EventTime }[] {
  return chainOf(state, last).flatMap(({ place, event }) => {
    const held = state.held[event];
    const stage = program.places[place]?.stage;
    if (held === null || held === undefined || stage === undefined) return [];
    return [{ stage, event: held.event, time: held.time }];
  });
}

export function capturesOf<E extends Plain>(
  program: Program<E>,
  state: MatchState<E>,
  partial: PartialMatch,
): Captures<E> {
  if (!hasBegun(partial)) return NO_CAPTURES;
  let known: ReturnType<typeof takenBy<E>> | undefined;
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

function put<T>(slots: (T | null)[], spare: number[], item: T): number {
  const at = spare.pop();
  if (at === undefined) return slots.push(item) - 1;
  slots[at] = item;
  return at;
}

/** Frees an index. When all are free nothing is kept of a busy time. */
function free<T>(slots: (T | null)[], spare: number[], at: number): void {
  slots[at] = null;
  spare.push(at);
  if (spare.length < slots.length) return;
  slots.length = 0;
  spare.length = 0;
}
