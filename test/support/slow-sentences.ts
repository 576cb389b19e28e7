type Follows = 'strict' | 'relaxed' | 'relaxed-any';

/** A stage of a rule as a slow matcher knows it: its condition is one letter, or it is a group. */
export type SentenceStage = {
  readonly name: string;
  readonly follows?: Follows;
  readonly absent?: 'strict' | 'relaxed';
  readonly letter?: string;
  readonly stages?: readonly SentenceStage[];
  readonly times?: readonly [least: number, most: number | null];
  readonly optional?: boolean;
  readonly repeats?: Follows;
  readonly within_previous?: number;
  readonly repeat_within?: number;
};

type LetterEvent = { readonly seq: number; readonly name: string; readonly timestamp: number };

/** What must not come: right after the event before (`next`), or until the event after (`until`). */
type Absent = { readonly next: readonly string[]; readonly until: readonly string[] };

/** One event to take: how it follows the one before, how far, and what must not come in between. */
type Turn = {
  readonly stage: string;
  readonly letter: string;
  readonly follows: Follows;
  readonly gap: number;
  readonly absent: Absent;
};

/** One way of repeating and leaving out, written out; `tail`: what must not come after its last event. */
type Sentence = { readonly turns: readonly Turn[]; readonly tail: Absent };

const NOTHING: Absent = { next: [], until: [] };
const EMPTY: Sentence = { turns: [], tail: NOTHING };

/**
 * Every match of a pattern in the plain sense of its words, by brute force: writes out each way of repeating and
 * leaving out, tries every choice of events for it, and asks of each two neighbours what the words say.
 */
export function slowSentences(
  stages: readonly SentenceStage[],
  events: readonly LetterEvent[],
  within: number,
): Readonly<Record<string, readonly number[]>>[] {
  return sequence(stages, events.length, undefined)
    .filter(({ turns }) => turns.length > 0)
    .flatMap((sentence) => choices(sentence, events, within));
}

/** How the first event of a sequence follows, where a group or a repetition of it says so. */
type Head = { readonly follows: Follows; readonly gap: number };

function sequence(
  stages: readonly SentenceStage[],
  room: number,
  head: Head | undefined,
): readonly Sentence[] {
  return stages.reduce<readonly Sentence[]>(
    (before, stage, index) =>
      joined(before, waysOf(stage, room, index === 0 ? head : undefined), room),
    [EMPTY],
  );
}

function joined(
  before: readonly Sentence[],
  after: readonly Sentence[],
  room: number,
): readonly Sentence[] {
  return before.flatMap((one) =>
    after
      .filter(({ turns }) => one.turns.length + turns.length <= room)
      .map((other) => join(one, other)),
  );
}

function join(one: Sentence, other: Sentence): Sentence {
  const [first, ...rest] = other.turns;
  if (first === undefined) return { turns: one.turns, tail: union(one.tail, other.tail) };
  const met = { ...first, absent: union(one.tail, first.absent) };
  return { turns: [...one.turns, met, ...rest], tail: other.tail };
}

function union(one: Absent, other: Absent): Absent {
  return { next: [...one.next, ...other.next], until: [...one.until, ...other.until] };
}

function waysOf(stage: SentenceStage, room: number, head: Head | undefined): readonly Sentence[] {
  const { letter = '', absent, times, optional, repeats = 'relaxed' } = stage;
  if (absent !== undefined) {
    const tail =
      absent === 'strict' ? { next: [letter], until: [] } : { next: [], until: [letter] };
    return [{ turns: [], tail }];
  }
  const [least, most] = times ?? [1, 1];
  const own: Head = {
    follows: head?.follows ?? stage.follows ?? 'relaxed',
    gap: Math.min(head?.gap ?? Infinity, stage.within_previous ?? Infinity),
  };
  const again: Head = { follows: repeats, gap: stage.repeat_within ?? Infinity };
  let rounds: readonly Sentence[] = [EMPTY];
  const ways: Sentence[] = optional === true || least === 0 ? [EMPTY] : [];
  for (let round = 1; round <= (most ?? room) && rounds.length > 0; round += 1) {
    rounds = joined(rounds, roundOf(stage, room, round === 1 ? own : again), room);
    if (round >= least) ways.push(...rounds);
  }
  return ways;
}

function roundOf(stage: SentenceStage, room: number, head: Head): readonly Sentence[] {
  const { name, letter = '', stages } = stage;
  if (stages !== undefined) return sequence(stages, room, head);
  return [{ turns: [{ stage: name, letter, ...head, absent: NOTHING }], tail: NOTHING }];
}

function choices(
  { turns, tail }: Sentence,
  events: readonly LetterEvent[],
  within: number,
): Readonly<Record<string, readonly number[]>>[] {
  const found: Record<string, number[]>[] = [];
  const choose = (chosen: readonly number[]): void => {
    const turn = turns[chosen.length];
    const start = events[chosen[0] ?? -1]?.timestamp ?? Number.POSITIVE_INFINITY;
    const inTime = events.filter(({ timestamp }) => timestamp < start + within).length;
    const last = chosen.at(-1);
    if (turn === undefined) {
      if (!isQuiet(tail, events.slice((last ?? 0) + 1, inTime))) return;
      const match: Record<string, number[]> = {};
      for (const [index, { stage }] of turns.entries()) {
        match[stage] = [...(match[stage] ?? []), events[chosen[index] ?? 0]?.seq ?? -1];
      }
      found.push(match);
      return;
    }
    for (let at = (last ?? -1) + 1; at < (last === undefined ? events.length : inTime); at += 1) {
      if (events[at]?.name !== turn.letter) continue;
      if (last === undefined || follows(turn, events.slice(last, at + 1))) choose([...chosen, at]);
    }
  };
  choose([]);
  return found;
}

/** After the last event: an absence of the next event is known when there is one. */
function isQuiet({ next, until }: Absent, after: readonly LetterEvent[]): boolean {
  const [first] = after;
  if (next.length > 0 && (first === undefined || next.includes(first.name))) return false;
  return after.every(({ name }) => !until.includes(name));
}

/** `span`: the event before, what came in between, and the event to take. */
function follows(
  { letter, follows: how, gap, absent }: Turn,
  span: readonly LetterEvent[],
): boolean {
  const [before, ...after] = span;
  const taken = span.at(-1);
  if (before === undefined || taken === undefined) return false;
  if (taken.timestamp - before.timestamp >= gap) return false;
  const between = after.slice(0, -1);
  // What comes right after may not be the absent event; what is waited for may be it.
  if (absent.next.includes(after[0]?.name ?? '')) return false;
  if (between.some(({ name }) => absent.until.includes(name))) return false;
  if (how === 'relaxed-any') return true;
  return how === 'strict' ? between.length === 0 : between.every(({ name }) => name !== letter);
}
