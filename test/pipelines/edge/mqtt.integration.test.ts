import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { Aedes, type Client } from 'aedes';
import { afterEach, expect, test } from 'vitest';
import { runEdge } from '../../../pipelines/edge/edge.ts';
import { isOfKind, readEdgeConfig } from '../../../pipelines/edge/edge-config.ts';
import { moveHeld } from '../../../pipelines/edge/held.ts';
import { type MqttSourceOptions, openMqttSource } from '../../../pipelines/edge/mqtt-source.ts';
import { parseTopic } from '../../../pipelines/edge/topic.ts';
import { streamManager } from '../../../pipelines/nats/jetstream.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import {
  EDGE_STREAM,
  ensureEdgeStreams,
  HELD_PREFIX,
  HELD_STREAM,
} from '../../../pipelines/nats/streams.ts';
import { createInternalEvents, type InternalEvent } from '../../../pipelines/observe/observe.ts';
import { broughtTo, dataFrom, type EdgeStand, startEdgeStand } from '../../stand/edge-stand.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';
import { andon, until } from '../../stand/stand.ts';
import { temporaryFile } from '../../support/temporary.ts';

/** A broker in this process: it can be looked into, and led astray. It speaks MQTT 3.1.1. */
const LONG = 120_000;
let stand: EdgeStand | undefined;
let nats: TestNats | undefined;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  await stand?.stop();
  for (const close of closing.splice(0).reverse()) await close();
  await nats?.stop();
  [stand, nats] = [undefined, undefined];
});

async function startBroker() {
  const broker = await Aedes.createBroker();
  const clients = new Set<Client>();
  broker.on('client', (client) => clients.add(client));
  broker.on('clientDisconnect', (client) => clients.delete(client));
  const server = createServer(broker.handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    broker.close();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const publish = (topic: string, payload: string, retain = false) =>
    new Promise<void>((resolve, reject) => {
      const packet = {
        cmd: 'publish' as const,
        topic,
        payload,
        qos: 1 as const,
        retain,
        dup: false,
      };
      broker.publish(packet, (error) =>
        error === undefined || error === null ? resolve() : reject(error),
      );
    });
  /** Ends every connection there is. */
  const drop = () => {
    for (const client of clients) client.close();
  };
  return { broker, port, publish, drop };
}

async function startEdge(port: number, topic: object = {}): Promise<EdgeStand> {
  const source = dataFrom(port, {
    ...{ version: '3.1.1', topics: [{ topic: 'factory/{machine}/data', ...topic }] },
  });
  stand = await startEdgeStand({ partitions: 1, edge: { sources: [source] } });
  await stand.edge.start();
  return stand;
}

const valuesOf = (brought: Awaited<ReturnType<typeof broughtTo>>) =>
  brought.map(({ payload }) => (payload.values as Record<string, unknown>).v);

test('what the broker has retained is no news; what is malformed or unknown is counted', async () => {
  const { broker, port, publish } = await startBroker();
  await publish('factory/Presse 3/data', '{"v":"old"}', true);
  const subscribed = new Promise((resolve) => broker.once('subscribe', resolve));
  const { hub, status, config } = await startEdge(port);
  await subscribed;
  await publish('factory/Presse 3/data', '{"v":');
  await publish('factory/p9/data', '{"v":1}');
  await publish('factory/p2/data', '{"v":"new"}', true);
  await until('the counts', LONG, async () => (await status())?.sources.broker?.in_messages === 4);
  let values: unknown[] = [];
  await until('the news', LONG, async () => {
    values = valuesOf(await broughtTo(hub, 1));
    return values.length > 0;
  });
  expect(values).toEqual(['new']);
  expect((await status())?.sources.broker).toMatchObject({
    ...{ up_messages: 1, refused: { retained: 1, malformed: 1, 'unknown-machine': 1 } },
  });
  const shown = await andon(['edge', 'status', '--config', config]);
  expect(shown.out).toMatch(/centre +there, 0 messages behind/);
  expect(shown.out).toContain('malformed 1');
  const checked = await andon(['edge', 'check', '--config', config]);
  expect(checked.out).toContain('edge e1 to hub (1 partitions): 2 assets');
});

test('nothing is acknowledged while the log does not take it: killed then, the edge gets it again', async () => {
  const { broker, port, publish } = await startBroker();
  const subscribed = new Promise((resolve) => broker.once('subscribe', resolve));
  const { hub, leaf, edge, status } = await startEdge(port);
  await subscribed;
  await leaf.kill();
  for (const v of [1, 2, 3]) await publish('factory/Presse 3/data', JSON.stringify({ v }));
  await until(
    'them in the edge',
    LONG,
    async () => (await status())?.sources.broker?.in_messages === 3,
  );
  await edge.kill();
  await leaf.start();
  await edge.start();
  let values: unknown[] = [];
  await until('all of them', LONG, async () => {
    values = valuesOf(await broughtTo(hub, 1));
    return values.length >= 3;
  });
  // What came while the centre was not seen yet goes up beside what came later.
  expect(values.toSorted()).toEqual([1, 2, 3]);
});

/** `edge.yaml` of an edge whose leaf node is this server alone. */
function edgeFile(servers: string, ...sources: readonly object[]): string {
  const assets = { 'Presse 3': 'works.line1.press' };
  const settings = { edge: 'e1', nats: { servers }, centre: { domain: 'hub' }, assets, sources };
  return temporaryFile('edge.yaml', JSON.stringify({ ...settings, http: { port: 0 } }));
}

test('a source whose files cannot be read ends the edge, and the sources that are open with it', async () => {
  const { port } = await startBroker();
  nats = await startNats();
  const tls = { ca: '/nowhere/ca.pem' };
  const second = { ...dataFrom(port, { url: 'mqtts://127.0.0.1:1', tls }), name: 'second' };
  const file = edgeFile(nats.url, dataFrom(port, { version: '3.1.1' }), second);
  const { code, err } = await andon(['edge', '--config', file]);
  expect(err).toContain('/nowhere/ca.pem');
  expect(code).toBe(2);
});

test('a signal ends an edge whose leaf node has no JetStream yet, and is no fault', async () => {
  const accounts = 'accounts { PLAIN { users: [{ user: a, password: b }] } }';
  nats = await startNats({ config: `${accounts}\nno_auth_user: a` });
  const over = new AbortController();
  const reason = new Error('a signal');
  const { metrics } = createInternalEvents({ level: 'error' });
  const record = ({ kind }: InternalEvent) => {
    if (kind === 'edge-trouble') over.abort(reason);
  };
  const config = readEdgeConfig(edgeFile(nats.url, dataFrom(1)));
  const running = runEdge({ config, events: { record, metrics }, signal: over.signal });
  await expect(running).rejects.toBe(reason);
});

test('each held message goes up or is counted as lost, also when the memory drops some that were read already', async () => {
  nats = await startNats();
  const connection = await connectNats({ servers: nats.url, name: 'test' });
  closing.push(() => connection.close());
  await ensureEdgeStreams(connection, {});
  const manager = await streamManager(connection);
  for (let n = 1; n <= 6; n += 1) {
    await connection.request(`${HELD_PREFIX}andon.0.telemetry.works.line1.press`, String(n));
  }
  await manager.streams.deleteMessage(HELD_STREAM, 3);
  const over = new AbortController();
  let dropped: Promise<unknown> | undefined;
  const held = moveHeld({
    // One at a time.
    ...{ connection, record: () => undefined, signal: over.signal, rate: 5 },
    mayGo() {
      if (held.status.moved > 0) dropped ??= manager.streams.purge(HELD_STREAM, { seq: 6 });
      return true;
    },
  });
  await until('nothing to be held', LONG, async () => {
    const { moved, lost, messages } = held.status;
    return moved + lost >= 6 && messages === 0;
  });
  over.abort();
  await held.ended;
  await dropped;
  const { moved, lost } = held.status;
  expect(lost).toBeGreaterThanOrEqual(1);
  expect(moved + lost).toBe(6);
  expect((await manager.streams.info(EDGE_STREAM)).state.messages).toBe(moved);
});

/** A source of its own, without an edge around it. */
async function openSource(port: number, more: object, take: MqttSourceOptions['take']) {
  const source = dataFrom(port, { version: '3.1.1', ...more });
  const [read] = readEdgeConfig(edgeFile('nats://127.0.0.1:1', source)).sources;
  const events: InternalEvent[] = [];
  if (!isOfKind(read, 'mqtt')) throw new Error('expected a broker');
  const { name, mqtt: settings } = read;
  const filters = settings.topics.map(({ topic, qos }) => [parseTopic(topic)?.filter, { qos }]);
  const opened = await openMqttSource({
    ...{ name, settings, subscriptions: Object.fromEntries(filters) },
    ...{ client: 'c1', take, stored: () => 1 },
    record: (event) => void events.push(event),
    onFailure: (error) => {
      throw error;
    },
  });
  closing.push(() => opened.close());
  const told = (what: string, count = 1) =>
    until(`${count} ${what}`, LONG, async () => {
      const found = events.filter((event) => JSON.stringify(event).includes(what));
      return found.length >= count;
    });
  await told('source-connected');
  return { told };
}

test('a password that was renewed is used by the next connection, also when the old one was refused', async () => {
  const { broker, port, drop } = await startBroker();
  let right = 'old';
  broker.authenticate = (_client, user, password, done) => {
    const isRight = user === 'edge' && password?.toString() === right;
    done(isRight ? null : Object.assign(new Error('refused'), { returnCode: 4 as const }), isRight);
  };
  const file = temporaryFile('password', 'old\n');
  const login = { user: 'edge', password: { file } };
  const { told } = await openSource(port, login, async () => 1);
  right = 'new';
  drop();
  await told('Connection refused');
  writeFileSync(file, 'new\n');
  await told('source-connected', 2);
});

test('what is taken in after its connection broke is acknowledged once, on the connection that brings it again', async () => {
  const { broker, port, publish, drop } = await startBroker();
  const acknowledged: string[] = [];
  broker.on('ack', (packet) => {
    acknowledged.push(packet && 'payload' in packet ? String(packet.payload) : 'nothing');
  });
  const taken: (() => void)[] = [];
  const take = () => new Promise<number>((resolve) => taken.push(() => resolve(1)));
  await openSource(port, {}, take);
  const come = (count: number) => until(`${count}`, LONG, async () => taken.length === count);
  await publish('factory/p2/data', '{"v":1}');
  await come(1);
  drop();
  await come(2);
  for (const go of taken) go();
  await publish('factory/p2/data', '{"v":2}');
  await come(3);
  taken[2]?.();
  await until('the last one', LONG, async () => acknowledged.includes('{"v":2}'));
  expect(acknowledged).toEqual(['{"v":1}', '{"v":2}']);
});
