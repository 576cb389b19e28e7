import type { StateData } from '../model/machine-event.ts';
import { DAY, type EventTime } from '../model/time.ts';

/** One machine state, valid from `time` until the next fact. */
export type Fact = {
  readonly time: EventTime;
  readonly state: string;
  readonly mode: string;
  readonly product: string;
  readonly order: string;
};

/** How long facts are kept: a fact as late as this still corrects later lookups. */
export const KEPT = DAY;

const STARTING = new Set(['STARTING', 'CLEARING', 'RESETTING', 'UNHOLDING', 'UNSUSPENDING']);

/** Puts a fact in its place by valid time; of two with the same time, the later arrival replaces the earlier. */
export function addFact(facts: Fact[], time: EventTime, data: StateData): void {
  const { state, mode = '', product = '', order = '' } = data;
  const fact: Fact = { time, state, mode, product, order };
  let at = facts.length;
  while (at > 0 && (facts[at - 1]?.time ?? 0) > time) at -= 1;
  if (facts[at - 1]?.time === time) facts[at - 1] = fact;
  else facts.splice(at, 0, fact);
  const newest = facts[facts.length - 1]?.time ?? time;
  // The last fact before the kept stretch still says what was true when it began.
  while (facts.length > 1 && (facts[1]?.time ?? newest) < newest - KEPT) facts.shift();
}

/** The fact that was true at `time`, and its index; undefined before the first. */
export function factAt(facts: readonly Fact[], time: EventTime): Fact | undefined {
  for (let at = facts.length - 1; at >= 0; at -= 1) {
    const fact = facts[at];
    if (fact !== undefined && fact.time <= time) return fact;
  }
  return undefined;
}

/** Whether state, mode or product changed strictly inside (start, end). */
export function changedInside(facts: readonly Fact[], start: EventTime, end: EventTime): boolean {
  let before = factAt(facts, start);
  for (const fact of facts) {
    if (fact.time <= start) continue;
    if (fact.time >= end) return false;
    if (before === undefined || !sameWork(before, fact)) return true;
    before = fact;
  }
  return false;
}

function sameWork(a: Fact, b: Fact): boolean {
  return a.state === b.state && a.mode === b.mode && a.product === b.product;
}

export function isStarting(state: string): boolean {
  return STARTING.has(state);
}

/** When the machine last stopped being in a start-up state, at or before `time`; undefined if it never did. */
export function startupEnded(facts: readonly Fact[], time: EventTime): EventTime | undefined {
  let ended: EventTime | undefined;
  for (let at = 1; at < facts.length; at += 1) {
    const [before, fact] = [facts[at - 1], facts[at]];
    if (before === undefined || fact === undefined || fact.time > time) break;
    if (isStarting(before.state) && !isStarting(fact.state)) ended = fact.time;
  }
  return ended;
}
