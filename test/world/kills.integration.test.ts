import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { type Random, randomOf } from '../../pipelines/demo/plant/random.ts';
import type { Service } from '../../pipelines/stand/service.ts';
import { lacksTryton } from '../../pipelines/stand/tryton.ts';
import { longSuite, longTest } from '../support/long.ts';
import { type KilledPlant, startKilledPlant } from './killed-plant.ts';

/** How many schedules, and the seed of the first: the same each time, unless somebody wants others. */
const SCHEDULES = Number(process.env.ANDON_KILLS ?? 12);
const SEED = Number(process.env.ANDON_KILLS_SEED ?? 4101);
/** Kills of one schedule. */
const KILLS = 14;
const LIMIT = 900_000;
/** Milliseconds: for a call to come, and between two looks for one. */
const MOST_WAIT = 5_000;
const LOOK = 20;

/** What S1 to S4 leave behind, however often anything was killed. */
const EXPECTED = {
  cmms: [
    'p1/l1/capper DONE on call',
    'p1/l1/filler DONE ',
    'p1/l1/mill ACCEPTED ',
    'p1/l1/oven NEW ',
    'p1/l1/press DONE ',
  ],
  desk: ['p1/l1/oven DONE'],
  windows: ['capper WITHDRAWN', 'filler DONE'],
  reservations: ['p1/l1/filler 6205-2RS DONE'],
  requisitions: [],
  announced: ['p1/l1/filler K-filler'],
  consumptions: ['p1/l1/filler 6205-2RS'],
  labour: ['p1/l1/capper 0.5', 'p1/l1/filler 1.5'],
  downtimes: ['p1/l1/capper PO-7 true'],
  vendors: ['V-9 APPROVED'],
  services: ['p1/l1/oven 1.5 MATCHED'],
  // A reservation and what was used of it; one that waits for its part.
  shipments: ['6205-2RS done', '6205-2RS done', 'SEAL-45 waiting'],
  bought: ['processing'],
  // What the hours of press and mill are booked on, and the one that every plant has.
  works: 3,
  timesheet: ['5400'],
  mails: ['on-call@plant.example', 'supervisor@plant.example'],
};

/** Every one once, in any order, those at the two ends of a call to the ERP twice; and then anyone. */
function victimsOf(
  { world, tryton }: KilledPlant,
  random: Random,
): readonly (readonly [string, Service])[] {
  const { worker, warehouse, nats, cmms } = world.stand;
  if (warehouse === undefined) throw new Error('expected a warehouse beside the worker');
  const all = Object.entries({
    ...{ worker, warehouse, nats, cmms, tryton, erp: world.erp, planner: world.planner },
  });
  const twice = all.filter(([name]) => isInCalls(name));
  const shuffled = [...all, ...twice]
    .map((one) => ({ one, at: random.next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ one }) => one);
  const more = Array.from({ length: KILLS - shuffled.length }, () => {
    const one = all[Math.floor(random.next() * all.length)];
    if (one === undefined) throw new Error('expected somebody to kill');
    return one;
  });
  return [...shuffled, ...more];
}

/** It answers a while after it has carried a call out: whoever is killed then leaves one of which nobody knows. */
const SLOW = { fault: 'commit-then-slow', method: 'POST', times: 10_000, delay: 700 } as const;

const isInCalls = (name: string) => name === 'worker' || name === 'erp';

/** Waits until a call that changes something has come to the ERP, for a while: there may be none any more. */
async function duringCall({ world }: KilledPlant): Promise<void> {
  const known = (await world.changesAsked()).length;
  const until = performance.now() + MOST_WAIT;
  while (performance.now() < until && (await world.changesAsked()).length === known) {
    await pause(LOOK);
  }
}

/** Until `signal` fires: then nobody is killed, nor started again, any more. */
async function killThem(plant: KilledPlant, seed: number, signal: AbortSignal): Promise<void> {
  const random = randomOf(seed, 'kills');
  await plant.world.misbehave({ script: [SLOW] });
  const begun = performance.now();
  for (const [name, service] of victimsOf(plant, random)) {
    await pause(random.between(200, 3_000), undefined, { signal });
    if (isInCalls(name)) await duringCall(plant);
    const down = random.between(0, 1_500);
    const at = (performance.now() - begun) / 1_000;
    console.log(
      `seed ${seed}: kill -9 of ${name} after ${at.toFixed(1)} s, for ${down.toFixed(0)} ms`,
    );
    await service.kill();
    await pause(down, undefined, { signal });
    // What is supervised is started again by whoever looks after it.
    if (name !== 'warehouse') await service.start();
    if (name === 'erp') await plant.world.misbehave({ script: [SLOW] });
  }
}

type Kill = (plant: KilledPlant, signal: AbortSignal) => Promise<void>;

async function livedThrough(kill: Kill): Promise<object> {
  const plant = await startKilledPlant();
  const failed = new AbortController();
  try {
    const killing = kill(plant, failed.signal);
    const living = plant.live();
    living.catch(() => failed.abort());
    // Also where one of them fails: what was started again behind the stop of all would outlive the test.
    const [lived, killed] = await Promise.allSettled([living, killing]);
    for (const one of [lived, killed]) if (one.status === 'rejected') throw one.reason;
    // Once it has ended, it makes nothing any more: what is there twice now was made twice.
    await plant.world.stand.worker.stop();
    return await plant.held();
  } finally {
    await plant.stop();
  }
}

longSuite(
  'S1 to S4 at once, and everything is killed',
  () => {
    longTest('in peace: what S1 to S4 leave in each system', LIMIT, async () => {
      expect(await livedThrough(async () => undefined)).toEqual(EXPECTED);
    });

    for (let seed = SEED; seed < SEED + SCHEDULES; seed += 1) {
      longTest(
        `killed (seed ${seed}): every object is there once, as in peace`,
        LIMIT,
        async () => {
          expect(await livedThrough((plant, signal) => killThem(plant, seed, signal))).toEqual(
            EXPECTED,
          );
        },
      );
    }
  },
  lacksTryton(),
);
