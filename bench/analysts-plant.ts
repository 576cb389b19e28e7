import { row } from '../operators/flow/flow.ts';
import type { Frame } from '../operators/model/decoded.ts';
import { type AssetKey, assetKey } from '../operators/model/key.ts';
import type { Sequence } from '../operators/model/message.ts';
import type { EventTime } from '../operators/model/time.ts';
import type { Blocks } from '../sinks/sink.ts';

/** What a signal is like: its mean, how far it swings and scatters, and the steps that its sensor knows (0: none). */
type Kind = {
  readonly name: string;
  readonly mean: number;
  readonly swing: number;
  readonly noise: number;
  readonly step: number;
};

const KINDS: readonly Kind[] = [
  { name: 'temperature', mean: 55, swing: 8, noise: 0.1, step: 0.1 },
  { name: 'oil_temperature', mean: 48, swing: 6, noise: 0.1, step: 0.1 },
  { name: 'winding_temperature', mean: 70, swing: 9, noise: 0.2, step: 0.1 },
  { name: 'ambient', mean: 22, swing: 3, noise: 0.05, step: 0.1 },
  { name: 'current', mean: 21, swing: 2, noise: 0.4, step: 0.01 },
  { name: 'voltage', mean: 400, swing: 2, noise: 0.5, step: 0.1 },
  { name: 'power', mean: 12, swing: 2, noise: 0.2, step: 0.001 },
  { name: 'pressure', mean: 6, swing: 0.3, noise: 0.03, step: 0.01 },
  { name: 'inlet_pressure', mean: 2, swing: 0.1, noise: 0.02, step: 0.01 },
  { name: 'flow', mean: 85, swing: 5, noise: 0.8, step: 0.1 },
  { name: 'vibration_velocity_rms', mean: 1.8, swing: 0.2, noise: 0.1, step: 0 },
  { name: 'vibration_acceleration_rms', mean: 4.2, swing: 0.4, noise: 0.3, step: 0 },
  { name: 'torque', mean: 140, swing: 10, noise: 2, step: 0.1 },
  { name: 'speed', mean: 1480, swing: 4, noise: 1, step: 1 },
  { name: 'speed_setpoint', mean: 1480, swing: 0, noise: 0, step: 1 },
  { name: 'level', mean: 60, swing: 30, noise: 0, step: 0.1 },
  { name: 'valve', mean: 50, swing: 20, noise: 0, step: 1 },
  { name: 'humidity', mean: 45, swing: 8, noise: 0.2, step: 0.1 },
  { name: 'running', mean: 1, swing: 0, noise: 0, step: 1 },
  { name: 'parts', mean: 0, swing: 0, noise: 0, step: 1 },
];
export const NAMES = KINDS.map(({ name }) => name);
const LINES = 5;
const ASSETS = 250;
const DAY = 86_400e6;

export const READINGS_PER_SAMPLE = ASSETS * KINDS.length;

/** A stretch of the plant's time, in microseconds, of which each asset sends one message. */
export type Stretch = { readonly from: number; readonly step: number; readonly samples: number };

/** A random number from -1 to 1: a linear congruential generator, the same in every run. */
function createNoise(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2_147_483_648 - 1;
  };
}

/** To the nearest decimal, as it would be read from a text. */
function rounded(value: number, scale: number): number {
  return Math.round(value * scale) / scale;
}

export const KEYS: readonly AssetKey[] = Array.from({ length: ASSETS }, (_, asset) =>
  assetKey('p1', `l${Math.floor((asset * LINES) / ASSETS) + 1}`, `machine-${asset + 1}`),
);

/** 250 assets of 20 signals that drift over the day, scatter, and are rounded as sensors do. */
export function createBenchPlant() {
  const noise = createNoise();
  let sequence = 0;

  function sampleOf(kind: Kind, asset: number, time: number): number {
    if (kind.name === 'parts') return Math.floor(time / 7e6) % 100_000;
    const swing = kind.swing * Math.sin((time / DAY) * 6.283 * 3 + asset);
    const value = kind.mean + (asset % 7) * kind.swing * 0.1 + swing + kind.noise * noise();
    // What a float of 32 bits holds is what senders have measured.
    return kind.step === 0 ? Math.fround(value) : rounded(value, Math.round(1 / kind.step));
  }

  function frameOf(asset: number, { from, step, samples }: Stretch): Frame {
    // Whole milliseconds, as most senders have them, and not on the beat.
    const times = Float64Array.from(
      { length: samples },
      (_, i) => from + i * step + asset * 1_000 + Math.round(noise() * 3) * 1_000,
    );
    const values = new Float64Array(samples * KINDS.length);
    KINDS.forEach((kind, signal) => {
      for (let i = 0; i < samples; i += 1) {
        values[signal * samples + i] = sampleOf(kind, asset, times[i] ?? 0);
      }
    });
    const key = KEYS[asset] ?? assetKey('p1', 'l1', 'machine-1');
    const last = (times[samples - 1] ?? from) as EventTime;
    const origin = {
      subject: `telemetry.${key.replaceAll('/', '.')}`,
      sequence: sequence as Sequence,
      appended: (last + 40_000) as EventTime,
    };
    return { kind: 'frame', origin, asset: key, times, signals: NAMES, values, texts: [] };
  }

  return {
    get sequence() {
      return sequence;
    },
    /** One message of every asset. */
    send(blocks: Blocks, stretch: Stretch): void {
      for (let asset = 0; asset < ASSETS; asset += 1) {
        sequence += 1;
        const frame = frameOf(asset, stretch);
        blocks.add(row('readings', frame), frame.origin.sequence, frame.origin.appended);
      }
    },
  };
}
