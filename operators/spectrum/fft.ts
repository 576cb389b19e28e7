import FFT from 'fft.js';

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
