import { setTimeout as pause } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, expect } from 'vitest';
import { ensurePartition } from '../../pipelines/nats/streams.ts';
import type { WorkerStatus } from '../../pipelines/observe/worker-status.ts';
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

/** Between two looks: milliseconds. */
const LOOK = 50;

/** For how long something that moves on stood still, again and again; undefined is no answer. */
function pausesOf(ask: () => Promise<number | undefined>) {
  const over = new AbortController();
  let last = -1;
  let moved = performance.now();
  let longest = 0;
  const looking = (async () => {
    while (!over.signal.aborted) {
      const now = await ask().catch(() => undefined);
      const time = performance.now();
      if (now !== undefined && now > last) {
        longest = Math.max(longest, time - moved);
        last = now;
        moved = time;
      }
      await pause(LOOK);
    }
  })();
  return {
    /** The longest pause since the last question, in seconds; one that still lasts counts. */
    take(): number {
      const taken = Math.max(longest, performance.now() - moved) / 1_000;
      longest = 0;
      return taken;
    },
    stop() {
      over.abort();
      return looking;
    },
  };
}

/**
 * How long the log took nothing, how long nobody led the cluster, who makes consumers, and how long the worker read nothing.
 * What is longer than both elections is ours.
 */
async function watchPauses(cluster: NatsCluster, stand: Stand) {
  const connection = await connect({
    servers: cluster.urls.split(','),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  });
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: 500 });
  const log = pausesOf(async () => (await manager.streams.info('ANDON_0')).state.last_seq);
  let answers = 0;
  const leader = pausesOf(async () => {
    await manager.getAccountInfo();
    answers += 1;
    return answers;
  });
  const worker = pausesOf(() => furthestTime(stand));
  return {
    take: () => ({ log: log.take(), leader: leader.take(), worker: worker.take() }),
    async stop() {
      await Promise.all([log.stop(), leader.stop(), worker.stop()]);
      await connection.close();
    },
  };
}

/** How far the worker has come in event time: it moves with every second of the recording, where metrics move by epochs. */
async function furthestTime({ worker }: Stand): Promise<number> {
  const answer = await fetch(`${worker.url}/status`);
  const { lines } = (await answer.json()) as WorkerStatus;
  const times = lines.flatMap(({ sources }) => sources.map(({ time }) => Date.parse(time)));
  return Math.max(...times);
}

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return `median ${median.toFixed(1)} s, worst ${(sorted.at(-1) ?? Number.NaN).toFixed(1)} s`;
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
    const pauses: ReturnType<Awaited<ReturnType<typeof watchPauses>>['take']>[] = [];
    const watch = keep(await watchPauses(cluster, disturbed));
    while (losses.length < LOSSES) {
      watch.take();
      const loss = await loseLeader(cluster, random);
      // What is killed next has to leave a majority that knows everything.
      await cluster.settled();
      await pause(random() * 2_000);
      const pausing = watch.take();
      pauses.push(pausing);
      const seconds = Object.values(pausing).map((each) => `${each.toFixed(1)} s`);
      losses.push(`${loss} (${seconds.join(', ')})`);
    }
    await watch.stop();
    console.log(`seed ${SEED}: ${losses.join(', ')}`);
    console.log(
      `the log took nothing: ${spread(pauses.map(({ log }) => log))}; ` +
        `nobody led the cluster: ${spread(pauses.map(({ leader }) => leader))}; ` +
        `the worker read nothing: ${spread(pauses.map(({ worker }) => worker))}; beyond both: ` +
        spread(
          pauses.map(({ log, leader, worker }) => Math.max(0, worker - Math.max(log, leader))),
        ),
    );
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
