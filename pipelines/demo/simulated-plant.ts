import { fileURLToPath } from 'node:url';
import {
  DAY as DAY_LONG,
  type Duration,
  type EventTime,
  fromMilliseconds,
  MINUTE,
  plus,
} from '../../operators/model/time.ts';
import type { Recorded } from '../recordings/recorded.ts';
import { courseOf } from './plant/course.ts';
import { planDay } from './plant/day-plan.ts';
import { MODEL, machinesOf, plantOfFile, RULES } from './plant/machines.ts';
import { clockFrom, toldFault, toldNuisance, toldQuiet } from './plant/told.ts';
import type { PlantedFault, Truth } from './truth.ts';

/** A fault has its request at most so long after it is detectable, in simulated time. */
export const FOUND_WITHIN = MINUTE;

/** And its right name so long after: news of a request are gathered for a minute, and a name takes some waveforms. */
const NAMED_WITHIN = (3 * MINUTE) as Duration;

/** A Monday morning, at the beginning of the early shift: where a plant of a replay begins. */
export const BEGIN = fromMilliseconds(Date.UTC(2026, 2, 2, 5));

export type SimulatedPlant = {
  /** Paths of the plant model and the rules that belong to it. */
  readonly modelFile: string;
  readonly rulesFile: string;
  /**
   * Everything the plant says, in the order of append times and without an end; model and rules are not in it. The same
   * seed and beginning give the same bytes.
   */
  readonly messages: () => Iterable<Recorded>;
  /**
   * What was planted among the messages appended before `until`: counts are exact for these messages. A fault that need
   * not have been found and named by then is among those that grow.
   */
  readonly truth: (until: EventTime) => Truth;
};

/** The plant of `examples/demo`, from `begin` on. Its days are alike; the first two hours hold every kind of fault and nuisance. */
export function simulatedPlant(options: {
  readonly seed: number;
  readonly begin: EventTime;
}): SimulatedPlant {
  const { seed, begin } = options;
  const machines = machinesOf(plantOfFile());
  const clock = clockFrom(begin);

  return {
    modelFile: fileURLToPath(MODEL),
    rulesFile: fileURLToPath(RULES),
    *messages() {
      const course = courseOf({ seed, begin, machines, payloads: true });
      for (const { subject, appended, headers, payload } of course) {
        yield { subject, appended, headers, payload };
      }
    },
    truth(until) {
      const counted = count(courseOf({ seed, begin, machines, payloads: false }), until);
      const days = Math.ceil((until - begin) / DAY_LONG);
      const plans = Array.from({ length: days }, (_, day) => planDay(seed, machines, day));
      const faults = plans.flatMap((plan) => plan.faults.map((fault) => toldFault(fault, clock)));
      const nuisances = plans.flatMap((plan) => {
        return plan.nuisances.map((each) => {
          return toldNuisance(each, counted.deadLetters.get(each.id) ?? 0, clock);
        });
      });
      const quiet = plans.flatMap((plan) => toldQuiet(plan, machines, clock));
      const isDue = ({ detectable }: PlantedFault) => plus(detectable, NAMED_WITHIN) <= until;
      return {
        ...{ seed, begins: begin, ends: until },
        ...{ messages: counted.messages, readings: counted.readings },
        faults: faults.filter((fault) => isDue(fault)),
        growing: faults.filter((fault) => fault.begins < until && !isDue(fault)),
        nuisances: nuisances.filter(({ from }) => from < until),
        quiet: quiet.filter(({ from }) => from < until),
      };
    },
  };
}

function count(course: ReturnType<typeof courseOf>, until: EventTime) {
  const deadLetters = new Map<string, number>();
  let messages = 0;
  let readings = 0;
  for (const message of course) {
    if (message.appended >= until) break;
    messages += 1;
    readings += message.readings;
    const { deadLetter } = message;
    if (deadLetter !== undefined) {
      deadLetters.set(
        deadLetter.nuisance,
        (deadLetters.get(deadLetter.nuisance) ?? 0) + deadLetter.count,
      );
    }
  }
  return { messages, readings, deadLetters };
}
