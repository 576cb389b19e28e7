import type { Plain } from '../model/plain.ts';
import { type MatchState, type PartialMatch, release } from './partials.ts';
import type { Program } from './program.ts';

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
  const out = (match: PartialMatch) => {
    matches.push(finish(match));
    release(state, match);
  };
  if (program.skip.type === 'noSkip') {
    const finished = state.finished;
    state.finished = [];
    for (const match of finished) out(match);
    return matches;
  }
  for (;;) {
    const match = earliest(state.finished);
    if (match === undefined) return matches;
    const partial = earliest(state.partial);
    if (partial !== undefined && partial.first < match.first) return matches;
    const overlaps = overlapsWith(program, match);
    state.finished = state.finished.filter((other) => other !== match);
    state.partial = prune(state.partial, overlaps, gone);
    state.finished = prune(state.finished, overlaps, gone);
    out(match);
  }
}

function earliest(partials: readonly PartialMatch[]): PartialMatch | undefined {
  return partials.reduce<PartialMatch | undefined>((best, partial) => {
    return best === undefined || partial.first < best.first ? partial : best;
  }, undefined);
}

function prune(
  partials: readonly PartialMatch[],
  overlaps: (partial: PartialMatch) => boolean,
  gone: (partial: PartialMatch) => void,
): PartialMatch[] {
  return partials.filter((partial) => {
    if (!overlaps(partial)) return true;
    gone(partial);
    return false;
  });
}

function overlapsWith<E>(
  program: Program<E>,
  match: PartialMatch,
): (partial: PartialMatch) => boolean {
  const { skip } = program;
  const numbers = match.taken.map(([, number]) => number);
  switch (skip.type) {
    case 'noSkip':
      return () => false;
    case 'skipToNext':
      return (partial) => partial.first <= match.first;
    case 'skipPastLastEvent':
      return (partial) => partial.first <= Math.max(...numbers);
    case 'skipToFirst':
    case 'skipToLast': {
      const named = match.taken.filter(([step]) => program.steps[step]?.name === skip.stage);
      const [, number] = (skip.type === 'skipToFirst' ? named[0] : named.at(-1)) ?? [];
      return (partial) => number !== undefined && partial.first < number;
    }
  }
}
