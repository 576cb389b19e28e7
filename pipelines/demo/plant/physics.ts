/**
 * A process value: what it is at rest, and at full speed and load, in the signal's unit. It follows with a first-order
 * lag in seconds (a lumped heat capacity for temperatures). `noise` is the deviation of its sensor.
 */
export type SignalPhysics = {
  readonly rest: number;
  readonly run: number;
  readonly lag: number;
  readonly noise: number;
  /** How much of it goes with the load of the product; the rest goes with the speed alone. */
  readonly load: number;
};

export type ClassPhysics = {
  readonly signals: Readonly<Record<string, SignalPhysics>>;
  /** A healthy machine at full speed, mm/s rms at one, two and three times the shaft speed. */
  readonly velocity: readonly [first: number, second: number, third: number];
  /** What flow, gears and the process add, g rms, broad. */
  readonly noise: number;
  /** Of the housing, where impacts make it ring: Hz, and the time in seconds in which it dies away. */
  readonly resonance: number;
  readonly decay: number;
};

const winding: SignalPhysics = { rest: 24, run: 62, lag: 420, noise: 0.15, load: 0.3 };
const bearing: SignalPhysics = { rest: 22, run: 54, lag: 300, noise: 0.15, load: 0.15 };
const phase: SignalPhysics = { rest: 0, run: 11, lag: 1, noise: 0.12, load: 0.5 };
const phases = { current_l1: phase, current_l2: phase, current_l3: phase };
const housing = { resonance: 3_100, decay: 0.001 };

/** What the machines of a class do when nothing is wrong. Made up to be ordinary, not taken from any maker's sheet. */
export const PHYSICS: Readonly<Record<string, ClassPhysics>> = {
  press: {
    signals: {
      temperature: bearing,
      current: { rest: 4, run: 160, lag: 2, noise: 2, load: 0.6 },
      force: { rest: 0, run: 1_450, lag: 2, noise: 20, load: 0.8 },
      oil_pressure: { rest: 20, run: 185, lag: 2, noise: 1.2, load: 0.05 },
    },
    velocity: [1.1, 0.35, 0.2],
    noise: 0.12,
    ...housing,
  },
  pump: {
    signals: {
      temperature: bearing,
      current: { rest: 0.2, run: 38, lag: 2, noise: 0.4, load: 0.3 },
      inlet_pressure: { rest: 1.9, run: 1.6, lag: 4, noise: 0.02, load: 0.05 },
      outlet_pressure: { rest: 0.5, run: 9, lag: 4, noise: 0.06, load: 0.1 },
    },
    velocity: [0.75, 0.25, 0.12],
    noise: 0.1,
    ...housing,
  },
  fan: {
    signals: {
      temperature: bearing,
      current: { rest: 0.2, run: 26, lag: 3, noise: 0.25, load: 0.1 },
      filter_pressure: { rest: 0, run: 160, lag: 5, noise: 4, load: 0.05 },
    },
    velocity: [0.95, 0.2, 0.1],
    noise: 0.09,
    ...housing,
  },
  conveyor: {
    signals: { temperature: winding, ...phases },
    velocity: [0.6, 0.2, 0.1],
    noise: 0.08,
    ...housing,
  },
  spindle: {
    signals: {
      temperature: { ...bearing, run: 48 },
      current: { rest: 1, run: 32, lag: 1, noise: 0.6, load: 0.6 },
      coolant_flow: { rest: 0, run: 28, lag: 3, noise: 0.3, load: 0 },
    },
    velocity: [0.5, 0.2, 0.1],
    noise: 0.1,
    ...housing,
  },
  packaging: {
    signals: {
      temperature: winding,
      ...phases,
      rate: { rest: 0, run: 110, lag: 2, noise: 1, load: 0 },
    },
    velocity: [0.8, 0.3, 0.2],
    noise: 0.1,
    ...housing,
  },
};

/** The physics of a class. @throws when the class has none: the demo's plant model names another machine. */
export function physicsOf(name: string): ClassPhysics {
  const found = PHYSICS[name];
  if (found === undefined) throw new Error(`the simulated plant has no physics of a "${name}"`);
  return found;
}

/** How long a machine needs from standstill to full speed, in seconds. */
export const RAMP = 12;
/** Where the foundation resonates, as a share of full speed, and how much it is damped. */
const CRITICAL = 0.6;
const DAMPING = 0.08;

/**
 * Vibration at a share of full speed over that at full speed: a rotor's response to its own unbalance (Jeffcott),
 * r² / √((1 − r²)² + (2 d r)²) with r = speed over critical speed. It peaks on the way up and down.
 */
export function response(speed: number): number {
  return amplification(speed / CRITICAL) / amplification(1 / CRITICAL);
}

function amplification(ratio: number): number {
  const square = ratio * ratio;
  return square / Math.hypot(1 - square, 2 * DAMPING * ratio);
}
