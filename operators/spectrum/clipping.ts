/**
 * How many samples stand on a flat top or bottom: three or more in a row exactly at the extreme, reached by a step
 * of more than eight times the finest step of the whole waveform. The second condition spares the smooth crest of a
 * slow tone in a coarse converter, whose neighbours are one step away.
 */
export function clippedSamples(samples: Float32Array): number {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  let finest = Number.POSITIVE_INFINITY;
  let before = Number.NaN;
  let run = 0;
  let longest = 0;
  for (let index = 0; index < samples.length; index++) {
    const value = samples[index] ?? 0;
    if (value < lowest) lowest = value;
    if (value > highest) highest = value;
    const step = Math.abs(value - before);
    if (step > 0) {
      if (step < finest) finest = step;
      run = 0;
    } else if (++run > longest) longest = run;
    before = value;
  }
  // Most waveforms have no three equal samples in a row anywhere: nothing to look at twice.
  if (longest < 2) return 0;
  let clipped = 0;
  run = 0;
  let entry = 0;
  before = Number.NaN;
  for (let index = 0; index < samples.length; index++) {
    const value = samples[index] ?? 0;
    if (value === before) run += 1;
    else {
      const step = Math.abs(value - before);
      if (run >= 3 && isFlat(before, Math.max(entry, step))) clipped += run;
      run = 1;
      entry = Number.isFinite(step) ? step : 0;
    }
    before = value;
  }
  if (run >= 3 && isFlat(before, entry)) clipped += run;
  return clipped;

  function isFlat(level: number, step: number): boolean {
    return (level === lowest || level === highest) && step > 8 * finest;
  }
}
