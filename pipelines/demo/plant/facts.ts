import { nameOf } from '../../../operators/model/key.ts';
import type { LineCalendar, Phase, Seconds } from './calendar.ts';
import type { DayPlan } from './day-plan.ts';
import type { MachineFault } from './faults.ts';
import type { Machine } from './machines.ts';
import { randomOf } from './random.ts';
import type { StateChange } from './states.ts';

/** What a person or a control sends: a machine event, or a piece of a schedule. `content` from the time it begins at. */
export type PlantFact = {
  readonly at: Seconds;
  readonly subject: string;
  readonly content: (milliseconds: (at: Seconds) => number) => unknown;
};

/** How long after the first sign that can be seen somebody comes and reports it. */
const SEEN = [240, 600] as const;
const OPERATORS = ['Ines', 'Jonas', 'Mira', 'Pavel'] as const;

/** The segments that an order goes through on each line, and the machines of each. */
const SEGMENTS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  stamping: { blanking: ['press1', 'hydraulics1', 'extractor1'], forming: ['press2', 'conveyor1'] },
  machining: { roughing: ['spindle1', 'coolant1', 'mist1'], finishing: ['spindle2', 'chips1'] },
  coating: {
    washing: ['washer1', 'carrier1'],
    painting: ['paint1', 'exhaust1'],
    drying: ['dryer1'],
  },
  packing: { cartoning: ['packer1', 'packer2', 'vacuum1'], palletising: ['palletiser1', 'belt1'] },
};

/** All machine events and schedule messages of a day, in the order of their times. */
export function factsOf(seed: number, plan: DayPlan, machines: readonly Machine[]): PlantFact[] {
  const facts = [
    ...machines.flatMap((machine) => stateFacts(machine, plan.timelines.get(machine.key) ?? [])),
    ...plan.faults.flatMap((fault) => faultFacts(seed, fault)),
    ...plan.calendars.flatMap((calendar) => scheduleFacts(calendar, machines)),
  ];
  return facts.sort((a, b) => a.at - b.at);
}

function stateFacts({ key }: Machine, timeline: readonly StateChange[]): PlantFact[] {
  return timeline.map(({ at, state, order, product }) => ({
    at,
    subject: subjectOf('event', key),
    content: (milliseconds) => {
      const work = order === '' ? {} : { order, product };
      return {
        time: milliseconds(at),
        type: 'state',
        data: { state, mode: 'production', ...work },
      };
    },
  }));
}

function faultFacts(seed: number, fault: MachineFault): PlantFact[] {
  const { id, machine, detectable, aborts, repaired } = fault;
  const random = randomOf(seed, 'people', id);
  const by = OPERATORS[Math.floor(random.next() * OPERATORS.length)] ?? 'Ines';
  const seen = detectable + Math.round(random.between(...SEEN));
  const event = (at: Seconds, type: string, data: object): PlantFact => ({
    at,
    subject: subjectOf('event', machine.key),
    content: (milliseconds) => ({ time: milliseconds(at), type, data }),
  });
  const from = aborts < repaired ? seen + 60 : repaired - 900;
  const entry = {
    id: `repair-${id}`,
    kind: 'maintenance',
    assets: [nameOf(machine.key)],
  };
  return [
    event(seen, 'acknowledged', { by }),
    event(repaired, 'repaired', { by: 'maintenance' }),
    {
      at: Math.min(from, repaired - 1_500),
      subject: `schedule.${machine.key.split('/').slice(0, 2).join('.')}`,
      content: (milliseconds) => ({
        entries: [{ ...entry, start: milliseconds(from), end: milliseconds(repaired) }],
      }),
    },
  ];
}

function scheduleFacts({ line, phases, corrections }: LineCalendar, machines: readonly Machine[]) {
  const key = machines.find((machine) => machine.line === line)?.key ?? '';
  const subject = `schedule.${key.split('/').slice(0, 2).join('.')}`;
  const [first] = phases;
  if (first === undefined) return [];
  const announce = (
    at: Seconds,
    list: readonly Phase[],
    cancelled: readonly Phase[] = [],
  ): PlantFact => ({
    at,
    subject,
    content: (milliseconds) => ({
      entries: [
        ...list.flatMap((phase) => [
          entryOf(phase, milliseconds),
          ...operationsOf(line, phase, milliseconds),
        ]),
        ...cancelled.map((phase) => ({ ...entryOf(phase, milliseconds), cancelled: true })),
      ],
    }),
  });
  // The first schedule knows nothing of what will be changed.
  const planned = phases.map((phase) => {
    const moved = corrections.find((each) => each.planned.id === phase.id);
    return moved === undefined ? phase : moved.planned;
  });
  const cancelled = corrections.filter(({ kind }) => kind === 'cancelled');
  return [
    announce(first.from + 1, [...planned, ...cancelled.map((each) => each.planned)]),
    ...corrections.map(({ at, kind, planned: stop }) => {
      if (kind === 'cancelled') return announce(at, [], [stop]);
      return announce(
        at,
        phases.filter(({ from, to }) => from < stop.to + 7_200 && to >= stop.from),
      );
    }),
  ];
}

function entryOf(
  { id, kind, from, to, product }: Phase,
  milliseconds: (at: Seconds) => number,
): object {
  const order = product === '' ? {} : { product, due: milliseconds(to + 3_600) };
  return { id, kind, start: milliseconds(from), end: milliseconds(to), ...order };
}

function operationsOf(
  line: string,
  { kind, id, from, to }: Phase,
  milliseconds: (at: Seconds) => number,
): object[] {
  if (kind !== 'order') return [];
  const span = { start: milliseconds(from), end: milliseconds(to) };
  return Object.entries(SEGMENTS[line] ?? {}).map(([segment, assets]) => {
    return { id: `${id}/${segment}`, kind: 'operation', order: id, segment, assets, ...span };
  });
}

export function subjectOf(kind: string, key: string, point?: string): string {
  const place = key.split('/').join('.');
  return point === undefined ? `${kind}.${place}` : `${kind}.${place}.${point}`;
}
