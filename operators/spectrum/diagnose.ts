import { ADVICE } from './advice.ts';
import { type BearingEvidence, strongestPart } from './bearing-evidence.ts';
import { BEARING_PARTS, type BearingPart } from './bearing-frequencies.ts';
import { bearingLines, type Line } from './bearing-lines.ts';
import type { Extracted } from './extract.ts';
import { SHAFT_FAULTS, type ShaftEvidence, type ShaftFault, shaftFaults } from './shaft-faults.ts';
import { strangers } from './strangers.ts';

export const FAULTS = [...BEARING_PARTS, ...SHAFT_FAULTS, 'lubrication'] as const;
export type Fault = (typeof FAULTS)[number];
export type Verdict = Fault | 'none' | 'not_determined';

/** What a waveform says about its machine. */
export type Diagnosis = {
  readonly verdict: Verdict;
  /** The bearing part that is most likely if it is one; null where the bearing could not be judged. */
  readonly forced: BearingPart | null;
  /**
   * 0 to 1. Of a bearing part: the share of the evidence above noise that speaks for it and not for the next part, less when
   * it is less than a verdict needs. Of a fault of the shaft: the share of the velocity's power that it explains. Each times
   * the confidence in the shaft speed. With `not_determined` it is that of `forced`.
   */
  readonly confidence: number;
  /** By fault; from 1 on it has all that a verdict needs. */
  readonly scores: Readonly<Record<Fault, number>>;
  readonly supporting: readonly Line[];
  readonly contradicting: readonly Line[];
  /** Why the verdict is what it is, in sentences. */
  readonly reasons: readonly string[];
  readonly action: string;
};

/** Score of a comb that noise gives: three lines of twice the median. */
const NOISE = 1;
/**
 * A comb whose three lines are nine times their surroundings on average. On the 0 hp records of CWRU the greatest score of a
 * wrong part was 1.6, the least of a part that is plain to see 3.1.
 */
const ENOUGH = 2.8;
/** Cages modulate what is there, so their own lines must say more, and nothing else may speak. */
const ENOUGH_FOR_CAGE = 3.5;
const SILENT = 1.6;
/** Share of the evidence that must speak for a part. */
const MAJORITY = 0.6;
/** A bearing that nearly has a verdict leaves none for the shaft: its impacts shake the shaft too. */
const LIKELY = 0.8;
/** g rms above 1 kHz: what dry contacts give is broad and strong, and has no beat. */
const ROUGH = 1.5;
/** Pearson kurtosis: noise has 3, and of ten thousand samples 3.15 at most. */
const GAUSSIAN = 3.3;
/** g rms and mm/s rms under which a machine is as quiet as one that works can be. */
const QUIET_ACCELERATION = 0.05;
const QUIET_VELOCITY = 0.7;

/** Judges what was extracted from one waveform. Bad input gives `not_determined`, with the reasons. */
export function diagnose(extracted: Extracted): Diagnosis {
  const { values, bearing, shaft } = extracted;
  const shafts = shaftFaults(extracted);
  const scores = {
    ...bearingScores(bearing),
    unbalance: shafts.unbalance.score,
    misalignment: shafts.misalignment.score,
    looseness: shafts.looseness.score,
    lubrication: lubrication(extracted),
  };
  const forced = bearing === undefined ? null : forcedPart(scores, bearing);
  const trust = shaft?.confidence ?? 0;
  const confidence =
    bearing === undefined || forced === null ? 0 : partConfidence(bearing, forced) * trust;
  const common = { forced, scores };

  if (bearing !== undefined && forced !== null && scores[forced] >= 1) {
    const { supporting, contradicting } = bearingLines(bearing, forced);
    const foreign = strangers(bearing, forced);
    if (foreign.length > 0) {
      const text = `lines of the ${words(forced)} stand out, but stronger ones belong to no part: check speed and geometry`;
      return conclude('not_determined', confidence / 2, supporting, foreign, [text]);
    }
    if (confidence >= MAJORITY * trust) {
      const text = `the lines of the ${words(forced)} stand out of the envelope spectrum ${scores[forced].toFixed(1)} times as far as a verdict needs`;
      return conclude(forced, confidence, supporting, contradicting, [text]);
    }
    const text = `lines of the ${words(forced)} stand out, and so do those of another part`;
    return conclude('not_determined', confidence, supporting, contradicting, [text]);
  }
  const fault = SHAFT_FAULTS.reduce((best, each) => (scores[each] > scores[best] ? each : best));
  const isBearingLikely = forced !== null && scores[forced] >= LIKELY;
  if (scores[fault] >= 1 && !isBearingLikely) {
    const evidence = shafts[fault];
    const supporting = evidence.lines.map(orderLine);
    return conclude(fault, evidence.share * trust, supporting, [], [shaftReason(fault, evidence)]);
  }
  if (scores.lubrication >= 1) {
    const text = 'strong vibration above 1 kHz, without impacts and without lines of a bearing';
    return conclude('lubrication', 0.5, [], [], [text]);
  }
  if (isQuiet(values) && Math.max(0, ...Object.values(scores)) < SILENT / ENOUGH) {
    const text = 'level, distribution and lines are those of a machine without a fault';
    return conclude('none', 0.8, [], [], [text]);
  }
  const lines =
    bearing === undefined || forced === null ? undefined : bearingLines(bearing, forced);
  return conclude(
    'not_determined',
    confidence,
    lines?.supporting ?? [],
    lines?.contradicting ?? [],
    undetermined(extracted),
  );

  function conclude(
    verdict: Verdict,
    sure: number,
    supporting: readonly Line[],
    contradicting: readonly Line[],
    reasons: readonly string[],
  ): Diagnosis {
    const rounded = Math.round(sure * 1_000) / 1_000;
    const action = ADVICE[verdict];
    return { verdict, confidence: rounded, ...common, supporting, contradicting, reasons, action };
  }
}

function bearingScores(bearing: BearingEvidence | undefined): Record<BearingPart, number> {
  const scores = { outer_race: 0, inner_race: 0, rolling_element: 0, cage: 0 };
  if (bearing === undefined) return scores;
  for (const part of BEARING_PARTS) scores[part] = bearing.scores[part] / ENOUGH;
  const others = Math.max(...BEARING_PARTS.map((part) => (part === 'cage' ? 0 : scores[part])));
  scores.cage = others * ENOUGH >= SILENT ? 0 : bearing.scores.cage / ENOUGH_FOR_CAGE;
  return scores;
}

function forcedPart(scores: Record<BearingPart, number>, bearing: BearingEvidence): BearingPart {
  return scores.cage >= 1 ? 'cage' : strongestPart(bearing.scores);
}

/** Grows with the evidence up to what a verdict needs; a rival as strong as the part itself halves it. */
function partConfidence({ scores }: BearingEvidence, part: BearingPart): number {
  const above = (each: BearingPart) => Math.max(0, scores[each] - NOISE);
  const own = above(part);
  const rivals = BEARING_PARTS.filter((each) => each !== part && each !== 'cage');
  const rival = Math.max(...rivals.map(above));
  return own === 0 ? 0 : Math.min(1, own / (ENOUGH - NOISE)) * (own / (own + rival));
}

function lubrication({ values, bearing }: Extracted): number {
  const { acceleration_rms: all, acceleration_low_rms: low, kurtosis } = values;
  if (all === undefined || low === undefined || kurtosis === undefined) return 0;
  const hasLines = bearing !== undefined && Math.max(...Object.values(bearing.scores)) >= SILENT;
  if (hasLines || kurtosis > GAUSSIAN || low > all / 2) return 0;
  return Math.sqrt(all * all - low * low) / ROUGH;
}

function isQuiet({ acceleration_rms, velocity_rms, kurtosis }: Extracted['values']): boolean {
  if (acceleration_rms === undefined || velocity_rms === undefined) return false;
  const isCalm = kurtosis !== undefined && kurtosis < GAUSSIAN;
  return isCalm && acceleration_rms < QUIET_ACCELERATION && velocity_rms < QUIET_VELOCITY;
}

function undetermined({ bearing, absent, values }: Extracted): string[] {
  const reasons: string[] = [];
  if (bearing === undefined) {
    reasons.push(absent.bearing_outer_race ?? 'the geometry of the bearing was not said');
  } else reasons.push('no line of a bearing part stands out far enough, or alone');
  if (values.velocity_1x === undefined && absent.velocity_1x !== undefined) {
    reasons.push(`no lines of the shaft: ${absent.velocity_1x}`);
  }
  return [...new Set(reasons)];
}

function shaftReason(fault: ShaftFault, { share, lines }: ShaftEvidence): string {
  const orders = lines.map(({ order }) => `${order}×`).join(', ');
  return `${fault}: ${orders} carry ${Math.round(share * 100)} % of the velocity's power`;
}

function orderLine({ order, frequency, rms, ratio }: ShaftEvidence['lines'][number]): Line {
  return { name: `${order}× shaft`, frequency, amplitude: rms, ratio };
}

function words(part: BearingPart): string {
  return part.replace('_', ' ');
}
