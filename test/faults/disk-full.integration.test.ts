import { appendFileSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { disturbances } from '../stand/disturbances.ts';
import { checksOf, landedTo, rowsOf } from '../stand/landed.ts';
import { expectOutcome, publishFirstHalf, publishSecondHalf } from '../stand/outcome.ts';
import { recordedPlant } from '../stand/recorded-plant.ts';
import { remount, smallDisk } from '../stand/small-disk.ts';
import { andon, type Stand, startStand, until } from '../stand/stand.ts';
import { FAULTS_PRELOAD, type WorkerFault, withFault } from '../stand/worker-fault-of.ts';
import { longTest } from '../support/long.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const { calm, keep, relayed } = disturbances();
const plant = recordedPlant(temporaryDirectory(), 300, 17);
/** Small enough that the second half of the recording is several epochs. */
const EPOCH = { seconds: 0.3, rows: 200, checkpointEvery: 4 };

const saidOfTheDisk = ({ worker }: Stand) =>
  worker.lines.filter((line) => line.includes('"disk-full"')).length;

/** `make` is called until the worker says a word: what it removes at first may leave it room. */
type Trouble = { make(state: string): Promise<void>; undo(state: string): Promise<void> };

/** A worker on a small disk, with which something is wrong before the second half of the messages comes. */
async function throughTrouble(context: TestContext, { make, undo }: Trouble): Promise<void> {
  const directory = temporaryDirectory();
  const state = join(directory, 'plant-0');
  smallDisk(state, '4m', context);
  const stand = keep(await startStand({ directory, config: { epoch: EPOCH } }));
  const half = await publishFirstHalf(stand, plant);
  await stand.worker.start();
  await until('the first half to land', 40_000, async () => (await landedTo(stand)) === half);
  await make(state);
  const last = await publishSecondHalf(stand, plant);
  await until('a word about the disk', 30_000, async () => {
    if (saidOfTheDisk(stand) > 0) return true;
    await make(state);
    return false;
  });
  // The epochs that are missing cannot be written before the disk is well again, however long that takes.
  expect(await landedTo(stand)).toBeLessThan(last);

  await undo(state);
  await until('everything to land', 40_000, async () => (await landedTo(stand)) === last);
  expect(await checksOf(stand)).toEqual({});
  const backtest = await andon(['backtest', ...plant.files, '--data', plant.recording, '--json']);
  const { readings, features, revisions } = JSON.parse(backtest.err);
  const [rows] = await rowsOf(
    stand,
    'SELECT toUInt32((SELECT count() FROM {db}.readings)) AS readings, ' +
      'toUInt32((SELECT count() FROM {db}.features)) AS features, ' +
      'toUInt32((SELECT count() FROM {db}.request_history)) AS revisions',
  );
  expect(rows).toEqual({ readings, features, revisions });
}

/** Takes all the room that is left. */
function fill(state: string): void {
  const { bavail, bsize } = statfsSync(state);
  try {
    appendFileSync(join(state, 'filler'), Buffer.alloc(bavail * bsize));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

describe('the disk of a worker', () => {
  test('full, it stops the worker from reading on, and nothing is lost once there is room', async (context) => {
    await throughTrouble(context, {
      make: async (state) => fill(state),
      undo: async (state) => rmSync(join(state, 'filler')),
    });
  });

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
