import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import {
  type Device,
  dataFrom,
  EDGE_PLANT,
  type EdgeStand,
  startDevice,
  startEdgeStand,
} from '../../stand/edge-stand.ts';
import { rowsOf } from '../../stand/landed.ts';
import { type Broker, createMosquitto, findMosquitto } from '../../stand/mosquitto.ts';
import { andon, type Stand, startStand, until } from '../../stand/stand.ts';
import { temporaryFile } from '../../support/temporary.ts';

const LONG = 150_000;
const found = findMosquitto();
let edge: EdgeStand | undefined;
let stand: Stand | undefined;
let broker: Broker | undefined;
let device: Device | undefined;
afterEach(async () => {
  await device?.stop();
  await stand?.stop();
  await edge?.stop();
  await broker?.stop();
});

/** How somebody of the printed configuration logs in. */
const loginOf = ({ hub: { keys } }: EdgeStand, user: string) => ({
  ...{ nkey: join(keys, `${user}.nk`), inbox: `_INBOX_${user}` },
});

/** The first line of the plant alone. */
const ONE_LINE = {
  plants: EDGE_PLANT.plants.map(({ lines, ...plant }) => ({ ...plant, lines: lines.slice(0, 1) })),
};

async function apply(edge: EdgeStand, model: string): Promise<void> {
  const { nkey, inbox } = loginOf(edge, 'engineer.works');
  const applied = await andon(['apply', model], {
    ...{ NATS_URL: edge.hub.server.url, NATS_NKEY: nkey, NATS_INBOX: inbox },
    ...{ NATS_DOMAIN: 'andon', ANDON_USER: 'engineer' },
  });
  expect(applied).toMatchObject({ code: 0 });
}

/** `andon dead-letters` with JSON. */
async function deadLetters<T>(own: Stand, ...words: readonly string[]): Promise<T> {
  const ran = await own.andon(['dead-letters', ...words, '--json', '--config', own.config]);
  expect(ran).toMatchObject({ code: 0 });
  return JSON.parse(ran.out);
}

test('from a machine through broker, edge, leaf node and centre to the row, with a cut between, and a model that follows: once', async (context) => {
  context.skip(typeof found === 'string', String(found));
  if (typeof found === 'string') return;
  broker = await createMosquitto(found);
  await broker.start();
  edge = await startEdgeStand({ partitions: 1, edge: { sources: [dataFrom(broker.port)] } });
  const { server, model } = edge.hub;
  const nats = {
    ...{ servers: [server.url], ...loginOf(edge, 'worker') },
    delivery: loginOf(edge, 'requests'),
  };
  stand = await startStand({ nats: server, config: { nats, user: 'worker1' } });
  await apply(edge, temporaryFile('plant.yaml', JSON.stringify(ONE_LINE)));
  await stand.worker.start();
  await edge.edge.start();
  await until(
    'the edge at the broker',
    LONG,
    async () => edge?.edge.lines.some((line) => line.includes('source-connected')) === true,
  );
  device = await startDevice(broker.port);
  for (let n = 0; n < 50; n += 1) await device.send('Presse 3', n);
  edge.link.cut();
  await until('the edge to see it', LONG, async () => (await edge?.status())?.centre.away === true);
  for (let n = 50; n < 100; n += 1) await device.send('p2', n);
  edge.link.mend();
  const landed = stand;
  type Unknown = { readonly asset: string; readonly count: number; readonly isKnown: boolean };
  const unknown = () => deadLetters<readonly Unknown[]>(landed, 'unknown');
  const countOf = (all: readonly Unknown[]) => all.reduce((sum, { count }) => sum + count, 0);
  await until('the second line in dead letters', LONG, async () => {
    const letters = await rowsOf<{ n: number }>(
      landed,
      "SELECT toUInt32(sum(count)) AS n FROM {db}.dead_letters WHERE source LIKE '%.line2.press%'",
    );
    return letters[0]?.n === 50;
  });
  const before = await unknown();
  expect(countOf(before)).toBe(50);
  expect(before.map(({ asset }) => asset)).toContain('works/line2/press');
  expect(before.every(({ isKnown }) => !isKnown)).toBe(true);
  const early = await landed.andon([
    ...['dead-letters', 'resend', 'works/line2/press', '--config', landed.config],
  ]);
  expect(early).toMatchObject({ code: 2 });
  expect(early.err).toContain('works/line2/press, which it has not');
  await apply(edge, model);
  await until('the model of both lines', LONG, async () => {
    const assets = await rowsOf(landed, "SELECT 1 FROM {db}.assets WHERE line = 'line2'");
    return assets.length > 0;
  });
  const sent = await deadLetters<readonly { messages: number; gone: number }[]>(landed, 'resend');
  expect(sent.reduce((sum, { messages }) => sum + messages, 0)).toBe(50);
  expect(sent.every(({ gone }) => gone === 0)).toBe(true);
  expect(await deadLetters(landed, 'resend')).toEqual([]);
  const query =
    "SELECT toUInt32(count()) AS rows, toUInt32(uniqExact(value)) AS different FROM {db}.readings WHERE signal = 'n'";
  let row: { rows: number; different: number } | undefined;
  await until('the rows', LONG, async () => {
    [row] = await rowsOf<{ rows: number; different: number }>(landed, query);
    return (row?.different ?? 0) >= 100;
  });
  expect(row).toEqual({ rows: 100, different: 100 });
});
