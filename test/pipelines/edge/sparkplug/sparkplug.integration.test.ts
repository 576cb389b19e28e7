import { afterEach, describe, expect, test } from 'vitest';
import { broughtTo, type EdgeStand, startEdgeStand } from '../../../stand/edge-stand.ts';
import { type Broker, createMosquitto, findMosquitto } from '../../../stand/mosquitto.ts';
import { type SparkplugNode, startSparkplugNode } from '../../../stand/sparkplug-node.ts';
import { andon, until } from '../../../stand/stand.ts';
import { longTest } from '../../../support/long.ts';

const LONG = 120_000;
const found = findMosquitto();
let stand: EdgeStand | undefined;
let broker: Broker | undefined;
let node: SparkplugNode | undefined;
afterEach(stopAll);
async function stopAll(): Promise<void> {
  await node?.stop();
  await stand?.stop();
  await broker?.stop();
  [stand, broker, node] = [undefined, undefined, undefined];
}

async function start(settings: object = {}) {
  if (typeof found === 'string') throw new Error(found);
  broker = await createMosquitto(found);
  await broker.start();
  const sparkplug = {
    ...{ url: `mqtt://127.0.0.1:${broker.port}`, host: 'andon', rebirth: '1s', ...settings },
  };
  stand = await startEdgeStand({
    partitions: 1,
    edge: {
      assets: { 'Plant A/cell 1/Presse 3': 'works.line1.press' },
      sources: [{ name: 'plant', kind: 'sparkplug', sparkplug }],
    },
  });
  await stand.edge.start();
  node = startSparkplugNode({ port: broker.port, host: 'andon' });
  const all = { stand, broker, node };
  await untilOnline(all);
  return all;
}

type All = Awaited<ReturnType<typeof start>>;

const untilOnline = ({ node: one }: All) =>
  until('the node to see its host', LONG, async () => one.online);
const untilOffline = ({ node: one }: All) =>
  until('the node to see that its host is away', LONG, async () => !one.online);

const send = ({ node: one }: All, from: number, to: number) => {
  for (let n = from; n < to; n += 1) one.send(n);
};

type Number = { readonly n: number; readonly backfill: boolean; readonly quality: string };

async function numbersAt({ stand: { hub } }: All): Promise<Number[]> {
  return (await broughtTo(hub, 1)).flatMap(({ payload, backfill }) => {
    const { n } = (payload.values ?? {}) as { n?: number | number[] };
    const { n: quality = 'good' } = (payload.quality ?? {}) as { n?: string };
    // Below 0 stands what it was born with before it had a value.
    return typeof n === 'number' && n >= 0 ? [{ n, backfill, quality }] : [];
  });
}

/** Each number once as a value; what is stale is no value. */
async function untilBrought(all: All, numbers: readonly number[]): Promise<Number[]> {
  let brought: Number[] = [];
  const missing = () => {
    const here = new Set(brought.map(({ n }) => n));
    return numbers.filter((n) => !here.has(n));
  };
  await until('all numbers at the centre', LONG, async () => {
    // The centre may be slow to answer just now.
    const here = await numbersAt(all).catch(() => brought);
    brought = here.filter(({ quality }) => quality !== 'suspect');
    return missing().length === 0;
  }).catch(async (error: unknown) => {
    const status = JSON.stringify(await all.stand.status());
    const last = all.stand.edge.lines.slice(-5).join('\n');
    throw new Error(`${error}: without ${missing().join(' ')}\n${status}\n${last}`);
  });
  return brought;
}

const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);
const sorted = (brought: readonly Number[]) => brought.map(({ n }) => n).sort((a, b) => a - b);

describe.skipIf(typeof found === 'string')(
  `mosquitto: ${typeof found === 'string' ? found : 'here'}`,
  () => {
    test('edge, broker, node and leaf node are killed: what the node stored meanwhile comes as history, each number once', async () => {
      const all = await start();
      send(all, 0, 40);
      await untilBrought(all, upTo(0, 40));
      await all.stand.edge.kill();
      // The broker says what the edge had left with it: the will.
      await untilOffline(all);
      send(all, 40, 80);
      await all.stand.edge.start();
      await untilOnline(all);
      send(all, 80, 120);
      await untilBrought(all, upTo(0, 120));
      await bounceBroker(all, () => send(all, 120, 160));
      await untilOnline(all);
      await untilBrought(all, upTo(0, 160));
      all.node.breakConnection();
      await untilOffline(all);
      send(all, 160, 180);
      await untilOnline(all);
      await all.stand.leaf.kill();
      send(all, 180, 220);
      await all.stand.leaf.start();
      const brought = await untilBrought(all, upTo(0, 220));
      expect(sorted(brought)).toEqual(upTo(0, 220));
      const stored = new Set(brought.filter(({ backfill }) => backfill).map(({ n }) => n));
      expect(upTo(41, 79).every((n) => stored.has(n))).toBe(true);
      const stale = (await numbersAt(all)).filter(({ quality }) => quality === 'suspect');
      // The broker was away, and the node was: two times of which nobody knows what the machine did.
      expect(stale.map(({ n }) => n)).toEqual(expect.arrayContaining([159]));
      const last = await all.stand.status();
      expect(last?.held.lost).toBe(0);
      expect(last?.sources.plant?.refused).not.toHaveProperty('missed');
      expect(last?.sources.plant?.refused).not.toHaveProperty('too-large');
    });

    test('messages that are missing are counted, told, and a birth is asked for; the births can be listed', async () => {
      const all = await start({ reorder: '200ms' });
      send(all, 0, 5);
      all.node.skip(3);
      send(all, 5, 10);
      await until('a request', LONG, async () => all.node.asked === 1);
      const brought = await untilBrought(all, upTo(0, 10));
      expect(sorted(brought)).toEqual(upTo(0, 10));
      const {
        stand: { hub, config, status },
      } = all;
      expect((await status())?.sources.plant?.refused).toMatchObject({ missed: 3 });
      const gaps = (await broughtTo(hub, 1)).filter(({ payload }) => payload.type === 'gap');
      expect(gaps).toMatchObject([
        {
          subject: 'event.works.line1.press',
          payload: { data: { reason: 'missed', count: 3, source: 'plant' } },
        },
      ]);
      const listed = await andon(['edge', 'births', '--config', config]);
      expect(listed.out).toMatch(/plant +Plant A\/cell 1\/Presse 3 +online +n +Int32 +- +-/);
      const checked = await andon(['edge', 'check', '--config', config]);
      expect(checked.out).toContain('host application andon');
    });

    longTest('schedules of kills, two or three each', 2_400_000, async () => {
      const random = seeded(Number(process.env.ANDON_SEED ?? 20261130));
      for (let schedule = 0; schedule < Number(process.env.ANDON_KILLS ?? 20); schedule += 1) {
        const all = await start({ version: schedule % 2 === 0 ? 5 : 4 });
        const names = Object.keys(FAULTS)
          .filter(() => random() < 0.5)
          .slice(0, 3);
        let n = 0;
        /** Of QoS 0: what goes out when something ends may be lost, and nothing else. */
        const exposed = new Set<number>();
        for (const name of names.length < 2 ? ['edge', 'broker'] : names) {
          send(all, n, n + 50);
          const before = n;
          n += 50;
          await FAULTS[name as keyof typeof FAULTS](all, () => {
            send(all, n, n + 50);
            n += 50;
          });
          for (const lost of all.node.live) if (lost >= before) exposed.add(lost);
          await untilOnline(all);
          await untilBrought(
            all,
            upTo(0, n).filter((each) => !exposed.has(each)),
          );
        }
        const brought = await untilBrought(
          all,
          upTo(0, n).filter((each) => !exposed.has(each)),
        );
        expect(new Set(sorted(brought)).size, `schedule ${schedule}: ${names}`).toBe(
          brought.length,
        );
        await stopAll();
      }
    });
  },
);

/**
 * A broker that is killed says no will, and comes back with the STATE that it had: a node that is there before its host is
 * would tell its history to nobody. So this node comes back when the host is there.
 */
async function bounceBroker({ broker: own, node: one, stand: { edge } }: All, more: () => void) {
  const connections = () => edge.lines.filter((line) => line.includes('source-connected')).length;
  const before = connections();
  await one.leave();
  await own.kill();
  more();
  await own.start();
  await until('the edge at the broker', LONG, async () => connections() > before);
  one.comeBack();
}

/** Something ends without warning, more is sent when the node knows of it, and it comes back. */
const FAULTS = {
  async edge(all: All, more: () => void) {
    await all.stand.edge.kill();
    await untilOffline(all);
    more();
    await all.stand.edge.start();
  },
  async broker(all: All, more: () => void) {
    await bounceBroker(all, more);
  },
  async node(all: All, more: () => void) {
    all.node.breakConnection();
    await untilOffline(all);
    more();
  },
  async leaf(all: All, more: () => void) {
    await all.stand.leaf.kill();
    more();
    await all.stand.leaf.start();
  },
  async hub(all: All, more: () => void) {
    await all.stand.hub.server.kill();
    more();
    await all.stand.hub.server.start();
  },
};

/** Lehmer's generator, as Park and Miller have it (1988). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
