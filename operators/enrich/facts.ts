import { isStarting, type StateData } from '../model/machine-event.ts';
import { DAY, type EventTime } from '../model/time.ts';

/** One machine state, valid from `time` until the next fact. */
export type Fact = {
  readonly time: EventTime;
  readonly state: string;
  readonly mode: string;
  readonly product: string;
  readonly order: string;
  /** When the machine last stopped being in a start-up state, at or before this fact; null if it never did. */
  started: EventTime | null;
};

/** How long facts are kept: a fact as late as this still corrects later lookups. */
export const FACT_RETENTION = DAY;

/** Puts a fact in its place by valid time; of two with the same time, the later arrival replaces the earlier. */
export function addFact(facts: Fact[], time: EventTime, data: StateData): void {
  const { state, mode = '', product = '', order = '' } = data;
  const fact: Fact = { time, state, mode, product, order, started: null };
  const before = indexAt(facts, time);
  const replaces = facts[before]?.time === time;
  const at = replaces ? before : before + 1;
  facts.splice(at, replaces ? 1 : 0, fact);
  correctStarts(facts, at);
  const newest = facts[facts.length - 1]?.time ?? time;
  // The last fact before the retention still gives what was true when it began.
  while (facts.length > 1 && (facts[1]?.time ?? newest) < newest - FACT_RETENTION) facts.shift();
}

/** A new fact may change what is known of those after it, up to the first for which nothing changes. */
function correctStarts(facts: readonly Fact[], from: number): void {
  for (let at = from; at < facts.length; at += 1) {
    const [before, fact] = [facts[at - 1], facts[at]];
    if (fact === undefined) return;
    const ended = before !== undefined && isStarting(before.state) && !isStarting(fact.state);
    const started = ended ? fact.time : (before?.started ?? null);
    if (at > from && fact.started === started) return;
    fact.started = started;
  }
}

/** The index of the fact that was true at `time`; -1 before the first. Looked up for everything that is observed. */
function indexAt(facts: readonly Fact[], time: EventTime): number {
  let [low, high] = [0, facts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((facts[middle]?.time ?? time) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The fact that was true at `time`; undefined before the first. */
export function factAt(facts: readonly Fact[], time: EventTime): Fact | undefined {
  return facts[indexAt(facts, time)];
}

/** Whether state, mode or product changed strictly inside (start, end). */
export function changedInside(facts: readonly Fact[], start: EventTime, end: EventTime): boolean {
  const first = indexAt(facts, start);
  let before = facts[first];
  for (let at = first + 1; at < facts.length; at += 1) {
    const fact = facts[at];
    if (fact === undefined || fact.time >= end) return false;
    if (before === undefined || !sameWork(before, fact)) return true;
    before = fact;
  }
  return false;
}

function sameWork(a: Fact, b: Fact): boolean {
  return a.state === b.state && a.mode === b.mode && a.product === b.product;
}

/** When the machine last stopped being in a start-up state, at or before `time`; undefined if it never did. */
export function startupEnded(facts: readonly Fact[], time: EventTime): EventTime | undefined {
  return factAt(facts, time)?.started ?? undefined;
}
