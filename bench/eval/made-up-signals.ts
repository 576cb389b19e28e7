/** Parts of made-up vibration: noise, tones and impacts that are added to samples in g. */

import { GRAVITY } from '../../operators/spectrum/time-waveform.ts';
import type { Random } from '../../pipelines/demo/plant/random.ts';

export type Signal = { readonly samples: Float32Array; readonly rate: number };

/** Normal noise of a given rms, drawn through a resonance where there is one. */
export function addNoise(
  { samples, rate }: Signal,
  random: Random,
  rms: number,
  shape: {
    readonly resonance?: { readonly frequency: number; readonly damping: number };
    /** How loud it is at a time, about 1. */
    readonly loud?: (seconds: number) => number;
  } = {},
): void {
  const { resonance, loud = () => 1 } = shape;
  if (resonance === undefined) {
    for (let at = 0; at < samples.length; at++) {
      samples[at] = (samples[at] ?? 0) + rms * loud(at / rate) * random.normal();
    }
    return;
  }
  // A resonator of second order: poles at radius r and the angle of the frequency.
  const radius = Math.exp((-2 * Math.PI * resonance.frequency * resonance.damping) / rate);
  const cosine = Math.cos((2 * Math.PI * resonance.frequency) / rate);
  const [first, second] = [2 * radius * cosine, -radius * radius];
  const own = new Float32Array(samples.length);
  let [before, last, sum] = [0, 0, 0];
  for (let at = 0; at < own.length; at++) {
    const value = random.normal() + first * last + second * before;
    [before, last] = [last, value];
    own[at] = value;
    sum += value * value;
  }
  const factor = rms / Math.sqrt(sum / own.length);
  for (let at = 0; at < own.length; at++) {
    samples[at] = (samples[at] ?? 0) + factor * loud(at / rate) * (own[at] ?? 0);
  }
}

/** A tone of a velocity in mm/s rms; its frequency in Hz may change with time. */
export type Tone = {
  readonly frequency: number | ((seconds: number) => number);
  readonly velocity: number;
};

/** Tones as the acceleration that they are, each from a phase of its own. */
export function addTones({ samples, rate }: Signal, random: Random, tones: readonly Tone[]): void {
  for (const { frequency, velocity } of tones) {
    let phase = random.between(0, 2 * Math.PI);
    for (let at = 0; at < samples.length; at++) {
      const seconds = at / rate;
      const now = typeof frequency === 'number' ? frequency : frequency(seconds);
      const angular = 2 * Math.PI * now;
      const amplitude = (velocity * Math.SQRT2 * angular) / GRAVITY;
      samples[at] = (samples[at] ?? 0) + amplitude * Math.sin(phase);
      phase += angular / rate;
    }
  }
}

/** Impacts that each ring at a resonance and die away. */
export type Impacts = {
  /** A second. */
  readonly frequency: number;
  /** g at the first swing. */
  readonly strength: number;
  /** Hz, and seconds in which it falls to 1/e. */
  readonly resonance: number;
  readonly decay: number;
  /** Share of the period by which the time between two impacts scatters. */
  readonly jitter: number;
  /** Share by which their strengths scatter. */
  readonly scatter: number;
  /** How strong they are at a time, about 1. */
  readonly load?: (seconds: number) => number;
};

/** The time between two impacts scatters, as rolling elements slip: the error of the sum grows. */
export function addImpacts({ samples, rate }: Signal, random: Random, impacts: Impacts): void {
  const { frequency, strength, resonance, decay, jitter, scatter, load = () => 1 } = impacts;
  const length = samples.length / rate;
  let time = random.next() / frequency;
  while (time < length) {
    const height = strength * load(time) * (1 + scatter * random.normal());
    const first = Math.ceil(time * rate);
    const last = Math.min(samples.length, Math.ceil((time + 7 * decay) * rate));
    for (let at = first; at < last; at++) {
      const since = at / rate - time;
      const ring = Math.exp(-since / decay) * Math.sin(2 * Math.PI * resonance * since);
      samples[at] = (samples[at] ?? 0) + height * ring;
    }
    time += (1 + jitter * random.normal()) / frequency;
  }
}
