import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Sequence } from '../../../operators/model/message.ts';
import type { EventTime } from '../../../operators/model/time.ts';
import type { InternalEvent } from '../../../pipelines/observe/observe.ts';
import { type LagSource, reportLag } from '../../../pipelines/worker/report.ts';

/** A log of ten messages, of which the worker has taken some. */
function reported(source: { taken: number | undefined; held?: boolean }) {
  const events: InternalEvent[] = [];
  const state = { created: '', first: 1 as Sequence, last: 10 as Sequence, messages: 10, bytes: 1 };
  const current = (): LagSource => ({
    log: { stream: 'ANDON_0', replay: false, state: async () => state },
    progress:
      source.taken === undefined ? undefined : { last: source.taken, appended: 0 as EventTime },
    held: source.held ?? false,
    waiting: [{ sink: 'clickhouse', files: 3, bytes: 90 }],
  });
  const stop = reportLag(current, (event) => void events.push(event), {
    every: 2,
    stalledAfter: 20,
  });
  const usual = ['log-lag', 'sink-behind'];
  const kinds = () => events.map(({ kind }) => kind).filter((kind) => !usual.includes(kind));
  return { events, kinds, stop };
}

async function until(question: () => boolean): Promise<void> {
  while (!question()) await pause(2);
}

test('a log that has more and gives nothing is an alarm, once, until it moves', async () => {
  const source = { taken: 4 };
  const { kinds, stop } = reported(source);
  await until(() => kinds().length > 0);
  await pause(60);
  expect(kinds()).toEqual(['log-stalled']);
  source.taken = 5;
  await until(() => kinds().length > 1);
  expect(kinds().slice(0, 2)).toEqual(['log-stalled', 'log-moves']);
  stop();
});

test('so is one of which nothing ever came', async () => {
  const { kinds, stop } = reported({ taken: undefined });
  await until(() => kinds().length > 0);
  expect(kinds()).toEqual(['log-stalled']);
  stop();
});

test.each([
  ['has nothing more', { taken: 10 }],
  ['is held back by the sinks, which have an alarm of their own', { taken: 4, held: true }],
])('one that %s is not', async (_, source) => {
  const { kinds, stop } = reported(source);
  await pause(100);
  expect(kinds()).toEqual([]);
  stop();
});

test('what waits for a sink is told while it takes nothing, too', async () => {
  const { events, stop } = reported({ taken: undefined });
  await until(() => events.length > 0);
  expect(events[0]).toEqual({ kind: 'sink-behind', sink: 'clickhouse', files: 3, bytes: 90 });
  stop();
});
