/** Of samples about their mean, in the samples' unit. */
export type Moments = {
  readonly rms: number;
  readonly peak: number;
  readonly peak_to_peak: number;
  /** Peak over rms. */
  readonly crest: number;
  /** Third moment over the cube of the rms: 0 for anything symmetric. */
  readonly skew: number;
  /** Pearson: fourth moment over the square of the second; 3 for a normal distribution. */
  readonly kurtosis: number;
};

/** Two passes over the samples: one for the mean, one about it, because a sensor's offset is no vibration. Samples must vary. */
export function moments(samples: Float32Array): Moments {
  let sum = 0;
  for (let index = 0; index < samples.length; index++) sum += samples[index] ?? 0;
  const mean = sum / samples.length;
  let second = 0;
  let third = 0;
  let fourth = 0;
  let highest = 0;
  let lowest = 0;
  for (let index = 0; index < samples.length; index++) {
    const distance = (samples[index] ?? 0) - mean;
    const square = distance * distance;
    second += square;
    third += square * distance;
    fourth += square * square;
    if (distance > highest) highest = distance;
    else if (distance < lowest) lowest = distance;
  }
  const variance = second / samples.length;
  const rms = Math.sqrt(variance);
  const peak = Math.max(highest, -lowest);
  return {
    rms,
    peak,
    peak_to_peak: highest - lowest,
    crest: peak / rms,
    skew: third / samples.length / (variance * rms),
    kurtosis: fourth / samples.length / (variance * variance),
  };
}
