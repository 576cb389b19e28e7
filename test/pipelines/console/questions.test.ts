import { expect, test } from 'vitest';
import { z } from 'zod';
import { EXIT, Problem } from '../../../pipelines/base/problem.ts';
import { ApiProblem } from '../../../pipelines/console/api/api-problem.ts';
import { createQuestions } from '../../../pipelines/console/data/questions.ts';

const row = z.object({ n: z.number() });

/** Answers count up; `now` is a clock that is moved. */
function asked() {
  const clock = { now: 0 };
  let count = 0;
  const reader = {
    rows: async (query: string) => {
      if (query === 'away') {
        const parts = { expected: 'a', found: 'b', remedy: 'c', exit: EXIT.outside };
        throw new Problem(parts);
      }
      count += 1;
      return [{ n: count }];
    },
  };
  const questions = createQuestions(reader, () => clock.now);
  const ask = async (query: string, parameters = {}) =>
    (await questions.ask(row, query, parameters))[0]?.n;
  return { clock, questions, ask };
}

test('what is asked by many at a time is one question, until its answer is old', async () => {
  const { clock, ask } = asked();
  expect(await Promise.all([ask('a'), ask('a'), ask('a')])).toEqual([1, 1, 1]);
  clock.now = 4_999;
  expect(await ask('a')).toBe(1);
  expect(await ask('a', { plant: 'p' })).toBe(2);
  clock.now = 5_000;
  expect(await ask('a')).toBe(3);
});

test('whoever asks because something landed gets no answer from before it, however young that is', async () => {
  const { clock, questions, ask } = asked();
  clock.now = 10;
  expect(await ask('a')).toBe(1);
  questions.forget();
  expect(await ask('a')).toBe(2);
  clock.now = 11;
  expect(await ask('a')).toBe(3);
  expect(await ask('a')).toBe(3);
});

test('a warehouse that is away is said, and asked again by the next one', async () => {
  const { ask } = asked();
  const problem = await ask('away').catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(ApiProblem);
  expect(problem).toMatchObject({ kind: 'away', status: 503, after: 5 });
  await expect(ask('away')).rejects.toThrow('expected a, found b');
});
