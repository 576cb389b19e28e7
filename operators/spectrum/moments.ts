/** Of samples about their mean, in the samples' unit. */
export type Moments = {
  readonly rms: number;
  readonly peak: number;
  /** Peak over rms. */
  readonly crest: number;
  /** Pearson: fourth moment over the square of the second; 3 for a normal distribution. */
  readonly kurtosis: number;
};

/** Two passes over the samples: one for the mean, one about it, because a sensor's offset is no vibration. Samples must vary. */
export function moments(samples: Float32Array): Moments {
  let sum = 0;
  for (const value of samples) sum += value;
  const mean = sum / samples.length;
  let second = 0;
  let fourth = 0;
  let peak = 0;
  for (const value of samples) {
    const distance = value - mean;
    const square = distance * distance;
    second += square;
    fourth += square * square;
    if (distance > peak) peak = distance;
    else if (-distance > peak) peak = -distance;
  }
  const variance = second / samples.length;
  const rms = Math.sqrt(variance);
  return {
    rms,
    peak,
    crest: peak / rms,
    kurtosis: fourth / samples.length / (variance * variance),
  };
}
