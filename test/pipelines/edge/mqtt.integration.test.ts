import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import { afterEach, expect, test } from 'vitest';
import { broughtTo, dataFrom, type EdgeStand, startEdgeStand } from '../../stand/edge-stand.ts';
import { andon, until } from '../../stand/stand.ts';

/** A broker in this process: it can be looked into, and led astray. It speaks MQTT 3.1.1. */
const LONG = 120_000;
let stand: EdgeStand | undefined;
const closing: (() => void)[] = [];
afterEach(async () => {
  await stand?.stop();
  for (const close of closing.splice(0)) close();
  stand = undefined;
});

async function startBroker() {
  const broker = await Aedes.createBroker();
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
  return { broker, port, publish };
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
  expect(values).toEqual([1, 2, 3]);
});
