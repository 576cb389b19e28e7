import { expect, test } from 'vitest';
import type { EventTime } from '../../../operators/model/time.ts';
import { type OrderPoll, pollOrders } from '../../../pipelines/systems/order-poll.ts';
import { success } from '../../../sinks/remote/outcome.ts';

const HOUR = 3_600_000;
const NOW = 1_000 * HOUR;
const OVERLAP = 60_000;

/** Looks at a CMMS once an hour: first it has these times of changes, then nothing new. Gives since when each look asked. */
async function askedSince(changed: readonly number[], mark?: number): Promise<readonly number[]> {
  const asked: number[] = [];
  const kept = { now: NOW, mark: mark === undefined ? undefined : ((mark * 1_000) as EventTime) };
  const poll = {
    ledger: {
      mark: async () => kept.mark,
      async keepMark(time: EventTime) {
        kept.mark = time;
      },
    },
    context: {
      ...{ now: () => kept.now, signal: new AbortController().signal, record: () => undefined },
      cmms: {
        orders: { lookback: 24 * HOUR },
        async changes(since: EventTime, onObject: (object: object) => void) {
          asked.push(since / 1_000);
          // Requests of ours: of them the time alone counts.
          for (const time of changed) onObject({ key: 'ours', changed: time * 1_000 });
          return success(changed.length);
        },
      },
    },
  } as unknown as OrderPoll;
  for (; kept.now < NOW + 3 * HOUR; kept.now += HOUR) await pollOrders(poll);
  return asked;
}

test('a change in the future does not stop the reading of orders', async () => {
  const asked = await askedSince([NOW - HOUR, NOW + 1_000 * HOUR]);
  expect(asked).toEqual([NOW - 24 * HOUR, NOW - OVERLAP, NOW + HOUR - OVERLAP]);
});

test('reads on from the newest change, and anew where that is in the future', async () => {
  const [first, ...others] = await askedSince([NOW - 2 * HOUR], NOW - 3 * HOUR);
  expect(first).toBe(NOW - 3 * HOUR - OVERLAP);
  expect(new Set(others)).toEqual(new Set([NOW - 2 * HOUR - OVERLAP]));
  const [anew, next] = await askedSince([NOW - 2 * HOUR], NOW + 9 * HOUR);
  expect([anew, next]).toEqual([NOW - 24 * HOUR, NOW - 2 * HOUR - OVERLAP]);
});
