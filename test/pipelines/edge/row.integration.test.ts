import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import {
  type Device,
  dataFrom,
  type EdgeStand,
  startDevice,
  startEdgeStand,
} from '../../stand/edge-stand.ts';
import { rowsOf } from '../../stand/landed.ts';
import { type Broker, createMosquitto, findMosquitto } from '../../stand/mosquitto.ts';
import { andon, type Stand, startStand, until } from '../../stand/stand.ts';

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

test('from a machine through broker, edge, leaf node and centre to the row, with a cut between: once', async (context) => {
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
  stand = await startStand({ nats: server, config: { nats } });
  const engineer = loginOf(edge, 'engineer.works');
  const applied = await andon(['apply', model], {
    ...{ NATS_URL: server.url, NATS_NKEY: engineer.nkey, NATS_INBOX: engineer.inbox },
    ...{ NATS_DOMAIN: 'andon', ANDON_USER: 'engineer' },
  });
  expect(applied).toMatchObject({ code: 0 });
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
  const query =
    "SELECT toUInt32(count()) AS rows, toUInt32(uniqExact(value)) AS different FROM {db}.readings WHERE signal = 'n'";
  let row: { rows: number; different: number } | undefined;
  const landed = stand;
  await until('the rows', LONG, async () => {
    [row] = await rowsOf<{ rows: number; different: number }>(landed, query);
    return (row?.different ?? 0) >= 100;
  });
  expect(row).toEqual({ rows: 100, different: 100 });
});
