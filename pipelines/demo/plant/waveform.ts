import { bearingOrders } from '../../../operators/spectrum/bearing.ts';
import type { MachineFault } from './faults.ts';
import type { Machine } from './machines.ts';
import { physicsOf, response } from './physics.ts';
import { type Random, randomOf } from './random.ts';

/** Samples of one burst: a power of two, 0.64 s. */
export const BURST_RATE = 12_800;
export const BURST_SAMPLES = 8_192;

/** mm/s in one g·s: what turns a velocity into an acceleration, with 2πf. */
const GRAVITY = 9_806.65;
/** A power of two: places in the table wrap around by a mask. */
const NOISE = 2 ** 16;
const MASK = NOISE - 1;
/** The cage slips: rolling elements come by a little less often than geometry says. */
const SLIP = 0.007;
const JITTER = 0.01;

/** What a machine does while it is listened to. */
export type Running = {
  /** Share of full speed. */
  readonly speed: number;
  readonly load: number;
  /** How much more it shakes than usual, because it was just started. */
  readonly settling: number;
  /** The fault it has, and how far that has come. */
  readonly fault: { readonly kind: MachineFault['kind']; readonly level: number } | undefined;
};

export type SimulatedBurst = {
  readonly samples: Int16Array;
  readonly scale: number;
  readonly rpm: number;
};

/** Makes the waveforms of a plant: the same seed, machine and time give the same samples. */
export function createListener(seed: number) {
  const noise = noiseTable(randomOf(seed, 'noise'));
  // Its first difference: no power below some hundred hertz, as bubbles that collapse have none.
  const rough = noise.map((value, at) => (value - (noise[at - 1] ?? 0)) / Math.SQRT2);
  const samples = new Float64Array(BURST_SAMPLES);

  return (machine: Machine, at: number, running: Running): SimulatedBurst => {
    const random = randomOf(seed, 'waveform', machine.key, at);
    const physics = physicsOf(machine.asset.class);
    const nominal = machine.point?.rpm ?? 1_480;
    const { speed, load, fault, settling } = running;
    const rpm = nominal * speed;
    const shaft = rpm / 60;
    samples.fill(0);
    addNoise(samples, noise, physics.noise * (0.05 + speed * (0.8 + 0.2 * load)), random);
    if (speed > 0.05) {
      const gain = response(speed) * (1 + settling) * (0.9 + 0.1 * load);
      const [first, second, third] = physics.velocity;
      for (const [order, velocity] of [
        [1, first],
        [2, second],
        [3, third],
        ...tonesOf(fault),
      ] as const) {
        addTone(samples, order * shaft, gain * velocity, random);
      }
      if (fault?.kind === 'cavitation') {
        addNoise(samples, rough, fault.level ** 2 * speed, random);
      }
      addImpacts(samples, machine, shaft, fault, random);
    }
    return { ...packed(samples), rpm };
  };
}

function noiseTable(random: Random): Float64Array {
  return Float64Array.from({ length: NOISE }, random.normal);
}

/** Two stretches of the table, so that no two bursts have the same noise. */
function addNoise(samples: Float64Array, table: Float64Array, rms: number, random: Random): void {
  const first = Math.floor(random.next() * NOISE);
  const second = Math.floor(random.next() * NOISE);
  const gain = rms / Math.SQRT2;
  for (let at = 0; at < BURST_SAMPLES; at += 1) {
    const sum = (table[(first + at) & MASK] ?? 0) + (table[(second + at) & MASK] ?? 0);
    samples[at] = (samples[at] ?? 0) + gain * sum;
  }
}

/**
 * The orders at which a fault of the shaft shows and its share of the velocity, whose squares add up to 1 (charts as in
 * ISO 13373-3: 1× for unbalance, 2× beside 1× for misalignment, half orders and many harmonics for looseness).
 */
const SHAFT: Readonly<
  Partial<Record<MachineFault['kind'], readonly (readonly [number, number])[]>>
> = {
  unbalance: [[1, 1]],
  misalignment: [
    [1, 0.35],
    [2, 0.9],
    [3, 0.26],
  ],
  looseness: [
    [0.5, 0.4],
    [1, 0.4],
    [1.5, 0.45],
    [2, 0.4],
    [2.5, 0.35],
    [3, 0.35],
    [4, 0.2],
    [5, 0.2],
    [6, 0.15],
  ],
};

function tonesOf(fault: Running['fault']): readonly (readonly [order: number, velocity: number])[] {
  if (fault === undefined) return [];
  return (SHAFT[fault.kind] ?? []).map(([order, share]) => [order, share * fault.level]);
}

/** A tone of a velocity in mm/s rms, as the acceleration in g that it is: a = 2πf v. By recurrence, without a sine a sample. */
function addTone(samples: Float64Array, frequency: number, velocity: number, random: Random): void {
  const step = (2 * Math.PI * frequency) / BURST_RATE;
  const amplitude = (Math.SQRT2 * velocity * 2 * Math.PI * frequency) / GRAVITY;
  const phase = 2 * Math.PI * random.next();
  const twice = 2 * Math.cos(step);
  let before = amplitude * Math.sin(phase - step);
  let now = amplitude * Math.sin(phase);
  for (let at = 0; at < BURST_SAMPLES; at += 1) {
    samples[at] = (samples[at] ?? 0) + now;
    const next = twice * now - before;
    before = now;
    now = next;
  }
}

/**
 * Rolling elements that strike a damaged race: each impact makes the housing ring, x(t) = A e^(−t/τ) sin 2πft (the model of
 * McFadden and Smith, J. Sound Vib. 96 (1984) 69). A damaged inner race goes round through the load zone, so its impacts
 * swell once a turn; the times of the impacts scatter by a percent of their distance.
 */
function addImpacts(
  samples: Float64Array,
  { asset, point }: Machine,
  shaft: number,
  fault: Running['fault'],
  random: Random,
): void {
  const isOuter = fault?.kind === 'outer-race';
  if (fault === undefined || point?.bearing === undefined) return;
  if (!isOuter && fault.kind !== 'inner-race') return;
  const orders = bearingOrders(point.bearing);
  const pace = (isOuter ? orders.outer_race : orders.inner_race) * shaft * (1 - SLIP);
  const { resonance, decay } = physicsOf(asset.class);
  const turn = random.next();
  for (let count = 0; count / pace < BURST_SAMPLES / BURST_RATE; count += 1) {
    const time = (count + JITTER * (2 * random.next() - 1)) / pace;
    const angle = 2 * Math.PI * (turn + shaft * time);
    const zone = isOuter ? 1 + 0.1 * Math.cos(angle) : 0.55 + 0.45 * Math.cos(angle);
    ring(samples, time, fault.level * zone, resonance, decay);
  }
}

function ring(
  samples: Float64Array,
  time: number,
  peak: number,
  resonance: number,
  decay: number,
): void {
  const first = Math.max(0, Math.ceil(time * BURST_RATE));
  const last = Math.min(BURST_SAMPLES, first + Math.ceil(7 * decay * BURST_RATE));
  for (let at = first; at < last; at += 1) {
    const since = at / BURST_RATE - time;
    const value = peak * Math.exp(-since / decay) * Math.sin(2 * Math.PI * resonance * since);
    samples[at] = (samples[at] ?? 0) + value;
  }
}

/** As a converter of sixteen bits gives them, ranged to the burst. */
function packed(samples: Float64Array): Pick<SimulatedBurst, 'samples' | 'scale'> {
  let peak = 1e-6;
  for (const value of samples) peak = Math.max(peak, Math.abs(value));
  const scale = peak / 32_000;
  const counts = new Int16Array(BURST_SAMPLES);
  for (let at = 0; at < BURST_SAMPLES; at += 1) counts[at] = Math.round((samples[at] ?? 0) / scale);
  return { samples: counts, scale };
}
