import { ISO_BOUNDARIES } from '../../../operators/model/detector-bounds.ts';
import type { Seconds } from './calendar.ts';
import type { Machine } from './machines.ts';

export const FAULT_KINDS = [
  'outer-race',
  'inner-race',
  'unbalance',
  'misalignment',
  'looseness',
  'cavitation',
  'overheating',
  'clogging',
  'seal-burst',
  'phase-loss',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export type FaultPhysics = {
  /** Machines that can have it. */
  readonly classes: readonly string[];
  readonly component: string;
  readonly failure_mode: string;
  /** Shown by waveforms of the machine's point, or by its signals. */
  readonly shows: 'waveforms' | 'signals';
  /** Comes at once; the others grow. */
  readonly isSudden: boolean;
  /** How long a machine must have produced before it shows, in seconds: 150 without it. */
  readonly warm?: Seconds;
  /** From which level on it is detectable, and that in words. The unit is the level's own. */
  readonly criterion: (machine: Machine) => { readonly level: number; readonly because: string };
};

/** mm/s rms above which ISO 20816-3 calls a machine unfit for lasting operation. */
function boundary({ asset }: Machine): number {
  const { group = '2', support = 'rigid' } = asset.iso ?? {};
  return ISO_BOUNDARIES[`${group}-${support}`]?.[1] ?? 2.8;
}

function velocity(of: string): FaultPhysics['criterion'] {
  return (machine) => {
    const level = boundary(machine);
    const because = `the velocity from ${of} passes ${level} mm/s rms, the boundary of zones B and C of ISO 20816-3`;
    return { level, because };
  };
}

function impacts(of: string, level: number): FaultPhysics['criterion'] {
  const because = `the impacts of the ${of} peak at ${level} g, far above the noise of the machine`;
  return () => ({ level, because });
}

function fixed(level: number, because: string): FaultPhysics['criterion'] {
  return () => ({ level, because });
}

/** The kinds of faults: what has them, what they are called, and when they can be seen. */
export const FAULT_PHYSICS: Readonly<Record<FaultKind, FaultPhysics>> = {
  'outer-race': {
    classes: ['fan', 'pump'],
    component: 'bearing',
    failure_mode: 'BRG-OUTER-RACE',
    shows: 'waveforms',
    isSudden: false,
    criterion: impacts('outer race', 2),
  },
  'inner-race': {
    classes: ['spindle', 'pump'],
    component: 'bearing',
    failure_mode: 'BRG-INNER-RACE',
    shows: 'waveforms',
    isSudden: false,
    criterion: impacts('inner race', 3),
  },
  unbalance: {
    classes: ['fan'],
    component: 'rotor',
    failure_mode: 'UNBALANCE',
    shows: 'waveforms',
    isSudden: false,
    criterion: velocity('unbalance'),
  },
  misalignment: {
    classes: ['pump'],
    component: 'coupling',
    failure_mode: 'MISALIGNMENT',
    shows: 'waveforms',
    isSudden: false,
    criterion: velocity('misalignment'),
  },
  looseness: {
    classes: ['press', 'packaging'],
    component: 'foundation',
    failure_mode: 'LOOSENESS',
    shows: 'waveforms',
    isSudden: false,
    criterion: velocity('looseness'),
  },
  cavitation: {
    classes: ['pump'],
    component: 'impeller',
    failure_mode: 'CAVITATION',
    shows: 'waveforms',
    isSudden: false,
    criterion: fixed(
      1,
      'the clogged strainer costs the inlet 1 bar, and the pump boils its liquid',
    ),
  },
  overheating: {
    classes: ['spindle', 'press'],
    component: 'bearing',
    failure_mode: 'OVERHEATING',
    shows: 'signals',
    isSudden: false,
    warm: 1_200,
    criterion: fixed(36, 'friction makes the bearing 36 K hotter than it is by itself'),
  },
  clogging: {
    classes: ['fan'],
    component: 'filter',
    failure_mode: 'FILTER-CLOGGED',
    shows: 'signals',
    isSudden: false,
    criterion: fixed(350, 'dirt costs 350 Pa over the filter, twice what a clean one does'),
  },
  'seal-burst': {
    classes: ['press'],
    component: 'hydraulics',
    failure_mode: 'SEAL-BURST',
    shows: 'signals',
    isSudden: true,
    criterion: fixed(0.5, 'half of the oil pressure is gone'),
  },
  'phase-loss': {
    classes: ['conveyor', 'packaging'],
    component: 'motor',
    failure_mode: 'PHASE-LOSS',
    shows: 'signals',
    isSudden: true,
    criterion: fixed(0.5, 'one of the three phases carries no current'),
  },
};

/** A fault of a machine, from its first sign to its repair. */
export type MachineFault = {
  readonly id: string;
  readonly kind: FaultKind;
  readonly machine: Machine;
  readonly begins: Seconds;
  readonly detectable: Seconds;
  readonly because: string;
  /** Seconds in which it grows from a fifth of the detectable level to twice of it; 0 for what comes at once. */
  readonly growth: Seconds;
  readonly level: number;
  readonly repaired: Seconds;
  /** When the machine gives up by itself; after `repaired` where it does not. */
  readonly aborts: Seconds;
};

const FIRST = 0.2;
const LAST = 2;

/** Damage feeds itself: it grows exponentially, up to twice the level at which it can be seen. */
export function faultLevel(
  {
    begins,
    growth,
    level,
    repaired,
  }: Pick<MachineFault, 'begins' | 'growth' | 'level' | 'repaired'>,
  at: Seconds,
): number {
  if (at < begins || at >= repaired) return 0;
  const share = growth === 0 ? 1 : Math.min(1, (at - begins) / growth);
  return level * FIRST * (LAST / FIRST) ** share;
}

/** When a fault that begins now reaches the level at which it can be seen. */
export function reaches(growth: Seconds): Seconds {
  return (growth * Math.log(1 / FIRST)) / Math.log(LAST / FIRST);
}
