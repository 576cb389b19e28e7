import type { Out } from '../flow/keyed.ts';
import type { Plain } from '../model/plain.ts';
import { type EventTime, earlier, plus } from '../model/time.ts';
import type { PatternEvent } from './event-fields.ts';
import type { PatternProgram } from './program.ts';
import { openBuffer, type SharedBuffer } from './shared-buffer.ts';
import { type Captures, NO_CAPTURES } from './transitions.ts';

/** The state of one pattern at one key: the matches that have begun, in queues by their first event. Plain data. */
export type PatternState<E extends Plain> = SharedBuffer<E> & {
  readonly fingerprint: string;
  /** Events and partial matches so far: they number the next. */
  eventCounter: number;
  partialCounter: number;
  /** A queue. One of them has not begun: it stays, and is no partial match. */
  partials: PartialMatch[];
  /** Complete, but held back by the skip strategy while an earlier one is under way. A queue. */
  finished: PartialMatch[];
};

/** One way in which a match can still be completed. Never changed in place, save `armed`. */
export type PartialMatch = {
  readonly id: number;
  /** The state of the automaton in which it waits. */
  readonly state: number;
  /** Number of its first event. */
  readonly first: number;
  readonly start: EventTime;
  readonly previous: EventTime;
  /** The node of its last event in the shared buffer. */
  readonly last: number;
  /** A timer of its own waits for its absence to be complete. */
  armed: boolean;
};

/** The events of a match with the names of their stages, in the order in which they were taken. */
export type Match<E> = readonly TakenEvent<E>[];
type TakenEvent<E> = { readonly stage: string; readonly event: E; readonly time: EventTime };

/** The first event of a match that has not begun: after all others. */
const NOT_BEGUN = Number.MAX_SAFE_INTEGER;

export function openPatternState<E extends Plain>(fingerprint: string): PatternState<E> {
  const start = 0 as EventTime;
  const begin: PartialMatch = {
    id: 0,
    state: -1,
    first: NOT_BEGUN,
    start,
    previous: start,
    last: -1,
    armed: false,
  };
  const empty = {
    fingerprint,
    eventCounter: 0,
    partialCounter: 0,
    partials: [begin],
    finished: [],
  };
  return Object.assign(empty, openBuffer<E>());
}

export function hasBegun({ last }: PartialMatch): boolean {
  return last >= 0;
}

/** Matches begun and not ended, finished ones that are held back included. */
export function countUnderWay(state: PatternState<Plain>): number {
  return state.partials.length - 1 + state.finished.length;
}

export function extractMatch<E extends Plain>(
  program: PatternProgram<E>,
  state: PatternState<E>,
  last: number,
): TakenEvent<E>[] {
  const taken: TakenEvent<E>[] = [];
  for (let at = last; at >= 0; ) {
    const node = state.nodes[at];
    if (node === undefined) break;
    const buffered = state.events[node.event];
    const stage = program.states[node.state]?.stage;
    if (buffered !== undefined && buffered.event !== null && stage !== undefined) {
      taken.push({ stage, event: buffered.event, time: buffered.time });
    }
    at = node.before;
  }
  return taken.reverse();
}

/** What conditions can ask of this partial match. Extracted when first asked for. */
export function capturesOf<E extends Plain>(
  program: PatternProgram<E>,
  state: PatternState<E>,
  partial: PartialMatch,
): Captures<E> {
  return hasBegun(partial) ? new TakenEvents(program, state, partial.last) : NO_CAPTURES;
}

/** A class, since one is made for each partial match and event: closures cost more than all else there. */
class TakenEvents<E extends Plain> implements Captures<E> {
  private readonly program: PatternProgram<E>;
  private readonly state: PatternState<E>;
  private readonly node: number;
  private extracted: Match<E> | undefined;

  constructor(program: PatternProgram<E>, state: PatternState<E>, node: number) {
    this.program = program;
    this.state = state;
    this.node = node;
  }

  all(name: string): readonly E[] {
    return this.taken().flatMap(({ stage, event }) => (stage === name ? [event] : []));
  }

  first(name: string): E | undefined {
    return this.taken().find(({ stage }) => stage === name)?.event;
  }

  last(name: string): E | undefined {
    return this.taken().findLast(({ stage }) => stage === name)?.event;
  }

  size(): number {
    return this.taken().length;
  }

  private taken(): Match<E> {
    this.extracted ??= extractMatch(this.program, this.state, this.node);
    return this.extracted;
  }
}

/**
 * Adds to a queue: a binary heap in an array, ties and all as in java.util.PriorityQueue. Which of two matches that
 * began with the same event comes out first, and under a skip strategy at all, depends on that. `count`: the items in
 * the queue.
 */
export function offer(queue: PartialMatch[], item: PartialMatch, count = queue.length): void {
  let at = count;
  queue[at] = item;
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = queue[above];
    if (parent === undefined || item.first >= parent.first) break;
    queue[at] = parent;
    at = above;
  }
  queue[at] = item;
}

/** Removes the earliest of a queue. */
export function poll(queue: PartialMatch[]): PartialMatch | undefined {
  const [earliest] = queue;
  const last = queue.pop();
  if (last !== undefined && queue.length > 0) siftDown(queue, 0, last);
  return earliest;
}

/** Replaces the items of a queue, in place, with the first `count` of another. */
export function replaceQueue(
  queue: PartialMatch[],
  by: readonly PartialMatch[],
  count: number,
): void {
  for (let at = 0; at < count; at += 1) {
    const item = by[at];
    if (item !== undefined) queue[at] = item;
  }
  while (queue.length > count) queue.pop();
}

/** The queue without the items that must go; the same queue if none must. */
export function removeWhere(
  queue: PartialMatch[],
  goes: (item: PartialMatch) => boolean,
): PartialMatch[] {
  const rest = queue.filter((item) => !goes(item));
  if (rest.length === queue.length) return queue;
  for (let at = (rest.length >> 1) - 1; at >= 0; at -= 1) {
    const item = rest[at];
    if (item !== undefined) siftDown(rest, at, item);
  }
  return rest;
}

function siftDown(queue: PartialMatch[], from: number, item: PartialMatch): void {
  let at = from;
  while (at < queue.length >> 1) {
    let below = 2 * at + 1;
    let child = queue[below];
    const right = queue[below + 1];
    if (child !== undefined && right !== undefined && child.first > right.first) {
      below += 1;
      child = right;
    }
    if (child === undefined || item.first <= child.first) break;
    queue[at] = child;
    at = below;
  }
  queue[at] = item;
}

/**
 * When this partial match times out, or its absence is complete; null: never. Where both limits have passed `now`, that
 * of the gap counts.
 */
export function deadlineOf<E>(
  program: PatternProgram<E>,
  partial: PartialMatch,
  now?: EventTime,
): EventTime | null {
  if (!hasBegun(partial)) return null;
  const gap = program.states[partial.state]?.gap ?? null;
  const step = gap === null ? null : plus(partial.previous, gap);
  const whole = program.within === null ? null : plus(partial.start, program.within);
  if (whole === null || step === null) return whole ?? step;
  return now !== undefined && now >= step ? step : earlier(whole, step);
}

type TimerService = Pick<Out<never>, 'setTimer' | 'cancelTimer'>;

/**
 * Sets the timers of a pattern after a step: one for the next time-out, and one for each absence that only time can
 * complete, since those stand still in blind time. `disarmed`: partial matches whose timer is no longer needed.
 *
 * The first of them is not cancelled when nothing waits any more. Most often the next match sets it anew before it is
 * due, which moves its time: one that was cancelled is put into a map and a heap again. Else it fires for nothing.
 * With a key of its own a pattern has any number of states, and as many timers would be left: those are cancelled.
 */
export function setTimers<E extends Plain>(
  program: PatternProgram<E>,
  state: PatternState<E>,
  disarmed: readonly number[],
  id: string,
  out: TimerService,
): void {
  for (const partial of disarmed) out.cancelTimer(absenceTimer(id, partial));
  if (!program.timed) return;
  const next = program.staggered
    ? armAbsences(program, state, id, out)
    : firstDeadline(program, state);
  if (next !== null) out.setTimer(next, id);
  else if (patternIn(id) !== id) out.cancelTimer(id);
}

/** Without gaps and final absences the match that began first times out first, and is the first of the queue. */
function firstDeadline<E extends Plain>(
  program: PatternProgram<E>,
  { partials: [first] }: PatternState<E>,
): EventTime | null {
  return first === undefined ? null : deadlineOf(program, first);
}

/** Sets the timer of each absence that has none yet. The answer is the next time-out of all the others. */
function armAbsences<E extends Plain>(
  program: PatternProgram<E>,
  state: PatternState<E>,
  id: string,
  out: TimerService,
): EventTime | null {
  let next: EventTime | null = null;
  for (const partial of state.partials) {
    if (partial.armed) continue;
    const deadline = deadlineOf(program, partial);
    if (deadline === null) continue;
    if (program.states[partial.state]?.kind === 'pending') {
      partial.armed = true;
      out.setTimer(deadline, absenceTimer(id, partial.id), true);
    } else if (next === null || deadline < next) {
      next = deadline;
    }
  }
  return next;
}

/** Cancels all timers of a pattern that ends. */
export function cancelTimers(state: PatternState<Plain>, id: string, out: TimerService): void {
  for (const { armed, id: partial } of state.partials) {
    if (armed) out.cancelTimer(absenceTimer(id, partial));
  }
  out.cancelTimer(id);
}

/** Cancels the timers that were left where nothing waits: after a change of the rules they may concern nobody. */
export function cancelIdleTimers({ counts }: CorrelateState, out: TimerService): void {
  for (const [id, count] of Object.entries(counts)) if (count === 0) out.cancelTimer(id);
}

/** What a timer was set for: the pattern, and the absence that is complete if it is one of those. */
export function parseTimer(rule: string): { readonly id: string; readonly absent: Set<number> } {
  const [id = '', partial] = rule.split(' ');
  return { id, absent: new Set(partial === undefined ? [] : [Number(partial)]) };
}

/** Digits are padded so that timers of one time fire in the order in which their matches began. */
function absenceTimer(id: string, partial: number): string {
  return `${id} ${String(partial).padStart(12, '0')}`;
}

/**
 * The state of one asset or line: the patterns that have matches under way, by pattern and value of its key. Bounded,
 * since the values of a key can be anything. Plain data.
 */
export type CorrelateState = {
  /** In the order in which their matches began. */
  patterns: Record<string, PatternState<PatternEvent>>;
  /** How many of them each pattern has. */
  counts: Record<string, number>;
  /** Issues of patterns that cannot run, which were reported already. */
  refused: string[];
};

export function openState(): CorrelateState {
  return { patterns: {}, counts: {}, refused: [] };
}

/** The pattern of a state by its name, which is the pattern's id, or that and a value of its key. */
export function patternIn(name: string): string {
  const end = name.indexOf('/');
  return end < 0 ? name : name.slice(0, end);
}

export function keepState(
  keyState: CorrelateState,
  name: string,
  state: PatternState<PatternEvent>,
): void {
  // Its keys come and go, so it is a table to V8: what is there already is not written again.
  const known = keyState.patterns[name];
  if (known === state) return;
  if (known === undefined) {
    const id = patternIn(name);
    keyState.counts[id] = (keyState.counts[id] ?? 0) + 1;
  }
  keyState.patterns[name] = state;
}

export function removeState(keyState: CorrelateState, name: string): void {
  if (keyState.patterns[name] === undefined) return;
  delete keyState.patterns[name];
  const id = patternIn(name);
  // Never deleted: an object that loses properties all the time is slow.
  keyState.counts[id] = (keyState.counts[id] ?? 1) - 1;
}

/** Values of its key that one pattern may have under way at a line; beyond it the oldest go. */
export const MOST_KEYS = 10_000;

/** So many at once, so that not every further event has to look for the oldest. */
const DROPPED_AT_ONCE = MOST_KEYS / 16;

/** The states of a pattern that must go before one more can be kept. */
export function oldestOverBound(
  { patterns, counts }: CorrelateState,
  id: string,
): readonly (readonly [name: string, state: PatternState<PatternEvent>])[] {
  if ((counts[id] ?? 0) < MOST_KEYS) return [];
  const own = Object.entries(patterns).filter(([name]) => patternIn(name) === id);
  return own.slice(0, DROPPED_AT_ONCE);
}
