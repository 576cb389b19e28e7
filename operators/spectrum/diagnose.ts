import { BEARING_PARTS, type BearingPart } from './bearing.ts';
import {
  type BearingEvidence,
  LINES_SEEN,
  SCORE_FOR_VERDICT,
  strongestPart,
} from './bearing-evidence.ts';
import { bearingLines, misfitOf, unexplainedLines } from './bearing-lines.ts';
import { isModulated } from './envelope.ts';
import type { Extracted } from './extract.ts';
import type { SpectralLine } from './harmonics.ts';
import {
  type IsoZone,
  isoZone,
  isSwaying,
  lineAboveBand,
  type MachineSize,
  unsteadiness,
  unsteadinessText,
  velocityFromTwo,
  withoutZone,
  withUrgency,
} from './iso-zone.ts';
import { bandRms, spectralPeaks } from './power-spectrum.ts';
import {
  besideFirst,
  betweenFaults,
  disputedOrders,
  disputeText,
  dominantLine,
  GRIDS,
  SHAFT_FAULTS,
  type ShaftEvidence,
  type ShaftFault,
  shaftFaults,
} from './shaft-faults.ts';
import { clippedSamples } from './time-waveform.ts';

const MACHINE_FAULTS = [...BEARING_PARTS, ...SHAFT_FAULTS] as const;
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
   * the confidence in the shaft speed, and 0.95 at most. With `not_determined` it is that of `forced`; a verdict has three
   * quarters of it where its score is just enough.
   */
  readonly confidence: number;
  /** By fault; from 1 on it has all that a verdict needs, unless parts of the bearing have the same lines. */
  readonly scores: Readonly<Record<MachineFault, number>>;
  readonly supporting: readonly SpectralLine[];
  readonly contradicting: readonly SpectralLine[];
  /** Why the verdict is what it is, in sentences. */
  readonly reasons: readonly string[];
  /** Faults beside the verdict that have all that a verdict needs. */
  readonly also: readonly { readonly fault: MachineFault; readonly reason: string }[];
  /** Zone of ISO 20816-3, whatever the verdict; null where the velocity is not known. */
  readonly severity: IsoZone | null;
  readonly action: string;
};

export type DiagnosisOptions = MachineSize & {
  /** Line frequencies that the machine may be fed with, Hz; both of the world without it. */
  readonly grids?: readonly number[];
};

/** Score of harmonics that noise gives: three lines of twice the median. */
const NOISE = 1;
/** Cages modulate what is there, so their own lines must stand out more, and those of no other part. */
const SCORE_FOR_CAGE = 3.5;
/** Share of the evidence that must support a part. */
const MAJORITY = 0.6;
/** A bearing that nearly has a verdict leaves none for the shaft: its impacts shake the shaft too. */
const LIKELY = 0.8;
/** g rms above 1 kHz: broad and strong, as dry contacts, cavitation, flow or cutting make it. */
const ROUGH = 1.5;
/** Pearson kurtosis: noise has 3, and of ten thousand samples 3.15 at most. */
const GAUSSIAN = 3.3;
/** Standard errors by which the kurtosis of a quiet machine may exceed that of noise. */
const TAILS = 3;
/** Hz from which on a rise is broad or not, and how many of the strongest lines may be tones: a mesh with its sidebands. */
const HIGH = 1_000;
const TONES = 12;
/** g rms and mm/s rms under which a machine is as quiet as one that works can be. */
const QUIET_ACCELERATION = 0.05;
const QUIET_VELOCITY = 0.7;
/** No single waveform proves a fault: other faults have the same lines. */
const MOST_CERTAIN = 0.95;
const BARELY = 0.75;
/** Score of a part under which its lines are those of noise, and say nothing for or against it. */
export const WORTH_A_LOOK = 0.6;

/** Diagnoses what was extracted from one waveform. Bad input gives `not_determined`, with the reasons. */
export function diagnose(extracted: Extracted, options: DiagnosisOptions = {}): Diagnosis {
  const { bearing, shaft } = extracted;
  const grids = options.grids ?? GRIDS;
  const shafts = shaftFaults(extracted, grids);
  const scores = {
    ...bearingScores(bearing),
    unbalance: shafts.unbalance.score,
    misalignment: shafts.misalignment.score,
    looseness: shafts.looseness.score,
  };
  const forced = bearing === undefined ? null : forcedPart(scores, bearing);
  const trust = shaft?.confidence ?? 0;
  const confidence =
    bearing === undefined || forced === null ? 0 : partConfidence(bearing, forced) * trust;
  const severity = isoZone(extracted, options);
  const evidence = { extracted, scores, shafts, forced, trust, confidence, grids };
  const ofBearing = concludeBearing(evidence);
  const ofShaft = concludeShaft(evidence);
  const conclusion = ofBearing ?? ofShaft ?? concludeHealthy(evidence) ?? concludeNothing(evidence);
  const also = ofBearing !== undefined && ofShaft !== undefined ? [ofShaft] : [];
  const { verdict, supporting = [], contradicting = [], reasons } = conclusion;
  const ofZone = severity?.reservations ?? withoutZone(extracted, options);
  const beyond = [...reservationsOf(extracted, grids), ...ofZone];
  return {
    verdict,
    confidence: Math.round(Math.min(MOST_CERTAIN, conclusion.confidence) * 1_000) / 1_000,
    forced,
    scores,
    supporting,
    contradicting,
    reasons: [...new Set([...reasons, ...beyond])],
    also: also.map(({ verdict: fault, reasons: [reason = ''] }) => ({ fault, reason })),
    severity,
    action: actionOf({ verdict, scores, severity }, extracted, also),
  };
}

/** What the verdict is drawn from. `trust`: the confidence in the shaft speed. `confidence`: in the forced part. */
type DiagnosisEvidence = Pick<Diagnosis, 'scores' | 'forced' | 'confidence'> & {
  readonly extracted: Extracted;
  readonly shafts: Readonly<Record<ShaftFault, ShaftEvidence>>;
  readonly trust: number;
  readonly grids: readonly number[];
};

type Conclusion = Pick<Diagnosis, 'verdict' | 'confidence' | 'reasons'> &
  Partial<Pick<Diagnosis, 'supporting' | 'contradicting'>>;

function concludeBearing(evidence: DiagnosisEvidence): Conclusion | undefined {
  const { extracted, scores, forced, trust, confidence } = evidence;
  const { bearing } = extracted;
  if (bearing === undefined || forced === null || scores[forced] < 1) return undefined;
  if (bearing.alike.includes(forced)) return undefined;
  const { supporting, contradicting } = bearingLines(bearing, forced);
  const part = partName(forced);
  const undecided = (text: string, against = contradicting): Conclusion => ({
    verdict: 'not_determined',
    confidence: confidence / 2,
    supporting,
    contradicting: against,
    reasons: [text],
  });
  const misfit = misfitOf(extracted, bearing, forced);
  if (misfit !== undefined) {
    return undecided(`lines stand out where the ${part} would have them, but ${misfit}`);
  }
  const unexplained = unexplainedLines(bearing, forced);
  const others = BEARING_PARTS.filter((each) => each !== forced && scores[each] >= LIKELY);
  const foreign = others.length === 0 ? unexplained : unexplainedLines(bearing, forced, others);
  if (foreign.length > 0) {
    const text = `lines of the ${part} stand out, but stronger ones belong to no part: check speed and geometry`;
    return undecided(text, foreign);
  }
  const lines = { confidence, supporting, contradicting };
  if (unexplained.length === 0 && confidence >= MAJORITY * trust) {
    const text = `the lines of the ${part} stand out of the envelope spectrum ${scores[forced].toFixed(1)} times as far as a verdict needs`;
    return {
      verdict: forced,
      ...lines,
      confidence: confidence * certaintyOf(scores[forced]),
      reasons: [text],
    };
  }
  const names = others.length === 0 ? 'another part' : `the ${others.map(partName).join(' and ')}`;
  const text = `lines of the ${part} stand out, and so do those of ${names}: two defects, or one whose sidebands fit both`;
  return { verdict: 'not_determined', ...lines, reasons: [text] };
}

/** How far a score carries a verdict: one that is just enough is not as sure as one of half as much again. */
function certaintyOf(score: number): number {
  return BARELY + (MOST_CERTAIN - BARELY) * Math.min(1, (score - 1) / 0.5);
}

type ShaftConclusion = Conclusion & { readonly verdict: ShaftFault };

function concludeShaft(evidence: DiagnosisEvidence): ShaftConclusion | undefined {
  const { scores, shafts, forced, trust } = evidence;
  const fault = SHAFT_FAULTS.reduce((best, each) => (scores[each] > scores[best] ? each : best));
  // Impacts of a bearing shake the shaft at many orders, and never at 1× alone.
  const isOfBearing = fault !== 'unbalance' && forced !== null && scores[forced] >= LIKELY;
  if (scores[fault] < 1 || isOfBearing || isSwaying(evidence.extracted)) return undefined;
  // A speed that was read from the strongest lines has them at 1×, whatever they are of.
  if (evidence.extracted.shaft?.from !== 'message') return undefined;
  const { share, lines } = shafts[fault];
  return {
    verdict: fault,
    confidence: MOST_CERTAIN * share * trust,
    supporting: lines.map(orderLine),
    reasons: [shaftReason(fault, shafts[fault])],
  };
}

/** Health is the strongest claim: nothing that was measured, and nothing that could not be, may speak against it. */
function concludeHealthy({ extracted, scores }: DiagnosisEvidence): Conclusion | undefined {
  const { values, waveform, shaft } = extracted;
  const highest = Math.max(0, ...Object.values(scores));
  const slow = shaft === undefined ? velocityFromTwo(extracted) : 0;
  const isSteady = waveform !== undefined && unsteadiness(waveform.samples) === undefined;
  const isCalm = isQuiet(values) && slow !== undefined && slow < QUIET_VELOCITY && isSteady;
  if (!isCalm || highest >= LINES_SEEN / SCORE_FOR_VERDICT) return undefined;
  if (isHeavyTailed(extracted) || isModulated(waveform.samples, waveform.rate)) return undefined;
  const text = 'level, distribution and lines are those of a machine without a fault';
  return { verdict: 'none', confidence: 0.8, reasons: [text] };
}

function concludeNothing(evidence: DiagnosisEvidence): Conclusion {
  const { extracted, scores, forced, confidence, grids } = evidence;
  const { bearing } = extracted;
  const isSeen = forced !== null && scores[forced] >= WORTH_A_LOOK;
  const lines = bearing === undefined || !isSeen ? {} : bearingLines(bearing, forced);
  const reasons = whyUndetermined(extracted, grids);
  return { verdict: 'not_determined', confidence, ...lines, reasons };
}

function bearingScores(bearing: BearingEvidence | undefined): Record<BearingPart, number> {
  const scores = { outer_race: 0, inner_race: 0, rolling_element: 0, cage: 0 };
  if (bearing === undefined) return scores;
  for (const part of BEARING_PARTS) scores[part] = bearing.scores[part] / SCORE_FOR_VERDICT;
  const others = Math.max(...BEARING_PARTS.map((part) => (part === 'cage' ? 0 : scores[part])));
  scores.cage = others * SCORE_FOR_VERDICT >= LINES_SEEN ? 0 : bearing.scores.cage / SCORE_FOR_CAGE;
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

/** Strong and broad above 1 kHz, and none of a bearing. Many causes look like this in one waveform. */
function isBroadband({ values, bearing, waveform }: Extracted): boolean {
  const { acceleration_rms: all, acceleration_low_rms: low } = values;
  if (all === undefined || low === undefined || waveform === undefined) return false;
  const hasLines =
    bearing !== undefined && Math.max(...Object.values(bearing.scores)) >= LINES_SEEN;
  if (hasLines || low > all / 2) return false;
  return Math.sqrt(all * all - low * low) >= ROUGH && !isTonal(waveform);
}

/** A few lines have most of the power above 1 kHz: teeth, a converter. Kurtosis cannot tell, modulation raises it. */
function isTonal({ spectrum, rate }: NonNullable<Extracted['waveform']>): boolean {
  const band = { low: HIGH, high: rate / 2 };
  const lines = spectralPeaks(spectrum, band, 0, TONES);
  const tones = lines.reduce((sum, { rms }) => sum + rms * rms, 0);
  return tones > bandRms(spectrum, band, 0) ** 2 / 2;
}

function isBursting({ values }: Extracted): boolean {
  return (values.kurtosis ?? 0) > GAUSSIAN;
}

function broadbandText(extracted: Extracted): string {
  const bursts = isBursting(extracted);
  const causes = 'lubrication, cavitation, flow, cutting and leaks';
  const [how, all] = bursts
    ? ['in bursts', `bearings and teeth, ${causes}`]
    : ['without impacts', causes];
  return `broadband rise above 1 kHz ${how}, cause not determined: ${all} look alike in one waveform`;
}

function isQuiet({ acceleration_rms, velocity_rms }: Extracted['values']): boolean {
  if (acceleration_rms === undefined || velocity_rms === undefined) return false;
  return acceleration_rms < QUIET_ACCELERATION && velocity_rms < QUIET_VELOCITY;
}

/** More extremes than noise of so many samples has: the standard error of a kurtosis is √(24 / n). */
function isHeavyTailed({ values: { kurtosis }, waveform }: Extracted): boolean {
  const error = Math.sqrt(24 / (waveform?.samples.length ?? 1));
  return kurtosis === undefined || kurtosis > Math.min(GAUSSIAN, 3 + TAILS * error);
}

function whyUndetermined(extracted: Extracted, grids: readonly number[]): string[] {
  const { bearing, absent, values, waveform } = extracted;
  // Where nothing could be analysed there is one reason, and it is none of bearing or shaft.
  if (waveform === undefined) return [...new Set(Object.values(absent))];
  const disputed = disputedOrders(extracted, grids);
  const strong = disputed.find(({ rms }) => rms > (values.velocity_rms ?? 0) / 2);
  const beside =
    besideFirst(extracted) ??
    (strong === undefined ? undefined : disputeText(strong)) ??
    dominantLine(extracted, grids) ??
    (disputed.length > 0 ? undefined : betweenFaults(extracted, !isSwaying(extracted))) ??
    lineAboveBand(extracted);
  const reasons = beside === undefined ? [] : [beside];
  if (bearing === undefined) {
    reasons.push(absent.bearing_outer_race ?? 'the geometry of the bearing was not said');
  } else if (bearing.alike.length > 0) {
    const parts = bearing.alike.map(partName).join(' and ');
    reasons.push(
      `lines stand out that ${parts} of this geometry would have alike: the maker's own BPFO and BPFI, or a longer record, may tell them apart`,
    );
  } else reasons.push('no line of a bearing part stands out far enough, or alone');
  if (values.velocity_1x === undefined && absent.velocity_1x !== undefined) {
    reasons.push(`no lines of the shaft: ${absent.velocity_1x}`);
  }
  return [...new Set(reasons)];
}

/** What one must know beside any verdict, in sentences. */
function reservationsOf(extracted: Extracted, grids: readonly number[]): string[] {
  const { waveform } = extracted;
  if (waveform === undefined) return [];
  const reasons = disputedOrders(extracted, grids).map(disputeText);
  const clipped = clippedSamples(waveform.samples);
  if (clipped > 0) reasons.push(`${clipped} samples are clipped: true levels are higher`);
  if (isBroadband(extracted)) reasons.push(broadbandText(extracted));
  return [...reasons, ...unsteadinessText(extracted)];
}

function actionOf(
  { verdict, scores, severity }: Pick<Diagnosis, 'verdict' | 'scores' | 'severity'>,
  extracted: Extracted,
  also: readonly ShaftConclusion[],
): string {
  const isOpen = verdict === 'not_determined';
  const parts = BEARING_PARTS.filter((part) => scores[part] >= LIKELY);
  const broad = isBursting(extracted) ? ADVICE_BURSTS : ADVICE_BROADBAND;
  const advice =
    extracted.waveform === undefined
      ? ADVICE_BAD_SIGNAL
      : isOpen && isBroadband(extracted)
        ? broad
        : isOpen && parts.length > 1
          ? ADVICE_SOME_PART
          : ADVICE[verdict];
  const others = also.map(({ verdict: fault }) => `For the ${fault}: ${ADVICE[fault]}`);
  return withUrgency({ verdict, severity }, [advice, ...others].join(' '));
}

function shaftReason(fault: ShaftFault, { share, lines }: ShaftEvidence): string {
  const orders = lines.map(({ order }) => `${order}×`).join(', ');
  const carry = lines.length === 1 ? 'carries' : 'carry';
  const article = fault === 'unbalance' ? 'an ' : '';
  return `${orders} ${carry} ${Math.round(share * 100)} % of the velocity's power, as with ${article}${fault}`;
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
  none: 'Nothing to do; go on measuring.',
  not_determined:
    'Measure again at steady speed, longer and at a higher rate if it can be done, with the speed recorded; compare with earlier measurements of the same point.',
};

const ADVICE_BROADBAND =
  'Listen and look first: suction pressure and valves, tool and feed, leaks, then the lubricant. Compare with an earlier measurement at the same load.';

const ADVICE_BURSTS =
  'Listen and look first: suction pressure and valves, tool and feed, leaks, then bearings, teeth and lubricant. Compare with an earlier measurement at the same load.';

const ADVICE_SOME_PART =
  'Lines of the bearing stand out, though of no part alone: measure again within days, and plan to look at the bearing.';

const ADVICE_BAD_SIGNAL =
  'Check sensor, cable, converter, unit and file first, then measure again.';
