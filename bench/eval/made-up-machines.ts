/** Made-up machines of known truth: speed, bearing, rate, length, noise, resonance and fault differ by seed. */

import {
  BEARING_PARTS,
  BEARINGS,
  type BearingOrders,
  bearingOrders,
  type KnownBearing,
} from '../../operators/spectrum/bearing.ts';
import { GRAVITY } from '../../operators/spectrum/time-waveform.ts';
import { type Random, randomOf } from '../../pipelines/demo/plant/random.ts';
import { addImpacts, addNoise, addTones, type Signal, type Tone } from './made-up-signals.ts';

export type MadeUpMachine = Signal & {
  /** What was made; of a fault that has a name its name. */
  readonly kind: string;
  /** Every name that would be right. */
  readonly right: readonly string[];
  /** Whether one of them is asked for where the lines are plain. */
  readonly hasName: boolean;
  /** As stated, which may be off by 0.2 %. */
  readonly rpm: number;
  readonly bearing: KnownBearing;
  /** What the lines of the fault are, for a measure of how far they stand out. */
  readonly lines:
    | { readonly of: 'velocity'; readonly frequencies: readonly number[] }
    | { readonly of: 'envelope'; readonly frequency: number; readonly resonance: number }
    | undefined;
};

/** What all machines of one seed have in common, before something is wrong with them. */
type Frame = {
  readonly random: Random;
  readonly signal: Signal;
  /** Hz, as it is. */
  readonly shaft: number;
  readonly orders: BearingOrders;
  /** g rms of the noise, mm/s rms of the fault's level. */
  readonly noise: number;
  readonly level: number;
  readonly resonance: number;
};

type Made = Pick<MadeUpMachine, 'right' | 'hasName' | 'lines'>;

export function madeUpMachine(seed: number): MadeUpMachine {
  const random = randomOf(seed, 'machine');
  const pick = <T>(some: readonly T[]): T => some[Math.floor(random.next() * some.length)] as T;
  const kind = pick(Object.keys(KINDS));
  const bearing = pick(BEARINGS);
  const rate = pick([12_800, 25_600, 25_600, 51_200]);
  const seconds = pick(rate > 30_000 ? [1, 2] : [1, 2, 4]);
  const rpm = random.between(Math.max(300, 720 / seconds), 3_600);
  const shaft = (rpm / 60) * (1 + random.between(-0.002, 0.002));
  const frame: Frame = {
    random,
    signal: { samples: new Float32Array(rate * seconds), rate },
    shaft,
    orders: bearingOrders(bearing),
    noise: 10 ** random.between(-2, 0),
    level: random.between(4, 15),
    resonance: random.between(1_500, 0.4 * rate),
  };
  addNoise(frame.signal, random, frame.noise);
  // A machine that is well turns too: a little of its first orders, and of teeth or blades.
  addTones(frame.signal, random, [
    { frequency: shaft, velocity: random.between(0.05, 0.6) },
    { frequency: 2 * shaft, velocity: random.between(0.02, 0.2) },
    { frequency: pick([5, 6, 7, 17, 23]) * shaft, velocity: random.between(0, 0.3) },
  ]);
  const made = KINDS[kind]?.(frame) ?? nameless();
  return { ...frame.signal, ...made, kind, rpm, bearing };
}

/** A shaft's fault: its lines are tones at orders, of shares of the level. */
function shaken(
  { random, signal, shaft, level }: Frame,
  right: readonly string[],
  orders: readonly (readonly [order: number, share: number])[],
  more: readonly Tone[] = [],
): Made {
  const tones = orders.map(([order, share]) => ({
    frequency: order * shaft,
    velocity: share * level,
  }));
  addTones(signal, random, [...tones, ...more]);
  const frequencies = tones.map(({ frequency }) => frequency);
  return { right, hasName: right.length > 0, lines: { of: 'velocity', frequencies } };
}

/** Impacts at an order of the shaft, slipping by up to 1 %, each as strong as the load at its time. */
function struck(
  { random, signal, shaft, noise, resonance }: Frame,
  right: readonly string[],
  order: number,
  loadOrder = 0,
): Made {
  const frequency = order * shaft * (1 + random.between(-0.01, 0.005));
  const depth = random.between(0.4, 1);
  addImpacts(signal, random, {
    frequency,
    strength: noise * 10 ** random.between(0.2, 1.4),
    resonance,
    decay: random.between(0.000_3, 0.002),
    jitter: random.between(0.001, 0.012),
    scatter: random.between(0, 0.3),
    ...(loadOrder === 0
      ? {}
      : { load: (at: number) => 1 + depth * Math.cos(2 * Math.PI * loadOrder * shaft * at) }),
  });
  return { right, hasName: right.length > 0, lines: { of: 'envelope', frequency, resonance } };
}

/** What has no name, though some may be right: they are counted. */
function nameless(right: readonly string[] = []): Made {
  return { right, hasName: false, lines: undefined };
}

/** An order at which no part of a bearing strikes, nor a multiple or part of one within what is searched. */
function foreignOrder({ random, orders }: Frame): number {
  const own = BEARING_PARTS.flatMap((part) => [1, 2, 3].map((times) => times * orders[part]));
  for (;;) {
    const order = random.between(1.3, 9.7);
    const near = [1, 2, 3].some((times) => {
      return own.some((each) => Math.abs((times * order) / each - 1) < 0.06);
    });
    if (!near && Math.abs(order - Math.round(order)) > 0.1) return order;
  }
}

const KINDS: Readonly<Record<string, (frame: Frame) => Made>> = {
  outer_race: (frame) => struck(frame, ['outer_race'], frame.orders.outer_race),
  inner_race: (frame) => struck(frame, ['inner_race'], frame.orders.inner_race, 1),
  rolling_element: (frame) => {
    return struck(frame, ['rolling_element'], frame.orders.rolling_element, frame.orders.cage);
  },
  unbalance: (frame) => shaken(frame, ['unbalance'], [[1, 1]]),
  misalignment: (frame) => {
    const second = frame.random.between(0.7, 1.2);
    const shares = [
      [1, 0.6],
      [2, second],
      [3, 0.2],
    ] as const;
    return shaken(frame, ['misalignment'], shares);
  },
  looseness: (frame) => {
    const orders = [0.5, 1, 1.5, 2, 2.5, 3, 4, 5].map((order) => {
      return [order, frame.random.between(0.2, 0.5)] as const;
    });
    return shaken(frame, ['looseness'], orders);
  },
  'outer race and unbalance': (frame) => {
    shaken(frame, [], [[1, 1]]);
    return struck(frame, ['outer_race', 'unbalance'], frame.orders.outer_race);
  },
  'twice the line frequency': (frame) => {
    const frequency = frame.random.next() < 0.5 ? 100 : 120;
    shaken(frame, [], [], [{ frequency, velocity: frame.level }]);
    return nameless();
  },
  'teeth with sidebands': (frame) => {
    const teeth = Math.round(frame.random.between(13, 41));
    const depth = frame.random.between(0.1, 0.6);
    const orders = [-2, -1, 0, 1, 2].map((side) => {
      return [teeth + side, side === 0 ? 1 : depth / Math.abs(side)] as const;
    });
    shaken(frame, [], orders);
    return nameless();
  },
  blades: (frame) => {
    shaken(frame, [], [[Math.round(frame.random.between(3, 9)), 1]]);
    return nameless();
  },
  cavitation: (frame) => {
    const { random, signal, shaft } = frame;
    const blades = Math.round(random.between(5, 8));
    const depth = random.between(0, 0.5);
    const loud = (at: number) => 1 + depth * Math.cos(2 * Math.PI * blades * shaft * at);
    const resonance = { frequency: random.between(2_000, 5_000), damping: 0.3 };
    addNoise(signal, random, random.between(1, 4), { resonance, loud });
    return nameless();
  },
  resonance: (frame) => {
    const { random, signal, level } = frame;
    const frequency = random.between(15, 400);
    const rms = (level * 2 * Math.PI * frequency) / GRAVITY;
    addNoise(signal, random, rms, { resonance: { frequency, damping: 0.01 } });
    return nameless();
  },
  'two machines that beat': (frame) => {
    const { random, shaft, level } = frame;
    const frequency = shaft * (1 + random.between(0.01, 0.04));
    shaken(frame, [], [[1, 1]], [{ frequency, velocity: level * random.between(0.4, 1) }]);
    return nameless(['unbalance']);
  },
  belt: (frame) => {
    const order = frame.random.between(0.25, 0.75);
    const shares = [1, 2, 3, 4].map((times) => [times * order, 1 / times] as const);
    shaken(frame, [], [...shares, [1, frame.random.between(0.1, 0.6)]]);
    return nameless();
  },
  'rotor bars': (frame) => {
    const apart = frame.random.between(0.5, 4);
    const { shaft, level } = frame;
    const sides = [-2, -1, 1, 2].map((side) => {
      return { frequency: shaft + side * apart, velocity: (0.4 * level) / Math.abs(side) };
    });
    shaken(frame, [], [[1, 1]], sides);
    return nameless();
  },
  whirl: (frame) => {
    const order = frame.random.between(0.4, 0.48);
    shaken(
      frame,
      [],
      [
        [1, 0.4],
        [order, 1],
      ],
    );
    return nameless();
  },
  'speed that changes': (frame) => {
    const { random, signal, shaft, level } = frame;
    const seconds = signal.samples.length / signal.rate;
    const change = random.between(-0.3, 0.3);
    const frequency = (at: number) => shaft * (1 + change * (at / seconds - 0.5));
    addTones(signal, random, [{ frequency, velocity: level }]);
    return nameless(['unbalance']);
  },
  'impacts of another machine': (frame) => struck(frame, [], foreignOrder(frame)),
  'impacts once a turn': (frame) => struck(frame, [], 1),
  nothing: () => nameless(['none']),
};
