import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { afterAll, describe, expect, test } from 'vitest';
import { checksOf, factsOf, landedTo, rowsOf } from '../stand/landed.ts';
import { recordedPlant } from '../stand/recorded-plant.ts';
import { andon, askCmms, type Stand, startStand, until, worksAt } from '../stand/stand.ts';
import { longTest } from '../support/long.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const { recording, files } = recordedPlant(temporaryDirectory(), 300, 17);
const stands: Stand[] = [];
afterAll(async () => {
  for (const stand of stands.reverse()) await stand.stop();
});

async function stood(options?: Parameters<typeof startStand>[0]): Promise<Stand> {
  const stand = await startStand(options);
  stands.push(stand);
  return stand;
}

/** Publishes the recording as a replay; the last message of the log. */
async function publish(stand: Stand): Promise<number> {
  const { err, out } = await andon(
    ['publish', '--replay', ...files, recording, '--json'],
    stand.env,
  );
  expect(err).toBe('');
  return JSON.parse(out).last;
}

/** The highest revision of each request, as a backtest has it. */
async function expectedRevisions(): Promise<Map<string, number>> {
  const { out } = await andon(['backtest', ...files, '--data', recording]);
  const found = new Map<string, number>();
  for (const line of out.split('\n').filter((one) => one.startsWith('{"table":"requests"'))) {
    const { id, revision } = JSON.parse(line);
    found.set(id, revision);
  }
  return found;
}
const revisions = expectedRevisions();

async function everythingInTheCmms(stand: Stand): Promise<void> {
  const expected = await revisions;
  expect(expected.size).toBeGreaterThan(0);
  let works: Awaited<ReturnType<typeof worksAt>> = [];
  await until('the last revision of each request in the CMMS', 40_000, async () => {
    // A CMMS that misbehaves does so to whoever looks into it, too.
    works = await worksAt(stand).catch(() => []);
    return [...expected].every(([id, revision]) =>
      works.some((work) => work.external_key === id && work.revision === revision),
    );
  });
  expect(works.map(({ external_key }) => external_key).sort()).toEqual([...expected.keys()].sort());
}

type Landed = { readonly stand: Stand; readonly last: number };

/** A worker whose warehouse came when all requests were in the CMMS. */
async function landLate(): Promise<Landed> {
  const stand = await stood({ warehouse: 'away', config: { owner: 'hall-7' } });
  const last = await publish(stand);
  await stand.worker.start();
  await everythingInTheCmms(stand);
  await until('the end of the log', 30_000, async () => {
    return (await stand.metric('andon_sequence')) === last;
  });
  await stand.warehouse!.start();
  await until('everything to land', 30_000, async () => (await landedTo(stand)) === last);
  return { stand, last };
}

let landing: Promise<Landed> | undefined;
/** Made once for the tests that need a worker which has landed everything. */
function landedLate(): Promise<Landed> {
  landing ??= landLate().catch((error: unknown) => {
    landing = undefined;
    throw error;
  });
  return landing;
}

describe('with the warehouse away', () => {
  test('requests reach the CMMS all the same, and all rows land once it is there', async () => {
    const { stand } = await landedLate();
    expect(await checksOf(stand)).toEqual({});
  });

  test('an embedded warehouse that does not start holds up no request, and lands all once it does', async () => {
    const stand = await stood();
    const obstacle = join(stand.directory, 'warehouse');
    mkdirSync(stand.directory);
    writeFileSync(obstacle, 'no folder');
    const last = await publish(stand);
    await stand.worker.start();
    await everythingInTheCmms(stand);
    rmSync(obstacle);
    await until('everything to land', 40_000, async () => (await landedTo(stand)) === last);
    expect(await checksOf(stand)).toEqual({});
  });

  test('whoever used the warehouse of a worker that died starts one', async () => {
    const directory = temporaryDirectory();
    const first = await stood({ directory, config: { partitions: 2 } });
    const second = await stood({
      directory,
      nats: first.nats,
      config: { partitions: 2, partition: 1, cmms: undefined },
    });
    const landedOfEach = async () => {
      const query =
        'SELECT stream, toUInt32(max(last_sequence)) AS last FROM {db}.epochs GROUP BY stream';
      const rows = await rowsOf<{ stream: string; last: number }>(second, query);
      return new Map(rows.map(({ stream, last }) => [stream, last]));
    };
    await first.worker.start();
    const from = await landedTo(first);
    const owner = first.engine()?.pid;
    await second.worker.start();
    expect(second.engine()?.pid).toBe(owner);
    await first.worker.kill();
    await until('another warehouse', 30_000, async () => {
      const pid = second.engine()?.pid;
      return pid !== undefined && pid !== owner && (await landedTo(second)) > from;
    });
    const before = await landedOfEach();
    await first.worker.start();
    await until('rows of both', 40_000, async () => {
      const now = await landedOfEach();
      const more = (stream: string) => (now.get(stream) ?? 0) > (before.get(stream) ?? 0);
      return more('ANDON_0') && more('ANDON_1');
    });
  });
});

describe('with a CMMS that misbehaves', () => {
  test('there is one work request for each problem', async () => {
    const stand = await stood();
    const faults = ['commit-then-cut', 'cut-before-commit', 'unavailable', 'commit-then-error'];
    await askCmms(stand, 'PUT', '/admin/misbehaviour', {
      script: [
        { fault: 'commit-then-slow', method: 'POST', delay: 1_500 },
        { fault: 'commit-then-cut', method: 'POST' },
        { fault: 'unavailable', times: 2 },
      ],
      random: { seed: 5, probability: 0.3, faults: faults.map((fault) => ({ fault })) },
    });
    await publish(stand);
    await stand.worker.start();
    await everythingInTheCmms(stand).finally(() =>
      askCmms(stand, 'PUT', '/admin/misbehaviour', {}).catch(() => undefined),
    );
  });
});

describe('one owner', () => {
  test('a second worker is refused with the name of the first, in the same folder and in another', async () => {
    const { stand } = await landedLate();
    const run = ['run', '--config', stand.config];
    const same = await andon(run, stand.env);
    expect(same.err).toMatch(/found that it belongs to hall-7/);
    expect(same.code).toBe(4);
    const other = await andon(run, {
      ...stand.env,
      ANDON_DIR: temporaryDirectory(),
      ANDON_OWNER: 'hall-8',
      ANDON_HTTP_PORT: '0',
    });
    expect(other.err).toMatch(/expected a partition that no other worker holds, found that hall-7/);
    expect(other.code).toBe(4);
    expect(stand.worker.pid()).toBeDefined();
  });
});

describe('an end and a new beginning', () => {
  test('SIGTERM drains, and what was torn on the disk is made again', async () => {
    const { stand: calm, last } = await landedLate();
    const folder = temporaryDirectory();
    const stand = await stood({
      nats: calm.nats,
      directory: folder,
      config: {
        pipeline: 'torn',
        cmms: undefined,
        epoch: { seconds: 3, rows: 300, checkpointEvery: 3 },
      },
      // Nothing lands at first, so every epoch is still a file.
      warehouse: 'away',
    });
    await stand.worker.start();
    await until(
      'the end of the log',
      30_000,
      async () => (await filesOf(folder)).last >= last - 300,
    );
    const { code } = await stand.worker.stop();
    expect(code).toBe(0);
    const before = await filesOf(folder);
    // What was under way is written down, with a checkpoint.
    expect(before.checkpoints.at(-1)).toMatch(
      new RegExp(`_${before.last}\\.(checkpoint|increment)$`),
    );

    tear(before.checkpoints.at(-1));
    tear(before.epochs[Math.floor(before.epochs.length / 2)]);
    await stand.worker.start();
    await until('the torn file to be written again', 20_000, async () =>
      stand.worker.lines.some((line) => line.includes('epoch-file-damaged')),
    );
    await stand.warehouse!.start();
    await until('everything to land', 40_000, async () => (await landedTo(stand)) === last);
    expect(await factsOf(stand)).toEqual(await factsOf(calm));
    expect(await checksOf(stand)).toEqual({});
    expect(stand.worker.lines.join('\n')).not.toContain('replay-mismatch');
    expect((await stand.worker.stop()).code).toBe(0);
  });
});

describe('told to go', () => {
  test('while nats-server is away it goes, before and after its first message', async () => {
    const { stand } = await landedLate();
    await stand.nats.kill();
    const began = performance.now();
    const { code } = await stand.worker.stop();
    expect(code).toBe(0);
    console.log(
      `gone ${Math.round(performance.now() - began)} ms after SIGTERM without nats-server`,
    );

    const waiting = stand.twin();
    const life = waiting.live();
    const misses = () => waiting.lines.filter((line) => line.includes('NATS is away'));
    await until('it to miss nats-server', 20_000, async () => misses().length > 0);
    expect(await waiting.stop()).toEqual({ code: 0, signal: null });
    expect(await life).toEqual({ code: 0, signal: null });
    expect(misses()).toHaveLength(1);
    await stand.nats.restart();
  });

  test('while nats-server is silent amid its epochs it goes, and goes on later', async () => {
    const stand = await stood({ config: { cmms: undefined, epoch: { seconds: 1 } } });
    await stand.worker.start();
    await until('rows', 30_000, async () => (await landedTo(stand)) > 0);
    stand.nats.pause();
    const began = performance.now();
    const ended = await stand.worker.stop();
    console.log(`gone ${Math.round(performance.now() - began)} ms after SIGTERM, without answers`);
    stand.nats.resume();
    expect(ended).toEqual({ code: 0, signal: null });
    await stand.worker.start();
    const from = await landedTo(stand);
    await until('more rows', 60_000, async () => (await landedTo(stand)) > from);
    expect(await checksOf(stand)).toEqual({});
  });
});

describe('how soon it is current again', () => {
  longTest('after kill -9 of nats-server, of the worker and of the warehouse', 90_000, async () => {
    const stand = await stood();
    await stand.worker.start();
    const connection = await connect({ servers: stand.nats.url, maxReconnectAttempts: -1 });
    await connection.close();
    const landsAgain = async (what: string, limit: number) => {
      const began = performance.now();
      const from = await landedTo(stand);
      // A live log ticks: whatever lands after this was appended after the server came back.
      await until(`rows after ${what}`, limit, async () => (await landedTo(stand)) > from);
      console.log(`current again ${Math.round(performance.now() - began)} ms after ${what}`);
    };
    await landsAgain('nothing', 20_000);
    await stand.nats.kill();
    await stand.nats.restart();
    await landsAgain('nats-server was there again', 15_000);
    await stand.worker.kill();
    const killed = performance.now();
    await stand.worker.start();
    console.log(`the worker started in ${Math.round(performance.now() - killed)} ms`);
    await landsAgain('the worker was there again', 15_000);
    const { pid = 0 } = stand.engine() ?? {};
    process.kill(pid, 'SIGKILL');
    await landsAgain('kill -9 of the warehouse', 15_000);
  });
});

type State = { readonly epochs: string[]; readonly checkpoints: string[]; readonly last: number };

/** What a worker of the pipeline `torn` has written into its folder. */
async function filesOf(folder: string): Promise<State> {
  const list = (name: string) => {
    const path = join(folder, 'torn-0', name);
    return readdirSync(path)
      .filter((file) => !file.endsWith('.tmp'))
      .sort()
      .map((file) => join(path, file));
  };
  try {
    const epochs = list('epochs');
    const [, last = '0'] = /-(\d+)\.epoch$/.exec(epochs.at(-1) ?? '') ?? [];
    return { epochs, checkpoints: list('checkpoints'), last: Number(last) };
  } catch {
    return { epochs: [], checkpoints: [], last: 0 };
  }
}

/** Half of the file is lost, and a byte of the rest is another. */
function tear(path: string | undefined): void {
  if (path === undefined) throw new Error('expected a file to tear');
  const content = readFileSync(path);
  const at = Math.floor(content.length / 4);
  content[at] = (content[at] ?? 0) ^ 0xff;
  writeFileSync(path, content);
  truncateSync(path, Math.floor(content.length / 2));
}
