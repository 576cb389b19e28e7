/** An edge with its leaf node and a centre behind a link that can be cut, all of it real processes. */

import { writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { unpack } from 'msgpackr';
import { freePort } from '../../pipelines/base/free-port.ts';
import type { EdgeStatus } from '../../pipelines/edge/edge.ts';
import { joinEdge } from '../../pipelines/edge/join.ts';
import { openJetstreamLog } from '../../pipelines/nats/log-reader.ts';
import { partitionStream } from '../../pipelines/nats/streams.ts';
import { createService, type Service } from '../../pipelines/stand/service.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { ANDON } from './code.ts';
import { startNats, type TestNats } from './nats.ts';
import { makeStreams, type PrintedNats, printedConfig, startPrintedNats } from './printed-nats.ts';

/** A line of TCP. */
export interface Link {
  readonly port: number;
  /** The most connections that there were at a time. */
  readonly most: number;
  /** Nothing goes through, and nothing new either, until it is mended. */
  cut(): void;
  mend(): void;
  /** From now on it is given what goes through, either way. */
  tap(listener: (bytes: Buffer) => void): void;
  close(): void;
}

export async function startLink(to: () => number): Promise<Link> {
  const sockets = new Set<Socket>();
  let whole = true;
  let [open, most] = [0, 0];
  let listen: ((bytes: Buffer) => void) | undefined;
  const server = createServer((near) => {
    if (!whole) {
      near.destroy();
      return;
    }
    const far = connect(to(), '127.0.0.1');
    open += 1;
    most = Math.max(most, open);
    near.on('close', () => {
      open -= 1;
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.on('data', (bytes: Buffer) => listen?.(bytes));
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const hangUp = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    get most() {
      return most;
    },
    cut() {
      whole = false;
      hangUp();
    },
    mend() {
      whole = true;
    },
    tap(listener) {
      listen = listener;
    },
    close() {
      server.close();
      hangUp();
    },
  };
}

export const EDGE_PLANT = {
  plants: [
    {
      id: 'works',
      lines: [
        { id: 'line1', assets: [{ id: 'press', points: [{ id: 'de' }] }] },
        { id: 'line2', assets: [{ id: 'press' }] },
      ],
    },
  ],
};

export interface EdgeStand {
  readonly hub: PrintedNats;
  readonly leaf: TestNats;
  readonly link: Link;
  /** Not started yet. */
  readonly edge: Service;
  /** Its judge: not started yet, for an `edge` with `judge`. */
  readonly judge: Service;
  readonly config: string;
  /** Undefined while it does not answer. */
  status(): Promise<EdgeStatus | undefined>;
  stop(): Promise<void>;
}

export type EdgeStandOptions = {
  readonly partitions: number;
  /** Laid over `edge.yaml`; has its sources. */
  readonly edge: Readonly<Record<string, unknown>>;
  /** Default: `EDGE_PLANT`. */
  readonly plants?: object;
};

/** The centre has its streams, and sources the edge. Both ends are configured as `andon nats-config` prints them. */
export async function startEdgeStand(options: EdgeStandOptions): Promise<EdgeStand> {
  const { partitions, edge, plants = EDGE_PLANT } = options;
  const [leafPort, http, judged] = [await freePort(), await freePort(), await freePort()];
  const link = await startLink(() => leafPort);
  const hub = await startPrintedNats({
    ...{ partitions, plants, jetstream: 'domain: hub' },
    words: ['--no-tls', '--leafnodes', String(leafPort), '--edge', 'e1'],
    // A leaf node hears where the centre listens, and goes there after a break: round the link, unless that is what it
    // hears. (`no_advertise` is about the other servers of a cluster.)
    rewrite: (printed) =>
      printed.replace(
        'leafnodes { listen: "0.0.0.0:',
        `leafnodes { advertise: "127.0.0.1:${link.port}", listen: "127.0.0.1:`,
      ),
  });
  const centre = ['--leaf', 'e1', '--centre', `127.0.0.1:${link.port}`];
  const printed = await printedConfig(
    ...['--model', hub.model, '--keys', hub.keys, '--no-tls', ...centre],
  );
  const leaf = await startNats({ config: printed, jetstream: 'domain: e1' });
  const worker = await makeStreams(hub, partitions);
  await joinEdge({ connection: worker, partitions, edge: 'e1' });
  const config = join(temporaryDirectory(), 'edge.yaml');
  const nkey = join(hub.keys, 'edge.e1.nk');
  const settings = {
    edge: 'e1',
    nats: { servers: leaf.url, nkey },
    centre: { domain: 'hub', partitions, away: '1s', catch_up: 2_000 },
    http: { port: http },
    assets: { 'Presse 3': 'works.line1.press', p2: 'works.line2.press' },
    ...edge,
    ...('judge' in edge ? { judge: { directory: temporaryDirectory(), port: judged } } : {}),
  };
  // What is JSON is YAML.
  writeFileSync(config, JSON.stringify(settings));
  const url = `http://127.0.0.1:${http}`;
  const service = createService({
    ...{ name: 'edge', command: process.execPath, args: [ANDON, 'edge', '--config', config] },
    env: {},
    ready: (signal) => answering(`${url}/healthz`, signal),
  });
  const judge = createService({
    ...{
      name: 'judge',
      command: process.execPath,
      args: [ANDON, 'edge', 'judge', '--config', config],
    },
    env: {},
    ready: (signal) => answering(`http://127.0.0.1:${judged}/healthz`, signal),
  });
  return {
    ...{ hub, leaf, link, edge: service, judge, config },
    async status() {
      const answer = await fetch(`${url}/status`).catch(() => undefined);
      const said = (await answer?.json().catch(() => undefined)) as Partial<EdgeStatus> | undefined;
      // While it waits for its leaf node it has nothing to tell.
      return said?.centre === undefined ? undefined : (said as EdgeStatus);
    },
    async stop() {
      await judge.stop();
      await service.stop();
      link.close();
      await leaf.stop();
      await hub.stop();
    },
  };
}

async function answering(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const answer = await fetch(url, { signal }).catch(() => undefined);
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A message, or a sample of a block, of the edge at the centre. */
export type Brought = {
  readonly subject: string;
  readonly backfill: boolean;
  readonly identity: string;
  readonly payload: Readonly<Record<string, unknown>>;
};

/** Everything that the centre has, without the repeats that `validate` removes: by producer and sequence, by identity. */
export async function broughtTo(hub: PrintedNats, partitions: number): Promise<Brought[]> {
  const connection = await hub.connect('worker');
  const brought: Brought[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const log = await openJetstreamLog({
      connection,
      stream: partitionStream(partition),
      after: 0,
    });
    const { last } = await log.state();
    const seen = new Set<string>();
    for (let read = 0; read < last; ) {
      const { messages } = await log.pull(2_000, 5_000, new AbortController().signal);
      for (const { subject, headers, payload, sequence } of messages) {
        read = sequence;
        const backfill = headers['Andon-Backfill'] === '1';
        const source = `${subject} ${backfill}`;
        const sent = `${source} ${headers['Andon-Producer']} ${headers['Andon-Sequence']}`;
        if (seen.has(sent)) continue;
        seen.add(sent);
        const ids = (headers['Andon-Identity'] ?? headers['Andon-Identities'] ?? '').split(' ');
        for (const [at, row] of rowsOf(unpack(payload)).entries()) {
          const identity = ids[at] ?? '';
          const named = `${source} ${identity}`;
          if (identity !== '' && seen.has(named)) continue;
          seen.add(named);
          brought.push({ subject, backfill, identity, payload: row });
        }
      }
    }
    await log.close();
  }
  await connection.close();
  return brought;
}

/** Each sample of a block as a frame; what is none is a row of its own. */
function rowsOf(payload: Record<string, unknown>): Record<string, unknown>[] {
  const { time, values } = payload as { time: unknown; values: Record<string, unknown[]> };
  if (!Array.isArray(time)) return [payload];
  return time.map((each, at) => {
    const own = Object.entries(values).flatMap(([name, { [at]: value }]) =>
      value === null ? [] : [[name, value]],
    );
    return { time: each, values: Object.fromEntries(own) };
  });
}

/** A machine that sends numbers and keeps each until the broker has it. */
export interface Device {
  readonly client: MqttClient;
  /** Resolves when the broker has it, whatever happens to it meanwhile. */
  send(machine: string, n: number): Promise<void>;
  stop(): Promise<void>;
}

/** Its session is kept, and what is unacknowledged is sent again when the connection is back. */
export async function startDevice(
  port: number,
  tls?: Readonly<Record<'ca' | 'cert' | 'key', Buffer>>,
): Promise<Device> {
  const client = mqtt.connect(`${tls === undefined ? 'mqtt' : 'mqtts'}://127.0.0.1:${port}`, {
    ...tls,
    ...{ clientId: 'device', clean: false, reconnectPeriod: 200, connectTimeout: 5_000 },
  });
  client.on('error', () => undefined);
  await new Promise<void>((resolve) => client.once('connect', () => resolve()));
  const began = Date.now();
  return {
    client,
    async send(machine, n) {
      const payload = JSON.stringify({ ts: began + n, n });
      await client.publishAsync(`factory/${machine}/data`, payload, { qos: 1 });
    },
    async stop() {
      await client.endAsync(true);
    },
  };
}

/** The source of these stands. */
export function dataFrom(port: number, more: object = {}): object {
  const topics = [{ topic: 'factory/{machine}/data', time: { path: 'ts' } }];
  return { name: 'broker', mqtt: { url: `mqtt://127.0.0.1:${port}`, topics, ...more } };
}
