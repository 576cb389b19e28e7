import { expect, test } from 'vitest';
import type { EventTime } from '../../../operators/model/time.ts';
import type { InternalEvent } from '../../../pipelines/observe/observe.ts';
import {
  type OrderPoll,
  pollOrders,
  startOrderPoll,
} from '../../../pipelines/systems/order-poll.ts';
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

/** A poll of a CMMS whose looks each last until they are told how they end. */
function pollByHand() {
  const looks: { resolve(): void; reject(error: Error): void }[] = [];
  const over = new AbortController();
  const recorded: InternalEvent[] = [];
  const running = startOrderPoll({
    ledger: { mark: async () => undefined, keepMark: async () => undefined },
    context: {
      ...{ now: () => NOW, signal: over.signal },
      record: (event: InternalEvent) => recorded.push(event),
      cmms: {
        orders: { lookback: 24 * HOUR, every: HOUR },
        changes: () =>
          new Promise((resolve, reject) => {
            looks.push({ resolve: () => resolve(success(0)), reject });
          }),
      },
    },
  } as unknown as OrderPoll);
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { ...{ running, looks, over, recorded, turn } };
}

test('who is told to look while it looks, or looks in vain, looks once more', async () => {
  const { running, looks, recorded, turn } = pollByHand();
  await turn();
  for (let times = 0; times < 100; times += 1) running.look();
  looks[0]?.reject(new Error('the CMMS is away'));
  await turn();
  expect(recorded).toEqual([expect.objectContaining({ kind: 'maintenance-trouble' })]);
  expect(looks).toHaveLength(2);
  running.look();
  looks[1]?.resolve();
  await turn();
  expect(looks).toHaveLength(3);
  looks[2]?.resolve();
  await turn();
  expect(looks).toHaveLength(3);
  await running.stop();
});

test('who is stopped looks to the end, and not once more', async () => {
  const { running, looks, over, turn } = pollByHand();
  await turn();
  running.look();
  over.abort();
  const stopped = running.stop();
  looks[0]?.resolve();
  await stopped;
  await turn();
  expect(looks).toHaveLength(1);
});
