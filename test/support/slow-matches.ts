/** A stage as the slow matcher knows it: one letter that it takes, or a group; no absences, nothing greedy. */
export type SlowStage = {
  readonly name: string;
  readonly contiguity: 'begin' | 'strict' | 'relaxed' | 'relaxedAny';
  readonly letter?: string;
  readonly group?: readonly SlowStage[];
  readonly least: number;
  /** null: without an upper bound. */
  readonly most: number | null;
  readonly optional: boolean;
  readonly inner: 'strict' | 'relaxed' | 'relaxedAny';
  readonly until?: string;
};

export type SlowEvent = { readonly seq: number; readonly name: string; readonly timestamp: number };

/** One event to take: how it follows the one taken before, and letters that must not come up to it. */
type Turn = {
  readonly stage: string;
  readonly letter: string;
  readonly follows: SlowStage['contiguity'];
  readonly before: readonly string[];
  readonly never: readonly string[];
};

/**
 * Every match, by brute force: writes out each way of repeating and leaving out as a plain sentence of turns, tries
 * every choice of events for it, and asks of each two neighbours what the words say.
 */
export function slowMatches(
  stages: readonly SlowStage[],
  events: readonly SlowEvent[],
  within = Number.POSITIVE_INFINITY,
): Readonly<Record<string, readonly number[]>>[] {
  const sentences = sentencesOf(stages, events.length, undefined).filter(
    ({ length }) => length > 0,
  );
  return sentences.flatMap((sentence) => choices(sentence, events, within));
}

/** How the first stage of a line follows, and how it repeats (even if it is no group itself), where a group says so. */
type Head = Pick<SlowStage, 'contiguity' | 'inner'> & { readonly until: readonly string[] };

function sentencesOf(
  line: readonly SlowStage[],
  room: number,
  head: Head | undefined,
): readonly (readonly Turn[])[] {
  let sentences: readonly (readonly Turn[])[] = [[]];
  for (const [index, stage] of line.entries()) {
    const ways = waysOf(stage, room, index === 0 ? head : undefined, head?.until ?? []);
    sentences = sentences.flatMap((sentence) => {
      const rest = room - sentence.length;
      return ways.filter(({ length }) => length <= rest).map((way) => [...sentence, ...way]);
    });
  }
  return sentences;
}

function waysOf(
  stage: SlowStage,
  room: number,
  head: Head | undefined,
  never: readonly string[],
): readonly (readonly Turn[])[] {
  const ways: (readonly Turn[])[] = stage.optional ? [[]] : [];
  let rounds: readonly (readonly Turn[])[] = [[]];
  for (let round = 1; round <= (stage.most ?? room); round += 1) {
    const follows =
      round === 1 ? (head?.contiguity ?? stage.contiguity) : (head?.inner ?? stage.inner);
    const next = roundOf(stage, room, round, follows, never);
    rounds = rounds.flatMap((before) => {
      return next.map((way) => [...before, ...way]).filter(({ length }) => length <= room);
    });
    if (round >= stage.least) ways.push(...rounds);
    if (rounds.length === 0) break;
  }
  return ways;
}

function roundOf(
  stage: SlowStage,
  room: number,
  round: number,
  follows: SlowStage['contiguity'],
  around: readonly string[],
): readonly (readonly Turn[])[] {
  const { name, letter, group, until, inner } = stage;
  if (group !== undefined) {
    const contiguity = round === 1 ? stage.contiguity : inner;
    return sentencesOf(group, room, {
      contiguity,
      inner,
      until: until === undefined ? [] : [until],
    });
  }
  // The event that ends a loop is no repetition, and none comes after it; before the first one it may have come.
  const ends = until === undefined ? [] : [until];
  const before = round > 1 ? [...around, ...ends] : around;
  return [[{ stage: name, letter: letter ?? '', follows, before, never: [...around, ...ends] }]];
}

function choices(
  sentence: readonly Turn[],
  events: readonly SlowEvent[],
  within: number,
): Readonly<Record<string, readonly number[]>>[] {
  const found: Record<string, number[]>[] = [];
  const choose = (chosen: readonly number[]): void => {
    const turn = sentence[chosen.length];
    if (turn === undefined) {
      const match: Record<string, number[]> = {};
      for (const [index, { stage }] of sentence.entries()) {
        match[stage] = [...(match[stage] ?? []), events[chosen[index] ?? 0]?.seq ?? -1];
      }
      found.push(match);
      return;
    }
    const first = events[chosen[0] ?? -1];
    for (let at = (chosen.at(-1) ?? -1) + 1; at < events.length; at += 1) {
      const event = events[at];
      if (event?.name !== turn.letter || turn.never.includes(event.name)) continue;
      if (first !== undefined && event.timestamp - first.timestamp >= within) continue;
      if (follows(turn, events.slice((chosen.at(-1) ?? at - 1) + 1, at))) choose([...chosen, at]);
    }
  };
  choose([]);
  return found;
}

function follows(turn: Turn, between: readonly SlowEvent[]): boolean {
  if (between.some(({ name }) => turn.before.includes(name))) return false;
  if (turn.follows === 'relaxedAny') return true;
  if (turn.follows === 'relaxed') return between.every(({ name }) => name !== turn.letter);
  return between.length === 0;
}
