import { copyFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { DISK, type Disk } from '../../../../pipelines/base/disk.ts';
import {
  type Checkpoints,
  openCheckpoints,
} from '../../../../pipelines/worker/epochs/checkpoints.ts';
import {
  NO_PACKED_STATES,
  type PackedStates,
} from '../../../../pipelines/worker/epochs/state-image.ts';
import { RUN } from '../../../support/in-process-worker.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const BASE = NO_PACKED_STATES;
const INCREMENT: PackedStates = { whole: false, parts: [] };

let directory: string;
let refused: string[];
let checkpoints: Checkpoints;
let epoch: number;

beforeEach(() => {
  directory = temporaryDirectory();
  refused = [];
  epoch = 0;
  checkpoints = open();
});

function open(disk: Disk = DISK): Checkpoints {
  return openCheckpoints(disk, directory, (file, reason) => {
    refused.push(`${file.slice(-15)}: ${reason}`);
  });
}

/** B is a base, i an increment; each ends ten messages after the one before. */
async function write(kinds: string, needed?: number): Promise<void> {
  for (const kind of kinds) {
    epoch += 1;
    const states = kind === 'B' ? BASE : INCREMENT;
    await checkpoints.write({ ...RUN, epoch, to: 10 * epoch, states }, needed);
  }
}

/** What is there, in the same letters. */
function there(): string {
  const kinds = readdirSync(directory).sort();
  return kinds.map((name) => (name.endsWith('checkpoint') ? 'B' : 'i')).join('');
}

function nameOf(number: number, ending: string): string {
  return join(directory, `${String(number).padStart(12, '0')}_${10 * number}.${ending}`);
}

const newest = async (before = Number.POSITIVE_INFINITY) => {
  return (await checkpoints.newest(RUN, before))?.epoch;
};

describe('what is kept', () => {
  test.each([
    ['BBBBB', 'BBB'],
    ['BiiBiiBii', 'BiiBii'],
    ['BiiBiiB', 'BiiB'],
    // Two bases alone would be two points to go on from.
    ['BiiBB', 'BiiBB'],
    ['BiiBBB', 'BBB'],
    ['Biiiiii', 'Biiiiii'],
  ])('of %s: two bases and what stands on them, and three at least', async (written, kept) => {
    await write(written);
    expect(there()).toBe(kept);
  });

  test('the chain from which the oldest epoch file can be cut again, too', async () => {
    await write('BiBiBiBiBi', 38);
    expect(there()).toBe('BiBiBi');
    expect(await newest(38)).toBe(3);
  });

  test.each([0, 1, 2])('killed after %i old ones are removed: a chain is left', async (removed) => {
    await write('BiiBii');
    let left = removed;
    checkpoints = open({
      ...DISK,
      async rm(path, options) {
        if (left === 0) throw new Error('killed');
        left -= 1;
        await DISK.rm(path, options);
      },
    });
    await expect(write('B')).rejects.toThrow('killed');
    expect(there()).toBe(`${'Bii'.slice(0, 3 - removed)}BiiB`);
    checkpoints = open();
    expect(await newest(31)).toBe(3 - removed);
    expect(refused).toEqual([]);
  });
});

describe('an increment', () => {
  test('is nothing without the one that it stands on', async () => {
    await expect(write('i')).rejects.toThrow('expected a base first');
    await write('Biii');
    rmSync(nameOf(epoch - 1, 'increment'));
    expect(await newest()).toBe(epoch - 2);
    expect(refused).toEqual([
      expect.stringMatching(/50.increment: the checkpoint that it stands on is not there/),
    ]);
    // It must not count among those that are kept.
    expect(there()).toBe('Bi');
  });

  test('does not stand on another one of the same name', async () => {
    await write('Bii');
    const stranger = nameOf(2, 'increment');
    const other = temporaryDirectory();
    const elsewhere = openCheckpoints(DISK, other, expect.unreachable);
    await elsewhere.write({ ...RUN, epoch: 1, to: 9, states: BASE });
    await elsewhere.write({ ...RUN, epoch: 2, to: 20, states: INCREMENT });
    copyFileSync(join(other, stranger.slice(directory.length + 1)), stranger);
    expect(await newest()).toBe(1);
    expect(refused).toHaveLength(2);
  });

  test('that is written again, because an old one could not be removed, stands on the one before it', async () => {
    let failing = false;
    checkpoints = open({
      ...DISK,
      async rm(path, options) {
        if (failing) throw new Error('EIO');
        await DISK.rm(path, options);
      },
    });
    await write('BiiBB');
    failing = true;
    await expect(write('i')).rejects.toThrow('EIO');
    failing = false;
    // The worker writes the same one again.
    epoch -= 1;
    await write('iiii');
    expect(await newest()).toBe(9);
    expect(refused).toEqual([]);
    expect(there()).toBe('BBiiii');
  });

  test('of before a message is asked for: what stands behind it is no part of it', async () => {
    await write('BiiBi');
    expect(await newest(25)).toBe(2);
    expect(await newest(30)).toBe(2);
    expect(await newest(31)).toBe(3);
    expect(await newest(45)).toBe(4);
    expect(there()).toBe('BiiBi');
    await expect(newest(5)).rejects.toThrow(/found 0 damaged ones, and 5 too late ones/);
  });

  test('of another run is refused', async () => {
    await write('Bi');
    await expect(checkpoints.newest({ ...RUN, run: '2' }, 100)).rejects.toThrow(/whose run is 2/);
  });
});
