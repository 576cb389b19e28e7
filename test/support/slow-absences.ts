/** One repeated stage, then an absence that time completes: `letters` that the loop takes, and one that must not come. */
export type LoopBeforeAbsence = {
  readonly letters: readonly string[];
  readonly absent: string;
  readonly least: number;
  /** null: without an upper bound. */
  readonly most: number | null;
  readonly inner: 'strict' | 'relaxed' | 'relaxedAny';
  readonly greedy: boolean;
  readonly until?: string;
  readonly within: number;
};

type LetterEvent = { readonly seq: number; readonly name: string; readonly timestamp: number };

/**
 * Every match, by brute force: of each choice of events it is asked, word by word, whether it is one. After a
 * repetition that need not be the last, Flink knows that it was the last when one more event has passed.
 */
export function slowAbsences(loop: LoopBeforeAbsence, events: readonly LetterEvent[]): number[][] {
  return choicesOf(events.length).filter((choice) => isMatch(loop, events, choice));
}

function choicesOf(count: number): number[][] {
  return Array.from({ length: 2 ** count }, (_, bits) => {
    return Array.from({ length: count }, (_, at) => at).filter((at) => (bits >> at) % 2 === 1);
  });
}

function isMatch(
  loop: LoopBeforeAbsence,
  events: readonly LetterEvent[],
  choice: readonly number[],
): boolean {
  const { letters, absent, least, most, inner, greedy, until, within } = loop;
  const first = choice[0];
  const last = choice.at(-1);
  if (first === undefined || last === undefined) return false;
  if (choice.length < least || choice.length > (most ?? events.length)) return false;
  const end = (events[first]?.timestamp ?? 0) + within;
  const taken = new Set(choice);
  const wanted = (name: string) => letters.includes(name) && name !== until;
  const ended = events.findIndex(({ timestamp }, at) => at > first && timestamp >= end);
  const inTime = ended < 0 ? events.length : ended;
  if (last >= inTime) return false;
  // From the first event on, what must be absent does not come.
  if (events.slice(first + 1, inTime).some(({ name }) => name === absent)) return false;
  for (let at = first; at <= last; at += 1) {
    const name = events[at]?.name ?? '';
    if (taken.has(at) && !wanted(name)) return false;
    if (taken.has(at)) continue;
    if (name === until || inner === 'strict') return false;
    if (inner === 'relaxed' && letters.includes(name)) return false;
  }
  const optional = most === null || least < most;
  if (choice.length < (most ?? events.length + 1) && last + 1 >= inTime) return false;
  if (!greedy || !optional) return true;
  // What a greedy loop could still take, it must take, unless its stop condition came right after the last.
  if (until !== undefined && events[last + 1]?.name === until) return true;
  return !events.slice(last + 1, inTime).some(({ name }) => wanted(name));
}
