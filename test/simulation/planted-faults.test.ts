import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { temporaryDirectory } from '../support/temporary.ts';
import { everySchedule, type Schedule, schedules } from './schedule.ts';
import { simulate } from './simulate.ts';

// Each fault is planted by replacing what a module of the product gives to the others: the product has no code for this.
// A simulation that does not find them would find no real ones.

const planted = vi.hoisted(() => ({ fault: '', made: 0 }));
const is = (fault: string) => planted.fault === fault;

/** What a planted fault makes of what a function of the product gives. */
function changed<F extends (...given: never[]) => unknown>(
  real: F,
  change: (result: ReturnType<F>, ...given: Parameters<F>) => ReturnType<F>,
): F {
  return ((...given: Parameters<F>) => change(real(...given) as ReturnType<F>, ...given)) as F;
}

vi.mock('../../pipelines/worker/commits/commit-store.ts', async (original) => {
  const real = await original<typeof import('../../pipelines/worker/commits/commit-store.ts')>();
  const openCommitStore = changed(real.openCommitStore, async (opening) => {
    const store = await opening;
    const append = async (bytes: Uint8Array) =>
      store.append(bytes, (await store.last())?.sequence ?? 0);
    return is('fence left out') ? { ...store, append } : store;
  });
  return { ...real, openCommitStore };
});

vi.mock('../../pipelines/worker/commits/commits.ts', async (original) => {
  const real = await original<typeof import('../../pipelines/worker/commits/commits.ts')>();
  const createCommits = changed(real.createCommits, (commits) => {
    if (is('sink before commit')) return { ...commits, reached: () => Number.POSITIVE_INFINITY };
    if (is('batch not noted in the log')) return { ...commits, noteBatch: async () => true };
    return commits;
  });
  return { ...real, createCommits };
});

vi.mock('../../pipelines/worker/commits/history.ts', async (original) => {
  const real = await original<typeof import('../../pipelines/worker/commits/history.ts')>();
  const singleTo = changed(real.singleTo, (epoch) => (is('sent alone forgotten') ? 0 : epoch));
  return { ...real, singleTo };
});

vi.mock('../../pipelines/worker/epochs/recovery.ts', async (original) => {
  const real = await original<typeof import('../../pipelines/worker/epochs/recovery.ts')>();
  const planReplay = changed(real.planReplay, (cuts) =>
    is('committed bounds forgotten') ? cuts.filter(({ kind }) => kind !== 'committed') : cuts,
  );
  return { ...real, planReplay };
});

vi.mock('../../pipelines/worker/epochs/state-image.ts', async (original) => {
  const real = await original<typeof import('../../pipelines/worker/epochs/state-image.ts')>();
  const createStateImage = changed(real.createStateImage, (image) => {
    const apply = image.apply.bind(image);
    if (is('increment left out')) image.apply = (states) => states.whole && apply(states);
    return image;
  });
  return { ...real, createStateImage };
});

vi.mock('../../pipelines/nats/streams.ts', async (original) => {
  const real = await original<typeof import('../../pipelines/nats/streams.ts')>();
  const openBucket = changed(real.openBucket, async (opening, _connection, name) => {
    const bucket = await opening;
    if (!is('lease taken back after it ended') || name !== 'leases') return bucket;
    const update = (key: string, value: string) => bucket.put(key, value);
    return Object.assign(Object.create(bucket), { update });
  });
  return { ...real, openBucket };
});

vi.mock('../../sinks/sink.ts', async (original) => {
  const real = await original<typeof import('../../sinks/sink.ts')>();
  const tokenOf = changed(real.tokenOf, (token, content, table) => {
    if (is('token without run')) return real.tokenOf({ ...content, run: '1' }, table);
    planted.made += 1;
    return is('another token with each try') ? token.replace('/', `-${planted.made}/`) : token;
  });
  return { ...real, tokenOf };
});

vi.mock('../../sinks/clickhouse/clickhouse.ts', async (original) => {
  const real = await original<typeof import('../../sinks/clickhouse/clickhouse.ts')>();
  const createClickHouseSink = changed(real.createClickHouseSink, (sink) => {
    if (!is('cursor moved before the insert ends')) return sink;
    const write = async (...content: Parameters<typeof sink.write>) =>
      void sink.write(...content).catch(() => undefined);
    return { ...sink, write };
  });
  return { ...real, createClickHouseSink };
});

vi.mock('../../pipelines/worker/epochs/cursors.ts', async (original) => {
  const real = await original<typeof import('../../pipelines/worker/epochs/cursors.ts')>();
  const openCursors = changed(real.openCursors, async (opening) => {
    const cursors = await opening;
    return is('batches forgotten')
      ? { ...cursors, note: async () => undefined, batchFrom: () => undefined }
      : cursors;
  });
  return { ...real, openCursors };
});

/** Of each fault, after how many schedules it has to be found: see docs/faults.md for how many it took. */
const FAULTS: Readonly<Record<string, number>> = {
  'sink before commit': 50,
  'fence left out': 50,
  'another token with each try': 50,
  'token without run': 50,
  'lease taken back after it ended': 100,
  'committed bounds forgotten': 50,
  'increment left out': 50,
  'cursor moved before the insert ends': 50,
  'batch not noted in the log': 50,
  'batches forgotten': 300,
  'sent alone forgotten': 50,
};

/** Where chance begins. */
const SEED = 20261130;

async function wrongIn(schedule: Schedule, folder: string): Promise<readonly string[]> {
  return (await simulate(schedule, folder)).wrong;
}

describe('a planted fault is found', () => {
  test.each(Object.entries(FAULTS))('%s', { timeout: 1_800_000 }, async (fault, most) => {
    planted.fault = fault;
    const folder = temporaryDirectory();
    let tried = 0;
    let wrong: readonly string[] = [];
    for (const schedule of fc.sample(schedules, { numRuns: most, seed: SEED })) {
      tried += 1;
      wrong = await wrongIn(schedule, join(folder, String(tried)));
      if (wrong.length > 0) break;
    }
    process.stderr.write(`${fault}: schedule ${tried}: ${wrong[0]?.slice(0, 200)}\n`);
    expect(wrong).not.toEqual([]);
  });

  test('and told with its seed and a shorter schedule', { timeout: 1_800_000 }, async () => {
    planted.fault = 'sink before commit';
    const folder = temporaryDirectory();
    let tried = 0;
    const holds = everySchedule(async (schedule) => {
      tried += 1;
      expect(await wrongIn(schedule, join(folder, String(tried)))).toEqual([]);
    });
    const told = await fc.check(holds, { numRuns: 50, seed: SEED });
    expect(told).toMatchObject({ failed: true, seed: SEED });
    const first = fc.sample(schedules, { numRuns: told.numRuns, seed: SEED }).at(-1);
    const [shortest] = told.counterexample ?? [];
    expect(shortest?.lives.length).toBeLessThanOrEqual(first?.lives.length ?? 0);
  });
});
