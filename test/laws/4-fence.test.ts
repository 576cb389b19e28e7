import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import type { InternalEvent } from '../../pipelines/observe/observe.ts';
import { differences } from '../support/crashes/compare.ts';
import { crashLog } from '../support/crashes/crash-log.ts';
import { emptyCache } from '../support/crashes/killable-disk.ts';
import type { Call, CrashPoint } from '../support/crashes/killable-process.ts';
import { Outside } from '../support/crashes/outside.ts';
import { plainOracle } from '../support/crashes/plain-oracle.ts';
import { CALM_LIFE, liveOnce, type Place, poisoned } from '../support/crashes/run-workers.ts';
import { lifePlan } from '../support/crashes/schedule.ts';
import { virtualTime } from '../support/crashes/virtual-time.ts';
import { RUN } from '../support/in-process-worker.ts';
import { law } from '../support/law.ts';
import { memoryCommits } from '../support/memory-commits.ts';
import { memoryObjects } from '../support/memory-objects.ts';
import { randomOf } from '../support/plant-log.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const CASES = 50;
const pipeline = poisoned(new Set());

/** Where an owner is paused: half of the time anywhere, else at what makes something safe or brings it out. */
const pause: fc.Arbitrary<CrashPoint> = fc.record({
  by: fc.constant('pause' as const),
  of: fc.option(fc.constantFrom<Call[]>('commit', 'send', 'rename'), { nil: undefined }),
  step: fc.integer({ min: 1, max: 40 }),
  moment: fc.constantFrom<CrashPoint['moment'][]>('before', 'after'),
});

const schedule = fc.record({
  seed: fc.integer(),
  seconds: fc.integer({ min: 20, max: 60 }),
  /** Dies, and its directory is copied. */
  before: lifePlan,
  paused: fc.tuple(lifePlan, pause).map(([plan, death]) => ({ ...plan, death })),
  /**
   * The other owner, on the copy. Half of the time it is still alive when the first one wakes: paused itself, and woken
   * after it.
   */
  other: fc
    .tuple(lifePlan, fc.option(pause, { freq: 1 }))
    .map(([plan, paused]) => (paused === null ? plan : { ...plan, death: paused })),
  /**
   * What the other owner begins with: a copy of before the life that is paused, or of the pause itself; or an empty
   * directory, because the host of the first one was lost, or is out of reach.
   */
  has: fc.constantFrom('old copy', 'copy', 'nothing'),
  /** Which of the two works the log off in the end. */
  last: fc.constantFrom('first', 'other'),
});

describe('law 4: whoever has lost a partition commits nothing more', () => {
  const seen = new Map<string, number>();
  const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);

  law(
    'an owner is paused, another one works on in a copy of its directory or without it, and it wakes',
    CASES,
    schedule,
    async (plan) => {
      const { wrong, woken, recorded } = await tried(plan);
      expect(wrong).toEqual([]);
      if (woken !== undefined) count(/has taken it over/.test(woken) ? 'fenced' : woken);
      for (const { kind } of recorded) count(kind);
    },
    () => {
      expect(seen.get('replay-mismatch')).toBeUndefined();
      // Otherwise nothing was tried.
      for (const what of ['fenced', 'epoch-file-fenced', 'epoch-restored', 'directory-filled']) {
        expect(seen.get(what), what).toBeGreaterThan(0);
      }
    },
  );
});

type Schedule = typeof schedule extends fc.Arbitrary<infer S> ? S : never;

/** Works a schedule off, and says what is wrong outside. */
async function tried({ seed, seconds, before, paused, other, has, last }: Schedule) {
  const messages = crashLog(seed, seconds);
  const outside = new Outside();
  const folder = temporaryDirectory();
  const commits = memoryCommits();
  const objects = memoryObjects();
  const recorded: InternalEvent[] = [];
  const at = (name: string): Place => {
    const directory = join(folder, name);
    const cache = emptyCache();
    return { directory, messages, pipeline, outside, cache, commits, objects, owner: name };
  };
  const [first, second] = [at('first'), at('second')];
  const copy = () => cpSync(first.directory, second.directory, { recursive: true });
  // Whoever dies at its first step leaves none.
  mkdirSync(first.directory, { recursive: true });
  const time = virtualTime();
  const live = (plan: typeof before, place: Place) => {
    const random = randomOf(plan.seed);
    time.draw(random, plan.haste);
    return liveOnce(plan, place, time, random, recorded);
  };
  const calm = { ...CALM_LIFE, seed };
  let woken: string | undefined;
  try {
    const begun = await live(before, first);
    if (has === 'old copy') copy();
    const sleeping = begun.end === 'finished' ? begun : await live(paused, first);
    if (has === 'copy') copy();
    const alive = await live(other, second);
    if (sleeping.end === 'pause') woken = await sleeping.wake();
    if (alive.end === 'pause') await alive.wake();
    const end = await live(calm, last === 'first' ? first : second);
    if (end.end !== 'finished') throw new Error(`the last life did not end well: ${end.end}`);
    // What was under way outside arrives in the end.
    await time.pass(3_600_000);
  } finally {
    time.end();
  }
  const expected = plainOracle(messages, pipeline, new Set(), RUN);
  rmSync(folder, { recursive: true });
  return { woken, recorded, wrong: differences(outside, expected, messages.length) };
}
