import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checksOf, landedTo, rowsOf } from '../support/landed.ts';
import { recordedPlant } from '../support/recorded-plant.ts';
import { andon, type Stand, startStand, until, untilPublished } from '../support/stand.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const { recording, files } = recordedPlant(temporaryDirectory(), 300, 17);
let stand: Stand | undefined;
let mounted: string | undefined;
afterAll(async () => {
  await stand?.stop();
  if (mounted !== undefined) execFileSync('umount', ['-l', mounted]);
});

/** A file system of 4 MB of its own at this path; the reason why not, where this machine does not allow it. */
function smallDisk(path: string): string | undefined {
  mkdirSync(path, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'none', path], { stdio: 'pipe' });
    mounted = path;
    return undefined;
  } catch (error) {
    return `cannot mount a small file system: ${error instanceof Error ? error.message : error}`;
  }
}

test('a full disk stops the worker from reading on, and nothing is lost once there is room', async (context) => {
  const directory = temporaryDirectory();
  const state = join(directory, 'plant-0');
  const reason = process.platform === 'linux' ? smallDisk(state) : 'needs Linux';
  if (reason !== undefined) context.skip(reason);

  stand = await startStand({ directory });
  const { worker, env } = stand;
  const publishing = andon(
    ['publish', '--replay', '--speed', '40', ...files, recording, '--json'],
    env,
  );
  await untilPublished(stand);
  await worker.start();
  await until('a first epoch', 20_000, async () => (await landedTo(stand as Stand)) > 0);
  const filler = join(state, 'filler');
  const { bavail, bsize } = statfsSync(state);
  writeFileSync(filler, Buffer.alloc(bavail * bsize));
  await until('a word about the disk', 30_000, async () =>
    worker.lines.some((line) => line.includes('"disk-full"')),
  );
  const published = await publishing;
  expect(published.err).toBe('');
  const { last } = JSON.parse(published.out);
  expect(await landedTo(stand)).toBeLessThan(last);

  rmSync(filler);
  await until('everything to land', 40_000, async () => (await landedTo(stand as Stand)) === last);
  expect(await checksOf(stand)).toEqual({});
  const backtest = await andon(['backtest', ...files, '--data', recording, '--json']);
  const { readings, features, revisions } = JSON.parse(backtest.err);
  const [rows] = await rowsOf(
    stand,
    'SELECT toUInt32((SELECT count() FROM {db}.readings)) AS readings, ' +
      'toUInt32((SELECT count() FROM {db}.features)) AS features, ' +
      'toUInt32((SELECT count() FROM {db}.request_history)) AS revisions',
  );
  expect(rows).toEqual({ readings, features, revisions });
}, 120_000);
