import type { Seconds } from './calendar.ts';
import { faultLevel, type MachineFault } from './faults.ts';
import type { Machine } from './machines.ts';
import { BLOCK } from './nuisances.ts';
import { physicsOf } from './physics.ts';
import { randomOf } from './random.ts';
import { type Ailing, atRest, shown, step } from './signals.ts';
import { isDriven, type StateChange, stateAt } from './states.ts';
import type { Running } from './waveform.ts';

/** How much more a machine shakes right after its start, and how fast that goes. */
const SETTLING = 0.4;
const SETTLES = 20;

/** A machine from block to block. */
export interface MachineCourse {
  /** The next block: its values second by second. Calls `listen` at each second with what the machine does then. */
  block(
    at: Seconds,
    timeline: readonly StateChange[],
    fault: MachineFault | undefined,
    listen: (second: Seconds, running: Running) => void,
  ): Readonly<Record<string, Float32Array>>;
}

/** Follows a machine through its states; one block after the other, none left out. */
export function createMachineCourse(seed: number, machine: Machine): MachineCourse {
  const physics = physicsOf(machine.asset.class);
  const signals = Object.entries(physics.signals);
  const random = randomOf(seed, 'sensors', machine.key);
  const state = atRest(physics);
  return {
    block(at, timeline, fault, listen) {
      const columns = signals.map(([name, signal]) => ({
        ...{ name, signal },
        values: new Float32Array(BLOCK),
      }));
      for (let index = 0; index < BLOCK; index += 1) {
        const now = at + index;
        const change = stateAt(timeline, now);
        const load = change?.load ?? 0;
        step(state, physics, isDriven(change?.state), load);
        const ailing = ailingOf(fault, now);
        for (const [position, { name, signal, values }] of columns.entries()) {
          const value = state.values[position] ?? signal.rest;
          values[index] = shown(name, value, signal, state.speed, ailing, random);
        }
        const since = change === undefined ? 0 : now - change.at;
        const settling = change?.state === 'EXECUTE' ? SETTLING * Math.exp(-since / SETTLES) : 0;
        const seen = ailing === undefined ? undefined : { kind: ailing.kind, level: ailing.now };
        listen(now, { speed: state.speed, load, settling, fault: seen });
      }
      return Object.fromEntries(columns.map(({ name, values }) => [name, values]));
    },
  };
}

function ailingOf(fault: MachineFault | undefined, now: Seconds): Ailing | undefined {
  if (fault === undefined || now < fault.begins || now >= fault.repaired) return undefined;
  return {
    kind: fault.kind,
    level: fault.level,
    now: faultLevel(fault, now),
    age: now - fault.begins,
  };
}
