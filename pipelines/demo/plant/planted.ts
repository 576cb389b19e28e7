import { type EventTime, eventTime, SECOND } from '../../../operators/model/time.ts';
import type { PlantedFault, PlantedNuisance, QuietStretch } from '../truth.ts';
import type { Seconds } from './calendar.ts';
import type { DayPlan } from './day-plan.ts';
import { subjectOf } from './facts.ts';
import { stopsOf } from './fault-plan.ts';
import { FAULT_PHYSICS, type MachineFault } from './faults.ts';
import type { Machine } from './machines.ts';
import { NUISANCES, type Nuisance } from './nuisances.ts';
import { isDriven } from './states.ts';

type Clock = (at: Seconds) => EventTime;

export function plantClock(begin: EventTime): Clock {
  return (at) => eventTime(begin + at * SECOND);
}

export function plantedFault(fault: MachineFault, clock: Clock): PlantedFault {
  const { id, kind, machine, begins, detectable, because } = fault;
  const { component, failure_mode, shows } = FAULT_PHYSICS[kind];
  const point = shows === 'waveforms' ? (machine.point?.id ?? null) : null;
  return {
    ...{ id, kind, asset: machine.key, component, point, failure_mode, because },
    begins: clock(begins),
    detectable: clock(detectable),
  };
}

/** `count`: what it has left in `dead_letters` so far. */
export function plantedNuisance(nuisance: Nuisance, count: number, clock: Clock): PlantedNuisance {
  const { id, kind, from, to } = nuisance;
  const { reason, because } = NUISANCES[kind];
  return {
    ...{ id, kind, source: sourceOf(nuisance), from: clock(from), to: clock(to), because },
    dead_letters: reason === undefined || count === 0 ? {} : { [reason]: count },
  };
}

function sourceOf({ kind, machine }: Nuisance): string {
  if (kind === 'silent-line') return machine.key.split('/').slice(0, 2).join('/');
  const isStranger = kind === 'unknown-asset';
  return subjectOf('telemetry', isStranger ? `${machine.key}-spare` : machine.key);
}

/** The stretches of a day in which machines stand or start up. */
export function quietStretches(
  { calendars, timelines, faults }: DayPlan,
  machines: readonly Machine[],
  clock: Clock,
): readonly QuietStretch[] {
  const lines = calendars.flatMap(({ line, phases }) => {
    const assets = machines.filter((each) => each.line === line).map(({ key }) => key);
    return phases.flatMap(({ kind, from, to }): QuietStretch[] => {
      return kind === 'order' ? [] : [{ kind, assets, from: clock(from), to: clock(to) }];
    });
  });
  const single = machines.flatMap(({ key }) => {
    const timeline = timelines.get(key) ?? [];
    return timeline.flatMap(({ at, state }, index): QuietStretch[] => {
      const next = timeline[index + 1];
      if (next === undefined) return [];
      const span = { assets: [key], from: clock(at), to: clock(next.at) };
      if (state === 'SUSPENDED') return [{ kind: 'stop', ...span }];
      return state !== 'EXECUTE' && state !== 'COMPLETING' && isDriven(state)
        ? [{ kind: 'startup', ...span }]
        : [];
    });
  });
  const repairs = machines.flatMap(({ key }) => {
    const own = faults.filter(({ machine }) => machine.key === key);
    return stopsOf(own).map(({ from, to }): QuietStretch => {
      return { kind: 'maintenance', assets: [key], from: clock(from), to: clock(to) };
    });
  });
  return [...lines, ...single, ...repairs];
}
