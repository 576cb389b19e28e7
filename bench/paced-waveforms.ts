import { Packr } from 'msgpackr';
import { parse, stringify } from 'yaml';
import { bearingNamed } from '../operators/spectrum/bearing.ts';
import { assetNames, PLANT } from './paced-plant.ts';

/** The first so many assets have so many points each, all of which send a waveform every ten seconds. */
export type Bursts = { readonly assets: number; readonly points: readonly string[] };

/** Samples a second, one second long: 102 kB as float32, one message. */
const RATE = 25_600;
const RPM = 1_750;
export const BURST_SECONDS = 10;
const BEARING = '6205';
const packr = new Packr({ useRecords: false });

/** Reads `50x3`: assets, and axes of each. `0x0` is none. */
export function burstsOf(text: string): Bursts {
  const [assets = 0, axes = 0] = text.split('x').map(Number);
  return { assets, points: Array.from({ length: axes }, (_, axis) => `axis${axis + 1}`) };
}

/** The points of a model's asset; each has a bearing, so that each pays for both envelope spectra. */
export function pointsOf({ points }: Bursts): readonly object[] {
  const { balls, ball_diameter, pitch_diameter } = bearingNamed(BEARING) ?? {};
  const bearing = { name: BEARING, balls, ball_diameter, pitch_diameter };
  return points.map((id) => ({ id, component: 'bearing', unit: 'g', rpm: RPM, bearing }));
}

/** Rules that judge the features too: level, shape and bearing of every point. */
export function withVibrationRules(rules: string): string {
  const parsed = parse(rules);
  const detectors = [
    { id: 'level', kind: 'baseline', signal: 'vibration_acceleration_rms', learn: 20 },
    { id: 'shape', kind: 'ewma', signal: 'vibration_kurtosis', learn: 20 },
    { id: 'race', kind: 'limit', signal: 'vibration_bearing_outer_race', above: 2.8 },
  ];
  return stringify({ ...parsed, detectors: [...parsed.detectors, ...detectors] });
}

export type BurstMessage = { readonly subject: string; readonly payload: Uint8Array };

/** What the points of one asset send at a time: tones and noise, of the second that has just passed. */
export function burstMessages(bursts: Bursts): (asset: number) => readonly BurstMessage[] {
  const names = assetNames(bursts.assets);
  const made = Array.from({ length: 8 }, (_, seed) => new Uint8Array(madeUp(seed + 1).buffer));
  return (asset) => {
    const name = names[asset];
    return bursts.points.map((point, axis) => {
      const time = Date.now() - 1_000;
      const samples = made[(asset + axis) % made.length];
      const payload = packr.pack({ time, rate: RATE, unit: 'g', samples, rpm: RPM });
      return { subject: `waveform.${PLANT}.${name?.line}.${name?.asset}.${point}`, payload };
    });
  };
}

function madeUp(seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: RATE }, (_, index) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return 0.1 * Math.sin((2 * Math.PI * RPM * index) / 60 / RATE) + 0.2 * (state / 2 ** 32 - 0.5);
  });
}
