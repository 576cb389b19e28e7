import type { AssetKey } from '../../../operators/model/key.ts';
import { calendarOf, DAY_SECONDS, type LineCalendar, type Seconds } from './calendar.ts';
import { planFaults, stopsOf } from './fault-plan.ts';
import type { MachineFault } from './faults.ts';
import type { Machine } from './machines.ts';
import { type Nuisance, planNuisances } from './nuisances.ts';
import { randomOf } from './random.ts';
import { type MachineStop, type StateChange, timelineOf } from './states.ts';

/** All that is decided about one day before its first second. */
export type DayPlan = {
  readonly day: number;
  readonly calendars: readonly LineCalendar[];
  readonly timelines: ReadonlyMap<AssetKey, readonly StateChange[]>;
  readonly faults: readonly MachineFault[];
  readonly nuisances: readonly Nuisance[];
};

/** Plans a day: the calendar of each line, what machines make of it, what breaks, and what goes wrong with the data. */
export function planDay(seed: number, machines: readonly Machine[], day: number): DayPlan {
  const lines = [...new Set(machines.map(({ line }) => line))];
  const calendars = lines.map((line, number) => calendarOf(seed, line, number, day));
  const timeline = (machine: Machine, stops: readonly MachineStop[]) => {
    const calendar = calendars.find(({ line }) => line === machine.line);
    if (calendar === undefined) return [];
    const short = shortStops(seed, machine, calendar, day).filter((stop) => {
      return !stops.some(({ from, to }) => stop.from < to + 600 && stop.to > from - 600);
    });
    const all = [...short, ...stops].sort((a, b) => a.from - b.from);
    return timelineOf(calendar, all, randomOf(seed, 'lags', machine.key, day));
  };
  const faults = planFaults({ seed, day, machines, timelineOf: timeline });
  const timelines = new Map(
    machines.map((machine) => {
      const own = faults.filter((fault) => fault.machine === machine);
      return [machine.key, timeline(machine, stopsOf(own))];
    }),
  );
  return {
    day,
    calendars,
    timelines,
    faults,
    nuisances: planNuisances(seed, day, machines, faults),
  };
}

/** Now and then a machine waits for a minute or two: material, a jam, somebody opened a guard. */
function shortStops(
  seed: number,
  machine: Machine,
  { phases }: LineCalendar,
  day: number,
): readonly MachineStop[] {
  const random = randomOf(seed, 'stops', machine.key, day);
  const stops: MachineStop[] = [];
  let at: Seconds = day * DAY_SECONDS;
  while (at < (day + 1) * DAY_SECONDS) {
    at += Math.round(random.between(1_500, 6_000));
    const to = at + Math.round(random.between(40, 150));
    const isInside = phases.some((phase) => {
      return phase.kind === 'order' && phase.from + 300 < at && to + 300 < phase.to;
    });
    if (isInside) stops.push({ kind: 'short', from: at, to });
    at = to;
  }
  return stops;
}
