import type { DeadLetterReason } from '../../../operators/model/tables.ts';
import { DAY_SECONDS, type Seconds } from './calendar.ts';
import type { MachineFault } from './faults.ts';
import type { Machine } from './machines.ts';
import { randomOf } from './random.ts';

export const NUISANCE_KINDS = [
  'late',
  'duplicated',
  'shuffled',
  'missing',
  'stuck-sensor',
  'wrong-clock',
  'unknown-asset',
  'returning-gateway',
  'silent-line',
  'malformed',
] as const;
export type NuisanceKind = (typeof NUISANCE_KINDS)[number];

/** Something that happens to the messages of one machine (or of its whole line). Times are multiples of a block. */
export type Nuisance = {
  readonly id: string;
  readonly kind: NuisanceKind;
  readonly machine: Machine;
  readonly from: Seconds;
  readonly to: Seconds;
};

type NuisancePlan = {
  /** Minutes from the beginning of a cycle, and how many it lasts. */
  readonly minute: number;
  readonly lasts: number;
  /** The machine of the opening; later any that has no fault then. */
  readonly opening: string;
  readonly reason: DeadLetterReason | undefined;
  readonly because: string;
};

/** How each kind goes, and what it leaves in `dead_letters`. */
export const NUISANCES: Readonly<Record<NuisanceKind, NuisancePlan>> = {
  late: {
    ...{ minute: 28, lasts: 0.5, opening: 'packer1', reason: 'too-late' },
    because:
      'half a minute of data comes 25 minutes late, when no window can be corrected any more',
  },
  duplicated: {
    ...{ minute: 36, lasts: 2, opening: 'carrier1', reason: 'duplicate' },
    because: 'the gateway sends every message twice',
  },
  shuffled: {
    ...{ minute: 20, lasts: 5, opening: 'conveyor1', reason: undefined },
    because: 'messages overtake each other, within what the rules allow',
  },
  missing: {
    ...{ minute: 44, lasts: 10, opening: 'mist1', reason: undefined },
    because: 'a quarter of the messages is lost on the radio link',
  },
  'stuck-sensor': {
    ...{ minute: 50, lasts: 30, opening: 'paint1', reason: undefined },
    because: 'the temperature sensor repeats one value',
  },
  'wrong-clock': {
    ...{ minute: 53, lasts: 3, opening: 'vacuum1', reason: 'skew' },
    because: 'the clock of the gateway is 17 minutes ahead',
  },
  'unknown-asset': {
    ...{ minute: 66, lasts: 4, opening: 'hydraulics1', reason: 'unknown' },
    because: 'a machine sends that nobody put into the plant model',
  },
  'returning-gateway': {
    ...{ minute: 22, lasts: 60, opening: 'chips1', reason: undefined },
    because: 'the gateway is off line for an hour, then sends all that it has kept',
  },
  'silent-line': {
    ...{ minute: 84, lasts: 4, opening: 'palletiser1', reason: undefined },
    because: 'nothing is heard of a whole line: a switch is restarted',
  },
  malformed: {
    ...{ minute: 74, lasts: 1, opening: 'packer2', reason: 'malformed' },
    because: 'a firmware sends bytes that are no message',
  },
};

const CYCLE = 4 * 3_600;
/** Telemetry is sent in blocks of so many seconds. */
export const BLOCK = 5;

/** The nuisances of one day: all kinds in its first two hours, and again every four hours. */
export function planNuisances(
  seed: number,
  day: number,
  machines: readonly Machine[],
  faults: readonly MachineFault[],
): readonly Nuisance[] {
  return Array.from({ length: 5 }, (_, cycle) => {
    const random = randomOf(seed, 'nuisances', day, cycle);
    const begin = day * DAY_SECONDS + cycle * CYCLE;
    const taken = new Set<Machine>();
    return NUISANCE_KINDS.flatMap((kind): Nuisance[] => {
      const { minute, lasts, opening } = NUISANCES[kind];
      const shift = Math.floor(random.between(-12, 12));
      const from = begin + BLOCK * (12 * minute + shift);
      const to = from + BLOCK * Math.round(12 * lasts);
      const free = machines.filter((machine) => {
        return (
          !taken.has(machine) && !faults.some((fault) => spoils(fault, machine, kind, from, to))
        );
      });
      const usual = free.find(({ asset }) => asset.id === opening);
      const machine = usual ?? free[Math.floor(random.next() * free.length)];
      if (machine === undefined) return [];
      taken.add(machine);
      return [{ id: `${kind}-${day}-${cycle}`, kind, machine, from, to }];
    });
  }).flat();
}

/** Whether a nuisance would hide a fault while it becomes detectable, or while it is repaired. */
function spoils(
  fault: MachineFault,
  machine: Machine,
  kind: NuisanceKind,
  from: Seconds,
  to: Seconds,
): boolean {
  if (kind === 'silent-line') {
    const isNear = from < fault.detectable + 180 && to > fault.detectable - 180;
    return fault.machine.line === machine.line && isNear;
  }
  return fault.machine === machine && from < fault.repaired + 1_800 && to > fault.begins - 1_800;
}
