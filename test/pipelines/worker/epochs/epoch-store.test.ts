import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EXIT, Problem } from '../../../../pipelines/base/problem.ts';
import { openEpochStore, persist } from '../../../../pipelines/worker/epochs/epoch-store.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

test('a write that fails with a problem for people is not tried again', async () => {
  const problem = new Problem({
    ...{ where: 'here', expected: 'a', found: 'b', remedy: 'c' },
    exit: EXIT.defect,
  });
  const { signal } = new AbortController();
  const writing = persist(() => Promise.reject(problem), { path: '', record() {}, signal });
  await expect(writing).rejects.toBe(problem);
});

/** A directory with epoch files of these names. */
function directoryWith(...names: readonly string[]): string {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'epochs'));
  for (const name of names) writeFileSync(join(directory, 'epochs', `${name}.epoch`), 'x');
  return directory;
}

test.each([
  ['other messages under the same number', ['000000000004_31-40', '000000000004_31-44']],
  ['messages of the epoch before it', ['000000000004_31-40', '000000000005_39-52']],
])('an epoch file that holds %s is refused', async (_, names) => {
  const opening = openEpochStore(directoryWith(...names), ['clickhouse'], () => undefined);
  await expect(opening).rejects.toMatchObject({
    exit: EXIT.outside,
    message: expect.stringMatching(
      /epoch 4 \(messages 31 to 40\) and epoch [45] .* overlap.* Restore/s,
    ),
  });
});

test('epoch files that follow one another are not', async () => {
  const directory = directoryWith('000000000004_31-40', '000000000005_41-52');
  const store = await openEpochStore(directory, ['clickhouse'], () => undefined);
  expect(store.waiting().files).toBe(2);
});
