import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hostSchedules } from '../support/long.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { everySchedule } from './schedule.ts';
import { simulate } from './simulate.ts';

// Many workers, the network between them and their servers, and their disks, in virtual time. The code of the worker is
// the product's own; nats-server and ClickHouse are simulated, and `same-answers` compares them with the real ones.

/** How many schedules, and where chance begins: for a long run, and to see a failure again. */
const SCHEDULES = Number(process.env.ANDON_SCHEDULES ?? hostSchedules());
const SEED = Number(process.env.ANDON_SCHEDULES_SEED ?? 1);

test('whatever befalls the hosts, what has landed is what an undisturbed pass gives', {
  timeout: SCHEDULES * 60_000 + 600_000,
}, async () => {
  const parent = temporaryDirectory();
  const seen = new Map<string, number>();
  const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
  let tried = 0;
  await fc.assert(
    everySchedule(async (schedule) => {
      tried += 1;
      const { wrong, recorded, ends } = await simulate(schedule, join(parent, String(tried)));
      // The test runner is heard now and then.
      await new Promise(setImmediate);
      expect(wrong).toEqual([]);
      for (const { kind } of recorded) count(kind);
      for (const { end } of ends) count(end);
      if (tried % 100 === 0) process.stderr.write(`${tried} schedules\n`);
    }),
    { numRuns: SCHEDULES, seed: SEED },
  );
  if (SCHEDULES < 100) return;
  // Otherwise nothing was tried.
  for (const [what, least] of Object.entries(LEAST)) {
    expect(seen.get(what), what).toBeGreaterThan((least * SCHEDULES) / 100);
  }
});

/** What at least happens in a hundred schedules. */
const LEAST = {
  ...{ kill: 10, power: 5, 'taken-over': 100, 'owner-lost': 5, 'epoch-restored': 10 },
  ...{ 'sink-retry': 30, 'commit-retry': 10, 'checkpoint-restored': 20, 'disk-full': 3 },
};
