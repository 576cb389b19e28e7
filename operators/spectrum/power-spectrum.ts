import FFT from 'fft.js';

/** A power spectrum under a Hann window: line k stands at k · `step` Hz. */
export type PowerSpectrum = {
  /** |X(f)|², up to half of the rate. */
  readonly power: Float64Array;
  readonly step: number;
  /** rate / count: tones closer than two of it are one. */
  readonly resolution: number;
  /** Sum of lines times this is the mean square of the samples in them. */
  readonly scale: number;
};

/**
 * The lines of samples in their own unit. A periodic Hann window w keeps the low lines, where integration divides by
 * next to nothing, free from leakage; the samples' w-weighted mean is taken off first, so nothing leaks from 0 Hz either.
 * The window takes away power by Σw²/n = 3/8, so by Parseval, with zeros appended up to N, the next power of two,
 *
 *     mean square = 2 / (N Σw²) · Σ |X(f)|².
 *
 * Zeros change the raster (rate / N), not the power.
 */
export function powerSpectrum(samples: Float32Array, rate: number): PowerSpectrum {
  const count = samples.length;
  const size = fftSize(count);
  const { fft, input, output } = fftPlan(size);
  const { weights, sum, energy } = hannWindow(count);
  let weighted = 0;
  for (let index = 0; index < count; index++) {
    weighted += (weights[index] ?? 0) * (samples[index] ?? 0);
  }
  const mean = weighted / sum;
  for (let index = 0; index < count; index++) {
    input[index] = (weights[index] ?? 0) * ((samples[index] ?? 0) - mean);
  }
  input.fill(0, count, size);
  fft.realTransform(output, input);
  const power = new Float64Array(size / 2);
  for (let bin = 0; bin < power.length; bin++) {
    const real = output[2 * bin] ?? 0;
    const imaginary = output[2 * bin + 1] ?? 0;
    power[bin] = real * real + imaginary * imaginary;
  }
  return { power, step: rate / size, resolution: rate / count, scale: 2 / (size * energy) };
}

/** How often to integrate over time: 1 makes mm/s of mm/s², −1 makes mm/s of mm. */
export type Integrations = -2 | -1 | 0 | 1 | 2;

/**
 * Root mean square within [low, high] Hz, after integrating `integrations` times: each line is divided by 2πf per
 * integration. A tone within two lines of an edge is partly cut.
 */
export function bandRms(
  { power, step, scale }: PowerSpectrum,
  band: { readonly low: number; readonly high: number },
  integrations: Integrations,
): number {
  const first = Math.max(1, Math.ceil(band.low / step));
  const last = Math.min(power.length - 1, Math.floor(band.high / step));
  let sum = 0;
  if (integrations === 0) {
    for (let bin = first; bin <= last; bin++) sum += power[bin] ?? 0;
    return Math.sqrt(sum * scale);
  }
  // (2πf)² and its reciprocal: a power of each line by itself costs more than all else here.
  const unit = (2 * Math.PI * step) ** 2;
  const isTwice = Math.abs(integrations) === 2;
  for (let bin = first; bin <= last; bin++) {
    const squared = unit * bin * bin;
    const weight = integrations > 0 ? 1 / squared : squared;
    sum += (power[bin] ?? 0) * (isTwice ? weight * weight : weight);
  }
  return Math.sqrt(sum * scale);
}

/** Where the strongest line of a list stands, within `tolerance` Hz of a frequency. */
export function strongestNear(
  values: Float64Array,
  step: number,
  frequency: number,
  tolerance: number,
): number {
  const last = Math.min(values.length - 1, Math.round((frequency + tolerance) / step));
  let best = Math.max(1, Math.round((frequency - tolerance) / step));
  for (let bin = best + 1; bin <= last; bin++) {
    if ((values[bin] ?? 0) > (values[best] ?? 0)) best = bin;
  }
  return best;
}

/** Median of the lines within `width` Hz of a frequency: the noise that a line has to stand out of. */
export function medianAround(
  values: Float64Array,
  step: number,
  frequency: number,
  width: number,
): number {
  const from = Math.max(1, Math.floor((frequency - width) / step));
  const to = Math.min(values.length, Math.ceil((frequency + width) / step) + 1);
  const near = values.slice(from, to).sort();
  return near[near.length >> 1] ?? 0;
}

/** A line of a spectrum that stands out. */
export type SpectralPeak = {
  readonly frequency: number;
  /** rms, in the unit after integration. */
  readonly rms: number;
  /** Amplitude over the median of its neighbourhood. */
  readonly ratio: number;
};

/** Amplitude over median; of ten thousand lines of noise the highest reaches 3.6. */
const STANDS_OUT = 5;

/**
 * The strongest lines between `low` and `high` Hz after integrating, strongest first, at most `most`; each stands out of
 * the median of its 32 line widths on each side, `standsOut` times, and none is a shoulder of a stronger one.
 */
export function spectralPeaks(
  { power, step, resolution, scale }: PowerSpectrum,
  band: { readonly low: number; readonly high: number },
  integrations: Integrations,
  most: number,
  standsOut = STANDS_OUT,
): SpectralPeak[] {
  const reach = Math.ceil((2 * resolution) / step);
  const from = Math.max(reach, Math.ceil(band.low / step));
  const to = Math.min(power.length - 1 - reach, Math.floor(band.high / step));
  const peaks: { bin: number; weighed: number }[] = [];
  let least = 0;
  for (let bin = from; bin <= to; bin++) {
    const here = power[bin] ?? 0;
    if (here <= (power[bin - 1] ?? 0) || here < (power[bin + 1] ?? 0)) continue;
    const weighed = here * weight(bin);
    if (weighed <= least) continue;
    peaks.push({ bin, weighed });
    if (peaks.length < 8 * most) continue;
    peaks.sort((a, b) => b.weighed - a.weighed).length = 4 * most;
    least = peaks.at(-1)?.weighed ?? 0;
  }
  peaks.sort((a, b) => b.weighed - a.weighed);
  const found: (SpectralPeak & { readonly bin: number })[] = [];
  for (const { bin } of peaks) {
    if (found.length === most) break;
    if (found.some((other) => Math.abs(other.bin - bin) <= 2 * reach)) continue;
    const floor = medianAround(power, step, bin * step, 32 * resolution);
    const ratio = floor > 0 ? Math.sqrt((power[bin] ?? 0) / floor) : Number.MAX_VALUE;
    if (ratio < standsOut) continue;
    let sum = 0;
    // Nothing is at 0 Hz, which would be integrated without end.
    for (let near = Math.max(1, bin - reach); near <= bin + reach; near++) {
      sum += (power[near] ?? 0) * weight(near);
    }
    found.push({ bin, frequency: bin * step, rms: Math.sqrt(sum * scale), ratio });
  }
  return found.map(({ bin: _, ...line }) => line);

  function weight(bin: number): number {
    return (2 * Math.PI * bin * step) ** (-2 * integrations);
  }
}

/** A transform of one length with its work space. Derived from the length alone, so it is no state. */
export type FftPlan = {
  readonly size: number;
  readonly fft: FFT;
  /** For `size` real or complex numbers; complex ones are interleaved. Overwritten by the next user. */
  readonly input: Float64Array;
  readonly output: Float64Array;
};

const plans = new Map<number, FftPlan>();

/** The plan for a power of two. Its work space is shared: take out what is needed before another transform runs. */
export function fftPlan(size: number): FftPlan {
  const known = plans.get(size);
  if (known !== undefined) return known;
  const plan = {
    size,
    fft: new FFT(size),
    input: new Float64Array(2 * size),
    output: new Float64Array(2 * size),
  };
  plans.set(size, plan);
  return plan;
}

/** The least power of two that holds `count` samples. */
export function fftSize(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(2, count)));
}

type HannWindow = { readonly weights: Float64Array; readonly sum: number; readonly energy: number };

const windows = new Map<number, HannWindow>();
const MAX_WINDOWS = 8;

/** The periodic Hann window of a length, with Σw and Σw². */
export function hannWindow(count: number): HannWindow {
  const known = windows.get(count);
  if (known !== undefined) return known;
  // Lengths are the senders' choice: without a bound a sender of ever new ones would fill the memory.
  if (windows.size >= MAX_WINDOWS) windows.clear();
  const weights = new Float64Array(count);
  const turn = (2 * Math.PI) / count;
  let sum = 0;
  let energy = 0;
  for (let index = 0; index < count; index++) {
    const weight = 0.5 - 0.5 * Math.cos(turn * index);
    weights[index] = weight;
    sum += weight;
    energy += weight * weight;
  }
  const window = { weights, sum, energy };
  windows.set(count, window);
  return window;
}
