/** What a machine measures: a frame or block every second, a waveform every five, and what is amiss with them. */
import fc from 'fast-check';
import { START } from '../plant-log.ts';

/** A stretch of a machine's life in which something is the matter; seconds. */
export type Condition = { readonly what: Matter; readonly from: number; readonly to: number };

const MATTERS = [
  ...(['hot', 'climbing', 'shaking', 'still', 'shifted', 'apart', 'bunched', 'pulsing'] as const),
  ...(['mute', 'humming', 'unsteady'] as const),
];
export type Matter = (typeof MATTERS)[number];

/** A value that is none, or none that is sent so: it takes the place of the temperature of one second. */
const MISFITS = [
  ...([null, 'ERR', '95.25', -999, 1e9, 2n ** 60n + 1n, Number.NaN, {}, [1]] as const),
  ...([Number.POSITIVE_INFINITY, true, ''] as const),
];

export type Machine = {
  readonly path: string;
  /** Milliseconds after the whole second at which it measures; 0 is where windows end. */
  readonly phase: number;
  /** Samples to a message. */
  readonly block: number;
  readonly seed: number;
  readonly conditions: readonly Condition[];
  readonly misfits: readonly { readonly at: number; readonly value: number }[];
  /** Seconds whose values have another quality, a signal that nobody knows, or two frames of one time. */
  readonly oddities: readonly { readonly at: number; readonly what: Oddity }[];
};

const ODDITIES = ['bad', 'suspect', 'uncertain', 'unknown-signal', 'same-time', 'rubbish'] as const;
type Oddity = (typeof ODDITIES)[number];

export function machineOf(path: string, seconds: number): fc.Arbitrary<Machine> {
  const at = fc.nat(seconds - 1);
  const condition = fc
    .record({
      what: fc.constantFrom(...MATTERS),
      from: at,
      length: fc.integer({ min: 5, max: 90 }),
    })
    .map(({ what, from, length }) => ({ what, from, to: from + length }));
  return fc.record({
    path: fc.constant(path),
    phase: fc.oneof(fc.constant(0), fc.nat(999)),
    block: fc.constantFrom(1, 1, 1, 3),
    seed: fc.nat(1_000),
    conditions: fc.array(condition, { maxLength: 5, size: 'max' }),
    misfits: fc.array(fc.record({ at, value: fc.nat(MISFITS.length - 1) }), { maxLength: 6 }),
    oddities: fc.array(fc.record({ at, what: fc.constantFrom(...ODDITIES) }), { maxLength: 6 }),
  });
}

/** What is said at a right time (milliseconds after the start): `content` is given what the clock of the source says. */
export type Utterance = {
  readonly at: number;
  readonly subject: string;
  readonly content: ((time: number) => object) | Uint8Array;
};

export function measured(machine: Machine, seconds: number): Utterance[] {
  const said: Utterance[] = [];
  for (let second = machine.block - 1; second < seconds; second += machine.block) {
    said.push(frameAt(machine, second));
    const at = second * 1_000 + machine.phase;
    for (const { what } of machine.oddities.filter((each) => each.at === second)) {
      if (what === 'same-time') said.push(frameAt(machine, second, 1));
      if (what === 'rubbish') {
        const content = Buffer.from(`no such thing ${second}`);
        said.push({ at, subject: `telemetry.p1.${machine.path}`, content });
      }
    }
  }
  for (let second = 4; second < seconds; second += 5) said.push(waveformAt(machine, second));
  return said;
}

function frameAt(machine: Machine, second: number, variant = 0): Utterance {
  const { path, phase, block } = machine;
  const samples = Array.from({ length: block }, (_, index) =>
    valuesAt(machine, second - block + 1 + index, variant),
  );
  const names = [...new Set(samples.flatMap((sample) => Object.keys(sample)))];
  const columns = names.map((name) => {
    const column = samples.map((sample) => (name in sample ? sample[name] : null));
    return [name, block === 1 ? column[0] : column] as const;
  });
  const quality = qualityAt(machine, second);
  return {
    at: second * 1_000 + phase,
    subject: `telemetry.p1.${path}`,
    content: (time) => ({
      time: block === 1 ? time : samples.map((_, index) => time - (block - 1 - index) * 1_000),
      values: Object.fromEntries(columns),
      ...(quality === undefined ? {} : { quality: { pressure: quality } }),
    }),
  };
}

function qualityAt({ oddities }: Machine, second: number): Oddity | undefined {
  return oddities.find(({ at, what }) => {
    return at === second && ['bad', 'suspect', 'uncertain'].includes(what);
  })?.what;
}

/** Multiples of a quarter, so that sums are exact in any order. */
function valuesAt(machine: Machine, second: number, variant: number): Record<string, unknown> {
  const { seed, misfits, oddities } = machine;
  const since = (what: Matter) => sinceOf(machine, what, second);
  const is = (what: Matter) => since(what) !== undefined;
  const noise = (salt: number, steps: number) => noiseOf(seed + salt, second, steps) / 4;
  const misfit = misfits.find(({ at }) => at === second);
  const wave = noise(3, 8);
  const shift = is('shifted') ? 1.5 : 0;
  const vibration = is('still') ? 1.25 : is('shaking') ? 6 + noise(1, 8) : 1 + noise(1, 4);
  const values: Record<string, unknown> = {
    temperature: (is('hot') ? 88 : 60) + (since('climbing') ?? 0) * 2 + noise(2, 8) + variant,
    vibration: is('humming') ? vibration * 8 : vibration,
    pressure: 6 + wave + shift + (is('unsteady') ? noise(5, 40) : 0),
    flow: is('apart') ? 24 - 2 * wave : 12 + 2 * wave + (is('bunched') ? 3 : 0),
    parts: (second * (is('still') ? 0 : 3) + seed) % 1_000,
  };
  if (misfit !== undefined) values.temperature = MISFITS[misfit.value];
  if (is('mute')) delete values.temperature;
  if (is('pulsing') || second % 20 < 6) values.force = 1 + noise(4, 8);
  if (second % 7 === 0) values.note = second % 14 === 0 ? `batch ${seed}` : 2n ** 62n + 1n;
  const isUnknown = oddities.some(({ at, what }) => at === second && what === 'unknown-signal');
  return isUnknown ? { ...values, stranger: 1 } : values;
}

function sinceOf({ conditions }: Machine, what: Matter, second: number): number | undefined {
  const now = conditions.find((each) => {
    return each.what === what && second >= each.from && second < each.to;
  });
  return now === undefined ? undefined : second - now.from;
}

/** Repeatable, and no two seconds alike. */
function noiseOf(seed: number, second: number, steps: number): number {
  const mixed = Math.imul(seed * 7_919 + second * 104_729 + 1, 0x9e3779b1) >>> 0;
  return Math.floor((mixed / 2 ** 32) * steps);
}

/** 64 samples of a tone. */
function waveformAt(machine: Machine, second: number): Utterance {
  const amplitude = sinceOf(machine, 'shaking', second) === undefined ? 1 : 4;
  const samples = Float32Array.from({ length: 128 }, (_, index) => {
    return amplitude * Math.sin(index / 3) + noiseOf(machine.seed, second * 128 + index, 4) / 16;
  });
  const packed = Buffer.from(samples.buffer);
  return {
    at: second * 1_000 + machine.phase,
    subject: `waveform.p1.${machine.path}.de`,
    content: (time) => ({ time, rate: 1_280, unit: 'g', rpm: 1_500, samples: packed }),
  };
}

/** For a message whose time is no source's own. */
export function epochMs(at: number): number {
  return START + at;
}
