import { DAY_SECONDS, type Seconds } from './calendar.ts';
import {
  FAULT_KINDS,
  FAULT_PHYSICS,
  type FaultKind,
  faultLevel,
  type MachineFault,
  reaches,
} from './faults.ts';
import type { Machine } from './machines.ts';
import { type Random, randomOf } from './random.ts';
import { type MachineStop, runsThrough, type StateChange } from './states.ts';

const MINUTE = 60;
/** Every so often new faults are planted. */
const CYCLE = 2 * 3_600;
/** A machine counts as steady when it has produced for so long, and does so on. */
const STEADY = 150;
const ONWARD = 180;
/** How long the repair of a slow fault takes. */
const REPAIR = 15 * MINUTE;
/** How long a machine with a sudden fault still tries. */
const ENDURES = 100;

/** The first two hours: which machine gets what, and about when it should show, in minutes. */
const OPENING: readonly (readonly [asset: string, kind: FaultKind, minute: number])[] = [
  ['belt1', 'phase-loss', 16],
  ['press1', 'seal-burst', 26],
  ['exhaust1', 'outer-race', 34],
  ['dryer1', 'unbalance', 41],
  ['spindle2', 'overheating', 48],
  ['washer1', 'misalignment', 62],
  ['coolant1', 'cavitation', 70],
  ['press2', 'looseness', 78],
  ['spindle1', 'inner-race', 88],
  ['extractor1', 'clogging', 97],
];

export type Planning = {
  readonly seed: number;
  readonly day: number;
  readonly machines: readonly Machine[];
  /** The states of a machine with these stops besides its usual ones. */
  readonly timelineOf: (machine: Machine, stops: readonly MachineStop[]) => readonly StateChange[];
};

/** The faults of one day. A machine has one at a time, and after a repair an hour of peace. */
export function planFaults(planning: Planning): readonly MachineFault[] {
  const { day } = planning;
  const faults: MachineFault[] = [];
  const begin = day * DAY_SECONDS;
  for (let cycle = 0; cycle < (22 * 3_600) / CYCLE; cycle += 1) {
    const random = randomOf(planning.seed, 'faults', day, cycle);
    for (const [machine, kind, at] of wanted(planning, cycle, random)) {
      const until = begin + (cycle + 1) * CYCLE - 5 * MINUTE;
      const own = faults.filter((other) => other.machine === machine);
      const free = own.reduce((last, { repaired }) => Math.max(last, repaired + 3_600), begin);
      const fault = place(planning, machine, kind, { from: at, free, until }, random);
      if (fault !== undefined) faults.push(fault);
    }
  }
  return faults;
}

type Wanted = readonly [machine: Machine, kind: FaultKind, at: Seconds];

function wanted({ day, machines }: Planning, cycle: number, random: Random): readonly Wanted[] {
  const begin = day * DAY_SECONDS + cycle * CYCLE;
  if (day === 0 && cycle === 0) {
    return OPENING.flatMap(([name, kind, minute]): Wanted[] => {
      const machine = machines.find(({ asset }) => asset.id === name);
      if (machine === undefined) return [];
      return [[machine, kind, Math.round(begin + minute * MINUTE + random.between(-90, 90))]];
    });
  }
  return Array.from({ length: 3 }, (_, index): Wanted[] => {
    const kind = FAULT_KINDS[Math.floor(random.next() * FAULT_KINDS.length)] ?? 'unbalance';
    const able = machines.filter(({ asset }) => FAULT_PHYSICS[kind].classes.includes(asset.class));
    const machine = able[Math.floor(random.next() * able.length)];
    const at = Math.round(begin + (45 + 20 * index) * MINUTE + random.between(-300, 300));
    return machine === undefined ? [] : [[machine, kind, at]];
  }).flat();
}

/** Puts a fault where it shows at a machine that runs steadily; undefined where there is no such time. */
function place(
  planning: Planning,
  machine: Machine,
  kind: FaultKind,
  room: { readonly from: Seconds; readonly free: Seconds; readonly until: Seconds },
  random: Random,
): MachineFault | undefined {
  const { isSudden, criterion, warm = STEADY } = FAULT_PHYSICS[kind];
  const { level, because } = criterion(machine);
  const growth = isSudden ? 0 : Math.round(random.between(18, 34) * MINUTE);
  const repair = Math.round(random.between(35, 55) * MINUTE);
  const usual = planning.timelineOf(machine, []);
  for (let shows = room.from; shows < room.until; shows += 30) {
    const begins = isSudden ? shows - 2 : Math.round(shows - reaches(growth));
    if (begins < room.free) continue;
    const repaired = shows + repair;
    const fault = { begins, growth, level, repaired };
    const detectable = firstShown(fault, usual, isSudden ? 0.5 : 1);
    if (detectable === undefined || detectable > shows + 5) continue;
    if (!runsThrough(usual, detectable - warm, detectable + ONWARD)) continue;
    const id = `${kind}-${machine.asset.id}-${begins}`;
    const aborts = isSudden ? detectable + ENDURES : Number.POSITIVE_INFINITY;
    return { id, kind, machine, because, detectable, aborts, ...fault };
  }
  return undefined;
}

/** The first second at which the fault has the level that its criterion asks for, at a machine that produces. */
function firstShown(
  fault: Pick<MachineFault, 'begins' | 'growth' | 'level' | 'repaired'>,
  timeline: readonly StateChange[],
  share: number,
): Seconds | undefined {
  if (fault.growth === 0) return fault.begins + 2;
  for (let at = fault.begins; at < fault.repaired; at += 1) {
    if (faultLevel(fault, at) >= share * fault.level && runsThrough(timeline, at, at)) return at;
  }
  return undefined;
}

/** The stops that the faults of one machine make: it gives up, or it is stopped for its repair. */
export function stopsOf(faults: readonly MachineFault[]): readonly MachineStop[] {
  return faults.map(({ aborts, repaired }): MachineStop => {
    if (aborts < repaired) return { kind: 'breakdown', from: aborts, to: repaired };
    return { kind: 'repair', from: repaired - REPAIR, to: repaired };
  });
}
