import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { disturbances } from '../stand/disturbances.ts';
import { checksOf, landedTo, rowsOf } from '../stand/landed.ts';
import { expectOutcome } from '../stand/outcome.ts';
import { recordedPlant } from '../stand/recorded-plant.ts';
import { remount, smallDisk } from '../stand/small-disk.ts';
import { andon, type Stand, startStand, until, untilPublished } from '../stand/stand.ts';
import { FAULTS_PRELOAD, type WorkerFault, withFault } from '../stand/worker-fault-of.ts';
import { longTest } from '../support/long.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const { calm, keep, relayed } = disturbances();
const { recording, files } = recordedPlant(temporaryDirectory(), 300, 17);

const saidOfTheDisk = ({ worker }: Stand) =>
  worker.lines.filter((line) => line.includes('"disk-full"')).length;

type Trouble = { make(state: string): Promise<void>; undo(state: string): Promise<void> };

/** A worker on a small disk, with which something is wrong while messages go on coming. */
async function throughTrouble(context: TestContext, { make, undo }: Trouble): Promise<void> {
  const directory = temporaryDirectory();
  const state = join(directory, 'plant-0');
  smallDisk(state, '4m', context);
  const stand = keep(await startStand({ directory }));
  const { worker, env } = stand;
  const publishing = andon(
    ['publish', '--replay', '--speed', '40', ...files, recording, '--json'],
    env,
  );
  await untilPublished(stand);
  await worker.start();
  await until('a first epoch', 20_000, async () => (await landedTo(stand)) > 0);
  await make(state);
  await until('a word about the disk', 30_000, async () => saidOfTheDisk(stand) > 0);
  const published = await publishing;
  expect(published.err).toBe('');
  const { last } = JSON.parse(published.out);
  expect(await landedTo(stand)).toBeLessThan(last);

  await undo(state);
  await until('everything to land', 40_000, async () => (await landedTo(stand)) === last);
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
}

describe('the disk of a worker', () => {
  test('full, it stops the worker from reading on, and nothing is lost once there is room', async (context) => {
    await throughTrouble(context, {
      async make(state) {
        const { bavail, bsize } = statfsSync(state);
        writeFileSync(join(state, 'filler'), Buffer.alloc(bavail * bsize));
      },
      undo: async (state) => rmSync(join(state, 'filler')),
    });
  }, 120_000);

  longTest(
    'read-only, it does the same until it can be written again',
    120_000,
    async (context) => {
      const turned = (state: string, how: 'ro' | 'rw') =>
        until(`the disk to be ${how}`, 10_000, async () => {
          try {
            remount(state, how);
            return true;
          } catch {
            return false;
          }
        });
      await throughTrouble(context, {
        make: (state) => turned(state, 'ro'),
        undo: (state) => turned(state, 'rw'),
      });
    },
  );

  // Epochs are written and passed on while nothing can land: that comes last.
  const REFUSALS: readonly WorkerFault[] = [
    { file: 'epochs', step: 'open', moment: 'before', code: 'EROFS' },
    { file: 'epochs', step: 'write', moment: 'before', code: 'ENOSPC' },
    { file: 'epochs', step: 'sync', moment: 'before', code: 'EIO' },
    { file: 'checkpoints', step: 'write', moment: 'before', code: 'ENOSPC' },
    { file: 'checkpoints', step: 'rename', moment: 'before', code: 'EROFS' },
    { file: 'outbox', step: 'open', moment: 'before', code: 'ENOSPC' },
    { file: 'clickhouse', step: 'rename', moment: 'before', code: 'EIO' },
  ];

  longTest(
    'whichever step it refuses, three times over, the file is written in the end',
    240_000,
    async () => {
      const expected = await calm();
      const { stand } = await relayed(FAULTS_PRELOAD);
      for (const refusal of REFUSALS) {
        const from = saidOfTheDisk(stand);
        await stand.worker.start(withFault({ ...refusal, act: 'refuse', times: 3 }));
        await until(`${refusal.step} to be refused`, 30_000, async () => {
          return saidOfTheDisk(stand) >= from + 3;
        });
        await stand.worker.kill();
      }
      await stand.worker.start();
      await expectOutcome(stand, expected);
    },
  );
});
