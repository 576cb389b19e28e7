import { afterEach } from 'vitest';
import { temporaryDirectory } from '../support/temporary.ts';
import { type Outcome, undisturbed } from './outcome.ts';
import { type RecordedPlant, recordedPlant } from './recorded-plant.ts';
import { type RelayedStand, startRelayedStand } from './relayed-stand.ts';

type Stoppable = { stop(): Promise<unknown> };

/** What the tests of one file disturb: one recording, what comes of it in peace, and stands that end with their test. */
export interface Disturbances {
  readonly plant: RecordedPlant;
  /** Made once. */
  calm(): Promise<Outcome>;
  /** A stand of its own with the recording in its log, one request worked on at a time. `preload`: ahead of its worker. */
  relayed(...preload: readonly string[]): Promise<RelayedStand>;
  /** Stopped after the test, the newest first. */
  keep<S extends Stoppable>(stand: S): S;
}

export function disturbances(): Disturbances {
  const plant = recordedPlant(temporaryDirectory(), 900, 17);
  const kept: Stoppable[] = [];
  afterEach(async () => {
    for (const stand of kept.splice(0).reverse()) await stand.stop();
  }, 120_000);
  let known: Promise<Outcome> | undefined;

  function keep<S extends Stoppable>(stand: S): S {
    kept.push(stand);
    return stand;
  }
  return {
    plant,
    keep,
    calm() {
      known ??= undisturbed(plant);
      return known;
    },
    relayed: async (...preload) =>
      keep(await startRelayedStand(plant, { preload, concurrency: 1 })),
  };
}
