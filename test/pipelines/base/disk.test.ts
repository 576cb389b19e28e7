import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DISK, type Disk, writeWhole } from '../../../pipelines/base/disk.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

test.each([0, 1, 3_000_001])('a file of %d bytes is read whole', async (size) => {
  const path = join(temporaryDirectory(), 'file');
  const content = Buffer.alloc(size, 'some bytes');
  writeFileSync(path, content);
  expect((await DISK.readFile(path)).equals(content)).toBe(true);
});

test('a file that is not there is said to be missing', async () => {
  const path = join(temporaryDirectory(), 'none');
  await expect(DISK.readFile(path)).rejects.toMatchObject({ code: 'ENOENT' });
});

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
