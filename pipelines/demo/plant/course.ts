import { type EventTime, eventTime, SECOND } from '../../../operators/model/time.ts';
import { DAY, type Seconds } from './calendar.ts';
import { type DayPlan, planDay } from './day-plan.ts';
import { type Fact, factsOf, subjectOf } from './facts.ts';
import { type Sending, sendingsOf, sufferedBy } from './gateway.ts';
import { createCourse } from './machine-course.ts';
import type { Machine } from './machines.ts';
import { block, createNumbering, json, type Planned, waveform } from './messages.ts';
import { BLOCK, type Nuisance } from './nuisances.ts';
import { randomOf } from './random.ts';
import { COUNT, createListener, RATE, type Running } from './waveform.ts';

export type CourseOptions = {
  readonly seed: number;
  readonly begin: EventTime;
  readonly machines: readonly Machine[];
  /** False: the same messages with empty payloads, for counting. */
  readonly payloads: boolean;
};

/** A waveform of each point every so many seconds. */
const LISTENS = 20;
const EMPTY = new Uint8Array(0);
const MALFORMED_BYTES = Uint8Array.of(0x93, 0x01, 0xc1);
/** Signals of the machine that nobody knows. */
const STRANGE = ['temperature', 'current'] as const;

/** All messages of a plant in the order of their append times, without an end. The same options give the same ones. */
export function* courseOf(options: CourseOptions): Generator<Planned> {
  const { seed, begin, machines } = options;
  const plants = createSenders(options);
  let waiting: Planned[] = [];
  for (let day = 0; ; day += 1) {
    const plan = planDay(seed, machines, day);
    const facts = factsOf(seed, plan, machines);
    let next = 0;
    for (let at = day * DAY; at < (day + 1) * DAY; at += BLOCK) {
      for (; next < facts.length; next += 1) {
        const fact = facts[next];
        if (fact === undefined || fact.at >= at + BLOCK) break;
        waiting.push(plants.fact(fact));
      }
      for (const machine of machines) plants.machine(machine, plan, at, waiting);
      const due = eventTime(begin + (at + BLOCK) * SECOND);
      const ready = waiting.filter(({ appended }) => appended < due);
      waiting = waiting.filter(({ appended }) => appended >= due);
      yield* ready.sort((a, b) => a.appended - b.appended);
    }
  }
}

function createSenders({ seed, begin, machines, payloads }: CourseOptions) {
  const number = createNumbering();
  const listen = createListener(seed);
  const courses = new Map(machines.map((machine) => [machine, createCourse(seed, machine)]));
  const offsets = new Map(machines.map((machine, index) => [machine, (index * 7) % LISTENS]));
  const timeOf = (at: Seconds) => eventTime(begin + at * SECOND);

  return {
    fact({ at, subject, content }: Fact): Planned {
      const appended = timeOf(at + randomOf(seed, 'fact', subject, at).between(0.1, 0.9));
      const payload = payloads ? json(content((each) => timeOf(each) / 1_000)) : EMPTY;
      return { subject, appended, headers: number(subject), payload, readings: 0 };
    },
    machine(machine: Machine, plan: DayPlan, at: Seconds, out: Planned[]): void {
      const own = plan.faults.find((fault) => {
        return fault.machine === machine && at + BLOCK > fault.begins && at < fault.repaired;
      });
      const nuisance = sufferedBy(plan.nuisances, machine, at);
      const isSilent = nuisance?.kind === 'silent-line';
      const heard = (second: Seconds, running: Running | undefined) => {
        const isTime = second % LISTENS === offsets.get(machine);
        if (isTime && machine.point !== undefined && !isSilent) {
          out.push(burst(machine, machine.point.id, second, running));
        }
      };
      const values = payloads
        ? courses.get(machine)?.block(at, plan.timelines.get(machine.key) ?? [], own, heard)
        : undefined;
      if (!payloads) for (let index = 0; index < BLOCK; index += 1) heard(at + index, undefined);
      telemetry(machine, at, values, nuisance, out);
    },
  };

  function burst(machine: Machine, point: string, at: Seconds, running: Running | undefined) {
    const subject = subjectOf('waveform', machine.key, point);
    const late = randomOf(seed, 'burst', subject, at).between(0.2, 0.9);
    const payload =
      running === undefined ? EMPTY : waveform(timeOf(at), listen(machine, at, running));
    const appended = timeOf(at + COUNT / RATE + late);
    return { subject, appended, headers: number(subject), payload, readings: 0 };
  }

  function telemetry(
    machine: Machine,
    at: Seconds,
    values: Readonly<Record<string, Float32Array>> | undefined,
    nuisance: Nuisance | undefined,
    out: Planned[],
  ): void {
    const subject = subjectOf('telemetry', machine.key);
    const random = randomOf(seed, 'gateway', subject, at);
    const names = Object.keys(machine.asset.signals);
    if (nuisance?.kind === 'stuck-sensor') values?.temperature?.fill(41.25);
    let headers = {};
    for (const sending of sendingsOf(at, nuisance, random)) {
      if (sending.isRepeat !== true) headers = number(subject);
      const { appended, count, reason } = sending;
      const readings = count * names.length;
      out.push({
        ...{ subject, headers, appended: timeOf(appended) },
        payload: values === undefined ? EMPTY : packed(sending, values),
        readings: reason === undefined || reason === 'late' ? readings : 0,
        ...deadLetterOf(nuisance, reason === undefined ? 0 : readings),
      });
    }
    if (nuisance?.kind === 'unknown-asset') out.push(stranger(machine, at, nuisance));
    if (nuisance?.kind === 'malformed') out.push(broken(subject, at, nuisance));
  }

  function packed(sending: Sending, values: Readonly<Record<string, Float32Array>>): Uint8Array {
    const { stamped, first, count } = sending;
    const time = timeOf(stamped);
    if (count === BLOCK) return block(time, values);
    const sample = Object.entries(values).map(([name, column]) => [name, column[first] ?? 0]);
    return json({ time: time / 1_000, values: Object.fromEntries(sample) });
  }

  function stranger(machine: Machine, at: Seconds, nuisance: Nuisance): Planned {
    const subject = subjectOf('telemetry', `${machine.key}-spare`);
    const random = randomOf(seed, 'stranger', at);
    const values = Object.fromEntries(
      STRANGE.map((name) => [name, Float32Array.from({ length: BLOCK }, () => random.next())]),
    );
    return {
      ...{ subject, appended: timeOf(at + BLOCK + 0.5), headers: number(subject), readings: 0 },
      payload: payloads ? block(timeOf(at), values) : EMPTY,
      ...deadLetterOf(nuisance, BLOCK * STRANGE.length),
    };
  }

  function broken(subject: string, at: Seconds, nuisance: Nuisance): Planned {
    const appended = timeOf(at + BLOCK + 0.05);
    const payload = payloads ? MALFORMED_BYTES : EMPTY;
    return { subject, appended, headers: {}, payload, readings: 0, ...deadLetterOf(nuisance, 1) };
  }
}

function deadLetterOf(nuisance: Nuisance | undefined, count: number): Pick<Planned, 'deadLetter'> {
  return nuisance === undefined || count === 0
    ? {}
    : { deadLetter: { nuisance: nuisance.id, count } };
}
