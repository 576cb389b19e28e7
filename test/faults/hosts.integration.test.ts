import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterEach, expect } from 'vitest';
import { partitionOf } from '../../pipelines/nats/partition.ts';
import { ensurePartition } from '../../pipelines/nats/streams.ts';
import { type NatsCluster, startCluster } from '../stand/cluster.ts';
import { checksOf, type Facts, factsOf, rowsOf } from '../stand/landed.ts';
import { recordedPlant } from '../stand/recorded-plant.ts';
import { andon, type Service, type Stand, startStand, until, worksAt } from '../stand/stand.ts';
import { longTest } from '../support/long.ts';
import { randomOf } from '../support/plant-log.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** How many schedules, and where chance begins. */
const SCHEDULES = Number(process.env.ANDON_HOST_SCHEDULES ?? 20);
const SEED = Number(process.env.ANDON_HOST_SCHEDULES_SEED ?? Date.now() % 1_000_000);
const PARTITIONS = 8;
/** What befalls the hosts in one schedule. */
const ACTS = 3;
/** Of four plants with two lines each; published twenty times as fast as it was. */
const SECONDS = 600;
const PUBLISHED = ['--speed', '20'];
const EPOCH = { seconds: 1, checkpointEvery: 3 };

type Host = { readonly name: string; readonly service: Service; readonly directory: string };
type World = { readonly stand: Stand; readonly cluster: NatsCluster; readonly hosts: Host[] };

const stoppable: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of stoppable.splice(0).reverse()) await one.stop();
}, 120_000);

function keep<S extends { stop(): Promise<unknown> }>(one: S): S {
  stoppable.push(one);
  return one;
}

async function startWorld(): Promise<World> {
  const cluster = keep(await startCluster());
  const connection = await connect({ servers: cluster.urls.split(',') });
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const options = { partitions: PARTITIONS, replay: true, replicas: 3 };
    await ensurePartition(connection, { ...options, partition });
  }
  await connection.close();
  return { stand: await groupStand(cluster), cluster, hosts: [] };
}

/** A warehouse and a CMMS for a group in a cluster; no member yet. */
async function groupStand(cluster: NatsCluster, config: object = {}): Promise<Stand> {
  const stream = { replicas: 3 };
  return keep(
    await startStand({
      ...{ nats: cluster.nats, warehouse: 'apart' },
      addresses: { nats: cluster.urls },
      config: { partitions: PARTITIONS, group: {}, stream, epoch: EPOCH, ...config },
      env: { ANDON_PARTITIONS: String(PARTITIONS) },
    }),
  );
}

let hosts = 0;

function join({ stand, hosts: running }: World): Host {
  hosts += 1;
  const [name, directory] = [`hall-${hosts}`, temporaryDirectory()];
  const env = { ANDON_DIR: directory, ANDON_OWNER: name, ANDON_HTTP_PORT: '0' };
  const service = keep(stand.twin(env));
  service.live().catch(() => undefined);
  const host = { name, service, directory };
  running.push(host);
  return host;
}

/** A member and its workers. */
function processesOf({ service }: Host): number[] {
  const found = [service.pid() ?? 0];
  for (const entry of readdirSync('/proc')) {
    if (parentOf(entry) === found[0]) found.push(Number(entry));
  }
  return found;
}

function parentOf(entry: string): number | undefined {
  try {
    const [, parent] = /\nPPid:\t(\d+)/.exec(readFileSync(`/proc/${entry}/status`, 'utf8')) ?? [];
    return Number(parent);
  } catch {
    return undefined;
  }
}

function signal(host: Host, name: NodeJS.Signals): void {
  for (const pid of processesOf(host)) {
    try {
      process.kill(pid, name);
    } catch {
      // It has ended by itself.
    }
  }
}

const ACT: Record<string, (world: World, random: () => number) => Promise<string>> = {
  async lost(world, random) {
    const host = taken(world, random);
    signal(host, 'SIGKILL');
    await host.service.kill();
    rmSync(host.directory, { recursive: true });
    return `${host.name} is lost with its disk, ${join(world).name} joins`;
  },
  async leaves(world, random) {
    const host = taken(world, random);
    // It may end by an error of its own while a server is away; what has landed is judged at the end.
    const { code } = await host.service.stop();
    const said =
      code === 0 ? '' : ` with exit code ${code}: ${host.service.lines.slice(-20).join('\n')}`;
    return `${host.name} leaves${said}, ${join(world).name} joins`;
  },
  async frozen(world, random) {
    const host = taken(world, random);
    signal(host, 'SIGSTOP');
    await pause(15_000 + random() * 15_000);
    signal(host, 'SIGCONT');
    world.hosts.push(host);
    return `${host.name} stands still`;
  },
  async server(world, random) {
    const at = Math.floor(random() * world.cluster.servers.length);
    await world.cluster.servers[at]?.kill();
    await pause(random() * 12_000);
    await world.cluster.servers[at]?.start();
    await world.cluster.settled();
    return `n${at} is killed`;
  },
  async warehouse({ stand }) {
    await stand.warehouse?.kill();
    return 'the warehouse is killed';
  },
  async joins(world) {
    return `${join(world).name} joins`;
  },
};

function taken({ hosts: running }: World, random: () => number): Host {
  const [host] = running.splice(Math.floor(random() * running.length), 1);
  if (host === undefined) throw new Error('expected a host');
  return host;
}

/** A lost host, and others by chance, in an order of chance. */
function actsOf(random: () => number): string[] {
  const names = Object.keys(ACT);
  const acts = Array.from({ length: ACTS }, () => names[Math.floor(random() * names.length)] ?? '');
  acts[Math.floor(random() * ACTS)] = 'lost';
  return acts;
}

/** Numbers by a seed, of which the next seed's are others from the first one on. */
function chanceOf(seed: number): () => number {
  const random = randomOf(Math.imul(seed, 0x9e3779b1));
  for (let at = 0; at < 10; at += 1) random();
  return random;
}

async function untilBegun({ cluster }: World): Promise<void> {
  const connection = await connect({ servers: cluster.urls.split(',') });
  try {
    const { streams } = await jetstreamManager(connection);
    await until('the first messages', 60_000, async () => {
      const { state } = await streams.info(`ANDON_${partitionOf('p1', 'l1', PARTITIONS)}`);
      return state.messages > 0;
    });
  } finally {
    await connection.close();
  }
}

/** Waits until every message of every partition has landed; what the tables have. */
async function landed({ stand, cluster }: World): Promise<Facts> {
  const connection = await connect({ servers: cluster.urls.split(',') });
  try {
    const { streams } = await jetstreamManager(connection);
    await until('all partitions to land', 300_000, async () => {
      const rows = await rowsOf<{ stream: string; last: number }>(
        stand,
        'SELECT stream, toUInt32(max(last_sequence)) AS last FROM {db}.epochs GROUP BY stream',
      );
      for (let partition = 0; partition < PARTITIONS; partition += 1) {
        const { state } = await streams.info(`ANDON_${partition}`);
        const last = rows.find(({ stream }) => stream === `ANDON_${partition}`)?.last ?? 0;
        if (last < state.last_seq) return false;
      }
      return true;
    });
  } finally {
    await connection.close();
  }
  return factsOf(stand);
}

/**
 * What a group of one that nothing befalls makes of the same log. It has to be the same log: a publisher whose leader is
 * killed sends again what was on its way, and what came after it may be in the stream by then.
 */
async function undisturbed({ cluster }: World): Promise<Facts> {
  const stand = await groupStand(cluster, { pipeline: 'calm', cmms: undefined });
  const calm: World = { stand, cluster, hosts: [] };
  const { service } = join(calm);
  const facts = await landed(calm);
  await service.stop();
  return facts;
}

function publish(stand: Stand, plant: ReturnType<typeof recordedPlant>, ...options: string[]) {
  const args = ['publish', '--replay', ...options, ...plant.files, plant.recording, '--json'];
  return andon(args, stand.env);
}

longTest(
  `${SCHEDULES} schedules of lost, frozen and new hosts and of killed servers give what an undisturbed group gives`,
  600_000 + SCHEDULES * 600_000,
  async () => {
    const plant = recordedPlant(temporaryDirectory(), SECONDS, 17, 4);
    for (let schedule = 0; schedule < SCHEDULES; schedule += 1) {
      const random = chanceOf(SEED + schedule);
      const world = await startWorld();
      for (let at = 0; at < 3; at += 1) join(world);
      const publishing = publish(world.stand, plant, ...PUBLISHED);
      await untilBegun(world);
      const told: string[] = [];
      for (const act of actsOf(random)) {
        await pause(random() * 15_000);
        told.push((await ACT[act]?.(world, random)) ?? act);
      }
      console.log(`seed ${SEED + schedule}: ${told.join('; ')}`);
      expect((await publishing).err).toBe('');
      const facts = await landed(world);
      await until('one work request for each request', 120_000, async () => {
        const keys = (await worksAt(world.stand)).map(({ external_key }) => external_key);
        return new Set(keys).size === keys.length && keys.length === facts.requests.length;
      });
      expect(facts.requests.length).toBeGreaterThan(0);
      expect(await checksOf(world.stand)).toEqual({});
      for (const { service } of world.hosts) await service.stop();
      expect(facts, told.join('; ')).toEqual(await undisturbed(world));
      for (const one of stoppable.splice(0).reverse()) await one.stop();
    }
  },
);
