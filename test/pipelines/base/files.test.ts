import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DISK, type Disk } from '../../../pipelines/base/disk.ts';
import { writeWhole } from '../../../pipelines/base/files.ts';
import { EXIT, Problem } from '../../../pipelines/base/problem.ts';
import { persist } from '../../../pipelines/worker/epochs/persist.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

/** A disk that takes the first ten bytes of a file and says so: what a full one does to a write that began well. */
const FULL: Disk = {
  ...DISK,
  async open(path, flags) {
    const file = await DISK.open(path, flags);
    return {
      writev: (parts) => file.writev([Buffer.concat(parts).subarray(0, 10)]),
      sync: () => file.sync(),
      close: () => file.close(),
    };
  },
};

describe('a file that is written whole', () => {
  test('is what it was when the disk took only a part of the new one', async () => {
    const path = join(temporaryDirectory(), 'cursor.json');
    await writeWhole(DISK, path, [Buffer.from('what was')]);
    const parts = [Buffer.from('what is to be, '), Buffer.from('in two parts')];
    await expect(writeWhole(FULL, path, parts)).rejects.toThrow('expected room for 27 bytes');
    expect(readFileSync(path, 'utf8')).toBe('what was');
  });

  test('takes the place of what an interrupted write left', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'cursor.json');
    await writeWhole(FULL, path, [Buffer.from('torn behind the tenth byte')]).catch(() => {});
    await writeWhole(DISK, path, [Buffer.from('what is')]);
    expect(readFileSync(path, 'utf8')).toBe('what is');
    expect(readdirSync(directory)).toEqual(['cursor.json']);
  });
});

test('what says itself what to do is not tried again', async () => {
  const problem = new Problem({
    ...{ where: 'here', expected: 'a', found: 'b', remedy: 'c' },
    exit: EXIT.defect,
  });
  const { signal } = new AbortController();
  const writing = persist(() => Promise.reject(problem), { path: '', record() {}, signal });
  await expect(writing).rejects.toBe(problem);
});
