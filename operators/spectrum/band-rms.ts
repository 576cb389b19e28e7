import FFT from 'fft.js';

/** One plan per transform length. Derived from the length alone, so it is no state. */
const plans = new Map<number, { fft: FFT; input: Float64Array; output: Float64Array }>();

function planOf(size: number): { fft: FFT; input: Float64Array; output: Float64Array } {
  const known = plans.get(size);
  if (known !== undefined) return known;
  const plan = {
    fft: new FFT(size),
    input: new Float64Array(size),
    output: new Float64Array(2 * size),
  };
  plans.set(size, plan);
  return plan;
}

/**
 * Root mean square of the samples within [low, high] Hz, after integrating them `integrations` times over time
 * (1 makes mm/s of mm/s², −1 makes mm/s of mm).
 *
 * Each bin is divided by 2πf per integration. A periodic Hann window w keeps the low bins, where that division is
 * largest, free from leakage; the samples' w-weighted mean is taken off first, so nothing leaks from 0 Hz either.
 * Correction factor: the window takes away power by Σw²/n = 3/8, so by Parseval, with zeros appended up to N, the
 * next power of two,
 *
 *     rms² = 2 / (N Σw²) · Σ |X(f)|² / (2πf)^(2·integrations)   over the bins low ≤ f ≤ high.
 *
 * Zeros change the raster (rate / N), not the power. A tone within two lines (2 · rate / n) of an edge is partly cut.
 */
export function bandRms(
  samples: Float32Array,
  rate: number,
  band: { readonly low: number; readonly high: number },
  integrations: -1 | 0 | 1,
): number {
  const count = samples.length;
  const size = 2 ** Math.ceil(Math.log2(Math.max(2, count)));
  const { fft, input, output } = planOf(size);
  const turn = (2 * Math.PI) / count;
  let weights = 0;
  let weighted = 0;
  let energy = 0;
  for (let index = 0; index < count; index++) {
    const weight = 0.5 - 0.5 * Math.cos(turn * index);
    input[index] = weight;
    weights += weight;
    weighted += weight * (samples[index] ?? 0);
    energy += weight * weight;
  }
  const mean = weighted / weights;
  for (let index = 0; index < count; index++) {
    input[index] = (input[index] ?? 0) * ((samples[index] ?? 0) - mean);
  }
  input.fill(0, count);
  fft.realTransform(output, input);
  const last = Math.min(size / 2 - 1, Math.floor((band.high * size) / rate));
  let power = 0;
  for (let bin = Math.max(1, Math.ceil((band.low * size) / rate)); bin <= last; bin++) {
    const real = output[2 * bin] ?? 0;
    const imaginary = output[2 * bin + 1] ?? 0;
    const angular = (2 * Math.PI * bin * rate) / size;
    power += (real * real + imaginary * imaginary) * angular ** (-2 * integrations);
  }
  return Math.sqrt((2 * power) / (size * energy));
}
