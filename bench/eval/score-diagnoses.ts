/** What is true of a record, and what was said of it. */
export type Named = {
  readonly fault: string;
  readonly verdict: string;
  /** The best guess at a part of the bearing, where there is any. */
  readonly forced: string | null;
};

export type Scored = {
  readonly records: number;
  readonly right: number;
  readonly wrong: number;
  readonly open: number;
  /** Right when a part must be named. */
  readonly forced: number;
};

/** Counts verdicts on records with a fault: right, wrong (another one, or none), or left open. */
export function scoreDiagnoses(records: readonly Named[]): Scored {
  const right = records.filter(({ fault, verdict }) => verdict === fault).length;
  const open = records.filter(({ verdict }) => verdict === 'not_determined').length;
  return {
    records: records.length,
    right,
    open,
    wrong: records.length - right - open,
    forced: records.filter(({ fault, forced }) => forced === fault).length,
  };
}
