import type { Place } from '../../../operators/correlate/automaton.ts';
import type { Captured } from '../../../operators/correlate/captured.ts';
import type { Captures } from '../../../operators/correlate/captures.ts';
import type { Match } from '../../../operators/correlate/matcher.ts';
import type { PatternMove } from '../../../operators/correlate/pattern-watch.ts';
import { formatDuration } from '../../../operators/model/duration.ts';
import { between } from '../../../operators/model/time.ts';

/** A match that was under way until this move: what it had taken, and where its longest way waited. */
export type Gone = {
  readonly taken: Match<Captured>;
  readonly place: number;
  /** The stage of that place. */
  readonly stage: string;
};

/** Which condition or limit ended it, in words. */
export function whyEnded(move: PatternMove, gone: Gone): string {
  const { program, moved, event } = move;
  const [first] = gone.taken;
  const late = moved.timedOut.findLast(({ match }) => match[0]?.event === first?.event);
  if (late !== undefined && first !== undefined) {
    const whole = between(first.time, late.at) === program.within;
    const last = late.match.at(-1)?.time ?? first.time;
    return whole
      ? `within ${formatDuration(between(first.time, late.at))} was over`
      : `nothing came for ${formatDuration(between(last, late.at))}`;
  }
  const skipped = 'a match that came out took it away (skip)';
  const place = program.places[gone.place];
  if (event === undefined || place === undefined) return skipped;
  const { decisions } = program;
  const decision =
    decisions.forAll(gone.place) ?? decisions.forOne(gone.place, capturesOf(gone.taken));
  if (decision.stops) return `${forbidden(place, new Set()).join(' or ')} came, which must not`;
  if (!decision.stays && decision.moves.length === 0)
    return `the next event was not ${place.stage}`;
  if (moved.dropped > 0) return 'too many were under way: the oldest are dropped (overflow)';
  return skipped;
}

/** The stages that must be absent here. */
function forbidden(place: Place, seen: Set<Place>): readonly string[] {
  if (seen.has(place)) return [];
  seen.add(place);
  const found = place.edges.flatMap(({ action, to }) => {
    if (action !== 'proceed') return [];
    return to.kind === 'stop' ? [to.stage] : forbidden(to, seen);
  });
  return [...new Set(found)];
}

function capturesOf(taken: Match<Captured>): Captures<Captured> {
  const all = (name: string) =>
    taken.flatMap(({ stage, event }) => (stage === name ? [event] : []));
  return { all, first: (name) => all(name)[0], last: (name) => all(name).at(-1) };
}
