import { type Captured, describe } from '../../../operators/correlate/captured.ts';
import type { Match } from '../../../operators/correlate/matcher.ts';
import { hasBegun, type MatchState, takenBy } from '../../../operators/correlate/partials.ts';
import type { PatternMove, PatternWatch } from '../../../operators/correlate/pattern-watch.ts';
import type { Key } from '../../../operators/model/key.ts';
import { type EventTime, toIso } from '../../../operators/model/time.ts';
import { type Gone, whyEnded } from './why-ended.ts';

/** One way in which matches of a pattern ended without coming true, and the first three of them. */
export type Ending = {
  /** The stages that had taken something, each once. */
  readonly after: readonly string[];
  /** The stage that it waited at. */
  readonly at: string;
  readonly why: string;
  count: number;
  readonly examples: { readonly key: Key; readonly began: string; readonly ended: string }[];
};

/** A match that came true, with what it took. */
export type Finished = {
  readonly key: Key;
  readonly complete: string;
  readonly captured: readonly {
    readonly stage: string;
    readonly time: string;
    readonly text: string;
  }[];
};

/** What became of the matches of one pattern that began. Bounded, however many there were. */
export type PatternStory = {
  readonly pattern: string;
  began: number;
  finished: number;
  /** Under way at the end. */
  open: number;
  readonly endings: Ending[];
  readonly matches: Finished[];
};

type Started = Gone & { readonly began: EventTime; readonly finished: boolean };
type Seen = { readonly started: Map<number, Started>; newest: number };

const MOST_EXAMPLES = 3;
const MOST_MATCHES = 20;

/** Follows every match from its first event to its end, and counts what ended them. */
export function createMatchStories(patterns: readonly string[]): {
  readonly watch: PatternWatch;
  told(): readonly PatternStory[];
} {
  const stories = new Map<string, PatternStory>();
  const underWay = new Map<string, Seen>();
  for (const pattern of patterns) storyOf(pattern);

  function storyOf(pattern: string): PatternStory {
    const known = stories.get(pattern);
    if (known !== undefined) return known;
    const story = { pattern, began: 0, finished: 0, open: 0, endings: [], matches: [] };
    stories.set(pattern, story);
    return story;
  }

  function seenOf(pattern: string, key: Key): Seen {
    const name = `${pattern} ${key}`;
    const known = underWay.get(name) ?? { started: new Map(), newest: 0 };
    underWay.set(name, known);
    return known;
  }

  function moved(move: PatternMove): void {
    const { rule, key, state, time } = move;
    const story = storyOf(rule.id);
    const seen = seenOf(rule.id, key);
    const complete = new Set(move.moved.matches.map((match) => match[0]?.event));
    for (const match of move.moved.matches) tellMatch(story, key, match, time);
    const before = new Map(seen.started);
    follow(move, seen, complete);
    const fresh = [...seen.started.keys()].filter((first) => !before.has(first)).length;
    const known = new Set([...seen.started.values()].map(({ taken }) => taken[0]?.event));
    // A match that began and came true by one and the same event was never under way.
    const atOnce = [...complete].filter((event) => !known.has(event)).length;
    story.began += fresh + atOnce;
    const present = presentIn(state);
    for (const [first, started] of seen.started) {
      if (present.has(first)) continue;
      seen.started.delete(first);
      if (!started.finished) tellEnding(story, move, key, started, whyEnded(move, started));
    }
    if (seen.started.size === 0) underWay.delete(`${rule.id} ${key}`);
  }

  return {
    watch: {
      moved,
      ended(pattern, key) {
        const story = storyOf(pattern);
        for (const started of seenOf(pattern, key).started.values()) {
          const { began: time } = started;
          tellEnding(story, { time }, key, started, 'its rule was changed or removed');
        }
        underWay.delete(`${pattern} ${key}`);
      },
    },
    told() {
      for (const [name, { started }] of underWay) {
        const [pattern = ''] = name.split(' ');
        storyOf(pattern).open += [...started.values()].filter(({ finished }) => !finished).length;
      }
      underWay.clear();
      return [...stories.values()];
    },
  };
}

/** Takes in the partial matches that are new since the last move, each to the match that it is a way of. */
function follow(
  { program, state }: PatternMove,
  seen: Seen,
  complete: ReadonlySet<Captured | undefined>,
): void {
  let { newest } = seen;
  for (const partial of [...state.partial, ...state.finished]) {
    if (!hasBegun(partial) || partial.id <= seen.newest) continue;
    newest = Math.max(newest, partial.id);
    const taken = takenBy(program, state, partial.last);
    const before = seen.started.get(partial.first);
    if (before !== undefined && before.taken.length > taken.length) continue;
    const finished = before?.finished ?? false;
    const stage = program.places[partial.place]?.stage ?? '';
    seen.started.set(partial.first, {
      ...{ began: partial.start, taken, place: partial.place, stage, finished },
    });
  }
  seen.newest = newest;
  for (const [first, started] of seen.started) {
    if (complete.has(started.taken[0]?.event))
      seen.started.set(first, { ...started, finished: true });
  }
}

function presentIn(state: MatchState<Captured>): ReadonlySet<number> {
  return new Set([...state.partial, ...state.finished].map(({ first }) => first));
}

function tellMatch(story: PatternStory, key: Key, match: Match<Captured>, time: EventTime): void {
  story.finished += 1;
  if (story.matches.length >= MOST_MATCHES) return;
  const captured = match.map(({ stage, event, time: at }) => {
    return { stage, time: toIso(at), text: describe(event.value).text };
  });
  story.matches.push({ key, complete: toIso(time), captured });
}

function tellEnding(
  story: PatternStory,
  { time }: Pick<PatternMove, 'time'>,
  key: Key,
  { taken, began, stage: at }: Started,
  why: string,
): void {
  const after = [...new Set(taken.map(({ stage }) => stage))];
  const same = (ending: Ending) =>
    ending.why === why && ending.at === at && ending.after.join() === after.join();
  let ending = story.endings.find(same);
  if (ending === undefined) {
    ending = { after, at, why, count: 0, examples: [] };
    story.endings.push(ending);
  }
  ending.count += 1;
  if (ending.examples.length >= MOST_EXAMPLES) return;
  ending.examples.push({ key, began: toIso(began), ended: toIso(time) });
}
