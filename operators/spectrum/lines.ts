import { hannOf, planOf, sizeFor } from './transform.ts';

/** A power spectrum under a Hann window: line k stands at k · `step` Hz. */
export type Lines = {
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
export function hannLines(samples: Float32Array, rate: number): Lines {
  const count = samples.length;
  const size = sizeFor(count);
  const { fft, input, output } = planOf(size);
  const { weights, sum, energy } = hannOf(count);
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
  { power, step, scale }: Lines,
  band: { readonly low: number; readonly high: number },
  integrations: Integrations,
): number {
  const last = Math.min(power.length - 1, Math.floor(band.high / step));
  let sum = 0;
  for (let bin = Math.max(1, Math.ceil(band.low / step)); bin <= last; bin++) {
    const angular = 2 * Math.PI * bin * step;
    sum += (power[bin] ?? 0) * angular ** (-2 * integrations);
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
export function floorAround(
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
