import type { StageId } from '../flow/flow.ts';
import type { Keyed } from '../flow/keyed.ts';
import type { Plain } from '../model/plain.ts';
import {
  advance,
  begins,
  type Match,
  type Moved,
  process,
  type TimedOut,
  UNCHANGED,
} from './matcher.ts';
import { type MatchState, openMatches, underWay } from './partials.ts';
import { setTimers, timerOf } from './pattern-timers.ts';
import type { Program } from './program.ts';

/** What one pattern says of one key. */
export type Said<E> =
  | { readonly kind: 'match'; readonly match: Match<E> }
  | ({ readonly kind: 'timed-out' } & TimedOut<E>);

type Cell<E extends Plain> = { state: MatchState<E> | null };

/** One pattern over the events of each key, in event time: what came behind line time becomes a dead letter. */
export function patternLogic<E extends Plain>(
  id: StageId,
  program: Program<E>,
): Keyed<Cell<E>, null, E, Said<E>> {
  const settle = (cell: Cell<E>, state: MatchState<E>, moved: Moved<E>, out: Outlet<E>) => {
    if (moved === UNCHANGED) return;
    for (const match of moved.matches) out.emit({ kind: 'match', match });
    for (const { match, at } of moved.timedOut) out.emit({ kind: 'timed-out', match, at });
    if (moved.dropped > 0) out.deadLetter('overflow', 'oldest matches dropped', id, moved.dropped);
    setTimers(program, state, moved, id, out);
    cell.state = underWay(state) === 0 ? null : state;
  };
  return {
    ...{ id, version: 1, scope: 'line' },
    open: () => ({ state: null }),
    openShared: () => null,
    onEvent(cell, { value, time, late }, _shared, out) {
      if (late === true) {
        out.deadLetter('late', 'the event came after the time of its line had passed it', value);
        return;
      }
      if (cell.state === null && !begins(program, value)) return;
      const state = cell.state ?? openMatches<E>('');
      settle(cell, state, process(program, state, value, time), out);
    },
    onTimer(cell, due, _shared, out, rule) {
      const { state } = cell;
      if (state === null) return;
      settle(cell, state, advance(program, state, due, timerOf(rule).absent), out);
    },
  };
}

type Outlet<E extends Plain> = Parameters<Keyed<Cell<E>, null, E, Said<E>>['onEvent']>[3];
