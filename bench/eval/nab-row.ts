import type { Evaluation } from './evaluation.ts';
import { bestThreshold, type Flagged, PROFILES } from './score-nab.ts';

/** A system's line in the table: its normalised scores in all profiles, each at the threshold that is best for it. */
export function nabRow(system: string, flagged: readonly Flagged[]): Evaluation['rows'][number] {
  const scores = Object.entries(PROFILES).map(([name, profile]) => {
    return [name, Number(bestThreshold(flagged, profile).score.toFixed(1))];
  });
  return { system, ...Object.fromEntries(scores) };
}
