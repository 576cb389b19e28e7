/** Three real nats-servers that are one cluster, with JetStream, for tests that take its leaders away. */

import { jetstreamManager, StorageType, type StreamInfo } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { freePort } from '../../pipelines/base/free-port.ts';
import { startNats, type TestNats } from './nats.ts';
import { until } from './stand.ts';

export interface NatsCluster {
  readonly servers: readonly TestNats[];
  /** The addresses of all, as `NATS_URL` has them. */
  readonly urls: string;
  /** The whole of it, as a stand wants its one nats-server. */
  readonly nats: TestNats;
  /** Which server leads a stream; undefined while none does. */
  leaderOf(stream: string): Promise<number | undefined>;
  /** Makes another server the leader of a stream, as an operator would: `nats stream cluster step-down`. */
  stepDown(stream: string): Promise<void>;
  /** Gives every stream and bucket, or one, so many replicas (default: three), and waits until all are current. */
  replicate(only?: string, replicas?: number): Promise<void>;
  /** Waits until every stream has a leader and all its replicas are current. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

const SIZE = 3;
/** Milliseconds: an election takes up to 9 s in nats-server, and a server that comes back reads what it has missed. */
const SETTLES = 60_000;

export async function startCluster(): Promise<NatsCluster> {
  const routes: number[] = [];
  for (let at = 0; at < SIZE; at += 1) routes.push(await freePort());
  const peers = routes.map((port) => `"nats://127.0.0.1:${port}"`).join(', ');
  const servers = await Promise.all(
    routes.map((port, at) =>
      startNats({
        config: [
          `server_name: n${at}`,
          'max_payload: 8MB',
          `cluster { name: andon, listen: "127.0.0.1:${port}", routes: [${peers}] }`,
        ].join('\n'),
      }),
    ),
  );
  const urls = servers.map(({ url }) => url).join(',');
  const connection = await connect({
    servers: servers.map(({ url }) => url),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  });
  await until('the cluster to place a stream on all servers', SETTLES, () => places(connection));
  return clusterOf(servers, urls, connection);
}

function clusterOf(
  servers: readonly TestNats[],
  urls: string,
  connection: NatsConnection,
): NatsCluster {
  const [first] = servers;
  if (first === undefined) throw new Error('expected a server');
  const each = async (act: (server: TestNats) => Promise<unknown>) => {
    await Promise.all(servers.map(act));
  };
  const settled = () =>
    until('all replicas to be current', SETTLES, async () => {
      const streams = await streamsOf(connection).catch(() => undefined);
      return streams?.every(isCurrent) ?? false;
    });
  const stop = async () => {
    await connection.close();
    await each((server) => server.stop());
  };
  return {
    ...{ servers, urls, settled, stop },
    nats: { ...first, stop: () => first.stop() },
    async leaderOf(stream) {
      const manager = await jetstreamManager(connection, { checkAPI: false });
      const info = await manager.streams.info(stream).catch(() => undefined);
      const at = Number(info?.cluster?.leader?.slice(1));
      return Number.isInteger(at) ? at : undefined;
    },
    async stepDown(stream) {
      await connection.request(`$JS.API.STREAM.LEADER.STEPDOWN.${stream}`, '', { timeout: 5_000 });
    },
    async replicate(only, replicas = SIZE) {
      const manager = await jetstreamManager(connection, { checkAPI: false });
      for (const { config } of await streamsOf(connection)) {
        if (config.num_replicas === replicas || (only ?? config.name) !== config.name) continue;
        await manager.streams.update(config.name, { num_replicas: replicas });
      }
      await settled();
    },
  };
}

/** A leader that was just elected does not know all servers yet: it answers, and has no place for three copies. */
async function places(connection: NatsConnection): Promise<boolean> {
  try {
    const { streams } = await jetstreamManager(connection, { checkAPI: false, timeout: 2_000 });
    const probe = { name: 'READY', subjects: ['ready.probe'], num_replicas: SIZE };
    await streams.add({ ...probe, storage: StorageType.Memory });
    await streams.delete(probe.name);
    return true;
  } catch {
    return false;
  }
}

async function streamsOf(connection: NatsConnection): Promise<StreamInfo[]> {
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: 2_000 });
  const found: StreamInfo[] = [];
  for await (const info of manager.streams.list()) found.push(info);
  return found;
}

function isCurrent({ cluster, config }: StreamInfo): boolean {
  const { leader, replicas = [] } = cluster ?? {};
  return (
    leader !== undefined &&
    replicas.length === config.num_replicas - 1 &&
    replicas.every(({ current, offline }) => current && offline !== true)
  );
}
