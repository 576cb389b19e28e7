import { fftPlan, fftSize, hannWindow, spectralPeaks } from './power-spectrum.ts';

/** The positive half of the transform of samples about their mean, zeros appended up to `size`; bins are interleaved. */
export type HalfSpectrum = {
  readonly bins: Float64Array;
  readonly size: number;
  readonly count: number;
  readonly rate: number;
};

/** The positive half of a waveform's transform: the start of every demodulation. */
export function halfSpectrum(samples: Float32Array, rate: number): HalfSpectrum {
  const count = samples.length;
  const size = fftSize(count);
  const { fft, input, output } = fftPlan(size);
  let mean = 0;
  for (let index = 0; index < count; index++) mean += samples[index] ?? 0;
  mean /= count;
  for (let index = 0; index < count; index++) input[index] = (samples[index] ?? 0) - mean;
  input.fill(0, count, size);
  fft.realTransform(output, input);
  return { bins: output.slice(0, size), size, count, rate };
}

/**
 * Cepstrum prewhitening: every bin at magnitude one, its phase kept (Borghesani et al., MSSP 36 (2013) 370; it is the
 * real cepstrum set to zero). Takes away tones and resonances alike, so that impulses remain.
 */
export function prewhiten(half: HalfSpectrum): HalfSpectrum {
  const { bins } = half;
  const white = new Float64Array(bins.length);
  for (let at = 2; at < bins.length; at += 2) {
    const real = bins[at] ?? 0;
    const imaginary = bins[at + 1] ?? 0;
    const magnitude = Math.sqrt(real * real + imaginary * imaginary);
    if (magnitude === 0) continue;
    white[at] = real / magnitude;
    white[at + 1] = imaginary / magnitude;
  }
  return { ...half, bins: white };
}

/** The squared magnitude of an analytic signal, over the duration of the samples. */
export type Envelope = {
  readonly squares: Float64Array;
  readonly rate: number;
  /** What was demodulated, in Hz. */
  readonly band: readonly [low: number, high: number];
};

/**
 * Demodulates `width` bins from `first` on; width is a power of two. A one-sided band brought down to 0 Hz is complex
 * and needs no more samples than bins (Randall, CM&D 2015), so the narrower the band, the shorter the work. Its square
 * has lines up to twice the band width; what folds back into the lower half weighs little, as the noise of a square falls
 * off linearly: only lines well below the band width are to be read.
 */
export function squaredEnvelope(half: HalfSpectrum, first: number, width: number): Envelope {
  const { fft, input, output } = fftPlan(width);
  input.set(half.bins.subarray(2 * first, 2 * (first + width)));
  fft.inverseTransform(output, input);
  const squares = new Float64Array(Math.max(1, Math.floor((half.count * width) / half.size)));
  for (let index = 0; index < squares.length; index++) {
    const real = output[2 * index] ?? 0;
    const imaginary = output[2 * index + 1] ?? 0;
    squares[index] = real * real + imaginary * imaginary;
  }
  const line = half.rate / half.size;
  return { squares, rate: line * width, band: [first * line, (first + width) * line] };
}

/** Excess kurtosis of the complex signal behind squares: E|z|⁴ / (E|z|²)² − 2, 0 for noise (Antoni, MSSP 20 (2006) 282). */
export function envelopeKurtosis(squares: Float64Array): number {
  let sum = 0;
  let fourth = 0;
  for (const square of squares) {
    sum += square;
    fourth += square * square;
  }
  return sum === 0 ? 0 : (fourth * squares.length) / (sum * sum) - 2;
}

/**
 * The envelope of the band with the highest kurtosis, among halves, quarters and eighths of the spectrum that are at
 * least `narrowest` Hz wide. The uppermost eighth is left out: it is the slope of the filter before the converter.
 */
export function mostImpulsiveBand(
  half: HalfSpectrum,
  narrowest: number,
): Envelope & { readonly kurtosis: number } {
  let best = squaredEnvelope(half, 0, half.size / 2);
  let highest = envelopeKurtosis(best.squares);
  for (const envelope of envelopesOfBands(half, narrowest)) {
    const kurtosis = envelopeKurtosis(envelope.squares);
    if (kurtosis > highest) {
      highest = kurtosis;
      best = envelope;
    }
  }
  return { ...best, kurtosis: highest };
}

/** One by one the envelopes of the halves, quarters and eighths that are wide enough. */
function* envelopesOfBands(half: HalfSpectrum, narrowest: number): Generator<Envelope> {
  const whole = half.size / 2;
  for (const parts of [2, 4, 8]) {
    const width = whole / parts;
    if ((width * half.rate) / half.size < narrowest || width < 2) return;
    for (let first = 0; first + width <= (whole * 7) / 8; first += width) {
      yield squaredEnvelope(half, first, width);
    }
  }
}

/** Line k of an envelope's spectrum stands at k · `step` Hz; 1 is a carrier modulated through and through. */
export type EnvelopeSpectrum = {
  readonly amplitudes: Float64Array;
  readonly step: number;
  readonly resolution: number;
  readonly band: readonly [low: number, high: number];
};

/** Amplitudes of a squared envelope over its mean, under a Hann window. */
export function envelopeSpectrum({ squares, rate, band }: Envelope): EnvelopeSpectrum {
  const count = squares.length;
  const size = fftSize(count);
  const { fft, input, output } = fftPlan(size);
  const { weights, sum } = hannWindow(count);
  let weighted = 0;
  for (let index = 0; index < count; index++) {
    weighted += (weights[index] ?? 0) * (squares[index] ?? 0);
  }
  const mean = weighted / sum;
  for (let index = 0; index < count; index++) {
    input[index] = (weights[index] ?? 0) * ((squares[index] ?? 0) - mean);
  }
  input.fill(0, count, size);
  fft.realTransform(output, input);
  const amplitudes = new Float64Array(size / 2);
  const scale = mean === 0 ? 0 : 2 / (sum * mean);
  for (let bin = 0; bin < amplitudes.length; bin++) {
    const real = output[2 * bin] ?? 0;
    const imaginary = output[2 * bin + 1] ?? 0;
    amplitudes[bin] = scale * Math.sqrt(real * real + imaginary * imaginary);
  }
  return { amplitudes, step: rate / size, resolution: rate / count, band };
}

/** Amplitude over median: of ten thousand lines of noise the highest reaches 3.6, of all bands together hardly 4.6. */
const STANDS_OUT = 4.2;
const STANDS_OUT_OF_BAND = 5;
/** Hz up to which whatever strikes a machine again and again strikes it. */
const MOST_STRIKES = 1_000;

/**
 * Whether a line stands out of the envelope of the whole prewhitened band, or of any of its halves, quarters and eighths.
 * Noise has none, so something strikes or modulates then.
 */
export function isModulated(samples: Float32Array, rate: number): boolean {
  const half = halfSpectrum(samples, rate);
  if (hasLine(squaredEnvelope(prewhiten(half), 0, half.size / 2), STANDS_OUT)) return true;
  for (const envelope of envelopesOfBands(half, 2.2 * MOST_STRIKES)) {
    if (hasLine(envelope, STANDS_OUT_OF_BAND)) return true;
  }
  return false;
}

function hasLine(envelope: Envelope, standsOut: number): boolean {
  const { amplitudes, step, resolution } = envelopeSpectrum(envelope);
  const lines = { power: amplitudes.map((line) => line * line), step, resolution, scale: 1 };
  const band = { low: 2 * resolution, high: MOST_STRIKES };
  return spectralPeaks(lines, band, 0, 1, standsOut).length > 0;
}
