import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXIT } from '../../../pipelines/base/problem.ts';
import { lockDirectory } from '../../../pipelines/base/process-lock.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('own', () => {
  test('who comes second is refused with the name of the owner', async () => {
    const directory = temporaryDirectory();
    const first = await lockDirectory(directory, 'host-a:17');
    await expect(lockDirectory(directory, 'host-a:18')).rejects.toMatchObject({
      exit: EXIT.owned,
      message: expect.stringContaining('it belongs to host-a:17'),
    });
    await first.release();
  });

  test('after a release the directory is free', async () => {
    const directory = temporaryDirectory();
    await (await lockDirectory(directory, 'first')).release();
    const second = await lockDirectory(directory, 'second');
    await second.release();
  });

  test('what cannot be a directory is refused', async () => {
    const file = join(temporaryDirectory(), 'file');
    writeFileSync(file, '');
    await expect(lockDirectory(file, 'a')).rejects.toMatchObject({
      exit: EXIT.input,
      message: expect.stringContaining('expected a directory that is there or can be made'),
    });
  });

  test('different directories have different owners', async () => {
    const [one, other] = await Promise.all([
      lockDirectory(temporaryDirectory(), 'a'),
      lockDirectory(temporaryDirectory(), 'b'),
    ]);
    await Promise.all([one.release(), other.release()]);
  });
});
