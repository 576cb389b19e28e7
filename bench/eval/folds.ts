/** What each candidate gives in each file of a set: by its name, in the order of the files. */
export type ScoresByFile<S> = Readonly<Record<string, readonly S[]>>;

/** What the rules are worth on some files: more is better. */
export type Worth<S> = (scores: readonly S[]) => number;

/** Files that are left out together, what was chosen without them, and what that gives in each of them. */
export type Fold<S> = {
  readonly part: string;
  readonly chosen: string;
  /** By the place of the file in its set. */
  readonly scores: ReadonlyMap<number, S>;
};

/**
 * Cross-validation: leaves the files of each part out in turn, chooses on all others, and takes what the chosen candidate
 * gives in those that were left out. `parts` names the part of each file.
 */
export function crossValidate<S>(
  byCandidate: ScoresByFile<S>,
  parts: readonly string[],
  worth: Worth<S>,
): readonly Fold<S>[] {
  return [...new Set(parts)].map((part) => {
    const inside = placesOf(parts, (each) => each === part);
    const chosen = chooseOn(
      byCandidate,
      placesOf(parts, (each) => each !== part),
      worth,
    );
    const scores = inside.flatMap((place): [number, S][] => {
      const score = byCandidate[chosen]?.[place];
      return score === undefined ? [] : [[place, score]];
    });
    return { part, chosen, scores: new Map(scores) };
  });
}

/** What cross-validation gives, in the order of the files: no score was seen by what was chosen for it. */
export function heldOut<S>(folds: readonly Fold<S>[]): readonly S[] {
  const all = folds.flatMap(({ scores }) => [...scores]).sort(([a], [b]) => a - b);
  return all.map(([, score]) => score);
}

/** What is chosen when nothing is left out: what the rules of an example say. */
export function chooseOnAll<S>(byCandidate: ScoresByFile<S>, worth: Worth<S>): string {
  const [first = []] = Object.values(byCandidate);
  return chooseOn(byCandidate, [...first.keys()], worth);
}

/**
 * The first candidate that is not worse than the best by more than one standard error of their difference, which the
 * jackknife gives over the files (after Breiman et al., Classification and Regression Trees, 1984, 3.4.3; Efron 1982). The
 * candidates stand in order, the calmest first: a few files say little about which of two is better, and too much about the
 * one that fits them by chance.
 */
function chooseOn<S>(
  byCandidate: ScoresByFile<S>,
  places: readonly number[],
  worth: Worth<S>,
): string {
  const found = Object.entries(byCandidate).map(([name, all]) => {
    const scores = places.flatMap((place) => all[place] ?? []);
    return { name, scores, worth: worth(scores) };
  });
  const best = found.reduce((a, b) => (b.worth > a.worth ? b : a));
  const chosen = found.find((one) => {
    return best.worth - one.worth <= errorOfDifference(best.scores, one.scores, worth);
  });
  return (chosen ?? best).name;
}

/** √((n − 1)/n · Σ (d₋ᵢ − d̄)²), with d₋ᵢ the difference in worth without the file i. */
export function errorOfDifference<S>(
  one: readonly S[],
  other: readonly S[],
  worth: Worth<S>,
): number {
  const count = one.length;
  if (count < 2) return 0;
  const without = one.map((_, at) => {
    const rest = (scores: readonly S[]) => worth(scores.filter((_score, place) => place !== at));
    return rest(one) - rest(other);
  });
  const mean = without.reduce((sum, each) => sum + each, 0) / count;
  const squares = without.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  return Math.sqrt(((count - 1) / count) * squares);
}

function placesOf(parts: readonly string[], is: (part: string) => boolean): number[] {
  return parts.flatMap((part, place) => (is(part) ? [place] : []));
}
