import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DISK } from '../../../pipelines/base/disk.ts';
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
