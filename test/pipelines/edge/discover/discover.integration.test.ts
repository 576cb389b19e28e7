import { once } from 'node:events';
import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import mqtt, { type MqttClient } from 'mqtt';
import { afterEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { plantFileSchema } from '../../../../operators/model/plant-model.ts';
import {
  type Discovered,
  type DiscoverOptions,
  differencesFrom,
  discover,
  edgeFileWith,
} from '../../../../pipelines/edge/discover/discover.ts';
import { readEdgeConfig } from '../../../../pipelines/edge/edge-config.ts';
import { connectNats } from '../../../../pipelines/nats/nats.ts';
import { startNats } from '../../../stand/nats.ts';
import { decodeNode, encodeNode, type UMetric } from '../../../stand/sparkplug-node.ts';
import { temporaryFile } from '../../../support/temporary.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A broker that remembers who came, what was retained of STATE, and who was asked for births. */
async function startBroker() {
  const broker = await Aedes.createBroker();
  const server = createServer(broker.handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    broker.close();
    server.close();
  });
  const clients = new Set<string>();
  const topics: string[] = [];
  broker.on('client', ({ id, clean }) => clients.add(`${id} ${clean ? 'clean' : 'kept'}`));
  broker.on('publish', ({ topic }) => void topics.push(topic));
  const { port } = server.address() as { port: number };
  const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { clientId: 'machines' });
  await new Promise<void>((resolve) => client.once('connect', () => resolve()));
  closing.push(() => client.endAsync(true));
  return { port, url: `mqtt://127.0.0.1:${port}`, client, clients, topics };
}

/** A node that was born long ago: it says data by aliases, and its names when it is asked. */
async function startNode(client: MqttClient): Promise<() => void> {
  let seq = 5;
  const publish = (type: string, metrics: UMetric[]) => {
    const device = type.startsWith('D') ? '/Presse 3' : '';
    const payload = encodeNode({ timestamp: Date.now(), seq, metrics });
    seq = (seq + 1) % 256;
    client.publish(`spBv1.0/Plant A/${type}/cell 1${device}`, payload);
  };
  const of = (n: number): UMetric[] => [
    { name: 'Motor/Temperatur', alias: 1, type: 'Double', value: 20.5 + n } as UMetric,
    { name: 'Stückzahl', alias: 2, type: 'Int32', value: n } as UMetric,
    {
      name: 'Zustand',
      alias: 3,
      type: 'String',
      value: ['EXECUTE', 'HELD', 'IDLE'][n % 3],
    } as UMetric,
  ];
  let n = 0;
  client.on('message', (_topic, payload) => {
    const { metrics } = decodeNode(payload);
    if (metrics?.[0]?.name !== 'Node Control/Rebirth') return;
    seq = 0;
    publish('NBIRTH', [{ name: 'bdSeq', type: 'UInt64', value: 1 }]);
    const [temperature, ...others] = of(n);
    const engUnit = { type: 'String' as const, value: '°C' };
    publish('DBIRTH', [{ ...temperature, properties: { engUnit } } as UMetric, ...others]);
  });
  await client.subscribeAsync('spBv1.0/Plant A/NCMD/cell 1');
  return () => {
    n += 1;
    const data = of(n).map(({ name: _, ...metric }) => metric as UMetric);
    publish('DDATA', data);
  };
}

const PATIENCE = 100;

/** Listens while `say` is called again and again, until enough was heard. */
async function hear(
  options: Pick<DiscoverOptions, 'config' | 'nats'>,
  enough: { readonly tags: number; readonly readings: number },
  say: (n: number) => void,
): Promise<Discovered> {
  const over = new AbortController();
  let n = 0;
  return discover({
    ...{ ...options, seconds: PATIENCE, plant: undefined, signal: over.signal, tell: 20 },
    onProgress({ tags, readings }) {
      if (tags >= enough.tags && readings >= enough.readings) over.abort();
      else {
        n += 1;
        say(n);
      }
    },
  });
}

const EDGE = { edge: 'e1', centre: { domain: 'hub' } };

test('a broker and a plant of Sparkplug become a model and entries, and nobody notices', async () => {
  const { url, client, clients, topics } = await startBroker();
  const text = [
    ...['# Ours.', 'edge: e1', 'centre: { domain: hub }', 'sources:'],
    `  - { name: broker, mqtt: { url: "${url}", version: 3.1.1, client: ours, topics: [`,
    '      { topic: "factory/{machine}/data" }, { topic: "alarms/{machine}", event: alarm } ] } }',
    '  - name: plant # of Sparkplug',
    '    kind: sparkplug',
    `    sparkplug: { url: "${url}", version: 3.1.1, host: andon-works }`,
  ].join('\n');
  const config = readEdgeConfig(temporaryFile('edge.yaml', text), 'without assets');
  const say = await startNode(client);
  const found = await hear({ config, nats: undefined }, { tags: 8, readings: 120 }, (n) => {
    say();
    const payload = JSON.stringify({ Druck: 4.5 + n, cycles: n * 3, mode: 'auto', ok: true });
    client.publish('factory/Säge 1/data', payload);
    client.publish('alarms/Säge 1', JSON.stringify({ code: n }));
  });
  const { plants } = plantFileSchema.parse(parse(found.plant));
  expect(plants).toMatchObject([
    {
      id: 'works',
      lines: [
        {
          id: 'broker',
          assets: [
            {
              ...{ id: 'Saege_1', name: 'Säge 1' },
              signals: { Druck: {}, cycles: { kind: 'counter' }, mode: {}, ok: {} },
            },
          ],
        },
        {
          id: 'cell_1',
          assets: [
            {
              ...{ id: 'Presse_3', name: 'Plant A/cell 1/Presse 3' },
              signals: { Motor_Temperatur: { unit: '°C' }, Stueckzahl: { kind: 'counter' } },
            },
          ],
        },
      ],
    },
  ]);
  expect(found.plant).toMatch(/# Motor\/Temperatur: Double, \d+ values, one in .* seen/);
  expect(found.plant).toMatch(
    /# suspected counter: whole numbers, \d+ steps up, 0 down, and its name/,
  );
  expect(found.plant).toMatch(/# suspected state: 1 different text: auto; then a table of states/);
  expect(found.plant).toMatch(/# events of type alarm: \d+ heard/);
  // What is written can be run as it stands, with what was there before.
  const mapped = edgeFileWith(found, text);
  expect(mapped).toMatch(/^# Ours\./);
  expect(mapped).toContain('# of Sparkplug');
  const run = readEdgeConfig(temporaryFile('edge.yaml', mapped));
  expect(run.assets).toEqual({
    ...{ 'Säge 1': 'works.broker.Saege_1' },
    'Plant A/cell 1/Presse 3': 'works.cell_1.Presse_3',
  });
  expect(run.signals).toEqual({
    ...{ Druck: {}, cycles: { kind: 'counter' }, mode: {}, ok: {} },
    'Motor/Temperatur': { as: 'Motor_Temperatur' },
    ...{ Stückzahl: { as: 'Stueckzahl', kind: 'counter' }, Zustand: { states: 'packml' } },
  });
  // Beside the edge that runs: no client id, no session and no STATE of it.
  expect(
    [...clients].filter((id) => /^andon-e1-(?:broker|plant)-\w{8} clean$/.test(id)),
  ).toHaveLength(2);
  expect([...clients].filter((id) => /^ours|kept/.test(id))).toEqual([]);
  expect(topics.filter((topic) => topic.includes('STATE'))).toEqual([]);
  expect(topics).toContain('spBv1.0/Plant A/NCMD/cell 1');
});

test('a plant that is connected: what is new, gone and changed', async () => {
  const { url, client } = await startBroker();
  const content = {
    ...EDGE,
    assets: { saw: 'works.l1.saw', mill: 'works.l1.mill' },
    signals: { p: { as: 'pressure' } },
    sources: [
      {
        name: 'broker',
        mqtt: {
          ...{ url, version: '3.1.1' },
          topics: [{ topic: 'f/{machine}', format: 'senml', clock: 'arrival' }],
        },
      },
    ],
  };
  const config = readEdgeConfig(temporaryFile('edge.yaml', JSON.stringify(content)));
  const found = await hear({ config, nats: undefined }, { tags: 4, readings: 40 }, (n) => {
    const pack = [
      { n: 'p', u: 'bar', v: n },
      { n: 'level', v: 200 - n },
    ];
    client.publish('f/saw', JSON.stringify(pack));
    client.publish('f/lathe', JSON.stringify(pack));
  });
  const signals = {
    pressure: { unit: 'mbar' },
    level: { range: [0, 100], kind: 'counter' },
    speed: {},
  };
  const assets = [
    { id: 'saw', signals },
    { id: 'mill', signals: { level: {} } },
    // Another edge brings it, or it has nothing to say.
    ...[{ id: 'far', signals: { level: {} } }, { id: 'frame' }],
  ];
  const { plants } = plantFileSchema.parse({
    plants: [{ id: 'works', lines: [{ id: 'l1', assets }] }],
  });
  const of = (hearsAll: boolean) =>
    differencesFrom(found, plants, config, hearsAll).map(({ kind, asset, signal }) =>
      [kind, asset, signal].join(' ').trim(),
    );
  expect(of(false)).toEqual([
    'new works.broker.lathe',
    ...['gone works.l1.mill', 'changed works.l1.saw level', 'changed works.l1.saw level'],
    ...['changed works.l1.saw pressure', 'gone works.l1.saw speed'],
  ]);
  expect(of(true)).toContain('gone works.l1.far');
});

test('what speaks the wire format is heard at the server, by the names that it has', async () => {
  const server = await startNats({});
  closing.push(() => server.stop());
  const nats = await connectNats({ servers: [server.url], name: 'test' });
  closing.push(() => nats.close());
  const states = ['IDLE', 'EXECUTE', 'HELD'];
  const found = await hear({ config: undefined, nats }, { tags: 6, readings: 60 }, (n) => {
    const send = (subject: string, payload: object) =>
      nats.publish(subject, JSON.stringify(payload));
    send('telemetry.mill.l2.fan', { time: Date.now(), values: { unit_state: states[n % 3] } });
    send('telemetry.mill.l1.fan', { time: Date.now(), values: { rpm: 1_480 + n, text: 'on' } });
    send('andon.3.telemetry.mill.l2.fan', { time: [1_000, 2_000], values: { rpm: [n, null] } });
    send('event.mill.l1.fan', { time: Date.now(), type: 'alarm' });
    send('waveform.mill.l1.fan.de', { time: Date.now(), rate: 25_600, unit: 'g', samples: [1, 2] });
    send('telemetry.mill.l1.fan', { values: 'none' });
  });
  const { plants } = plantFileSchema.parse(parse(found.plant));
  expect(plants).toMatchObject([
    {
      id: 'mill',
      lines: [
        { id: 'l1', assets: [{ id: 'fan', points: [{ id: 'de', unit: 'g' }] }] },
        { id: 'l2', assets: [{ id: 'fan', signals: { rpm: {}, unit_state: {} } }] },
      ],
    },
  ]);
  expect(found.sources).toMatchObject([
    { name: 'nats', refused: { malformed: expect.any(Number) } },
  ]);
  expect(differencesFrom(found, plants, {}, true)).toEqual([]);
});

test('where nothing is heard it says why, source by source', async () => {
  const sources = [
    { name: 'broker', mqtt: { url: 'mqtt://127.0.0.1:1', topics: [{ topic: '#' }] } },
  ];
  const file = temporaryFile('edge.yaml', JSON.stringify({ ...EDGE, sources }));
  expect(() => readEdgeConfig(file)).toThrow(/assets: expected at least one/);
  const config = readEdgeConfig(file, 'without assets');
  const none = { nats: undefined, plant: undefined, onProgress: () => undefined };
  const { signal } = new AbortController();
  await expect(discover({ config, ...none, seconds: 1, signal })).rejects.toThrow(
    /expected values of a machine, found none in \d+ s\. Source broker \(mqtt\): not reached/,
  );
});
