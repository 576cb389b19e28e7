import { expect, test } from 'vitest';
import type { InternalEvent } from '../../../pipelines/observe/observe.ts';
import { createReadiness } from '../../../pipelines/observe/readiness.ts';

const CURRENT: InternalEvent = {
  ...{ kind: 'log-lag', stream: 'ANDON_0', messages: 0, milliseconds: 90_000, room: 1 },
  ...{ read: 7, appended: '2026-01-05T06:00:00Z', replay: false },
};
const retry = (attempt: number): InternalEvent => ({
  ...{ kind: 'sink-retry', sink: 'clickhouse', epoch: 7, attempt, reason: 'refused', again: 100 },
});

/** A worker that has caught up, after these events. */
function after(...events: readonly InternalEvent[]): readonly string[] {
  const readiness = createReadiness();
  for (const event of [CURRENT, ...events]) readiness.watch(event);
  return readiness.unready();
}

test('a worker is not ready before it has read its log, and ready when nothing is left to read', () => {
  expect(createReadiness().unready()).toEqual(['the log was not read yet']);
  expect(after()).toEqual([]);
});

test('one that is behind its log is not ready; in a replay the age of messages says nothing', () => {
  const lag = { ...CURRENT, messages: 500 };
  expect(after(lag)).toEqual(['500 messages (90 s) behind ANDON_0']);
  expect(after({ ...lag, milliseconds: 2_000 })).toEqual([]);
  expect(after({ ...lag, replay: true })).toEqual([]);
});

const BAD_AND_GOOD: readonly (readonly [InternalEvent, InternalEvent, RegExp])[] = [
  [
    { kind: 'disconnected', server: 'NATS', reason: 'closed' },
    { kind: 'connected', server: 'NATS', version: '' },
    /NATS is away: closed/,
  ],
  [
    { kind: 'log-interrupted', stream: 'ANDON_0', reason: 'no answer' },
    { kind: 'log-resumed', stream: 'ANDON_0', next: 8 },
    /ANDON_0 is interrupted: no answer/,
  ],
  [
    { kind: 'log-stalled', stream: 'ANDON_0', messages: 3, milliseconds: 30_000 },
    { kind: 'log-moves', stream: 'ANDON_0' },
    /nothing comes from ANDON_0/,
  ],
  [
    retry(3),
    {
      ...{ kind: 'epoch-landed', sink: 'clickhouse', epoch: 7, epochs: 1 },
      ...{ rows: 1, bytes: 1, milliseconds: 1 },
    },
    /clickhouse takes nothing: refused/,
  ],
  [
    { kind: 'back-pressure-on', files: 2_000, bytes: 1 },
    { kind: 'back-pressure-off', milliseconds: 1 },
    /2000 epoch files wait: nothing is pulled/,
  ],
];

test.each(BAD_AND_GOOD)('%o is a reason until the opposite comes', (bad, good, said) => {
  expect(after(bad).join('; ')).toMatch(said);
  expect(after(bad, good)).toEqual([]);
});

test('a sink that failed once or twice is no reason', () => {
  expect(after(retry(1), retry(2))).toEqual([]);
});
