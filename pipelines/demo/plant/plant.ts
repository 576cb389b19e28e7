import { fileURLToPath } from 'node:url';
import {
  DAY,
  type Duration,
  type EventTime,
  fromMilliseconds,
  MINUTE,
  plus,
} from '../../../operators/model/time.ts';
import type { Recorded } from '../../recordings/recorded.ts';
import type { PlantedFault, Truth } from '../truth.ts';
import { planDay } from './day-plan.ts';
import { MODEL, machinesOf, plantOfFile, RULES } from './machines.ts';
import { plantMessages } from './plant-messages.ts';
import { plantClock, plantedFault, plantedNuisance, quietStretches } from './planted.ts';

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
   * Everything the plant sends, in the order of append times and without an end; model and rules are not in it. The same
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
  const clock = plantClock(begin);

  return {
    modelFile: fileURLToPath(MODEL),
    rulesFile: fileURLToPath(RULES),
    *messages() {
      const course = plantMessages({ seed, begin, machines, payloads: true });
      for (const { subject, appended, headers, payload } of course) {
        yield { subject, appended, headers, payload };
      }
    },
    truth(until) {
      const counted = count(plantMessages({ seed, begin, machines, payloads: false }), until);
      const days = Math.ceil((until - begin) / DAY);
      const plans = Array.from({ length: days }, (_, day) => planDay(seed, machines, day));
      const faults = plans.flatMap((plan) =>
        plan.faults.map((fault) => plantedFault(fault, clock)),
      );
      const nuisances = plans.flatMap((plan) => {
        return plan.nuisances.map((each) => {
          return plantedNuisance(each, counted.deadLetters.get(each.id) ?? 0, clock);
        });
      });
      const quiet = plans.flatMap((plan) => quietStretches(plan, machines, clock));
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

function count(course: ReturnType<typeof plantMessages>, until: EventTime) {
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
