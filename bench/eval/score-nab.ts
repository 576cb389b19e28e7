/** What a hit, a missed window and a false alarm weigh (NAB v1.1, `config/profiles.json`). */
export type Profile = { readonly hit: number; readonly miss: number; readonly false: number };

export const PROFILES = {
  standard: { hit: 1, miss: 1, false: 0.11 },
  'low FP': { hit: 1, miss: 1, false: 0.22 },
  'low FN': { hit: 1, miss: 2, false: 0.11 },
} as const satisfies Readonly<Record<string, Profile>>;

/** A labelled file: how many rows it has, and its windows as rows, both ends included, in order. */
export type Labelled = {
  readonly rows: number;
  readonly windows: readonly { readonly first: number; readonly last: number }[];
};

/** A row that a detector found to be this anomalous; it counts as an alarm from the threshold on. */
export type Flag = { readonly row: number; readonly score: number };

/** A file and what one detector says of it. */
export type Flagged = { readonly file: Labelled; readonly flags: readonly Flag[] };

/** The first rows of a file, in which nothing is judged: 15 % of it, at most 750. */
export function probationOf({ rows }: Labelled): number {
  return Math.min(Math.floor(0.15 * rows), 750);
}

/**
 * The scaled sigmoid of NAB, 2/(1 + e^(5p)) − 1: 0.9866 at −1 (the first row of a window), 0 at 0, −1 beyond 3.
 * Lavin & Ahmad, "Evaluating real-time anomaly detection algorithms: the Numenta Anomaly Benchmark" (2015), section II.C.
 */
export function sigmoid(position: number): number {
  return position > 3 ? -1 : 2 / (1 + Math.exp(5 * position)) - 1;
}

/** The raw score of a detector that alarms at all its flags, in one file. */
export function rawScore({ file, flags }: Flagged, profile: Profile): number {
  return gainsOf({ file, flags }, profile).reduce(
    (sum, { gain }) => sum + gain,
    nothing([file], profile),
  );
}

/** On the scale on which a detector that says nothing has 0, and one that flags the first row of each window 100. */
export function normalised(raw: number, files: readonly Labelled[], profile: Profile): number {
  const windows = files.reduce((sum, file) => sum + judged(file).length, 0);
  const least = nothing(files, profile);
  return (100 * (raw - least)) / (windows * profile.hit - least);
}

/** The threshold that is best for all files together, as NAB finds it, and the normalised score there. */
export function bestThreshold(
  flagged: readonly Flagged[],
  profile: Profile,
): { readonly threshold: number; readonly score: number } {
  const gains = flagged.flatMap((each) => gainsOf(each, profile));
  gains.sort((a, b) => b.score - a.score);
  const files = flagged.map(({ file }) => file);
  let raw = nothing(files, profile);
  let best = { threshold: Number.POSITIVE_INFINITY, raw };
  for (const [at, { score, gain }] of gains.entries()) {
    raw += gain;
    // Rows of equal scores are flagged together or not at all.
    if (raw > best.raw && gains[at + 1]?.score !== score) best = { threshold: score, raw };
  }
  return { threshold: best.threshold, score: normalised(best.raw, files, profile) };
}

/** The normalised score of several files at a threshold. */
export function scoreAt(flagged: readonly Flagged[], threshold: number, profile: Profile): number {
  const raw = flagged.reduce((sum, { file, flags }) => {
    const counted = flags.filter(({ score }) => score >= threshold);
    return sum + rawScore({ file, flags: counted }, profile);
  }, 0);
  return normalised(
    raw,
    flagged.map(({ file }) => file),
    profile,
  );
}

/** A window that ends in the probation is nobody's to find. */
function judged(file: Labelled) {
  return file.windows.filter(({ last }) => last >= probationOf(file));
}

function nothing(files: readonly Labelled[], { miss }: Profile): number {
  return -miss * files.reduce((sum, file) => sum + judged(file).length, 0);
}

/**
 * What each flag adds to the raw score of saying nothing when the threshold sinks past it, highest score first. A window
 * earns the most that any flag in it is worth; a flag outside costs the more, the further behind the last window it is.
 */
function gainsOf({ file, flags }: Flagged, profile: Profile) {
  const earned = new Map<number, number>();
  const inOrder = flags
    .filter(({ row }) => row >= probationOf(file))
    .toSorted((a, b) => b.score - a.score);
  return inOrder.map(({ row, score }) => {
    const at = file.windows.findLastIndex(({ first }) => first <= row);
    const window = file.windows[at];
    if (window === undefined) return { score, gain: -profile.false };
    const width = window.last - window.first + 1;
    if (row > window.last) {
      const gain = profile.false * sigmoid((row - window.last) / (width - 1));
      return { score, gain };
    }
    const worth = (profile.hit * sigmoid(-(window.last - row + 1) / width)) / sigmoid(-1);
    const before = earned.get(at) ?? -profile.miss;
    earned.set(at, Math.max(before, worth));
    return { score, gain: Math.max(0, worth - before) };
  });
}
