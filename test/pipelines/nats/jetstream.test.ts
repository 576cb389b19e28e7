import { expect, test } from 'vitest';
import { askedAgain } from '../../../pipelines/nats/jetstream.ts';

const never = new Promise<never>(() => undefined);

test('a question that gets no answer is asked again, and the first answer counts', async () => {
  const answers = [never, never, Promise.resolve('there'), never];
  let asked = 0;
  const ask = () => answers[asked++] ?? never;
  expect(await askedAgain(ask, 1)).toBe('there');
  expect(asked).toBeGreaterThanOrEqual(3);
});

test('one that is answered is asked once, and a refusal is an answer', async () => {
  let asked = 0;
  const ask = async () => {
    asked += 1;
    throw new Error('stream not found');
  };
  await expect(askedAgain(ask, 60_000)).rejects.toThrow('stream not found');
  expect(asked).toBe(1);
});
