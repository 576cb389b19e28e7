import { afterEach, expect, test, vi } from 'vitest';
import { createReconnectPace } from '../../../pipelines/nats/connection-options.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('an attempt may be made at once, the next one after the pause, also when the wall clock was set back', () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] });
  const wait = createReconnectPace(250);
  expect(wait()).toBe(Number.NEGATIVE_INFINITY);
  expect(wait()).toBe(250);
  vi.advanceTimersByTime(200);
  vi.setSystemTime(Date.now() - 5 * 3_600_000);
  expect(wait()).toBe(250);
  vi.advanceTimersByTime(200);
  expect(wait()).toBe(Number.NEGATIVE_INFINITY);
});
