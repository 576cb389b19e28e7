import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { InternalEvent } from '../../pipelines/observe/observe.ts';
import { differences } from '../support/crashes/compare.ts';
import { crashLog } from '../support/crashes/crash-log.ts';
import type { CrashPoint } from '../support/crashes/killable-process.ts';
import { Outside } from '../support/crashes/outside.ts';
import { plainOracle } from '../support/crashes/plain-oracle.ts';
import { poisoned, runWorkers } from '../support/crashes/run-workers.ts';
import { type CrashSchedule, crashSchedule, type LifePlan } from '../support/crashes/schedule.ts';
import { tankDifferences } from '../support/crashes/tank-oracle.ts';
import { RUN } from '../support/in-process-worker.ts';
import { runs } from '../support/long.ts';
import { memoryObjects } from '../support/memory-objects.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** How many schedules, and where chance begins: for a long run, and to see a failure again. */
const SCHEDULES = Number(process.env.ANDON_CRASHES ?? runs(100));
const SEED = process.env.ANDON_CRASHES_SEED;

describe('laws 3, 4 and 5 under crashes', () => {
  test('whatever dies, fails, hangs and answers late, outside stands what one undisturbed pass gives', async () => {
    const seen = new Map<string, number>();
    const count = (what: string, more = 1) => seen.set(what, (seen.get(what) ?? 0) + more);
    await fc.assert(
      fc.asyncProperty(crashSchedule, async (schedule) => {
        const { course, outside, wrong } = await tried(schedule);
        expect(wrong).toEqual([]);
        for (const { end } of course.lives) count(end);
        for (const internalEvent of course.recorded) count(kindOf(internalEvent));
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

  test('what a killed process has named is made safe before anything is built on it', async () => {
    for (let step = 1; step <= 6; step += 1) {
      const calm: Omit<LifePlan, 'death'> = {
        ...{ seed: step, seconds: 60, rows: 60, checkpointEvery: 5, backlog: 9, batch: 50 },
        ...{ slow: { disk: 0, sink: 0, log: 0 }, haste: 0, clickhouse: [], outbox: [], full: [] },
      };
      // The first checkpoint, the first epoch: and its directory is not synced any more.
      const unsafe: CrashPoint = { by: 'kill', of: 'rename', step: 2, moment: 'after' };
      const dark: CrashPoint = { by: 'power', of: 'write', step, moment: 'before' };
      const lives = [
        { ...calm, death: unsafe },
        { ...calm, death: dark },
      ];
      const { wrong } = await tried({ seed: step, seconds: 30, poison: [], lives, lost: [] });
      expect(wrong).toEqual([]);
    }
  });
});

/** Works a schedule off, and says what is wrong outside. */
async function tried({ seed, seconds, poison: places, lives, lost }: CrashSchedule) {
  const messages = crashLog(seed, seconds);
  const poison = poisonAt(places, messages.length);
  const pipeline = poisoned(poison);
  const outside = new Outside();
  const directory = temporaryDirectory();
  const between = (life: number) => {
    const isLost = lost.includes(life);
    if (isLost) rmSync(directory, { recursive: true, force: true });
    return isLost;
  };
  // Copies cost steps: where no host is lost nobody needs them.
  const copied = lost.length === 0 ? {} : { objects: memoryObjects() };
  const place = { directory, messages, pipeline, outside, between, ...copied };
  const course = await runWorkers({ seed, lives }, place);
  const expected = plainOracle(messages, pipeline, poison, RUN);
  const wrong = [
    ...differences(outside, expected, messages.length),
    ...tankDifferences(outside, messages, poison),
  ];
  // Thousands of them would take the clean-up at the end too long.
  rmSync(directory, { recursive: true });
  return { course, outside, wrong };
}

/** Epochs that landed many at a time are a kind of their own here. */
function kindOf(internalEvent: InternalEvent): string {
  const { kind } = internalEvent;
  return kind === 'epoch-landed' && internalEvent.epochs > 1 ? 'batch-landed' : kind;
}

/** What at least happens in a hundred schedules. */
const LEAST = {
  ...{
    kill: 50,
    power: 25,
    drained: 10,
    'checkpoint-restored': 100,
    'epoch-landed': 500,
    'batch-landed': 50,
  },
  ...{
    'sink-retry': 100,
    'disk-full': 20,
    'directory-filled': 10,
    'checkpoint-copied': 100,
    'message-poisoned': 20,
    request: 100,
  },
};

/** Never one of the four messages that say what there is at all. */
function poisonAt(places: readonly number[], messages: number): Set<number> {
  return new Set(places.map((place) => 5 + Math.floor(place * (messages - 5))));
}
