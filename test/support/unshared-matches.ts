import type { PatternProgram } from '../../operators/correlate/program.ts';
import type { Captures } from '../../operators/correlate/transitions.ts';
import { stagesOf } from '../conformance/pattern-vectors.ts';
import type { VectorEvent } from '../conformance/vector-patterns.ts';

type Taken = { readonly stage: string; readonly event: VectorEvent };
/** `state` -1: not begun. */
type Partial = { readonly state: number; readonly taken: readonly Taken[] };
type Stages = Readonly<Record<string, readonly number[]>>;

/**
 * The matches of a compiled pattern without a skip strategy, by a matcher that shares nothing: every partial match
 * holds a list of its own, which is copied for each successor. Time advances to each event, and at last to `end`.
 */
export function unsharedMatches(
  program: PatternProgram<VectorEvent>,
  events: readonly VectorEvent[],
  end: number,
): readonly Stages[] {
  const found: Stages[] = [];
  let partials: readonly Partial[] = [{ state: -1, taken: [] }];
  for (const event of events) {
    partials = advance(program, partials, event.timestamp, found);
    program.transitions.setEvent(event);
    partials = partials.flatMap((partial) => step(program, partial, event, found));
  }
  advance(program, partials, end, found);
  return found;
}

function advance(
  { states, within }: PatternProgram<VectorEvent>,
  partials: readonly Partial[],
  now: number,
  found: Stages[],
): readonly Partial[] {
  return partials.filter(({ state, taken }) => {
    const first = taken[0]?.event.timestamp;
    const last = taken.at(-1)?.event.timestamp;
    if (first === undefined || last === undefined) return true;
    const gap = states[state]?.gap ?? Number.POSITIVE_INFINITY;
    if (now < Math.min(first + (within ?? Number.POSITIVE_INFINITY), last + gap)) return true;
    if (states[state]?.kind === 'pending') found.push(stages(taken));
    return false;
  });
}

function step(
  { transitions, start }: PatternProgram<VectorEvent>,
  partial: Partial,
  event: VectorEvent,
  found: Stages[],
): readonly Partial[] {
  const begun = partial.state >= 0;
  const outcome = transitions.outcomeFor(begun ? partial.state : start, capturesOf(partial));
  if (outcome.unchanged) return [partial];
  const next: Partial[] = begun ? [] : [partial];
  for (const { takes, from, to, completes } of outcome.successors) {
    if (!takes && !begun) continue;
    const taken = takes ? [...partial.taken, { stage: from.stage, event }] : partial.taken;
    if (to.kind === 'final' || completes) found.push(stages(taken));
    if (to.kind !== 'final' && !outcome.ends) next.push({ state: to.number, taken });
  }
  return next;
}

function stages(taken: readonly Taken[]): Stages {
  return stagesOf(taken.map((each) => ({ ...each, time: each.event.timestamp })));
}

function capturesOf({ taken }: Partial): Captures<VectorEvent> {
  const all = (name: string) =>
    taken.flatMap(({ stage, event }) => (stage === name ? [event] : []));
  const size = () => taken.length;
  return { all, size, first: (name) => all(name)[0], last: (name) => all(name).at(-1) };
}
