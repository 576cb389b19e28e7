/** Rows of one or several files: alarmed and anomalous or not. */
export type Counts = {
  readonly truePositive: number;
  readonly falsePositive: number;
  readonly falseNegative: number;
  readonly trueNegative: number;
};

/** Of all files together: F1 from 0 to 1, false and missed alarm rate in percent. */
export type SkabScore = { readonly f1: number; readonly far: number; readonly mar: number };

/** What became of each row. Both have one entry per row. */
export function countsOf(anomalous: readonly boolean[], alarmed: readonly boolean[]): Counts {
  const count = (is: boolean, said: boolean) => {
    return anomalous.filter((each, row) => each === is && alarmed[row] === said).length;
  };
  return {
    truePositive: count(true, true),
    falsePositive: count(false, true),
    falseNegative: count(true, false),
    trueNegative: count(false, false),
  };
}

/**
 * The scores of SKAB's table of outliers: the counts of all files are summed, then F1 = TP / (TP + (FN + FP) / 2),
 * FAR = FP / (FP + TN), MAR = FN / (FN + TP). 0 where there is nothing to count.
 */
export function skabScore(files: readonly Counts[]): SkabScore {
  const sum = (name: keyof Counts) => files.reduce((total, counts) => total + counts[name], 0);
  const [tp, fp] = [sum('truePositive'), sum('falsePositive')];
  const [fn, tn] = [sum('falseNegative'), sum('trueNegative')];
  return {
    f1: share(tp, tp + (fn + fp) / 2),
    far: 100 * share(fp, fp + tn),
    mar: 100 * share(fn, fn + tp),
  };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
