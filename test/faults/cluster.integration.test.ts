import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '@nats-io/transport-node';
import { afterAll, expect } from 'vitest';
import { ensurePartition } from '../../pipelines/nats/streams.ts';
import { type NatsCluster, startCluster } from '../stand/cluster.ts';
import { checksOf, factsOf, landedTo } from '../stand/landed.ts';
import { recordedPlant } from '../stand/recorded-plant.ts';
import { andon, type Stand, startStand, until, worksAt } from '../stand/stand.ts';
import { longTest } from '../support/long.ts';
import { randomOf } from '../support/plant-log.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** How often a leader goes, and in which order of chance. */
const LOSSES = Number(process.env.ANDON_LOSSES ?? 20);
const SEED = Number(process.env.ANDON_LOSSES_SEED ?? Date.now() % 1_000_000);
/** Few inserts: what is tried is the cluster, not the warehouse. */
const EPOCH = { seconds: 2, checkpointEvery: 3 };
const STREAMS = ['ANDON_0', 'ANDON_REQUESTS', 'KV_ANDON_MAINTENANCE', 'KV_ANDON_LEASES'] as const;

const stoppable: { stop(): Promise<unknown> }[] = [];
afterAll(async () => {
  for (const one of stoppable.reverse()) await one.stop();
});

function keep<S extends { stop(): Promise<unknown> }>(one: S): S {
  stoppable.push(one);
  return one;
}

/** A worker in a cluster whose streams and buckets have three replicas each. */
async function startInCluster(cluster: NatsCluster): Promise<Stand> {
  const connection = await connect({ servers: cluster.urls.split(',') });
  await ensurePartition(connection, { partition: 0, partitions: 1, replay: true, replicas: 3 });
  await connection.close();
  return keep(
    await startStand({
      ...{ nats: cluster.nats, warehouse: 'apart' },
      addresses: { nats: cluster.urls },
      config: { stream: { replicas: 3 }, epoch: EPOCH },
    }),
  );
}

/** One leader goes: it steps down, or its server is killed and comes back a little later. */
async function loseLeader(cluster: NatsCluster, random: () => number): Promise<string> {
  const stream = STREAMS[Math.floor(random() * STREAMS.length)] ?? 'ANDON_0';
  if (random() < 0.5) {
    await cluster.stepDown(stream);
    return `step-down of ${stream}`;
  }
  const leader = (await cluster.leaderOf(stream)) ?? 0;
  const server = cluster.servers[leader];
  await server?.kill();
  await pause(random() * 12_000);
  await server?.start();
  return `kill of n${leader}, which led ${stream}`;
}

longTest(
  `a cluster of three that loses a leader ${LOSSES} times under load gives what a calm one gives`,
  900_000 + LOSSES * 40_000,
  async () => {
    const random = randomOf(SEED);
    const plant = recordedPlant(temporaryDirectory(), 900, 17);
    const cluster = keep(await startCluster());
    const disturbed = await startInCluster(cluster);
    const speed = `${900 / (LOSSES * 12)}`;
    const args = ['publish', '--replay', '--speed', speed, ...plant.files, plant.recording];
    const publishing = andon([...args, '--json'], disturbed.env);
    await disturbed.worker.start();
    // Lease, home, outbox and ledger are there.
    await until('work', 60_000, async () => {
      const working = (await disturbed.metric('andon_sequence')) ?? 0;
      return working > 0 && (await disturbed.metric('andon_maintenance_owner')) === 1;
    });
    await cluster.replicate();
    const losses: string[] = [];
    while (losses.length < LOSSES) {
      losses.push(await loseLeader(cluster, random));
      // What is killed next has to leave a majority that knows everything.
      await cluster.settled();
      await pause(random() * 2_000);
    }
    console.log(`seed ${SEED}: ${losses.join(', ')}`);
    const { err, out } = await publishing;
    expect(err).toBe('');
    const { acknowledged, last } = JSON.parse(out);
    expect(last).toBe(acknowledged);
    await until('everything to land', 300_000, async () => (await landedTo(disturbed)) >= last);
    expect(errorsOf(disturbed)).toEqual([]);

    await cluster.replicate('ANDON_REQUESTS', 1);
    const calm = keep(
      await startStand({
        ...{ nats: cluster.nats, addresses: { nats: cluster.urls } },
        config: { pipeline: 'calm', cmms: undefined, stream: { replicas: 3 }, epoch: EPOCH },
      }),
    );
    await calm.worker.start();
    await until('the calm run to land', 300_000, async () => (await landedTo(calm)) >= last);
    const facts = await factsOf(calm);
    expect(await factsOf(disturbed)).toEqual(facts);
    expect(await checksOf(disturbed)).toEqual({});
    await until('one work request a request', 60_000, async () => {
      const keys = (await worksAt(disturbed)).map(({ external_key }) => external_key);
      return new Set(keys).size === keys.length && keys.length > 0;
    });
  },
);

/** What the worker called an error: a log that was rewound, a request that was rejected. */
function errorsOf({ worker }: Stand): string[] {
  return worker.lines.filter((line) => line.startsWith('{"level":"error"'));
}
