import { sampled } from './waveforms.ts';

/** The 6205 of the Case Western Reserve rig, in mm. */
export const BEARING_6205 = {
  balls: 9,
  ball_diameter: 7.94,
  pitch_diameter: 39.04,
  contact_angle: 0,
};
export const RATE = 25_600;

/** Reproducible numbers in [0, 1). */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Normal noise of a given rms. */
export function noise(seconds: number, rms: number, seed = 1, rate = RATE): Float32Array {
  const next = chance(seed);
  return sampled(Math.round(seconds * rate), rate, () => {
    return rms * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  });
}

/**
 * Noise with impacts: each rings at 3.2 kHz and dies away in a millisecond. They come `frequency` times a second, each
 * off by up to `jitter` of the period, as strong as `load` says at their time.
 */
export function impacts(
  frequency: number,
  options: {
    readonly seconds?: number;
    readonly strength?: number;
    readonly noise?: number;
    readonly jitter?: number;
    readonly seed?: number;
    readonly rate?: number;
    readonly load?: (seconds: number) => number;
  } = {},
): Float32Array {
  const { seconds = 2, strength = 1, jitter = 0.01, seed = 1, load = () => 1 } = options;
  const { rate = RATE } = options;
  const samples = noise(seconds, options.noise ?? 0.1, seed, rate);
  const next = chance(seed + 1);
  for (let index = 1; index < seconds * frequency; index++) {
    const time = (index + jitter * (2 * next() - 1)) / frequency;
    const first = Math.ceil(time * rate);
    for (let at = first; at < Math.min(samples.length, first + 0.01 * rate); at++) {
      const since = at / rate - time;
      const ring = Math.exp(-since / 0.001) * Math.sin(2 * Math.PI * 3_200 * since);
      samples[at] = samples[at]! + strength * load(time) * ring;
    }
  }
  return samples;
}

/** Noise with velocities of given mm/s rms at given Hz, as the acceleration in g that they are. */
export function shaking(
  tones: readonly (readonly [frequency: number, velocity: number])[],
  options: { readonly seconds?: number; readonly noise?: number } = {},
): Float32Array {
  const { seconds = 2 } = options;
  const samples = noise(seconds, options.noise ?? 0.02, 3);
  return samples.map((value, index) => {
    return tones.reduce((sum, [frequency, velocity], number) => {
      const angular = 2 * Math.PI * frequency;
      const amplitude = (velocity * Math.SQRT2 * angular) / 9_806.65;
      return sum + amplitude * Math.sin((angular * index) / RATE + number);
    }, value);
  });
}
