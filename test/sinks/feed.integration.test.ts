import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Row } from '../../operators/flow/flow.ts';
import type { Sequence } from '../../operators/model/message.ts';
import type { EventTime } from '../../operators/model/time.ts';
import { ensureCommands, ensureFeed } from '../../pipelines/nats/streams.ts';
import { createBlocks } from '../../sinks/clickhouse/blocks.ts';
import { createFeed, FEED_DATA, FEED_KINDS, type FeedKind } from '../../sinks/feed.ts';
import type { EpochContent } from '../../sinks/sink.ts';
import { startNats, type TestNats } from '../stand/nats.ts';

let nats: TestNats;
let connection: NatsConnection;
const never = new AbortController().signal;

beforeAll(async () => {
  nats = await startNats();
  connection = await connect({ servers: nats.url });
  await ensureFeed(connection);
  await ensureCommands(connection);
});
afterAll(async () => {
  await connection.close();
  await nats.stop();
});

const START = Date.UTC(2026, 2, 2, 6) * 1_000;
const at = (second: number) => (START + second * 1_000_000) as EventTime;

/** Of the latest message of the log. */
let sequence = 0;

/** An epoch as the worker encodes it: the rows are of one machine. */
function epochOf(
  asset: string,
  ...rows: readonly (readonly [table: string, row: object])[]
): EpochContent {
  const blocks = createBlocks();
  for (const [table, row] of rows) {
    sequence += 1;
    const placed = { plant: 'p1', line: 'l1', asset, ...row };
    blocks.add({ table, row: placed } as unknown as Row, sequence as Sequence, at(0));
  }
  return {
    ...{ pipeline: 'plant', run: '1', stream: 'ANDON_0', created: '2026-03-02T00:00:00Z' },
    ...{ epoch: 1, from: 1, to: 9, revisions: [], commands: [] },
    blocks: blocks.finish('ANDON_0', '1'),
  };
}

const state = (second: number, name: string) =>
  [
    'machine_states',
    { time: at(second), state: name, mode: '', order: '4711', product: 'lid' },
  ] as const;
const event = (second: number, type: string, kind: string, data: object) =>
  [
    'machine_events',
    {
      ...{ time: at(second), type, kind, data: JSON.stringify(data) },
      ...{ via: '', user: '', system: kind === 'status' ? 'erp' : '' },
    },
  ] as const;

type Heard = { kind: FeedKind; id: string; headers: Record<string, string>; data: unknown };

/** What a subscriber of a machine reads, from the beginning. */
async function heard(asset: string): Promise<readonly Heard[]> {
  const manager = await jetstreamManager(connection);
  const { name } = await manager.consumers.add('ANDON_FEED', {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.All,
    filter_subject: `feed.v1.p1.l1.${asset}.*`,
  });
  const consumer = await jetstream(connection).consumers.get('ANDON_FEED', name);
  const { num_pending: count } = await consumer.info();
  const all: Heard[] = [];
  if (count === 0) return all;
  for await (const message of await consumer.fetch({ max_messages: count })) {
    const headers = Object.fromEntries(
      [...(message.headers ?? [])].map(([field, [value = '']]) => [field, value]),
    );
    const kind = message.subject.split('.').at(-1) as FeedKind;
    all.push({ kind, id: headers['ce-id'] ?? '', headers, data: JSON.parse(message.string()) });
  }
  return all;
}

const kinds = (all: readonly Heard[]) => all.map(({ kind }) => kind);
const anomaly = {
  ...{ id: 'a1', phase: 'raised', revision: 1, rule: 'hot', detector: 'limit', point: '' },
  ...{ signal: 'temperature', component: '', failure_mode: '', severity: 'warning' },
  ...{ since: at(0), time: at(1), value: 95, limit: 80, score: 1, unit: 'Cel', reason: 'hot' },
  ...{ evidence: '{}', state: '', mode: '', order: '', product: '', sensor: '' },
  ...{ contributions: {}, part: '', advice: '', alarm: 'unacknowledged', withheld: '', cause: '' },
};
const alarm = {
  ...{ rule: 'hot', signal: 'temperature', point: '', anomaly: 'a1', time: at(1), who: '' },
  ...{ cause: 'raised', before: 'normal', after: 'unacknowledged', reason: '' },
};
const request = {
  ...{ id: 'r1', revision: 1, action: 'open', component: '', failure_mode: '', priority: 'high' },
  ...{ title: 'hot', since: at(0), opened: at(2), time: at(2), incidents: [], anomalies: ['a1'] },
  ...{ order: '4711', operation: '', product: 'lid', due: at(3_600), slot_start: null },
  ...{ slot_end: null, slot_entry: '', slot_kind: '', stop_cost: 120, order_late: true },
  request: '{"id":"r1","revision":1}',
};
const consumed = { id: 'c1', request: 'r1', step: 'use', n: 1, verb: 'consume', outcome: 'done' };

test('a state that comes late says nothing of now, also after a restart', async () => {
  const feed = createFeed(connection);
  await feed.write(epochOf('late', state(100, 'EXECUTE')), never);
  await feed.write(epochOf('late', state(10, 'STOPPED')), never);
  expect(kinds(await heard('late'))).toEqual([]);
  await feed.write(epochOf('late', state(200, 'STOPPED')), never);
  const next = createFeed(connection);
  await next.write(epochOf('late', state(150, 'EXECUTE')), never);
  expect(kinds(await heard('late'))).toEqual(['downtime-begun']);
});

test('what is too large for a message is told by its size, in bytes', async () => {
  const reason = 'ü'.repeat(800_000);
  await createFeed(connection).write(
    epochOf('large', ['anomalies', { ...anomaly, reason }]),
    never,
  );
  const [told] = await heard('large');
  expect(told).toMatchObject({ kind: 'anomaly', data: { too_large: expect.any(Number) } });
});

describe('the feed', () => {
  test('has every kind, as a CloudEvent whose id is that of the message, with the data that are documented', async () => {
    await jetstream(connection).publish(
      'command.erp.c1',
      JSON.stringify({ id: 'c1', verb: 'consume', payload: { part: '6205', quantity: 2 } }),
    );
    await createFeed(connection).write(
      epochOf(
        'press',
        state(0, 'EXECUTE'),
        state(1, 'ABORTED'),
        ['anomalies', anomaly],
        ['alarms', alarm],
        ['requests', request],
        event(5, 'command', 'status', consumed),
        // Later words on its object, and what others say, are no parts.
        event(6, 'command', 'status', { ...consumed, state: 'received' }),
        event(6, 'command', 'event', consumed),
        event(7, 'request', 'status', { id: 'r1', status: 'started' }),
        event(8, 'request', 'status', { id: 'r1', status: 'completed', remote: 'WO-7' }),
        state(9, 'EXECUTE'),
      ),
      never,
    );
    const all = await heard('press');
    expect(kinds(all).toSorted()).toEqual(Object.keys(FEED_KINDS).toSorted());
    for (const { kind, id, headers, data } of all) {
      expect(headers).toMatchObject({
        ...{ 'ce-specversion': '1.0', 'ce-type': `andon.${kind}.v1`, 'Nats-Msg-Id': id },
        ...{ 'ce-source': '/andon/plant/ANDON_0', 'ce-subject': 'p1/l1/press' },
        'Content-Type': 'application/json',
      });
      expect(headers['ce-time']).toMatch(/^2026-03-02T06:00:0\dZ$/);
      if (kind !== 'request') expect(FEED_DATA[kind].strict().parse(data)).toEqual(data);
    }
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    const of = (kind: FeedKind) => all.find((each) => each.kind === kind)?.data;
    expect(of('request')).toEqual({ id: 'r1', revision: 1 });
    expect(of('parts-used')).toMatchObject({ used: { part: '6205', quantity: 2 }, request: 'r1' });
    expect(of('work-completed')).toMatchObject({ request: 'r1', remote: 'WO-7', system: 'erp' });
    expect(of('production-exception')).toMatchObject({
      order: '4711',
      due: '2026-03-02T07:00:00Z',
    });
    expect(of('downtime-begun')).toMatchObject({ state: 'ABORTED', order: '4711' });
  });

  test('what is written again is there once, and another process knows that a machine was down', async () => {
    const first = epochOf('pump', state(0, 'EXECUTE'), state(1, 'ABORTED'), ['alarms', alarm]);
    await createFeed(connection).write(first, never);
    const before = await heard('pump');
    await createFeed(connection).write(first, never);
    expect(await heard('pump')).toEqual(before);
    expect(kinds(before)).toEqual(['downtime-begun', 'alarm']);
    // Clearing is neither; down it is until it runs or waits.
    const next = epochOf('pump', state(20, 'CLEARING'), state(30, 'STOPPED'), state(40, 'IDLE'));
    await createFeed(connection).write({ ...next, from: 10, to: 20, epoch: 2 }, never);
    expect(kinds(await heard('pump'))).toEqual(['downtime-begun', 'alarm', 'downtime-ended']);
  });

  test('a machine that runs from the beginning has no downtime, and a late order none without a stop', async () => {
    const plain = { ...request, order_late: false };
    const withdrawn = { ...request, action: 'withdraw', revision: 2 };
    await createFeed(connection).write(
      epochOf('fan', state(0, 'EXECUTE'), ['requests', plain], ['requests', withdrawn]),
      never,
    );
    expect(kinds(await heard('fan'))).toEqual(['request', 'request']);
  });
});
