import type { EventTime } from '../../../operators/model/time.ts';
import type { SimulatedPlant } from '../../../pipelines/demo/plant/plant.ts';
import type { Recorded } from '../../../pipelines/recordings/recorded.ts';

/** What a plant says before `until`. */
export function* before(plant: SimulatedPlant, until: EventTime): Generator<Recorded> {
  for (const message of plant.messages()) {
    if (message.appended >= until) return;
    yield message;
  }
}
