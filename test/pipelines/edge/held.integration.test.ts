import type { NatsConnection } from '@nats-io/transport-node';
import { afterEach, expect, test } from 'vitest';
import { type Held, moveHeld } from '../../../pipelines/edge/held.ts';
import { streamManager } from '../../../pipelines/nats/jetstream.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { EDGE_STREAM, ensureEdgeStreams, HELD_STREAM } from '../../../pipelines/nats/streams.ts';
import type { InternalEvent } from '../../../pipelines/observe/observe.ts';
import { failingOnce, startNats, type TestNats } from '../../stand/nats.ts';
import { until } from '../../stand/stand.ts';

const LONG = 60_000;

let nats: TestNats | undefined;
let connection: NatsConnection | undefined;
let over = new AbortController();
let held: Held | undefined;
afterEach(async () => {
  over.abort();
  await held?.ended;
  await connection?.close();
  await nats?.stop();
  [nats, connection, held] = [undefined, undefined, undefined];
});

/** An edge's two streams, and what moves from one to the other. `through`: the connection that it uses. */
async function start(through: (connection: NatsConnection) => NatsConnection = (own) => own) {
  over = new AbortController();
  nats = await startNats();
  connection = await connectNats({ servers: nats.url, name: 'test' });
  const own = connection;
  await ensureEdgeStreams(own, {});
  const recorded: InternalEvent[] = [];
  const hold = async (from: number, to: number) => {
    for (let n = from; n < to; n += 1) {
      await own.request('held.andon.0.telemetry.p.l.a', `${n}`, { timeout: LONG });
    }
  };
  const begin = () => {
    held = moveHeld({
      ...{ connection: through(own), rate: 1_000, mayGo: () => true, signal: over.signal },
      record: (event) => recorded.push(event),
    });
    return held;
  };
  return { connection: own, hold, begin, recorded };
}

async function messagesIn(own: NatsConnection, stream: string): Promise<number> {
  return (await (await streamManager(own)).streams.info(stream)).state.messages;
}

test('what has gone up leaves the disk, also when its removal failed at first', async () => {
  const stand = await start((own) => failingOnce(own, 'STREAM.PURGE'));
  await stand.hold(0, 20);
  const moving = stand.begin();
  await until('nothing to be held', LONG, async () => {
    return (await messagesIn(stand.connection, HELD_STREAM)) === 0;
  });
  await until('the status', LONG, async () => moving.status.messages === 0);
  expect(stand.recorded.map(({ kind }) => kind)).toEqual(['edge-trouble']);
  expect(moving.status).toMatchObject({ moved: 20, lost: 0 });
  expect(await messagesIn(stand.connection, EDGE_STREAM)).toBe(20);
});

test('a memory that was made anew is moved from its beginning', async () => {
  const stand = await start();
  await stand.hold(0, 20);
  const moving = stand.begin();
  await until('the first ones', LONG, async () => moving.status.moved === 20);
  await until('nothing to be held', LONG, async () => moving.status.messages === 0);
  const { streams } = await streamManager(stand.connection);
  await streams.delete(HELD_STREAM);
  await ensureEdgeStreams(stand.connection, {});
  await stand.hold(20, 25);
  await until('the others', LONG, async () => moving.status.moved === 25);
  expect(await messagesIn(stand.connection, EDGE_STREAM)).toBe(25);
});
