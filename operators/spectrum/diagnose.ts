import { BEARING_PARTS, type BearingPart } from './bearing.ts';
import { type BearingEvidence, strongestPart } from './bearing-evidence.ts';
import { bearingLines, unexplainedLines } from './bearing-lines.ts';
import type { Extracted } from './extract.ts';
import type { SpectralLine } from './harmonics.ts';
import { SHAFT_FAULTS, type ShaftEvidence, type ShaftFault, shaftFaults } from './shaft-faults.ts';

const MACHINE_FAULTS = [...BEARING_PARTS, ...SHAFT_FAULTS, 'lubrication'] as const;
type MachineFault = (typeof MACHINE_FAULTS)[number];
type DiagnosisVerdict = MachineFault | 'none' | 'not_determined';

/** The diagnosis of a machine from one waveform. */
export type Diagnosis = {
  readonly verdict: DiagnosisVerdict;
  /** The bearing part that is most likely if it is one; null where the bearing could not be diagnosed. */
  readonly forced: BearingPart | null;
  /**
   * 0 to 1. Of a bearing part: the share of the evidence above noise that supports it and not for the next part, less when
   * it is less than a verdict needs. Of a fault of the shaft: the share of the velocity's power that it explains. Each times
   * the confidence in the shaft speed. With `not_determined` it is that of `forced`.
   */
  readonly confidence: number;
  /** By fault; from 1 on it has all that a verdict needs. */
  readonly scores: Readonly<Record<MachineFault, number>>;
  readonly supporting: readonly SpectralLine[];
  readonly contradicting: readonly SpectralLine[];
  /** Why the verdict is what it is, in sentences. */
  readonly reasons: readonly string[];
  readonly action: string;
};

/** Score of harmonics that noise gives: three lines of twice the median. */
const NOISE = 1;
/**
 * Three harmonics that are nine times their surroundings on average. On the 0 hp records of CWRU the greatest score of a
 * wrong part was 1.6, the least of a part that is plain to see 3.1.
 */
const SCORE_FOR_VERDICT = 2.8;
/** Cages modulate what is there, so their own lines must stand out more, and those of no other part. */
const SCORE_FOR_CAGE = 3.5;
/** Up to this score no lines of a bearing part are seen. */
const NO_LINES = 1.6;
/** Share of the evidence that must support a part. */
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

/** Diagnoses what was extracted from one waveform. Bad input gives `not_determined`, with the reasons. */
export function diagnose(extracted: Extracted): Diagnosis {
  const { bearing, shaft } = extracted;
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
  const evidence = { extracted, scores, shafts, forced, trust, confidence };
  const conclusion =
    concludeBearing(evidence) ??
    concludeShaft(evidence) ??
    concludeLubrication(evidence) ??
    concludeHealthy(evidence) ??
    concludeNothing(evidence);
  const { verdict, supporting = [], contradicting = [], reasons } = conclusion;
  return {
    verdict,
    confidence: Math.round(conclusion.confidence * 1_000) / 1_000,
    forced,
    scores,
    supporting,
    contradicting,
    reasons,
    action: ADVICE[verdict],
  };
}

/** What the verdict is drawn from. `trust`: the confidence in the shaft speed. `confidence`: in the forced part. */
type DiagnosisEvidence = Pick<Diagnosis, 'scores' | 'forced' | 'confidence'> & {
  readonly extracted: Extracted;
  readonly shafts: Readonly<Record<ShaftFault, ShaftEvidence>>;
  readonly trust: number;
};

type Conclusion = Pick<Diagnosis, 'verdict' | 'confidence' | 'reasons'> &
  Partial<Pick<Diagnosis, 'supporting' | 'contradicting'>>;

function concludeBearing(evidence: DiagnosisEvidence): Conclusion | undefined {
  const { extracted, scores, forced, trust, confidence } = evidence;
  const { bearing } = extracted;
  if (bearing === undefined || forced === null || scores[forced] < 1) return undefined;
  const { supporting, contradicting } = bearingLines(bearing, forced);
  const part = partName(forced);
  const unexplained = unexplainedLines(bearing, forced);
  if (unexplained.length > 0) {
    const text = `lines of the ${part} stand out, but stronger ones belong to no part: check speed and geometry`;
    return {
      verdict: 'not_determined',
      confidence: confidence / 2,
      supporting,
      contradicting: unexplained,
      reasons: [text],
    };
  }
  const lines = { confidence, supporting, contradicting };
  if (confidence >= MAJORITY * trust) {
    const text = `the lines of the ${part} stand out of the envelope spectrum ${scores[forced].toFixed(1)} times as far as a verdict needs`;
    return { verdict: forced, ...lines, reasons: [text] };
  }
  const text = `lines of the ${part} stand out, and so do those of another part`;
  return { verdict: 'not_determined', ...lines, reasons: [text] };
}

function concludeShaft(evidence: DiagnosisEvidence): Conclusion | undefined {
  const { scores, shafts, forced, trust } = evidence;
  const fault = SHAFT_FAULTS.reduce((best, each) => (scores[each] > scores[best] ? each : best));
  const isBearingLikely = forced !== null && scores[forced] >= LIKELY;
  if (scores[fault] < 1 || isBearingLikely) return undefined;
  const { share, lines } = shafts[fault];
  return {
    verdict: fault,
    confidence: share * trust,
    supporting: lines.map(orderLine),
    reasons: [shaftReason(fault, shafts[fault])],
  };
}

function concludeLubrication({ scores }: DiagnosisEvidence): Conclusion | undefined {
  if (scores.lubrication < 1) return undefined;
  const text = 'strong vibration above 1 kHz, without impacts and without lines of a bearing';
  return { verdict: 'lubrication', confidence: 0.5, reasons: [text] };
}

function concludeHealthy({ extracted, scores }: DiagnosisEvidence): Conclusion | undefined {
  const highest = Math.max(0, ...Object.values(scores));
  if (!isQuiet(extracted.values) || highest >= NO_LINES / SCORE_FOR_VERDICT) return undefined;
  const text = 'level, distribution and lines are those of a machine without a fault';
  return { verdict: 'none', confidence: 0.8, reasons: [text] };
}

function concludeNothing({ extracted, forced, confidence }: DiagnosisEvidence): Conclusion {
  const { bearing } = extracted;
  const lines = bearing === undefined || forced === null ? {} : bearingLines(bearing, forced);
  return { verdict: 'not_determined', confidence, ...lines, reasons: whyUndetermined(extracted) };
}

function bearingScores(bearing: BearingEvidence | undefined): Record<BearingPart, number> {
  const scores = { outer_race: 0, inner_race: 0, rolling_element: 0, cage: 0 };
  if (bearing === undefined) return scores;
  for (const part of BEARING_PARTS) scores[part] = bearing.scores[part] / SCORE_FOR_VERDICT;
  const others = Math.max(...BEARING_PARTS.map((part) => (part === 'cage' ? 0 : scores[part])));
  scores.cage = others * SCORE_FOR_VERDICT >= NO_LINES ? 0 : bearing.scores.cage / SCORE_FOR_CAGE;
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
  return own === 0 ? 0 : Math.min(1, own / (SCORE_FOR_VERDICT - NOISE)) * (own / (own + rival));
}

function lubrication({ values, bearing }: Extracted): number {
  const { acceleration_rms: all, acceleration_low_rms: low, kurtosis } = values;
  if (all === undefined || low === undefined || kurtosis === undefined) return 0;
  const hasLines = bearing !== undefined && Math.max(...Object.values(bearing.scores)) >= NO_LINES;
  if (hasLines || kurtosis > GAUSSIAN || low > all / 2) return 0;
  return Math.sqrt(all * all - low * low) / ROUGH;
}

function isQuiet({ acceleration_rms, velocity_rms, kurtosis }: Extracted['values']): boolean {
  if (acceleration_rms === undefined || velocity_rms === undefined) return false;
  const isCalm = kurtosis !== undefined && kurtosis < GAUSSIAN;
  return isCalm && acceleration_rms < QUIET_ACCELERATION && velocity_rms < QUIET_VELOCITY;
}

function whyUndetermined({ bearing, absent, values }: Extracted): string[] {
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

function orderLine({ order, frequency, rms, ratio }: ShaftEvidence['lines'][number]): SpectralLine {
  return { name: `${order}× shaft`, frequency, amplitude: rms, ratio };
}

function partName(part: BearingPart): string {
  return part.replace('_', ' ');
}

/** What to do about a verdict, in one sentence. */
const ADVICE: Readonly<Record<DiagnosisVerdict, string>> = {
  outer_race:
    'Plan the replacement of the bearing; measure weekly until then, and look at load, fit and lubrication of the old one.',
  inner_race:
    'Plan the replacement of the bearing soon: damage of the rotating race spreads fast; measure weekly until then.',
  rolling_element:
    'Measure again within days, also in other directions, and plan the replacement of the bearing if the lines persist.',
  cage: 'Replace the bearing at the next stop: a broken cage gives little further notice.',
  unbalance:
    'Look for deposits, wear or lost weights on the rotor, then balance it; compare the phase in two directions first.',
  misalignment:
    'Check alignment and coupling at operating temperature, then soft feet and pipe strain.',
  looseness: 'Check foundation bolts, feet and housing fits, and the clearance of the bearings.',
  lubrication:
    'Check the amount and kind of lubricant, relubricate, and measure again within a day.',
  none: 'Nothing to do; go on measuring.',
  not_determined:
    'Measure again at steady speed, longer and at a higher rate if it can be done, with the speed recorded; compare with earlier measurements of the same point.',
};
