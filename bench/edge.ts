import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import mqtt, { type MqttClient } from 'mqtt';
import { freePort } from '../pipelines/base/free-port.ts';
import { median } from '../pipelines/base/median.ts';
import { EXIT, Problem } from '../pipelines/base/problem.ts';
import { connectNats } from '../pipelines/nats/nats.ts';
import { ensurePartition } from '../pipelines/nats/streams.ts';
import { type LeafEdge, startLeafEdge } from '../pipelines/stand/leaf-edge.ts';
import { type Broker, installedMosquitto, mosquittoService } from '../pipelines/stand/mosquitto.ts';
import type { Drained } from './edge-bare.ts';
import { type Percentiles, percentilesOf } from './percentiles.ts';
import { loadAverage, useOf } from './process-use.ts';
import { type BenchStand, placed, resultOf, startBenchStand } from './stand.ts';

/** Of the messages a second of a bare subscriber. */
const SHARE = 0.6;
/** Resident bytes of an edge, at most in its life. */
const MEMORY = 200e6;
/** Milliseconds from a value to its row, p95. */
const TO_ROW = 3_000;
/** Messages of the publisher without acknowledgement. */
const WINDOW = 500;
const LOOK = 20;
const BETWEEN_PROBES = 100;
const MOST = 300_000;
const SOURCE = 'broker';

const MODEL = 'plants: [{ id: bench, lines: [{ id: line, assets: [{ id: press }] }] }]\n';

type Side = Drained & { readonly perSecond: number };
type EdgeSide = Side & { readonly peak: number };
type Pair = { readonly bare: Side; readonly edge: EdgeSide };
type Compared = {
  readonly values: number;
  /** Of the medians of all pairs. */
  readonly share: number;
  /** CPU of the bare one for a message, of that of the edge. */
  readonly cpuShare: number;
  /** Highest resident bytes of any edge. */
  readonly peak: number;
  readonly pairs: readonly Pair[];
};

type Parts = {
  readonly stand: BenchStand;
  readonly broker: Broker;
  readonly edge: LeafEdge;
  readonly publisher: MqttClient;
};

/**
 * `npm run bench -- edge [--messages 40000] [--pairs 3] [--probes 200] [--json FILE]`: messages that wait with a broker,
 * through one edge into its log, and beside that through a bare subscriber of mqtt.js that decodes them, by turns; then
 * how long a value takes from its machine to its row. False when the edge has less than 0.6 of the messages a second or
 * takes 200 MB, or the p95 of rows is 3 s or more.
 */
export async function edgeBench(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      messages: { type: 'string', default: '40000' },
      pairs: { type: 'string', default: '3' },
      probes: { type: 'string', default: '200' },
      json: { type: 'string' },
    },
  });
  const load = loadAverage();
  return withParts(async (parts) => {
    const compared: Compared[] = [];
    for (const each of [20, 1]) {
      const how = { values: each, messages: Number(values.messages), pairs: Number(values.pairs) };
      compared.push(await compare(parts, how));
    }
    const toRow = await rowsAfter(parts, Number(values.probes));
    const report = { edge: { load, loadAfter: loadAverage(), compared, toRow } };
    tell(report.edge);
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report)}\n`);
    const isAsAsked = compared.every(({ share, peak }) => share >= SHARE && peak < MEMORY);
    return isAsAsked && toRow.p95 < TO_ROW;
  });
}

async function withParts<T>(work: (parts: Parts) => Promise<T>): Promise<T> {
  const found = installedMosquitto();
  if (typeof found === 'string') {
    const remedy = 'Install it (Debian: apt install mosquitto).';
    throw new Problem({ expected: 'mosquitto', found, remedy, exit: EXIT.outside });
  }
  const leafnodes = await freePort();
  const stand = await startBenchStand({ leafnodes, warehouse: 'apart' });
  const port = await freePort();
  const broker = mosquittoService({ found, port, folder: join(stand.folder, 'broker') });
  const connection = await connectNats({ servers: stand.nats.url, name: 'bench edge' });
  let edge: LeafEdge | undefined;
  let publisher: MqttClient | undefined;
  try {
    await broker.start();
    await ensurePartition(connection, { partition: 0, partitions: 1 });
    const url = `mqtt://127.0.0.1:${port}`;
    const topics = [{ topic: 'bench/{machine}', time: { path: 'ts' } }];
    const sources = [{ name: SOURCE, mqtt: { url, topics } }];
    edge = await startLeafEdge({
      ...{ folder: join(stand.folder, 'edge'), name: 'bench', leafnodes, connection },
      settings: { assets: { press: 'bench.line.press' }, sources },
    });
    publisher = await mqtt.connectAsync(url, { clientId: 'bench-publisher' });
    const words = ['edge-bare', '--broker', url, '--topic', 'bare/#'];
    await (await stand.bench(words, () => undefined)).exited;
    return await work({ stand, broker, edge, publisher });
  } finally {
    await publisher?.endAsync(true);
    await edge?.stop();
    await connection.close();
    await broker.stop();
    await stand.stop();
  }
}

/** By turns, and each time the other one first. */
async function compare(
  parts: Parts,
  { values, messages, pairs }: Record<'values' | 'messages' | 'pairs', number>,
): Promise<Compared> {
  const all: Pair[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    const first = pair % 2 === 0 ? await throughBare(parts, values, messages) : undefined;
    const edge = await throughEdge(parts, values, messages);
    const bare = first ?? (await throughBare(parts, values, messages));
    all.push({ bare, edge });
  }
  const middle = (of: (pair: Pair) => number) => median(all.map(of)) ?? Number.NaN;
  return {
    values,
    share: middle(({ edge, bare }) => edge.perSecond / bare.perSecond),
    cpuShare: middle(({ edge, bare }) => bare.cpu / bare.messages / (edge.cpu / edge.messages)),
    peak: Math.max(...all.map(({ edge }) => edge.peak)),
    pairs: all,
  };
}

async function throughBare(
  { stand, broker, publisher }: Parts,
  values: number,
  messages: number,
): Promise<Side> {
  await publish(publisher, 'bare/press', values, messages);
  const lines: string[] = [];
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const words = ['edge-bare', '--broker', url, '--messages', String(messages)];
  const child = await stand.bench(words, (line) => lines.push(line));
  return sideOf(await resultOf<Drained>(child, lines));
}

async function throughEdge(
  { edge: { edge, status }, publisher }: Parts,
  values: number,
  messages: number,
): Promise<EdgeSide> {
  await edge.stop();
  await publish(publisher, 'bench/press', values, messages);
  const starting = edge.start();
  const look = async () => {
    const { sources } = (await status().catch(() => undefined)) ?? {};
    const { cpu = 0, peak = Number.NaN } = useOf(edge.pid() ?? 0) ?? {};
    return { messages: sources?.[SOURCE]?.in_messages ?? 0, time: performance.now(), cpu, peak };
  };
  const giveUp = performance.now() + MOST;
  let first: Awaited<ReturnType<typeof look>> | undefined;
  for (;;) {
    const now = await look();
    if (now.messages > 0) first ??= now;
    if (first !== undefined && now.messages >= messages) {
      await starting;
      const [seconds, cpu] = [(now.time - first.time) / 1_000, now.cpu - first.cpu];
      const drained = { messages: now.messages - first.messages, seconds, cpu };
      return { ...sideOf(drained), peak: now.peak };
    }
    if (now.time > giveUp) throw new Error(`${now.messages} of ${messages} messages in ${MOST} ms`);
    await pause(LOOK);
  }
}

function sideOf(drained: Drained): Side {
  return { ...drained, perSecond: drained.messages / drained.seconds };
}

/** As many messages as are to wait, each with a time of its own. */
async function publish(publisher: MqttClient, topic: string, values: number, messages: number) {
  const began = Date.now();
  const names = Array.from({ length: values }, (_, at) => `v${at}`);
  for (let from = 0; from < messages; from += WINDOW) {
    const some = Array.from({ length: Math.min(WINDOW, messages - from) }, (_, at) => {
      const numbers = names.map((name, n) => [name, (from + at) * 0.5 + n] as const);
      const payload = JSON.stringify({ ts: began + from + at, ...Object.fromEntries(numbers) });
      return publisher.publishAsync(topic, payload, { qos: 1 });
    });
    await Promise.all(some);
  }
}

/** From the clock of a machine to when its row is seen, looked for every few milliseconds. */
async function rowsAfter({ stand, publisher }: Parts, probes: number): Promise<Percentiles> {
  await stand.run(['apply', await placed(stand, 'plant.yaml', MODEL)]);
  await stand.worker.start();
  const client = stand.client();
  const lastOf = async (signal: string) => {
    const query = `SELECT toUInt32(max(value)) AS last FROM readings WHERE signal = '${signal}'`;
    const rows = await client.query({ query, format: 'JSONEachRow' });
    const [row] = (await rows.json()) as { last: number }[];
    return row?.last ?? 0;
  };
  const say = (signal: string, value: number, ts: number) =>
    publisher.publishAsync('bench/press', JSON.stringify({ ts, [signal]: value }), { qos: 1 });
  const sent: number[] = [];
  const seen: number[] = [];
  const giveUp = performance.now() + MOST;
  try {
    // What went through before is worked off first.
    await say('first', 1, Date.now());
    // The tables are made by the worker, which may not have come so far.
    const isFirstThere = async () => (await lastOf('first').catch(() => 0)) > 0;
    while (!(await isFirstThere())) {
      if (performance.now() > giveUp) throw new Error(`no row of the first value in ${MOST} ms`);
      await pause(LOOK);
    }
    while (seen.length < probes) {
      const due = Date.now() - (sent.at(-1) ?? 0) >= BETWEEN_PROBES;
      if (sent.length < probes && due) {
        const now = Date.now();
        sent.push(now);
        await say('probe', sent.length, now);
      }
      const last = await lastOf('probe');
      const now = Date.now();
      for (let at = seen.length; at < last; at += 1) seen.push(now - (sent[at] ?? now));
      if (performance.now() > giveUp) throw new Error(`${seen.length} of ${probes} rows`);
      await pause(LOOK);
    }
  } finally {
    await client.close();
  }
  return percentilesOf(seen);
}

function tell({
  load,
  compared,
  toRow,
}: {
  readonly load: number;
  readonly compared: readonly Compared[];
  readonly toRow: Percentiles;
}): void {
  console.log(`load average before: ${load}`);
  for (const { values, share, cpuShare, peak, pairs } of compared) {
    const middle = (of: (pair: Pair) => number) => median(pairs.map(of))?.toFixed(0);
    const [bare, edge] = [middle((p) => p.bare.perSecond), middle((p) => p.edge.perSecond)];
    console.log(
      `${values} values a message: ${share.toFixed(2)} of a bare subscriber (${edge} and ${bare} messages a second; CPU for a message ${cpuShare.toFixed(2)}); asked for ${SHARE}`,
    );
    console.log(
      `  memory of the edge: at most ${(peak / 1e6).toFixed(0)} MB; asked for below ${MEMORY / 1e6}`,
    );
  }
  const { probes, p50, p95, max } = toRow;
  console.log(
    `to the row: p50 ${p50} ms, p95 ${p95} ms, at most ${max} ms of ${probes}; asked for below ${TO_ROW}`,
  );
}
