import { expect, test } from 'vitest';
import {
  createInternalEvents,
  type InternalEventsOptions,
} from '../../../pipelines/observe/observe.ts';

function recorded(options: InternalEventsOptions = {}) {
  const lines: string[] = [];
  const destination = { write: (line: string) => lines.push(line) };
  return { lines, ...createInternalEvents({ destination, ...options }) };
}

test('an internal event is one JSON line with its level, its fields and a sentence', () => {
  const { record, lines } = recorded();
  record({ kind: 'child-exited', name: 'warehouse', reason: 'SIGKILL', again: 400 });
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0]!)).toMatchObject({
    level: 'warn',
    kind: 'child-exited',
    name: 'warehouse',
    reason: 'SIGKILL',
    again: 400,
    msg: 'warehouse ended (SIGKILL); again in 0.4 s',
  });
});

test('an internal event below the level is counted, not logged', async () => {
  const { record, lines, metrics } = recorded({ level: 'warn' });
  record({ kind: 'request-status', id: 'R1', status: 'closed' });
  expect(lines).toEqual([]);
  expect(await metrics.getSingleMetricAsString('andon_request_statuses_total')).toContain(
    'andon_request_statuses_total{status="closed"} 1',
  );
});

test('two internal events may set the same gauge', async () => {
  const { record, metrics } = recorded();
  const gauge = () => metrics.getSingleMetricAsString('andon_connected');
  record({ kind: 'connected', server: 'nats', version: '2.15.1' });
  expect(await gauge()).toContain('andon_connected{server="nats"} 1');
  record({ kind: 'disconnected', server: 'nats', reason: 'closed' });
  expect(await gauge()).toContain('andon_connected{server="nats"} 0');
});

test('a counter adds the value of its internal event, and every metric carries the labels', async () => {
  const { record, metrics } = recorded({ labels: { partition: '0' } });
  record({ kind: 'dead-letter', reason: 'late', stage: 'window', count: 3 });
  record({ kind: 'dead-letter', reason: 'late', stage: 'window', count: 4 });
  expect(await metrics.getSingleMetricAsString('andon_dead_letters_total')).toContain(
    'andon_dead_letters_total{reason="late",stage="window",partition="0"} 7',
  );
});

test('milliseconds are shown as seconds', async () => {
  const { record, metrics } = recorded();
  record({
    ...{ kind: 'checkpoint-written', epoch: 5, to: 9, bytes: 100 },
    ...{ milliseconds: 250, whole: true },
  });
  const text = await metrics.getSingleMetricAsString('andon_checkpoint_seconds');
  expect(text).toContain('andon_checkpoint_seconds_sum 0.25');
});

test('a line for people is short and marks what is not well', () => {
  const { record, lines } = recorded({ pretty: true });
  record({ kind: 'draining', reason: 'SIGTERM' });
  record({ kind: 'disconnected', server: 'NATS', reason: 'refused' });
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d draining: SIGTERM\n$/);
  expect(lines[1]).toMatch(/^\d\d:\d\d:\d\d warn: NATS is away: refused\n$/);
});

test('an error is logged with its message', () => {
  const { record, lines } = recorded();
  record({ kind: 'maintenance-trouble', where: 'status', error: new Error('no route') });
  expect(JSON.parse(lines[0]!).error).toMatchObject({ type: 'Error', message: 'no route' });
});
