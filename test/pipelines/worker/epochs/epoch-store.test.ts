import { expect, test } from 'vitest';
import { EXIT, Problem } from '../../../../pipelines/base/problem.ts';
import { persist } from '../../../../pipelines/worker/epochs/epoch-store.ts';

test('a write that fails with a problem for people is not tried again', async () => {
  const problem = new Problem({
    ...{ where: 'here', expected: 'a', found: 'b', remedy: 'c' },
    exit: EXIT.defect,
  });
  const { signal } = new AbortController();
  const writing = persist(() => Promise.reject(problem), { path: '', record() {}, signal });
  await expect(writing).rejects.toBe(problem);
});
