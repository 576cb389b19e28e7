/** What the specification demands of a host application, by the ids of its requirements (Sparkplug 3.0.0). */

import { once } from 'node:events';
import { createServer } from 'node:net';
import { Aedes, type Client } from 'aedes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OpenSource } from '../../../../pipelines/edge/source.ts';
import type { Tally } from '../../../../pipelines/edge/tally.ts';
import { decodeNode, encodeNode, type UMetric } from '../../../stand/sparkplug-node.ts';
import { openPlantSource, type Stored } from '../../../stand/sparkplug-source.ts';
import { until } from '../../../stand/stand.ts';

const LONG = 60_000;
const STATE = 'spBv1.0/STATE/andon';
const NCMD = 'spBv1.0/G/NCMD/N';

/** What the host did, in its order. */
type Deed =
  | {
      readonly did: 'connect';
      readonly clean: boolean | undefined;
      readonly at: number;
      readonly will: Said | undefined;
    }
  | { readonly did: 'subscribe'; readonly filters: readonly string[] }
  | ({ readonly did: 'publish' } & Said)
  | { readonly did: 'disconnect' | 'close' };
type Said = {
  readonly topic: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly payload: Buffer;
  readonly at: number;
};

const BEGAN = Date.now();
const deeds: Deed[] = [];
let troubles: string[] = [];
let stored: Stored[] = [];
const closing: (() => unknown)[] = [];
let broker: Aedes;
let tally: Tally;

const published = (topic: string) =>
  deeds.flatMap((deed) => (deed.did === 'publish' && deed.topic === topic ? [deed] : []));
const connects = () => deeds.flatMap((deed) => (deed.did === 'connect' ? [deed] : []));
const stateOf = ({ payload }: Said) =>
  JSON.parse(payload.toString()) as { online: boolean; timestamp: number };
const births = () => published(STATE).filter((said) => stateOf(said).online);
const eventsOf = (type: string) => stored.filter(({ payload }) => payload.type === type);
const readings = (signal: string) =>
  stored.flatMap(({ payload, at }) => {
    const value = (payload.values as Record<string, unknown> | undefined)?.[signal];
    const quality = (payload.quality as Record<string, string> | undefined)?.[signal] ?? 'good';
    return value === undefined ? [] : [{ value, quality, time: payload.time as number, at }];
  });

async function startBroker(): Promise<number> {
  broker = await Aedes.createBroker();
  broker.preConnect = (client, packet, done) => {
    const { clean, will } = packet;
    const said = will as unknown as Omit<Said, 'at'> | undefined;
    const at = Date.now();
    deeds.push({ did: 'connect', clean, at, will: said && { ...said, at } });
    client.conn.once('close', () => deeds.push({ did: 'close' }));
    done(null, true);
  };
  broker.on('subscribe', (subscriptions) =>
    deeds.push({ did: 'subscribe', filters: subscriptions.map(({ topic }) => topic) }),
  );
  // Before it is acknowledged, unlike the event.
  broker.authorizePublish = (_client, packet, done) => {
    const { topic, qos, retain } = packet;
    const payload = Buffer.from(packet.payload);
    deeds.push({ did: 'publish', topic, qos, retain, at: Date.now(), payload });
    done(null);
  };
  const server = createServer((socket) => {
    let tail: Buffer = Buffer.alloc(0);
    socket.on('data', (data: Buffer) => {
      // The last packet of a client that ends by itself: the two bytes 0xe0 0x00.
      tail = Buffer.concat([tail, data]).subarray(-2);
      if (tail.equals(Buffer.from([0xe0, 0]))) deeds.push({ did: 'disconnect' });
    });
    broker.handle(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(
    () => broker.close(),
    () => server.close(),
  );
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function openSource(port: number, settings: object = {}): Promise<OpenSource> {
  const opened = await openPlantSource({
    assets: { 'G/N': 'works.line1.node', 'G/N/D': 'works.line1.press' },
    sources: [
      {
        ...{ name: 'plant', kind: 'sparkplug' },
        sparkplug: {
          ...{ url: `mqtt://127.0.0.1:${port}`, version: '3.1.1', host: 'andon' },
          ...{ reorder: '200ms', rebirth: '1s', ...settings },
        },
      },
    ],
  });
  ({ tally, stored, troubles } = opened);
  return opened.source;
}

function say(topic: string, payload: Buffer, retain = false): Promise<void> {
  return new Promise((resolve, reject) => {
    const packet = { cmd: 'publish' as const, topic, payload, qos: 0 as const, retain, dup: false };
    broker.publish(packet, (error) => (error ? reject(error) : resolve()));
  });
}

const node = (words: string, seq: number | undefined, ...metrics: readonly object[]) => {
  const payload = { timestamp: Date.now(), ...(seq === undefined ? {} : { seq }) };
  return say(
    `spBv1.0/G/${words.replace(' ', '/')}`,
    encodeNode({ ...payload, metrics: metrics as UMetric[] }),
  );
};
const BD_SEQ = { name: 'bdSeq', type: 'Int64', value: 4 };
const n = (value: number) => ({ name: 'n', type: 'Int32', value });
const d = (value: number) => ({ name: 'd', type: 'Int32', value });
const seen = (what: string, condition: () => boolean) => until(what, LONG, async () => condition());

/** When something was done, by its place in the list. */
const placeOf = (condition: (deed: Deed) => boolean) => deeds.findIndex(condition);
let [secondSession, goodbye, ddeathTime] = [0, 0, 0];
let offlineEvents: number[] = [];

beforeAll(async () => {
  const port = await startBroker();
  const source = await openSource(port);
  await seen('its birth', () => births().length === 1);
  // The death of an earlier connection comes late.
  await say(STATE, Buffer.from(JSON.stringify({ online: false, timestamp: 1 })), true);
  await seen('its birth again', () => births().length === 2);
  await node('NBIRTH N', 0, BD_SEQ, n(1));
  await node('DBIRTH N/D', 1, d(1));
  await node('DDATA N/D', 3, d(3));
  await node('DDATA N/D', 2, d(2));
  await seen('both, in order', () => readings('d').length === 3);
  await node('DDATA N/D', 6, d(6));
  await seen('a request', () => published(NCMD).length === 1);
  await seen('what waited', () => readings('d').length === 4);
  await node('NBIRTH N', 0, BD_SEQ, n(7));
  await node('DBIRTH N/D', 1, d(7));
  ddeathTime = Date.now() - 5_000;
  await say('spBv1.0/G/DDEATH/N/D', encodeNode({ timestamp: ddeathTime, seq: 2, metrics: [] }));
  await seen('the death of the device', () => eventsOf('source-offline').length === 1);
  await node('DBIRTH N/D', 3, d(8));
  await seen('its birth', () => readings('d').some(({ value }) => value === 8));
  await node('NDEATH N', undefined, BD_SEQ);
  await seen('the death of the node', () => eventsOf('source-offline').length === 3);
  offlineEvents = eventsOf('source-offline').map(({ payload }) => payload.time as number);
  secondSession = deeds.length;
  const client = Object.values(
    (broker as unknown as { clients: Record<string, Client> }).clients,
  )[0];
  if (client === undefined) throw new Error('expected the host at the broker');
  client.conn.destroy();
  await seen('the next session', () => births().length === 3);
  goodbye = deeds.length;
  await source.close();
  await seen('its end', () => deeds.slice(goodbye).some(({ did }) => did === 'close'));
});
afterAll(() => {
  for (const close of closing.splice(0)) close();
});

/** Said after this test began, and before it was heard: nothing depends on how fast this machine is. */
const isOfThen = (time: number, heard: number) => {
  expect(time).toBeGreaterThanOrEqual(BEGAN);
  expect(time).toBeLessThanOrEqual(heard);
};
const willIs = () => {
  for (const { will, at } of connects()) {
    expect(will).toMatchObject({ topic: STATE, qos: 1, retain: true });
    const { online, timestamp } = stateOf(will as Said);
    expect(online).toBe(false);
    isOfThen(timestamp, at);
  }
  expect(connects()).toHaveLength(2);
};
const birthIs = () => {
  for (const said of births()) expect(said).toMatchObject({ qos: 1, retain: true });
  expect(Object.keys(stateOf(births()[0] as Said)).sort()).toEqual(['online', 'timestamp']);
  const stamps = connects().map(({ will }) => stateOf(will as Said).timestamp);
  expect(births().map((said) => stateOf(said).timestamp)).toEqual([
    ...[stamps[0], stamps[0], stamps[1]],
  ]);
};
const subscribedFirst = () => {
  const granted = placeOf(({ did }) => did === 'subscribe');
  const [first] = deeds.flatMap((deed, at) => (deed.did === 'publish' ? [{ deed, at }] : []));
  expect(first?.deed).toMatchObject({ topic: STATE });
  expect(granted).toBeLessThan(first?.at ?? 0);
  const filters = deeds.flatMap((deed) => (deed.did === 'subscribe' ? deed.filters : []));
  expect(filters).toEqual(expect.arrayContaining([STATE, 'spBv1.0/+/NBIRTH/+']));
  expect(filters).toEqual(expect.arrayContaining(['spBv1.0/+/DDATA/+/+', 'spBv1.0/+/NDEATH/+']));
};
const deathIs = () => {
  const said = published(STATE).at(-1) as Said;
  expect(said).toMatchObject({ qos: 1, retain: true });
  expect(stateOf(said).online).toBe(false);
  isOfThen(stateOf(said).timestamp, said.at);
  const last = deeds.slice(goodbye).map(({ did }) => did);
  expect(last.indexOf('publish')).toBeLessThan(last.indexOf('disconnect'));
  expect(last.indexOf('disconnect')).toBeLessThan(last.indexOf('close'));
};
const requestIs = () => {
  const [said] = published(NCMD);
  expect(said).toMatchObject({ qos: 0, retain: false });
  const { timestamp, seq, metrics } = decodeNode(said?.payload ?? Buffer.alloc(0));
  isOfThen(Number(timestamp), said?.at ?? 0);
  expect(seq).toBeUndefined();
  expect(metrics).toMatchObject([{ name: 'Node Control/Rebirth', type: 'Boolean', value: true }]);
};
const nodeIsOffline = () => {
  const [device, ofDevice, ofNode] = eventsOf('source-offline');
  expect(device?.subject).toBe('event.works.line1.press');
  expect(ofDevice?.subject).toBe('event.works.line1.press');
  expect(ofNode?.subject).toBe('event.works.line1.node');
  for (const { payload, at } of [ofDevice, ofNode] as Stored[]) {
    isOfThen(payload.time as number, at);
  }
};
const nodeIsStale = () => {
  const stale = [...readings('n'), ...readings('d')].filter(({ quality }) => quality === 'suspect');
  expect(stale.map(({ value }) => value).sort()).toEqual([7, 7, 8]);
  for (const { time, at } of stale.filter(({ value }) => value === 8)) isOfThen(time, at);
};
const deviceIsOffline = () => expect(offlineEvents[0]).toBe(ddeathTime);
const deviceIsStale = () => {
  const stale = readings('d').filter(({ quality }) => quality === 'suspect');
  expect(stale[0]).toMatchObject({ value: 7, time: ddeathTime });
};

/** Of the test kit's tests of hosts, each id and what shows it. */
const SHOWN: Readonly<Record<string, () => void>> = {
  'conformance-primary-host': birthIs,
  'intro-sparkplug-host-state': birthIs,
  'components-ph-state': birthIs,
  'principles-birth-certificates-order': subscribedFirst,
  'host-topic-phid-birth-message': subscribedFirst,
  'host-topic-phid-birth-topic': birthIs,
  'host-topic-phid-birth-qos': birthIs,
  'host-topic-phid-birth-retain': birthIs,
  'host-topic-phid-birth-payload': birthIs,
  'host-topic-phid-birth-payload-timestamp': birthIs,
  'host-topic-phid-birth-required': subscribedFirst,
  'host-topic-phid-birth-sub-required': subscribedFirst,
  'host-topic-phid-death-topic': willIs,
  'host-topic-phid-death-qos': willIs,
  'host-topic-phid-death-retain': willIs,
  'host-topic-phid-death-payload': willIs,
  'host-topic-phid-death-required': willIs,
  'host-topic-phid-death-payload-timestamp-connect': willIs,
  'host-topic-phid-death-payload-timestamp-disconnect-clean': deathIs,
  'message-flow-phid-sparkplug-clean-session-311': () =>
    expect(connects().map(({ clean }) => clean)).toEqual([true, true]),
  'message-flow-phid-sparkplug-subscription': subscribedFirst,
  'message-flow-phid-sparkplug-state-publish': subscribedFirst,
  'message-flow-phid-sparkplug-state-publish-payload': birthIs,
  'message-flow-phid-sparkplug-state-publish-payload-timestamp': birthIs,
  'message-flow-hid-sparkplug-state-message-delivered': () =>
    expect(stateOf(births()[1] as Said)).toEqual(stateOf(births()[0] as Said)),
  'operational-behavior-host-application-connect-will': willIs,
  'operational-behavior-host-application-connect-will-topic': willIs,
  'operational-behavior-host-application-connect-will-payload': willIs,
  'operational-behavior-host-application-connect-will-qos': willIs,
  'operational-behavior-host-application-connect-will-retained': willIs,
  'operational-behavior-host-application-connect-birth': subscribedFirst,
  'operational-behavior-host-application-connect-birth-topic': birthIs,
  'operational-behavior-host-application-connect-birth-payload': birthIs,
  'operational-behavior-host-application-connect-birth-qos': birthIs,
  'operational-behavior-host-application-connect-birth-retained': birthIs,
  'operational-behavior-host-application-termination': deathIs,
  'operational-behavior-host-application-death-topic': deathIs,
  'operational-behavior-host-application-death-payload': deathIs,
  'operational-behavior-host-application-death-qos': deathIs,
  'operational-behavior-host-application-death-retained': deathIs,
  'operational-behavior-host-application-disconnect-intentional': deathIs,
  'operational-behavior-primary-application-state-with-multiple-servers-state': () => {
    // The broker says the will of the first session before the second one connects.
    const connected = placeOf((deed) => deed === connects()[1]);
    expect(connected).toBeGreaterThan(secondSession);
    const [first] = deeds.slice(connected).filter(({ did }) => did === 'publish');
    expect(first).toMatchObject({ topic: STATE });
    expect(stateOf(first as Deed & Said).online).toBe(true);
  },
  'operational-behavior-edge-node-termination-host-action-ndeath-node-offline': nodeIsOffline,
  'operational-behavior-edge-node-termination-host-action-ndeath-devices-offline': nodeIsOffline,
  'operational-behavior-edge-node-termination-host-action-ndeath-node-tags-stale': nodeIsStale,
  'operational-behavior-edge-node-termination-host-action-ndeath-devices-tags-stale': nodeIsStale,
  'operational-behavior-edge-node-termination-host-action-ddeath-devices-offline': deviceIsOffline,
  'operational-behavior-edge-node-termination-host-action-ddeath-devices-tags-stale': deviceIsStale,
  'operational-behavior-host-reordering-param': () => expect(tally.status.refused.missed).toBe(2),
  'operational-behavior-host-reordering-start': () =>
    expect(
      readings('d')
        .slice(0, 3)
        .map(({ value }) => value),
    ).toEqual([1, 2, 3]),
  'operational-behavior-host-reordering-rebirth': requestIs,
  'operational-behavior-host-reordering-success': () =>
    expect(
      readings('d')
        .slice(0, 3)
        .every(({ quality }) => quality === 'good'),
    ).toBe(true),
  'operational-behavior-data-commands-ncmd-verb': requestIs,
  'operational-behavior-data-commands-ncmd-rebirth-verb': requestIs,
  'operational-behavior-data-commands-ncmd-rebirth-name': requestIs,
  'operational-behavior-data-commands-ncmd-rebirth-value': requestIs,
  'operational-behavior-data-commands-ncmd-metric-name': requestIs,
  'operational-behavior-data-commands-ncmd-metric-value': requestIs,
  'topics-ncmd-topic': requestIs,
  'topics-ncmd-mqtt': requestIs,
  'topics-ncmd-timestamp': requestIs,
  'topics-ncmd-payload': requestIs,
  'payloads-ncmd-qos': requestIs,
  'payloads-ncmd-retain': requestIs,
  'payloads-ncmd-timestamp': requestIs,
  'payloads-ncmd-seq': requestIs,
  'payloads-name-cmd-requirement': requestIs,
  'payloads-state-subscribe': subscribedFirst,
  'payloads-state-birth': birthIs,
  'payloads-state-birth-payload': birthIs,
  'payloads-state-will-message': willIs,
  'payloads-state-will-message-qos': willIs,
  'payloads-state-will-message-retain': willIs,
  'payloads-state-will-message-payload': willIs,
};

describe('a host application, as its broker sees it', () => {
  test.each(Object.entries(SHOWN))('tck-id-%s', (_id, show) => show());

  test('nothing went wrong on the way', () => expect(troubles).toEqual([]));
});

test('tck-id-message-flow-phid-sparkplug-clean-session-50', async () => {
  const asked: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data: Buffer) => asked.push(data));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const source = await openSource(port, { version: 5 });
  await seen('a CONNECT', () => asked.length > 0);
  await source.close();
  server.close();
  // Behind the length: "MQTT" (6 bytes), version, flags, keep alive (2), length of the properties (section 3.1 of MQTT 5).
  const connect = asked[0] as Buffer;
  const at = connect.indexOf('MQTT') + 4;
  const [version = 0, flags = 0] = connect.subarray(at, at + 2);
  const properties = connect.subarray(at + 5, at + 5 + (connect[at + 4] ?? 0));
  const expiry = properties.indexOf(0x11);
  expect(version).toBe(5);
  expect(flags & 0b0000_0010, 'clean start').toBe(0b10);
  expect(flags & 0b0010_1100, 'will, QoS 1, retained').toBe(0b0010_1100);
  expect(expiry < 0 ? 0 : properties.readUInt32BE(expiry + 1)).toBe(0);
});

test('tck-id-operational-behavior-host-application-host-id: another one with this id is told of', async () => {
  const port = await startBroker();
  const source = await openSource(port);
  await seen('its birth', () => births().length >= 4);
  await say(STATE, Buffer.from(JSON.stringify({ online: true, timestamp: 5 })));
  await seen('the trouble', () => troubles.some((text) => text.includes('has the id andon too')));
  await source.close();
});
