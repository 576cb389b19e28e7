import { expect, test } from 'vitest';
import { CALL_PRIORITIES, createRateLimiter } from '../../../sinks/remote/throttle.ts';

/** What waits, by the order in which it may go. */
function passing(limiter: ReturnType<typeof createRateLimiter>, signal: AbortSignal) {
  const passed: string[] = [];
  const wait = (priority: (typeof CALL_PRIORITIES)[number]) =>
    limiter.pass(priority, signal).then(
      () => void passed.push(priority),
      () => void passed.push('left'),
    );
  return { passed, wait };
}

test('what is urgent goes first, and the last tokens are kept for it', async () => {
  const limiter = createRateLimiter({ per_minute: 60_000, burst: 2, urgent: 0.5 });
  limiter.pause(5);
  const { passed, wait } = passing(limiter, new AbortController().signal);
  await Promise.all(CALL_PRIORITIES.toReversed().map(wait));
  expect(passed).toEqual([...CALL_PRIORITIES]);
});

test('as many calls as there are wait under one signal, and leave with it', async () => {
  const limiter = createRateLimiter({ per_minute: 0.001, burst: 1, urgent: 0 });
  const over = new AbortController();
  const { passed, wait } = passing(limiter, over.signal);
  const calls = Array.from({ length: 30 }, () => wait('delivery'));
  // The file fails if Node takes the listeners of those that wait for a leak: test/support/each-file.ts.
  await calls[0];
  over.abort(new Error('over'));
  await Promise.all(calls);
  expect(passed).toEqual(['delivery', ...Array<string>(29).fill('left')]);
  await expect(limiter.pass('urgent', over.signal)).rejects.toThrow('over');
});
