import type { PackmlState } from '../../../operators/model/machine-event.ts';
import type { LineCalendar, Phase, Seconds } from './calendar.ts';
import type { Random } from './random.ts';

/** From `at` on the machine is in this state. */
export type StateChange = {
  readonly at: Seconds;
  readonly state: PackmlState;
  readonly order: string;
  readonly product: string;
  readonly load: number;
};

/** A stretch in which a machine stands though its line works: a short stop, or a breakdown with its repair. */
export type MachineStop = {
  readonly kind: 'short' | 'breakdown' | 'repair';
  readonly from: Seconds;
  readonly to: Seconds;
};

/** How long a machine stays in the states that lead to production. */
const UNSUSPENDING = 16;
const RESETTING = 10;

/**
 * The PackML states of one machine: it follows its line with a lag, finishes the piece it has, starts up, and stops in
 * between. `stops` do not overlap and lie in one phase each, except for repairs, which end when they end.
 */
export function timelineOf(
  { phases }: LineCalendar,
  stops: readonly MachineStop[],
  random: Random,
): StateChange[] {
  const changes: StateChange[] = [];
  for (const phase of phases) {
    if (phase === phases[0]) {
      enter(phase.from, 'STOPPED', phase);
      continue;
    }
    if (phase.kind !== 'order') {
      const piece = Math.round(random.between(4, 20));
      const done = phase.kind === 'changeover' ? 'COMPLETE' : 'STOPPED';
      enter(phase.from + piece, phase.kind === 'changeover' ? 'COMPLETING' : 'STOPPING', phase);
      enter(phase.from + piece + 10, done, phase);
      continue;
    }
    const lag = Math.round(random.between(4, 45));
    const starting = Math.round(random.between(26, 44));
    const held = stops.find(({ from, to }) => from < phase.from && to > phase.from);
    const from = Math.max(phase.from + lag, held === undefined ? 0 : held.to + lag);
    if (from + RESETTING + starting < phase.to - 120) start(from, starting, phase);
    for (const stop of stops) {
      if (stop.from > from + 120 && stop.from < phase.to - 60) pause(stop, phase, starting);
    }
  }
  return withoutWhatIsOverrun(changes, stops);

  function enter(at: Seconds, state: PackmlState, { id, product, load }: Phase): void {
    changes.push({ at, state, order: product === '' ? '' : id, product, load });
  }

  function start(at: Seconds, starting: Seconds, phase: Phase): void {
    enter(at, 'RESETTING', phase);
    enter(at + RESETTING, 'STARTING', phase);
    enter(at + RESETTING + starting, 'EXECUTE', phase);
  }

  function pause({ kind, from, to }: MachineStop, phase: Phase, starting: Seconds): void {
    if (kind === 'short') {
      enter(from, 'SUSPENDING', phase);
      enter(from + 3, 'SUSPENDED', phase);
      enter(to, 'UNSUSPENDING', phase);
      enter(to + UNSUSPENDING, 'EXECUTE', phase);
      return;
    }
    enter(from, kind === 'breakdown' ? 'ABORTING' : 'STOPPING', phase);
    enter(from + 4, kind === 'breakdown' ? 'ABORTED' : 'STOPPED', phase);
    if (to + 300 < phase.to) {
      if (kind === 'breakdown') enter(to, 'CLEARING', phase);
      start(to + 8, starting, phase);
    }
  }
}

/** A machine that is down does nothing else until its repair is over, whatever its line does. */
function withoutWhatIsOverrun(
  changes: StateChange[],
  stops: readonly MachineStop[],
): StateChange[] {
  const long = stops.filter(({ kind }) => kind !== 'short');
  return changes
    .filter(({ at }) => !long.some(({ from, to }) => at > from + 4 && at < to))
    .sort((a, b) => a.at - b.at);
}

/** The change that is in force at a time; undefined before the first. */
export function stateAt(timeline: readonly StateChange[], at: Seconds): StateChange | undefined {
  let low = 0;
  let high = timeline.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((timeline[middle]?.at ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return timeline[low - 1];
}

/** Whether a machine produces without a break from one time to another. */
export function runsThrough(timeline: readonly StateChange[], from: Seconds, to: Seconds): boolean {
  const first = stateAt(timeline, from);
  return first?.state === 'EXECUTE' && stateAt(timeline, to) === first;
}

/** Full speed while it produces, starts or finishes; otherwise it runs down. */
export function isDriven(state: PackmlState | undefined): boolean {
  return (
    state === 'EXECUTE' ||
    state === 'STARTING' ||
    state === 'COMPLETING' ||
    state === 'UNSUSPENDING'
  );
}
