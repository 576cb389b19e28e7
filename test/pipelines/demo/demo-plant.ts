import type { EventTime } from '../../../operators/model/time.ts';
import type { SimulatedPlant } from '../../../pipelines/demo/simulated-plant.ts';
import type { Recorded } from '../../../pipelines/ingest/recorded.ts';

/** A Monday morning, at the beginning of the early shift. */
export const BEGIN = (Date.UTC(2026, 2, 2, 5) * 1_000) as EventTime;

/** What a plant says before `until`. */
export function* before(plant: SimulatedPlant, until: EventTime): Generator<Recorded> {
  for (const message of plant.messages()) {
    if (message.appended >= until) return;
    yield message;
  }
}
