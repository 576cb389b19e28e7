import type { Plain } from '../model/plain.ts';
import { type EventTime, earlier, plus } from '../model/time.ts';
import type { Captures, Program } from './program.ts';

/** An event that partial matches hold, once for all of them. */
export type Held<E> = { readonly event: E; readonly time: EventTime; uses: number };

/** One way in which the pattern may still come true. Never changed in place, save `armed`. */
export type PartialMatch = {
  readonly id: number;
  /** The step it waits at. */
  readonly step: number;
  /** Number of its first event. */
  readonly first: number;
  readonly start: EventTime;
  readonly previous: EventTime;
  readonly taken: readonly (readonly [step: number, event: number])[];
  /** A timer of its own waits for its absence to be complete. */
  armed?: true;
};

/** All that one pattern remembers of one key. Plain data. */
export type MatchState<E extends Plain> = {
  readonly fingerprint: string;
  /** Events and partial matches so far: they number the next. */
  events: number;
  matches: number;
  held: Record<string, Held<E>>;
  /** In the order of their first events. */
  partial: PartialMatch[];
  /** Complete, but held back by the skip strategy while an earlier one is alive. */
  finished: PartialMatch[];
};

export function openMatches<E extends Plain>(fingerprint: string): MatchState<E> {
  return { fingerprint, events: 0, matches: 0, held: {}, partial: [], finished: [] };
}

/** When this partial match is too late, or its absence complete; null: never. */
export function deadlineOf<E>(program: Program<E>, partial: PartialMatch): EventTime | null {
  const whole = program.within === null ? null : plus(partial.start, program.within);
  const gap = program.steps[partial.step]?.within_previous ?? null;
  const step = gap === null ? null : plus(partial.previous, gap);
  if (whole === null || step === null) return whole ?? step;
  return earlier(whole, step);
}

export function retain<E extends Plain>(state: MatchState<E>, partial: PartialMatch): void {
  for (const [, number] of partial.taken) {
    const held = state.held[number];
    if (held !== undefined) held.uses += 1;
  }
}

export function release<E extends Plain>(state: MatchState<E>, partial: PartialMatch): void {
  for (const [, number] of partial.taken) {
    const held = state.held[number];
    if (held === undefined) continue;
    held.uses -= 1;
    if (held.uses === 0) delete state.held[number];
  }
}

/** The events of a match with the names of their stages, in the order in which they were taken. */
export function takenBy<E extends Plain>(
  program: Program<E>,
  state: MatchState<E>,
  partial: PartialMatch,
): { readonly stage: string; readonly event: E; readonly time: EventTime }[] {
  return partial.taken.flatMap(([step, number]) => {
    const held = state.held[number];
    const stage = program.steps[step]?.name;
    if (held === undefined || stage === undefined) return [];
    return [{ stage, event: held.event, time: held.time }];
  });
}

export function capturesOf<E extends Plain>(
  program: Program<E>,
  state: MatchState<E>,
  partial: PartialMatch | undefined,
): Captures<E> {
  const all = (name: string): E[] =>
    (partial?.taken ?? []).flatMap(([step, number]) => {
      const held = program.steps[step]?.name === name ? state.held[number] : undefined;
      return held === undefined ? [] : [held.event];
    });
  return { all, first: (name) => all(name)[0], last: (name) => all(name).at(-1) };
}
