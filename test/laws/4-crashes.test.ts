import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { differences } from '../support/crashes/compare.ts';
import { crashLog } from '../support/crashes/crash-log.ts';
import { Outside } from '../support/crashes/outside.ts';
import { plainOracle } from '../support/crashes/plain-oracle.ts';
import { crashSchedule } from '../support/crashes/schedule.ts';
import { tankDifferences } from '../support/crashes/tank-oracle.ts';
import { poisoned, workOff } from '../support/crashes/work-off.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { RUN } from '../support/worker-life.ts';

/** How many schedules, and where chance begins: for a long run, and to see a failure again. */
const SCHEDULES = Number(process.env.ANDON_CRASHES ?? 100);
const SEED = process.env.ANDON_CRASHES_SEED;

describe('laws 3, 4 and 5 under crashes', () => {
  test('whatever dies, fails, hangs and answers late, outside stands what one undisturbed pass gives', async () => {
    const seen = new Map<string, number>();
    const count = (what: string, more = 1) => seen.set(what, (seen.get(what) ?? 0) + more);
    await fc.assert(
      fc.asyncProperty(crashSchedule, async ({ seed, seconds, poison: places, lives }) => {
        const messages = crashLog(seed, seconds);
        const poison = poisonAt(places, messages.length);
        const pipeline = poisoned(poison);
        const outside = new Outside();
        const directory = temporaryDirectory();
        const course = await workOff({ seed, lives }, { directory, messages, pipeline, outside });
        const expected = plainOracle(messages, pipeline, poison, RUN);
        expect([
          ...differences(outside, expected, messages.length),
          ...tankDifferences(outside, messages, poison),
        ]).toEqual([]);
        for (const { end } of course.lives) count(end);
        for (const { kind } of course.happened) count(kind);
        count('request', outside.revisions.length);
      }),
      { numRuns: SCHEDULES, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
    );
    expect(seen.get('replay-mismatch')).toBeUndefined();
    if (SCHEDULES < 50) return;
    // Otherwise nothing was tried.
    for (const [what, least] of Object.entries(LEAST)) {
      expect(seen.get(what), what).toBeGreaterThan((least * SCHEDULES) / 100);
    }
  }, 1_800_000);
});

/** What at least happens in a hundred schedules. */
const LEAST = {
  ...{ kill: 50, power: 25, drained: 10, 'checkpoint-restored': 100, 'epoch-landed': 500 },
  ...{ 'sink-retry': 100, 'disk-full': 20, 'message-poisoned': 20, request: 100 },
};

/** Never one of the four messages that say what there is at all. */
function poisonAt(places: readonly number[], messages: number): Set<number> {
  return new Set(places.map((place) => 5 + Math.floor(place * (messages - 5))));
}
