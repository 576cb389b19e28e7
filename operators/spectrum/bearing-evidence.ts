import {
  BEARING_PARTS,
  type BearingGeometry,
  type BearingOrders,
  type BearingPart,
  bearingOrders,
} from './bearing.ts';
import {
  type EnvelopeSpectrum,
  envelopeSpectrum,
  halfSpectrum,
  mostImpulsiveBand,
  prewhiten,
  squaredEnvelope,
} from './envelope.ts';
import {
  findHarmonics,
  HARMONICS,
  type HarmonicFamily,
  type HarmonicSearch,
  lineAt,
  type SpectralLine,
  STANDS_OUT,
} from './harmonics.ts';
import { medianAround } from './power-spectrum.ts';

/** What one demodulation shows of one part. */
type PartEvidence = HarmonicFamily & {
  readonly sidebands: readonly SpectralLine[];
  /** Hz between a line and its sidebands: the load zone goes round with the shaft, rolling elements with the cage. */
  readonly sidebandSpacing: number;
  /** Its lines are every n-th one of a lower frequency, so they are not its own. */
  readonly isOvertone: boolean;
};

/** What one demodulation shows of all parts. */
type Demodulation = {
  readonly spectrum: EnvelopeSpectrum;
  readonly parts: Readonly<Record<BearingPart, PartEvidence>>;
  /** The harmonics of a part, with lines that have another explanation left out. */
  readonly without: (part: BearingPart, excluded: HarmonicSearch['excluded']) => HarmonicFamily;
};

/** What the envelope spectra of one waveform show of a bearing. */
export type BearingEvidence = {
  /** Shaft speed in Hz, as found near the one that was stated. */
  readonly shaft: number;
  readonly orders: BearingOrders;
  readonly whitened: Demodulation;
  readonly impulsive: Demodulation;
  /** Excess kurtosis of the band that was chosen: 0 for noise. */
  readonly kurtosis: number;
  /** By part, about 1 for noise, at most 4.5. */
  readonly scores: Readonly<Record<BearingPart, number>>;
  /**
   * Parts that explain the same lines, so that none of them can be named, however high their score, which is the same;
   * empty where one explains them best, and where none has enough for a verdict.
   */
  readonly alike: readonly BearingPart[];
};

/** Rolling elements slip: share by which their lines stand beside those of the geometry. */
export const BEARING_SLIP = 0.015;
/** Speeds are read, or nominal: so far from them the shaft's own lines are looked for. */
const SPEED_ERROR = 0.005;
/** Excess kurtosis of a band from which on impacts are in it; that of n samples of noise scatters by √(20/n). */
const IMPULSIVE = 1;
const LOUDER = 1.4;
/**
 * Two spectra show the same lines: within so much of each other, and with so much in the prewhitened one. Their mean counts
 * then, and less than that. On made-up machines of seeds below 2,300 and parts of the records of CWRU none is named wrongly.
 */
const AGREED = 0.002;
const SEEN_IN_BOTH = 2;
const OF_BOTH = 0.1;
/** What noise gives: beside a cage that strikes no other part can be identified. */
const MAX_BESIDE_CAGE = 1;
const MIN_TURNS = 10;
/** Below it the resonances that impacts excite are out of reach. */
const MIN_RATE = 8_000;

/** Why a waveform cannot show the defect frequencies of a bearing at a shaft speed in Hz; undefined when it can. */
export function tooPoorForEnvelope(
  count: number,
  rate: number,
  shaft: number,
  bearing: BearingGeometry,
): string | undefined {
  const orders = bearingOrders(bearing);
  if (!(orders.cage > 0 && orders.rolling_element > 0 && bearing.balls >= 3)) {
    const { balls, ball_diameter, pitch_diameter } = bearing;
    return `the geometry of the bearing cannot be: ${balls} of ${ball_diameter} mm on ${pitch_diameter} mm`;
  }
  const highest = Math.max(orders.inner_race, orders.rolling_element) * shaft * HARMONICS;
  const needed = Math.max(MIN_RATE, 8 * highest);
  if (rate < needed) {
    return `the rate is ${rate} Hz, expected at least ${Math.ceil(needed)} Hz for the envelope`;
  }
  const seconds = count / rate;
  if (seconds * shaft < MIN_TURNS) {
    const turns = (seconds * shaft).toPrecision(3);
    return `it lasts ${turns} turns of the shaft, expected at least ${MIN_TURNS}`;
  }
  return undefined;
}

/**
 * Looks for the defect frequencies of a bearing in two envelope spectra: of the prewhitened waveform, and of the band
 * with the highest kurtosis. `shaft` in Hz; ask `tooPoorForEnvelope` first.
 */
export function bearingEvidence(
  samples: Float32Array,
  rate: number,
  shaft: number,
  bearing: BearingGeometry,
): BearingEvidence {
  const orders = bearingOrders(bearing);
  const half = halfSpectrum(samples, rate);
  const highest = Math.max(orders.inner_race, orders.rolling_element) * shaft;
  const white = envelopeSpectrum(squaredEnvelope(prewhiten(half), 0, half.size / 2));
  const band = mostImpulsiveBand(half, 2.2 * HARMONICS * highest);
  const slip = BEARING_SLIP + (bearing.tolerance ?? 0);
  const whitened = searchParts(white, shaft, orders, slip);
  const impulsive = searchParts(envelopeSpectrum(band), shaft, orders, slip);
  return {
    shaft,
    orders,
    whitened,
    impulsive,
    kurtosis: band.kurtosis,
    ...partScores(whitened, impulsive, band.kurtosis),
  };
}

/**
 * The prewhitened spectrum counts first. The other is louder in all that modulates, so it counts less, and by itself only
 * when its band is impulsive at all: without impacts, lines in an envelope are a modulation and no defect of a rolling
 * bearing. Where both show the same lines, neither has to show them so far.
 */
function scoreOf(white: HarmonicFamily, loud: HarmonicFamily, kurtosis: number): number {
  const alone = Math.max(white.score, kurtosis >= IMPULSIVE ? loud.score - LOUDER : 0);
  const isInBoth =
    Math.abs(white.slip - loud.slip) < AGREED &&
    white.score >= SEEN_IN_BOTH &&
    white.harmonics.every(({ ratio }) => ratio >= STANDS_OUT);
  return isInBoth ? Math.max(alone, (white.score + loud.score) / 2 - OF_BOTH) : alone;
}

/** Of lines that are every n-th one of a lower frequency nothing counts. */
function ownOf({ isOvertone }: PartEvidence, found: HarmonicFamily): HarmonicFamily {
  return isOvertone ? { ...found, score: 0 } : found;
}

/** The demodulation that a part's score rests on. */
export function decisiveDemodulation(
  { whitened, impulsive, kurtosis }: Pick<BearingEvidence, 'whitened' | 'impulsive' | 'kurtosis'>,
  part: BearingPart,
): Demodulation {
  const loud = kurtosis >= IMPULSIVE ? impulsive.parts[part].score - LOUDER : 0;
  return loud > whitened.parts[part].score ? impulsive : whitened;
}

/** The scores, with the lines of the part that strikes and their sidebands taken from the others. */
function partScores(
  whitened: Demodulation,
  impulsive: Demodulation,
  kurtosis: number,
): Pick<BearingEvidence, 'scores' | 'alike'> {
  const scores = { outer_race: 0, inner_race: 0, rolling_element: 0, cage: 0 };
  for (const part of BEARING_PARTS) {
    const white = ownOf(whitened.parts[part], whitened.parts[part]);
    const loud = ownOf(impulsive.parts[part], impulsive.parts[part]);
    scores[part] = scoreOf(white, loud, kurtosis);
  }
  const left = ({ parts, without }: Demodulation, part: BearingPart, from: BearingPart) => {
    return ownOf(parts[part], without(part, linesOf(parts[from])));
  };
  const beside = (part: BearingPart, from: BearingPart) => {
    return scoreOf(left(whitened, part, from), left(impulsive, part, from), kurtosis);
  };
  const strikes = cageStrikes(whitened);
  const strongest = strongestPart(scores);
  const rivals = BEARING_PARTS.filter((part) => {
    const isRival = part !== strongest && part !== 'cage';
    return isRival && scores[part] >= Math.max(LINES_SEEN, RIVAL * scores[strongest]);
  }).filter((part) => {
    // Sidebands of the one may be the lines of the other, either way.
    const [own, other] = [beside(part, strongest), beside(strongest, part)];
    return own <= SHARED * scores[part] || other <= SHARED * scores[strongest];
  });
  const evidence = { whitened, impulsive, kurtosis, scores };
  const alike = strikes ? [] : whichStrikes([strongest, ...rivals], evidence);
  const best = strikes ? 'cage' : (alike[0] ?? strongest);
  const most = Math.max(...alike.map((part) => scores[part]));
  for (const part of BEARING_PARTS) {
    if (part === best || part === 'cage') continue;
    const score = beside(part, best);
    scores[part] = strikes ? Math.min(score, MAX_BESIDE_CAGE) : score;
  }
  if (alike.length < 2 || most < SCORE_FOR_VERDICT) return { scores, alike: [] };
  for (const part of alike) scores[part] = most;
  return { scores, alike };
}

/** Share of the strongest part's score from which on another part may explain the same lines as well. */
const RIVAL = 0.6;
/** Score from which on a part has lines at all; noise gives 1. */
export const LINES_SEEN = 1.6;
/**
 * Three harmonics that are eight times their surroundings on average. On the 0 hp records of CWRU the greatest score of a
 * wrong part was 1.6, the least of a part that is plain to see 3.1.
 */
export const SCORE_FOR_VERDICT = 2.7;
/** Share of its own score that is left of a part whose lines another one explains. */
const SHARED = 0.75;
/** A carrier is so much louder than its sidebands, which another part may take for its own lines. */
const CARRIER = 1.2;

/**
 * Which of several parts strikes that all explain the same lines: it alone, or all that cannot be told apart. Where one has
 * the lines of the other's sidebands, the louder lines are the carrier. Where their frequencies are the same, within what
 * the geometry is known to, sidebands tell them apart: an inner race passes the load zone once a turn of the shaft, a
 * rolling element once a turn of the cage.
 */
function whichStrikes(
  [strongest, ...rivals]: readonly BearingPart[],
  evidence: Pick<BearingEvidence, 'whitened' | 'impulsive' | 'kurtosis'>,
): readonly BearingPart[] {
  if (strongest === undefined) return [];
  let found: readonly BearingPart[] = [strongest];
  for (const rival of rivals) {
    const first = found[0] ?? strongest;
    const { parts } = decisiveDemodulation(evidence, first);
    const loudness = ({ harmonics }: PartEvidence) => {
      return harmonics.reduce((sum, { amplitude }) => sum + amplitude, 0);
    };
    const quotient = loudness(parts[rival]) / loudness(parts[first]);
    if (quotient > CARRIER) found = [rival];
    else if (quotient * CARRIER < 1) continue;
    else if (isMarked(parts[first]) !== isMarked(parts[rival])) {
      if (isMarked(parts[rival])) found = [rival];
    } else found = [...found, rival];
  }
  return found;
}

/** Whether a part has its own sidebands on both sides. */
function isMarked({ sidebands }: PartEvidence): boolean {
  return sidebands.length > 0 && sidebands.every(({ ratio }) => ratio >= STANDS_OUT);
}

/**
 * Whether the cage itself strikes, once a turn of its own: then its first eight harmonics all stand out. The outer race is
 * over-rolled n times a turn of the cage, so each of its lines is a harmonic of the cage, and proves nothing then.
 */
function cageStrikes({ spectrum, parts }: Demodulation): boolean {
  const { frequency } = parts.cage;
  const floor = medianAround(spectrum.amplitudes, spectrum.step, 4 * frequency, 4 * frequency);
  return [1, 2, 3, 4, 5, 6, 7, 8].every((harmonic) => {
    return lineAt(spectrum, '', harmonic * frequency, floor).ratio >= STANDS_OUT;
  });
}

/** The cage stands apart: it modulates whatever the other parts do. */
export function strongestPart(scores: BearingEvidence['scores']): BearingPart {
  return BEARING_PARTS.reduce((best, part) => {
    return part !== 'cage' && scores[part] > scores[best] ? part : best;
  });
}

function linesOf({ frequency, sidebandSpacing: apart }: PartEvidence): HarmonicSearch['excluded'] {
  return (place, tolerance) => {
    const harmonic = Math.max(1, Math.round(place / frequency));
    const distance = Math.abs(place - harmonic * frequency);
    return distance < tolerance || Math.abs(distance - apart) < tolerance;
  };
}

/** Four-stroke engines, knocking and looseness strike every other turn: then every half order is the shaft's. */
function strikesEveryOtherTurn(spectrum: EnvelopeSpectrum, shaft: number): boolean {
  const floor = medianAround(spectrum.amplitudes, spectrum.step, 1.5 * shaft, 1.5 * shaft);
  return [0.5, 1.5, 2.5].every((order) => {
    return lineAt(spectrum, '', order * shaft, floor).ratio >= STANDS_OUT;
  });
}

function searchParts(
  spectrum: EnvelopeSpectrum,
  stated: number,
  orders: BearingOrders,
  slip: number,
): Demodulation {
  const free = { width: stated, excluded: () => false };
  const own = findHarmonics(spectrum, 'shaft', stated, { ...free, slip: SPEED_ERROR });
  // Where the shaft's own lines do not show, the stated speed is as good as any.
  const shaft = own.score >= 2 ? own.frequency : stated;
  const lowest = strikesEveryOtherTurn(spectrum, shaft) ? shaft / 2 : shaft;
  const onShaft = (frequency: number, tolerance: number) => {
    const order = Math.round(frequency / lowest);
    return order > 0 && Math.abs(frequency - order * lowest) < tolerance;
  };
  const without = (part: BearingPart, excluded: HarmonicSearch['excluded']) => {
    return findHarmonics(spectrum, part, orders[part] * stated, {
      slip,
      width: stated,
      ofShaft: onShaft,
      excluded,
    });
  };
  const evidence = (part: BearingPart): PartEvidence => {
    const found = without(part, () => false);
    const isOvertone = isOvertoneOf(spectrum, part, orders, found);
    const apart = part === 'rolling_element' ? orders.cage * shaft : shaft;
    const sidebands =
      part === 'cage' ? [] : sidebandsOf(spectrum, part, found.frequency, apart, stated);
    return { ...found, sidebands, sidebandSpacing: apart, isOvertone };
  };
  const parts = {
    outer_race: evidence('outer_race'),
    inner_race: evidence('inner_race'),
    rolling_element: evidence('rolling_element'),
    cage: evidence('cage'),
  };
  return { spectrum, parts, without };
}

/** Up to so many times a lower frequency its lines are looked through. */
const MOST_PARTS = 8;

/**
 * Whether the lines of a part are every n-th one of a lower frequency, as of another shaft that strikes once a turn. A
 * rolling element that strikes one race only has lines at its spin, the half of what is looked for, and an outer race is
 * over-rolled `balls` times a turn of the cage: those are their own.
 */
function isOvertoneOf(
  spectrum: EnvelopeSpectrum,
  part: BearingPart,
  orders: BearingOrders,
  found: HarmonicFamily,
): boolean {
  if (part === 'cage') return false;
  const { frequency, harmonics } = found;
  const floor = medianAround(spectrum.amplitudes, spectrum.step, frequency, frequency);
  const least = Math.max(STANDS_OUT, (harmonics[0]?.ratio ?? 0) / 2);
  const own = part === 'rolling_element' ? 2 : Math.round(orders[part] / orders.cage);
  for (let parts = 2; parts <= MOST_PARTS; parts++) {
    if (parts === own) continue;
    const between = parts === 2 ? [1, 3] : Array.from({ length: parts - 1 }, (_, at) => at + 1);
    const strikes = between.every((multiple) => {
      return lineAt(spectrum, '', (multiple / parts) * frequency, floor).ratio >= least;
    });
    if (strikes) return true;
  }
  return false;
}

function sidebandsOf(
  spectrum: EnvelopeSpectrum,
  part: BearingPart,
  about: number,
  apart: number,
  width: number,
): SpectralLine[] {
  const floor = medianAround(spectrum.amplitudes, spectrum.step, about, width);
  const unit = part === 'rolling_element' ? 'cage' : 'shaft';
  return [-1, 1].map((side) => {
    const sign = side < 0 ? '−' : '+';
    return lineAt(spectrum, `${part} ${sign} ${unit}`, about + side * apart, floor);
  });
}

/** Features that only a point with a bearing has: one score a part. */
export const BEARING_SCORES = BEARING_PARTS.map((part) => `bearing_${part}`);

/**
 * The evidence as features: `bearing_<part>` is the score of its harmonics, `bearing_<part>_1x` (2x, 3x) the signal-to-noise
 * ratio of a line in the prewhitened envelope spectrum, `envelope_<part>_1x` its amplitude in the impulsive band, over the
 * mean of the squared envelope.
 */
export function bearingFeatureValues(evidence: BearingEvidence): Record<string, number> {
  const { whitened, impulsive, scores, kurtosis } = evidence;
  const values: Record<string, number> = { envelope_kurtosis: kurtosis };
  [values.envelope_low = 0, values.envelope_high = 0] = impulsive.spectrum.band;
  for (const part of BEARING_PARTS) {
    values[`bearing_${part}`] = scores[part];
    for (const [index, line] of whitened.parts[part].harmonics.entries()) {
      values[`bearing_${part}_${index + 1}x`] = line.ratio;
    }
    for (const [index, line] of impulsive.parts[part].harmonics.entries()) {
      values[`envelope_${part}_${index + 1}x`] = line.amplitude;
    }
  }
  return values;
}
