import type { MachineFault } from './faults.ts';
import { type ClassPhysics, RAMP, type SignalPhysics } from './physics.ts';
import type { Random } from './random.ts';

/** What a machine is at: changes from second to second. */
export type MachineState = {
  /** Share of full speed. */
  speed: number;
  /** Noise-free values, by the order of the class's signals. */
  readonly values: Float64Array;
};

export function atRest({ signals }: ClassPhysics): MachineState {
  return { speed: 0, values: Float64Array.from(Object.values(signals), ({ rest }) => rest) };
}

/** One second on: the shaft comes to speed within its ramp, and each value follows with its lag. */
export function step(
  state: MachineState,
  { signals }: ClassPhysics,
  isDriven: boolean,
  load: number,
): void {
  const way = (isDriven ? 1 : 0) - state.speed;
  state.speed += Math.sign(way) * Math.min(Math.abs(way), 1 / RAMP);
  let at = 0;
  for (const signal of Object.values(signals)) {
    const before = state.values[at] ?? signal.rest;
    const share = 1 - Math.exp(-1 / signal.lag);
    state.values[at] = before + share * (targetOf(signal, state.speed, load) - before);
    at += 1;
  }
}

function targetOf({ rest, run, load: part }: SignalPhysics, speed: number, load: number): number {
  return rest + (run - rest) * speed * (1 - part + part * load);
}

export type Ailing = Pick<MachineFault, 'kind' | 'level'> & {
  readonly now: number;
  readonly age: number;
};

/** What a sensor shows: the value, what a fault makes of it, and noise. */
export function shown(
  name: string,
  value: number,
  { rest, noise }: SignalPhysics,
  speed: number,
  fault: Ailing | undefined,
  random: Random,
): number {
  const ill = fault === undefined ? value : affected(name, value, rest, speed, fault);
  return ill + noise * random.normal();
}

function affected(
  name: string,
  value: number,
  rest: number,
  speed: number,
  { kind, now, age }: Ailing,
): number {
  switch (kind) {
    case 'overheating':
      return name === 'temperature' ? value + now * speed : value;
    case 'clogging':
      if (name === 'filter_pressure') return value + now * speed ** 2;
      // Less air is less work.
      return name === 'current' ? value - (0.15 * (value - rest) * now) / (now + 350) : value;
    case 'cavitation':
      if (name === 'inlet_pressure') return value - now * speed;
      return name === 'outlet_pressure' ? value - 1.5 * now * speed : value;
    case 'seal-burst':
      // The tank empties through the gap: the pressure falls exponentially, to what the pump can still hold.
      return name === 'oil_pressure' ? rest + (value - rest) * (0.3 + 0.7 * Math.exp(-age)) : value;
    case 'phase-loss':
      if (name === 'current_l3') return 0.02 * value;
      // The power stays and comes through two wires.
      if (name === 'current_l1' || name === 'current_l2') return value * Math.sqrt(3);
      return name === 'temperature' ? value + Math.min(25, age / 12) : value;
    default:
      return value;
  }
}
