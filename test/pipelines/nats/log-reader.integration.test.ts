import { createConnection } from 'node:net';
import { jetstreamManager } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Message } from '../../../operators/model/message.ts';
import type { Gap, Log } from '../../../pipelines/nats/log.ts';
import {
  type JetstreamLogOptions,
  type LogReaderEvent,
  openJetstreamLog,
} from '../../../pipelines/nats/log-reader.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { createPublisher } from '../../../pipelines/nats/publisher.ts';
import { ensurePartition } from '../../../pipelines/nats/streams.ts';
import { failingOnce, startNats, type TestNats } from '../../stand/nats.ts';

const never = new AbortController().signal;
const SUBJECT = 'telemetry.plant.line.asset';

let server: TestNats;
let connection: NatsConnection;
let log: Log | undefined;

beforeAll(async () => {
  server = await startNats();
  connection = await connectNats({ servers: server.url, name: 'test' });
});
afterAll(async () => {
  await connection.close();
  await server.stop();
});
beforeEach(async () => {
  await ensurePartition(connection, { partition: 0, partitions: 1 });
});
afterEach(async () => {
  await log?.close();
  log = undefined;
  const manager = await jetstreamManager(connection);
  await manager.streams.delete('ANDON_0').catch(() => undefined);
});

async function publish(count: number, first = 1): Promise<void> {
  const publisher = createPublisher(connection, { run: `test-${first}-${performance.now()}` });
  for (let index = first; index < first + count; index += 1) {
    await publisher.publish({ subject: SUBJECT, payload: Buffer.from(String(index)) });
  }
  await publisher.flush();
  publisher.close();
}

async function read(count: number): Promise<{ messages: Message[]; gaps: Gap[] }> {
  const messages: Message[] = [];
  const gaps: Gap[] = [];
  const giveUp = performance.now() + 20_000;
  while (messages.length < count && performance.now() < giveUp) {
    const pulled = await log!.pull(500, 1_000, never);
    messages.push(...pulled.messages);
    gaps.push(...pulled.gaps);
  }
  return { messages, gaps };
}

const open = async (more: Partial<Omit<JetstreamLogOptions, 'stream' | 'onEvent'>> = {}) => {
  const events: LogReaderEvent[] = [];
  log = await openJetstreamLog({
    connection,
    stream: 'ANDON_0',
    after: 0,
    onEvent: (event) => events.push(event),
    ...more,
  });
  return events;
};

/** A replay stream that has a message for each, with that append time in milliseconds or without one. */
async function replayWith(...times: readonly (string | undefined)[]): Promise<void> {
  const manager = await jetstreamManager(connection);
  await manager.streams.delete('ANDON_0');
  await ensurePartition(connection, { partition: 0, partitions: 1, replay: true });
  for (const appended of times) {
    const wire = headers();
    if (appended !== undefined) wire.set('Andon-Appended', appended);
    connection.publish(SUBJECT, 'x', { headers: wire });
  }
}

const sequencesOf = (messages: readonly Message[]) => messages.map(({ sequence }) => sequence);
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('a log over JetStream', () => {
  test('reads ahead of the client, which has what the network cuts in two; after a restart too', async () => {
    await publish(3_000);
    const reader = await connectNats({ servers: server.url, name: 'reader' });
    try {
      log = await openJetstreamLog({ connection: reader, stream: 'ANDON_0', after: 0, batch: 200 });
      const before = await read(1_500);
      await server.kill();
      await server.restart();
      const after = await read(3_000 - before.messages.length);
      expect(sequencesOf([...before.messages, ...after.messages])).toEqual(range(1, 3_000));
      expect(reader.stats().inMsgs).toBeLessThan(1_000);
    } finally {
      await log?.close();
      log = undefined;
      await reader.close();
    }
  });

  test('goes on past headers that the client refuses', async () => {
    const { port } = new URL(server.url);
    const socket = createConnection(Number(port), '127.0.0.1');
    const head = 'NATS/1.0\r\nMy Name: 1\r\n\r\n';
    const options = JSON.stringify({ verbose: false, headers: true });
    socket.write(`CONNECT ${options}\r\n`);
    socket.write(`HPUB ${SUBJECT} ${head.length} ${head.length + 1}\r\n${head}a\r\nPING\r\n`);
    for await (const chunk of socket) if (String(chunk).includes('PONG')) break;
    await publish(1);
    await open();
    const { messages } = await read(2);
    expect(messages.map(({ headers }) => headers)).toEqual([{ 'My Name': '1' }, {}]);
  });

  test('gives every message once, in order, with its own time to the microsecond', async () => {
    const before = Date.now();
    await publish(3_000);
    await open();
    const { messages, gaps } = await read(3_000);
    expect(sequencesOf(messages)).toEqual(range(1, 3_000));
    expect(messages.map(({ payload }) => Number(Buffer.from(payload)))).toEqual(range(1, 3_000));
    expect(gaps).toEqual([]);
    const [first] = messages;
    expect(Object.getPrototypeOf(first!.payload)).toBe(Uint8Array.prototype);
    expect(first).toMatchObject({ subject: SUBJECT, headers: {} });
    expect(first!.appended / 1_000).toBeGreaterThan(before - 1_000);
    expect(first!.appended / 1_000).toBeLessThan(Date.now() + 1_000);
    const stored = await (await jetstreamManager(connection)).streams.getMessage('ANDON_0', {
      seq: 1,
    });
    const fraction = stored!.timestamp.split('.')[1]!.replace('Z', '').padEnd(9, '0');
    expect(first!.appended % 1_000_000).toBe(Number(fraction.slice(0, 6)));
  });

  test('begins after the message that was read last', async () => {
    await publish(10);
    await open({ after: 7 });
    const { messages } = await read(3);
    expect(sequencesOf(messages)).toEqual([8, 9, 10]);
  });

  test('takes the partition off the subject, and keeps only headers of the message itself', async () => {
    const wire = headers();
    wire.set('Andon-Producer', 'gateway-1/7');
    wire.set('Nats-Msg-Id', 'x');
    wire.set('Andon-Appended', '12');
    connection.publish('andon.0.event.plant.line.asset', 'x', { headers: wire });
    await open();
    const { messages } = await read(1);
    expect(messages[0]).toMatchObject({
      subject: 'event.plant.line.asset',
      headers: { 'Andon-Producer': 'gateway-1/7' },
    });
    expect(messages[0]!.headers).not.toHaveProperty('Nats-Msg-Id');
    expect(messages[0]!.appended).toBeGreaterThan(1e15);
  });

  test('gives nothing when nothing came within the wait, and wakes for the first message', async () => {
    await open();
    const empty = await log!.pull(10, 50, never);
    expect(empty).toEqual({ messages: [], gaps: [], ended: false });
    const pulling = log!.pull(10, 10_000, never);
    await publish(1);
    expect((await pulling).messages).toHaveLength(1);
  });

  test('stops waiting when its signal fires', async () => {
    await open();
    const stop = new AbortController();
    const pulling = log!.pull(10, 60_000, stop.signal);
    stop.abort();
    expect((await pulling).messages).toEqual([]);
  });

  test('a slow caller never has more than one batch buffered beyond what it pulled', async () => {
    await publish(2_000);
    await open({ batch: 100 });
    const { messages } = await read(1);
    const delivered = async () => {
      const manager = await jetstreamManager(connection);
      const [consumer] = await manager.consumers.list('ANDON_0').next();
      return consumer!.delivered.stream_seq;
    };
    let pulled = messages.length;
    for (let round = 0; round < 5; round += 1) {
      pulled += (await log!.pull(30, 1_000, never)).messages.length;
      await connection.flush();
      expect((await delivered()) - pulled).toBeLessThanOrEqual(100);
    }
  });

  test('a slow caller of large messages has few of them buffered', async () => {
    const large = new Uint8Array(500_000);
    for (let index = 0; index < 40; index += 1) connection.publish(SUBJECT, large);
    await open({ batchBytes: 1_200_000 });
    const first = await log!.pull(1, 5_000, never);
    expect(first.messages).toHaveLength(1);
    // Time enough for all of them to come, if they were asked for.
    for (let round = 0; round < 100; round += 1) await connection.flush();
    const manager = await jetstreamManager(connection);
    const consumers = await manager.consumers.list('ANDON_0').next();
    const delivered = Math.max(...consumers.map((one) => one.delivered.stream_seq));
    // Half a request's worth, one request on top, and what was pulled.
    expect(delivered).toBeLessThanOrEqual(1 + 1 + 2);
    expect((await read(39)).messages).toHaveLength(39);
  });

  test('a message larger than all that a request may bring still comes', async () => {
    connection.publish(SUBJECT, new Uint8Array(900_000));
    connection.publish(SUBJECT, new Uint8Array(900_000));
    await open();
    expect((await read(2)).messages.map(({ payload }) => payload.length)).toEqual([
      900_000, 900_000,
    ]);
  });

  test('reports messages that are missing inside of the stream as a gap', async () => {
    await publish(10);
    const manager = await jetstreamManager(connection);
    for (const sequence of [4, 5, 9]) await manager.streams.deleteMessage('ANDON_0', sequence);
    await open();
    const { messages, gaps } = await read(7);
    expect(sequencesOf(messages)).toEqual([1, 2, 3, 6, 7, 8, 10]);
    expect(gaps).toEqual([
      { kind: 'gap', from: 4, to: 5 },
      { kind: 'gap', from: 9, to: 9 },
    ]);
  });

  test('refuses a stream that was trimmed past what was read, and says the range', async () => {
    await publish(10);
    await (await jetstreamManager(connection)).streams.purge('ANDON_0', { seq: 8 });
    await open({ after: 3 });
    await expect(log!.pull(10, 100, never)).rejects.toThrow(
      /stream ANDON_0: expected message 4 next, found that messages 4 to 7 were trimmed/,
    );
  });

  test('goes on past a trimmed range when the loss is accepted, and reports it', async () => {
    await publish(10);
    await (await jetstreamManager(connection)).streams.purge('ANDON_0', { seq: 8 });
    await open({ after: 3, acceptLoss: true });
    const { messages, gaps } = await read(3);
    expect(sequencesOf(messages)).toEqual([8, 9, 10]);
    expect(gaps).toEqual([{ kind: 'trimmed', from: 4, to: 7 }]);
  });

  test('reports what was trimmed of a stream that is now empty', async () => {
    await publish(10);
    await (await jetstreamManager(connection)).streams.purge('ANDON_0');
    await open({ after: 3, acceptLoss: true });
    const pulled = await log!.pull(10, 1_000, never);
    expect(pulled).toEqual({
      messages: [],
      gaps: [{ kind: 'trimmed', from: 4, to: 10 }],
      ended: false,
    });
  });

  test('refuses a stream that ends before what was read', async () => {
    await publish(3);
    await expect(open({ after: 9 })).rejects.toThrow(
      /expected at least the 9 messages that were read, found that it ends at 3/,
    );
  });

  test('refuses a stream that does not exist', async () => {
    await (await jetstreamManager(connection)).streams.delete('ANDON_0');
    await expect(open()).rejects.toThrow(/stream ANDON_0: expected it to exist/);
  });

  test('says so when the stream is deleted under it', async () => {
    await publish(5);
    await open();
    await read(5);
    await (await jetstreamManager(connection)).streams.delete('ANDON_0');
    const failed = async () => {
      for (;;) await log!.pull(10, 1_000, never);
    };
    await expect(failed()).rejects.toThrow(/stream ANDON_0: expected it to exist/);
  });

  test('refuses another stream that took the name', async () => {
    await publish(5);
    await open();
    await read(5);
    await (await jetstreamManager(connection)).streams.delete('ANDON_0');
    await ensurePartition(connection, { partition: 0, partitions: 1 });
    await publish(9);
    const failed = async () => {
      for (;;) await log!.pull(10, 1_000, never);
    };
    await expect(failed()).rejects.toThrow(
      /stream ANDON_0: expected (it to exist|the stream created at .*, found one)/,
    );
  });

  test('knows how far the stream reaches', async () => {
    await open();
    expect(await log!.state()).toMatchObject({ first: 1, last: 0, messages: 0 });
    await publish(4);
    expect(await log!.state()).toMatchObject({ first: 1, last: 4, messages: 4 });
    expect((await log!.state()).created).toBe(log!.created);
  });

  test('takes append times from the header on a replay stream, and without it from the message before', async () => {
    await replayWith('1000.5', undefined, '2000', undefined, undefined);
    await open();
    expect(log!.replay).toBe(true);
    const { messages } = await read(5);
    const expected = [1_000_500, 1_000_500, 2_000_000, 2_000_000, 2_000_000];
    expect(messages.map(({ appended }) => appended)).toEqual(expected);
    await log!.close();
    await open({ after: 4 });
    expect((await read(1)).messages.map(({ appended }) => appended)).toEqual([2_000_000]);
  });

  test('asks again for the append time that a replay goes on from', async () => {
    await replayWith('1000', undefined, undefined);
    await open({ after: 2, connection: failingOnce(connection, 'STREAM.MSG.GET') });
    expect(log!.replay).toBe(true);
    expect((await read(1)).messages.map(({ appended }) => appended)).toEqual([1_000_000]);
  });

  test.each(['kill', 'stop'] as const)(
    'is current again after a %s and restart, and misses nothing',
    async (how) => {
      await publish(3_000);
      const events = await open({ batch: 200 });
      const before = await read(500);
      await server[how]();
      await server.restart();
      const rest = await read(3_000 - before.messages.length);
      await publish(10, 3_001);
      const after = await read(10);
      const all = [...before.messages, ...rest.messages, ...after.messages];
      expect(sequencesOf(all)).toEqual(range(1, 3_010));
      expect([...before.gaps, ...rest.gaps, ...after.gaps]).toEqual([]);
      expect(events.map(({ kind }) => kind)).toContain('log-resumed');
    },
  );

  test.each(['killed', 'frozen'] as const)(
    'is not opened for ever while the server is %s: its signal ends that',
    async (how) => {
      if (how === 'killed') await server.kill();
      else server.pause();
      const stop = new AbortController();
      const opening = open({ signal: stop.signal });
      stop.abort(new Error('told to stop'));
      try {
        await expect(opening).rejects.toThrow('told to stop');
        await expect(open({ signal: stop.signal })).rejects.toThrow('told to stop');
      } finally {
        if (how === 'killed') await server.restart();
        else server.resume();
      }
      await publish(1);
      await open({ signal: never });
      expect((await read(1)).messages).toHaveLength(1);
    },
  );

  test('outlives a server that freezes for a while', async () => {
    await publish(100);
    await open();
    await read(100);
    server.pause();
    const empty = await log!.pull(10, 1_000, never);
    expect(empty.messages).toEqual([]);
    server.resume();
    await publish(10, 101);
    expect(sequencesOf((await read(10)).messages)).toEqual(range(101, 110));
  });
});
