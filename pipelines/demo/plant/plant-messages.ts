import { type EventTime, eventTime, SECOND } from '../../../operators/model/time.ts';
import { DAY_SECONDS, type Seconds } from './calendar.ts';
import { type DayPlan, planDay } from './day-plan.ts';
import { factsOf, type PlantFact, subjectOf } from './facts.ts';
import { sufferedBy, telemetryOf } from './gateway.ts';
import { createMachineCourse } from './machine-course.ts';
import type { Machine } from './machines.ts';
import { createNumbering, EMPTY, json, type Planned, type Sender, waveform } from './messages.ts';
import { BLOCK } from './nuisances.ts';
import { randomOf } from './random.ts';
import { BURST_RATE, BURST_SAMPLES, createListener, type Running } from './waveform.ts';

export type PlantMessagesOptions = {
  readonly seed: number;
  readonly begin: EventTime;
  readonly machines: readonly Machine[];
  /** False: the same messages with empty payloads, for counting. */
  readonly payloads: boolean;
};

/** A waveform of each point every so many seconds. */
const LISTENS = 20;

/** All messages of a plant in the order of their append times, without an end. The same options give the same ones. */
export function* plantMessages(options: PlantMessagesOptions): Generator<Planned> {
  const { seed, begin, machines } = options;
  const senders = createSenders(options);
  let waiting: Planned[] = [];
  for (let day = 0; ; day += 1) {
    const plan = planDay(seed, machines, day);
    const facts = factsOf(seed, plan, machines);
    let next = 0;
    for (let at = day * DAY_SECONDS; at < (day + 1) * DAY_SECONDS; at += BLOCK) {
      for (; next < facts.length; next += 1) {
        const fact = facts[next];
        if (fact === undefined || fact.at >= at + BLOCK) break;
        waiting.push(senders.fact(fact));
      }
      for (const machine of machines) senders.machine(machine, plan, at, waiting);
      const due = eventTime(begin + (at + BLOCK) * SECOND);
      const ready = waiting.filter(({ appended }) => appended < due);
      waiting = waiting.filter(({ appended }) => appended >= due);
      yield* ready.sort((a, b) => a.appended - b.appended);
    }
  }
}

/** The people and controls of a plant, and its machines with their gateways. */
function createSenders({ seed, begin, machines, payloads }: PlantMessagesOptions) {
  const timeOf = (at: Seconds) => eventTime(begin + at * SECOND);
  const sender: Sender = { seed, payloads, number: createNumbering(), timeOf };
  const burstOf = createBursts(sender);
  const courses = new Map(machines.map((machine) => [machine, createMachineCourse(seed, machine)]));
  const offsets = new Map(machines.map((machine, index) => [machine, (index * 7) % LISTENS]));

  return {
    fact({ at, subject, content }: PlantFact): Planned {
      const appended = timeOf(at + randomOf(seed, 'fact', subject, at).between(0.1, 0.9));
      const payload = payloads ? json(content((each) => timeOf(each) / 1_000)) : EMPTY;
      return { subject, appended, headers: sender.number(subject), payload, readings: 0 };
    },
    machine(machine: Machine, plan: DayPlan, at: Seconds, out: Planned[]): void {
      const own = plan.faults.find((fault) => {
        return fault.machine === machine && at + BLOCK > fault.begins && at < fault.repaired;
      });
      const nuisance = sufferedBy(plan.nuisances, machine, at);
      const isSilent = nuisance?.kind === 'silent-line';
      const listen = (second: Seconds, running: Running | undefined) => {
        const isTime = second % LISTENS === offsets.get(machine);
        if (isTime && machine.point !== undefined && !isSilent) {
          out.push(burstOf(machine, machine.point.id, second, running));
        }
      };
      const values = payloads
        ? courses.get(machine)?.block(at, plan.timelines.get(machine.key) ?? [], own, listen)
        : undefined;
      if (!payloads) for (let index = 0; index < BLOCK; index += 1) listen(at + index, undefined);
      out.push(...telemetryOf(machine, at, values, nuisance, sender));
    },
  };
}

/** The waveforms of measuring points: `running` is undefined where only counts matter. */
function createBursts({ seed, number, timeOf }: Sender) {
  const listen = createListener(seed);
  return (machine: Machine, point: string, at: Seconds, running: Running | undefined): Planned => {
    const subject = subjectOf('waveform', machine.key, point);
    const delay = randomOf(seed, 'burst', subject, at).between(0.2, 0.9);
    const payload =
      running === undefined ? EMPTY : waveform(timeOf(at), listen(machine, at, running));
    const appended = timeOf(at + BURST_SAMPLES / BURST_RATE + delay);
    return { subject, appended, headers: number(subject), payload, readings: 0 };
  };
}
