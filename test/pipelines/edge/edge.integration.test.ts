import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import {
  broughtTo,
  type Device,
  dataFrom,
  type EdgeStand,
  startDevice,
  startEdgeStand,
} from '../../stand/edge-stand.ts';
import { type Broker, createMosquitto, findMosquitto } from '../../stand/mosquitto.ts';
import { type Relay, startRelay } from '../../stand/relay.ts';
import { until } from '../../stand/stand.ts';
import { certificateAuthority } from '../../support/certificates.ts';
import { longTest } from '../../support/long.ts';

const LONG = 120_000;
const found = findMosquitto();
const MACHINES = ['Presse 3', 'p2'];

let stand: EdgeStand | undefined;
let broker: Broker | undefined;
let device: Device | undefined;
let relay: Relay | undefined;
afterEach(stopAll);
async function stopAll(): Promise<void> {
  await device?.stop();
  await stand?.stop();
  await broker?.stop();
  relay?.close();
  relay = undefined;
  [stand, broker, device] = [undefined, undefined, undefined];
}

async function start(partitions: number, more: object = {}) {
  if (typeof found === 'string') throw new Error(found);
  broker = await createMosquitto(found);
  await broker.start();
  stand = await startEdgeStand({ partitions, edge: { sources: [dataFrom(broker.port, more)] } });
  await stand.edge.start();
  await connected(stand);
  device = await startDevice(broker.port);
  return { stand, broker, device };
}

/** The session is there: from now on the broker keeps what comes. */
async function connected({ edge }: EdgeStand): Promise<void> {
  await until('the edge at the broker', LONG, async () =>
    edge.lines.some((line) => line.includes('source-connected')),
  );
}

/** Numbers from one to another, in any order of acknowledgement; resolves when the broker has all of them. */
async function send({ send: sendOne }: Device, from: number, to: number): Promise<void> {
  const all: Promise<void>[] = [];
  for (let n = from; n < to; n += 1) all.push(sendOne(MACHINES[n % 2] ?? '', n));
  await Promise.all(all);
}

async function untilBrought({ hub, edge, status }: EdgeStand, partitions: number, count: number) {
  let brought = await broughtTo(hub, partitions);
  await until(`${count} messages at the centre`, LONG, async () => {
    brought = await broughtTo(hub, partitions);
    return brought.length >= count;
  }).catch(async (error: unknown) => {
    const last = edge.lines.slice(-10).join('\n');
    throw new Error(`${error}: ${brought.length}\n${JSON.stringify(await status())}\n${last}`);
  });
  return brought;
}

const numbersOf = (brought: Awaited<ReturnType<typeof broughtTo>>) =>
  brought.map(({ payload }) => (payload.values as { n: number }).n).sort((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

describe.skipIf(typeof found === 'string')(
  `mosquitto: ${typeof found === 'string' ? found : 'here'}`,
  () => {
    test('the link is cut, and edge, leaf node and centre are killed: each number comes once', async () => {
      const partitions = 4;
      const all = await start(partitions);
      await send(all.device, 0, 200);
      await untilBrought(all.stand, partitions, 200);
      all.stand.link.cut();
      await untilAway(all.stand);
      await send(all.device, 200, 400);
      await all.stand.edge.kill();
      await send(all.device, 400, 500);
      await all.stand.leaf.kill();
      await all.stand.leaf.start();
      await all.stand.edge.start();
      await send(all.device, 500, 600);
      await all.stand.leaf.kill();
      await all.stand.leaf.start();
      await all.stand.hub.server.kill();
      all.stand.link.mend();
      await all.stand.hub.server.start();
      await send(all.device, 600, 700);
      const brought = await untilBrought(all.stand, partitions, 700);
      expect(numbersOf(brought)).toEqual(upTo(700));
      expect(brought.some(({ backfill }) => backfill)).toBe(true);
      expect(brought.some(({ backfill }) => !backfill)).toBe(true);
      expect(new Set(brought.map(({ subject }) => subject))).toEqual(
        new Set(['telemetry.works.line1.press', 'telemetry.works.line2.press']),
      );
      await untilNothingIsHeld(all.stand);
      expect((await all.stand.status())?.held.lost).toBe(0);
    });

    test('an acknowledgement that is lost brings the message again, and it counts once, without a time too', async () => {
      if (typeof found === 'string') throw new Error(found);
      broker = await createMosquitto(found);
      await broker.start();
      relay = await startRelay(broker.port);
      // PUBACK is the one packet of a client that begins with this sign.
      const lost = relay.hold({ ask: /^@/ });
      const topics = [{ topic: 'factory/{machine}/data' }];
      const sources = [dataFrom(relay.port, { version: '3.1.1', topics })];
      stand = await startEdgeStand({ partitions: 1, edge: { sources } });
      const { status, edge } = stand;
      await edge.start();
      await connected(stand);
      device = await startDevice(broker.port);
      const say = (text: string) =>
        device?.client.publishAsync('factory/Presse 3/data', text, { qos: 1 });
      await say('{"v":1}');
      (await lost).cut();
      const repeats = async () => (await status())?.sources.broker?.refused.repeat;
      await until('the repeat', LONG, async () => (await repeats()) === 1);
      // The same words again, and no repeat: the broker says so.
      await say('{"v":1}');
      await say('{"v":2}');
      const brought = await untilBrought(stand, 1, 3);
      expect(brought.map(({ payload }) => (payload.values as { v: number }).v)).toEqual([1, 1, 2]);
    });

    test('over TLS with a certificate of its own; another one takes its place at the next connection', async () => {
      if (typeof found === 'string') throw new Error(found);
      const authority = certificateAuthority('plant');
      const { certificate, privateKey } = authority.issue('broker', ['127.0.0.1']);
      const [client, other] = [authority.issue('edge', []), authority.issue('renewed', [])];
      const machine = authority.issue('machine', []);
      const lines = [
        ...[`cafile ${authority.certificate}`, `certfile ${certificate}`, `keyfile ${privateKey}`],
        ...['require_certificate true', 'use_identity_as_username true'],
      ];
      broker = await createMosquitto(found, lines.join('\n'));
      await broker.start();
      const url = `mqtts://127.0.0.1:${broker.port}`;
      const tls = { ca: authority.certificate, ...client };
      const sources = [dataFrom(broker.port, { url, tls })];
      stand = await startEdgeStand({ partitions: 1, edge: { sources } });
      const { edge } = stand;
      await edge.start();
      await connected(stand);
      const read = (path: string) => readFileSync(path);
      const { certificate: cert, privateKey: key } = machine;
      const files = { ca: read(authority.certificate), cert: read(cert), key: read(key) };
      device = await startDevice(broker.port, files);
      await send(device, 0, 20);
      await untilBrought(stand, 1, 20);
      // Files that are torn do not end the edge; a pair that fits does the next connection with it.
      writeFileSync(client.privateKey, 'torn');
      writeFileSync(client.certificate, read(other.certificate));
      await broker.stop();
      await until('the torn pair to be told', LONG, async () =>
        edge.lines.some((line) => line.includes('edge-trouble')),
      );
      writeFileSync(client.privateKey, read(other.privateKey));
      await broker.start();
      const { lines: said } = broker;
      // The broker says by which name of which certificate it knows a client.
      await until('the renewed name', LONG, async () =>
        said.some((line) => /as andon-e1-broker .*u'renewed'/.test(line)),
      );
      await send(device, 20, 40);
      expect(numbersOf(await untilBrought(stand, 1, 40))).toEqual(upTo(40));
    });

    longTest('schedules of kills and cuts, two or three each', 2_400_000, async () => {
      const random = seeded(Number(process.env.ANDON_SEED ?? 20261130));
      for (let schedule = 0; schedule < Number(process.env.ANDON_KILLS ?? 20); schedule += 1) {
        const version = schedule % 2 === 0 ? 5 : 4;
        const all = await start(schedule % 4 === 0 ? 1 : 4, { version });
        const partitions = schedule % 4 === 0 ? 1 : 4;
        const faults = faultsOf(all);
        const names = Object.keys(faults)
          .filter(() => random() < 0.5)
          .slice(0, 3);
        let n = 0;
        for (const name of names.length < 2 ? ['edge', 'link'] : names) {
          const sending = send(all.device, n, n + 150);
          n += 150;
          await new Promise((resolve) => setTimeout(resolve, random() * 300));
          await faults[name as keyof typeof faults]();
          await sending;
        }
        const brought = await untilBrought(all.stand, partitions, n);
        expect(numbersOf(brought), `schedule ${schedule}: ${names}`).toEqual(upTo(n));
        await untilNothingIsHeld(all.stand);
        await stopAll();
      }
    });
  },
);

async function untilAway({ status }: EdgeStand): Promise<void> {
  await until('the edge to see it', LONG, async () => (await status())?.centre.away === true);
}

async function untilNothingIsHeld({ status }: EdgeStand): Promise<void> {
  await until('nothing to be held', LONG, async () => {
    const now = await status();
    return now?.centre.away === false && now.held.messages === 0;
  });
}

/** Something ends without warning, and comes back. */
function faultsOf({
  stand: { edge, leaf, hub, link, status },
  broker: own,
}: Awaited<ReturnType<typeof start>>) {
  const bounce = async (service: { kill(): Promise<void>; start(): Promise<void> }) => {
    await service.kill();
    await service.start();
  };
  return {
    edge: () => bounce(edge),
    leaf: () => bounce(leaf),
    hub: () => bounce(hub.server),
    // What a broker has not written down it loses when it is killed: it is asked to end.
    broker: async () => {
      await own.stop();
      await own.start();
    },
    link: async () => {
      link.cut();
      await until('the edge to see it', LONG, async () => (await status())?.centre.away === true);
      link.mend();
    },
  };
}

/** Lehmer's generator, as Park and Miller have it (1988). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
