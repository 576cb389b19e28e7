import type { Plain } from '../model/plain.ts';
import type { MatchState, PartialMatch } from './partials.ts';
import type { Skip } from './pattern.ts';
import type { Program } from './program.ts';
import { poll, without } from './queue.ts';
import { chainOf } from './shared-buffer.ts';

/** A match that a skip strategy with `throw_on_miss` cannot skip from. */
export class SkipMissedError extends Error {}

/**
 * Takes the finished matches that may come out now. Without a skip strategy that is all of them; with one, a match
 * waits while a partial match that started earlier is alive, and takes those away that overlap it.
 */
export function takeFinished<E extends Plain, M>(
  program: Program<E>,
  state: MatchState<E>,
  gone: (partial: PartialMatch) => void,
  finish: (match: PartialMatch) => M,
): M[] {
  const matches: M[] = [];
  const { skip } = program;
  for (;;) {
    const [match] = state.finished;
    if (match === undefined) return matches;
    const [partial] = state.partial;
    const waits = partial !== undefined && partial.first < match.first;
    if (skip.type !== 'noSkip' && waits) return matches;
    poll(state.finished);
    const limit = limitOf(program, state, match, skip);
    if (limit !== undefined) prune(state, limit, gone);
    matches.push(finish(match));
    gone(match);
  }
}

/** Ends whatever began before this number. */
function prune<E extends Plain>(
  state: MatchState<E>,
  limit: number,
  gone: (partial: PartialMatch) => void,
): void {
  const overlaps = (partial: PartialMatch): boolean => {
    if (partial.first >= limit) return false;
    gone(partial);
    return true;
  };
  state.partial = without(state.partial, overlaps);
  state.finished = without(state.finished, overlaps);
}

/** Matches that began before this number overlap the finished one; undefined: none is taken away. */
function limitOf<E extends Plain>(
  program: Program<E>,
  state: MatchState<E>,
  match: PartialMatch,
  skip: Skip,
): number | undefined {
  switch (skip.type) {
    case 'noSkip':
      return undefined;
    case 'skipToNext':
      return match.first + 1;
    case 'skipPastLastEvent':
      return numberOf(state, match.last) + 1;
    case 'skipToFirst':
    case 'skipToLast': {
      const numbers = chainOf(state, match.last).flatMap(({ place, event }) => {
        const named = program.places[place]?.stage === skip.stage;
        return named ? [state.held[event]?.number ?? 0] : [];
      });
      const number = skip.type === 'skipToFirst' ? numbers[0] : numbers.at(-1);
      if (skip.throw_on_miss === true) refuseMiss(skip.stage, number, match.first);
      return number;
    }
  }
}

function refuseMiss(stage: string, number: number | undefined, first: number): void {
  if (number === undefined) {
    throw new SkipMissedError(`could not skip to ${stage}: the match found has no such event`);
  }
  if (number === first) {
    throw new SkipMissedError(
      `could not skip to ${stage}: that is the first event of the match, so it would be found again`,
    );
  }
}

function numberOf<E extends Plain>(state: MatchState<E>, last: number): number {
  return state.held[state.links[last]?.event ?? -1]?.number ?? 0;
}
