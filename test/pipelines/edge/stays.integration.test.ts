import { join } from 'node:path';
import { unpack } from 'msgpackr';
import { afterEach, expect, test } from 'vitest';
import { freePort } from '../../../pipelines/base/free-port.ts';
import { openJetstreamLog } from '../../../pipelines/nats/log-reader.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { EDGE_LOG_PREFIX, partitionStream } from '../../../pipelines/nats/streams.ts';
import { broughtTo, type EdgeStand, startEdgeStand } from '../../stand/edge-stand.ts';
import { until } from '../../stand/stand.ts';

const LONG = 60_000;
const TOKEN = 'a-token-of-the-gateway';
const RECIPE = 'Rezeptur 4711 geheim';
/** Eight bytes that nothing else has. */
const PRESSURE = 123_456.781_25;

let stand: EdgeStand | undefined;
afterEach(async () => {
  await stand?.stop();
  stand = undefined;
});

/** Values of a signal that the log of the judge beside the machines has. */
async function judged({ leaf, hub }: EdgeStand, signal: string): Promise<unknown[]> {
  const nkey = join(hub.keys, 'edge.e1.nk');
  const connection = await connectNats({ servers: [leaf.url], nkey, name: 'test' });
  const stream = `${EDGE_LOG_PREFIX}_${partitionStream(0)}`;
  const log = await openJetstreamLog({ connection, stream, after: 0, acceptLoss: true });
  const found: unknown[] = [];
  const { last } = await log.state();
  for (let read = 0; read < last; ) {
    const { messages } = await log.pull(2_000, 5_000, new AbortController().signal);
    for (const { payload, sequence, subject } of messages) {
      read = sequence;
      if (!subject.includes('telemetry.')) continue;
      const { values } = unpack(payload) as { values: Record<string, unknown> };
      if (Object.hasOwn(values, signal)) found.push(values[signal]);
    }
  }
  await log.close();
  await connection.close();
  return found.flat();
}

test('what stays does not cross the link, whatever is cut or killed; the judge here has each once', async () => {
  const port = await freePort();
  const tokens = [{ name: 'gateway', token: TOKEN, machines: ['Presse 3'] }];
  const here = await startEdgeStand({
    partitions: 1,
    edge: {
      judge: {},
      signals: { recipe: { up: 'judge' }, pressure: { up: 'judge' }, temperature: {} },
      sources: [{ name: 'push', kind: 'http', http: { port, tokens } }],
    },
  });
  stand = here;
  const passed: Buffer[] = [];
  here.link.tap((bytes) => passed.push(bytes));
  const start = async (life: number) => {
    await here.edge.start();
    const lives = () => here.edge.lines.filter((line) => line.includes('edge-started')).length;
    await until(`life ${life} of the edge`, LONG, async () => lives() >= life);
  };
  await start(1);
  const began = Date.now() - 60_000;
  const push = async (second: number) => {
    const values = { temperature: 20.5 + second, recipe: RECIPE, pressure: PRESSURE };
    const body = JSON.stringify([{ machine: 'Presse 3', time: began + second * 1_000, values }]);
    const headers = { Authorization: `Bearer ${TOKEN}` };
    const answer = await fetch(`http://127.0.0.1:${port}/readings`, {
      ...{ method: 'POST', body, headers },
    });
    expect(answer.status).toBe(200);
  };
  const brought = (count: number) =>
    until(`${count} readings at the centre`, LONG, async () => {
      return (await broughtTo(here.hub, 1)).length >= count;
    });
  await push(1);
  await brought(1);
  here.link.cut();
  const isAway = async () => (await here.status())?.centre.away === true;
  await until('the edge to see it', LONG, isAway);
  await push(2);
  await here.edge.kill();
  await start(2);
  // The source has heard no answer, as far as it knows.
  await push(2);
  here.link.mend();
  await push(3);
  await brought(3);

  const all = Buffer.concat(passed);
  expect(all.includes('temperature')).toBe(true);
  const number = Buffer.alloc(8);
  number.writeDoubleBE(PRESSURE);
  const telling = [RECIPE, 'recipe', 'pressure', String(PRESSURE)];
  expect(telling.filter((text) => all.includes(text))).toEqual([]);
  expect(all.includes(number)).toBe(false);
  const payloads = (await broughtTo(here.hub, 1)).map(({ payload }) => payload.values);
  expect(payloads).toEqual([21.5, 22.5, 23.5].map((temperature) => ({ temperature })));
  expect(await judged(here, 'recipe')).toEqual([RECIPE, RECIPE, RECIPE]);
  expect(await judged(here, 'pressure')).toEqual([PRESSURE, PRESSURE, PRESSURE]);
  expect((await here.status())?.sources.push?.refused['not-up']).toBeGreaterThan(0);
});
