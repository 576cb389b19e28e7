import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { SparkplugStatus } from '../../../../pipelines/edge/sparkplug/source.ts';
import { openPlantSource } from '../../../stand/sparkplug-source.ts';
import { until } from '../../../stand/stand.ts';

const LONG = 60_000;
const FOLDER = 'examples/edge/sparkplug';

/** What becomes of the recording, with `signals` of one's own. */
async function play(signals?: object) {
  const broker = await Aedes.createBroker();
  const server = createServer(broker.handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const config = parse(readFileSync(`${FOLDER}/edge.yaml`, 'utf8'));
  if (signals !== undefined) config.signals = signals;
  Object.assign(config.sources[0].sparkplug, { url: `mqtt://127.0.0.1:${port}`, version: '3.1.1' });
  let online = false;
  broker.on('publish', ({ topic }) => {
    online ||= topic === 'spBv1.0/STATE/andon-works';
  });
  const { source, stored, tally } = await openPlantSource(config);
  try {
    await until('the host to be online', LONG, async () => online);
    for (const line of readFileSync(`${FOLDER}/recording.jsonl`, 'utf8').trim().split('\n')) {
      const { topic, payload } = JSON.parse(line) as { topic: string; payload: string };
      const packet = { cmd: 'publish' as const, qos: 0 as const, retain: false, dup: false };
      await new Promise<void>((resolve) => {
        broker.publish({ ...packet, topic, payload: Buffer.from(payload, 'base64') }, () =>
          resolve(),
        );
      });
    }
    const offline = () => stored.filter(({ payload }) => payload.type === 'source-offline');
    await until('the end of the recording', LONG, async () => offline().length === 2);
    const press = stored.filter(({ subject }) => subject.endsWith('.press3'));
    return { press, status: source.details as SparkplugStatus, tally };
  } finally {
    await source.close();
    server.close();
    broker.close();
  }
}

test('the example brings its recording', async () => {
  const { press, status, tally } = await play();
  const values = press.flatMap(({ payload, backfill }) =>
    payload.values === undefined ? [] : [{ ...payload, backfill }],
  );
  const began = Date.UTC(2026, 10, 30, 6);
  expect(values.slice(0, 5)).toMatchObject([
    { time: began + 100, values: { temperature: 41.5, speed: 1_480, parts: 17 } },
    { time: began + 3_000, values: { temperature: 43, parts: 18 } },
    { time: began - 60_000, values: { temperature: 40 }, backfill: true },
    { time: began - 30_000, values: { temperature: 40.8 }, backfill: true },
    { time: began + 5_000, values: { temperature: 0 }, quality: { temperature: 'bad' } },
  ]);
  expect(values[5]).toMatchObject({ quality: { speed: 'suspect', parts: 'suspect' } });
  const states = press.filter(({ payload }) => payload.type === 'state');
  expect(states.map(({ payload }) => (payload.data as { state: string }).state)).toEqual([
    ...['STOPPED', 'EXECUTE'],
  ]);
  expect(tally.status.refused).not.toHaveProperty('malformed');
  const { born, metrics } = status;
  expect(metrics).toBe(7);
  expect(born.find(({ name }) => name === 'Motor/Temperatur')).toMatchObject({
    ...{ machine: 'Plant A/cell 1/Presse 3', type: 'Double', unit: '°C', low: -20, high: 120 },
  });
});

test('two metrics with one name in the plant model, at one time, do not hide each other', async () => {
  const one = { as: 'one' };
  const { press } = await play({ 'Motor/Temperatur': one, 'Hub/rpm': one });
  const values = press.flatMap(({ payload }) => (payload.values === undefined ? [] : [payload]));
  const began = Date.UTC(2026, 10, 30, 6);
  const first = values.filter(({ time }) => time === began + 100).map((each) => each.values);
  expect(first).toMatchObject([{ one: 41.5 }, { one: 1_480 }]);
});
