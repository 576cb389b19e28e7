import type { Out } from '../flow/keyed.ts';
import type { Plain } from '../model/plain.ts';
import type { EventTime } from '../model/time.ts';
import type { Moved } from './matcher.ts';
import { deadlineOf, type MatchState } from './partials.ts';
import type { Program } from './program.ts';

type Alarm = Pick<Out<never>, 'wakeAt' | 'sleep'>;

/**
 * Sets the timers of a pattern after a move: one for the next time-out, and one for each absence that only time can
 * complete, since those stand still while nobody could see.
 */
export function setTimers<E extends Plain>(
  program: Program<E>,
  state: MatchState<E>,
  moved: Moved<E>,
  id: string,
  out: Alarm,
): void {
  for (const partial of moved.asleep) out.sleep(absenceTimer(id, partial));
  if (!program.timed) return;
  const next = program.staggered ? soonest(program, state, id, out) : firstDeadline(program, state);
  if (next === null) out.sleep(id);
  else out.wakeAt(next, id);
}

/** Without gaps and final absences who began first is late first, and stands first in the queue. */
function firstDeadline<E extends Plain>(
  program: Program<E>,
  { partial: [first] }: MatchState<E>,
): EventTime | null {
  return first === undefined ? null : deadlineOf(program, first);
}

/** The next time-out of all; on the way each absence that only time can complete is given its own timer. */
function soonest<E extends Plain>(
  program: Program<E>,
  state: MatchState<E>,
  id: string,
  out: Alarm,
): EventTime | null {
  let next: EventTime | null = null;
  for (const partial of state.partial) {
    if (partial.armed) continue;
    const deadline = deadlineOf(program, partial);
    if (deadline === null) continue;
    if (program.places[partial.place]?.kind === 'pending') {
      partial.armed = true;
      out.wakeAt(deadline, absenceTimer(id, partial.id), true);
    } else if (next === null || deadline < next) {
      next = deadline;
    }
  }
  return next;
}

/** Cancels all timers of a pattern that ends. */
export function cancelTimers(state: MatchState<Plain>, id: string, out: Alarm): void {
  for (const { armed, id: partial } of state.partial) {
    if (armed) out.sleep(absenceTimer(id, partial));
  }
  out.sleep(id);
}

/** The pattern of a timer, and the absence that is complete if it is one of those. */
export function timerOf(rule: string): { readonly id: string; readonly absent: Set<number> } {
  const [id = '', partial] = rule.split(' ');
  return { id, absent: new Set(partial === undefined ? [] : [Number(partial)]) };
}

/** Digits are padded so that timers of one time fire in the order in which their matches began. */
function absenceTimer(id: string, partial: number): string {
  return `${id} ${String(partial).padStart(12, '0')}`;
}
