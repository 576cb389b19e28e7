/** The worker of an edge that judges lines: beside the machines, without a warehouse; what it finds goes up to the centre. */

import { headers, type NatsConnection } from '@nats-io/transport-node';
import type { Row } from '../../operators/flow/flow.ts';
import {
  FOUND_EVENT,
  FOUND_TABLES,
  type FoundTable,
  foundData,
} from '../../operators/judge/found.ts';
import { identity } from '../../operators/model/canonical.ts';
import type { Block, Blocks, EpochContent, Sink } from '../../sinks/sink.ts';
import { type Config, configSchema } from '../base/config.ts';
import { lockDirectory } from '../base/process-lock.ts';
import type { EdgeConfig } from '../edge/edge-config.ts';
import { streamClient } from '../nats/jetstream.ts';
import { edgeInbox } from '../nats/leaf-config.ts';
import { connectNats } from '../nats/nats.ts';
import { partitionedSubject } from '../nats/partition.ts';
import { EDGE_LOG_PREFIX, EDGE_STREAM } from '../nats/streams.ts';
import { startHttp } from '../observe/http.ts';
import type { InternalEvents, RecordEvent } from '../observe/observe.ts';
import { createReadiness } from '../observe/readiness.ts';
import { plantAtEdge } from '../plant.ts';
import { workerIdentity } from './ownership/ownership.ts';
import { runWorker } from './worker.ts';

export type EdgeWorkerOptions = {
  readonly config: EdgeConfig & { readonly judge: NonNullable<EdgeConfig['judge']> };
  readonly events: InternalEvents;
  /** Ends it: what is under way is finished. */
  readonly drain: AbortSignal;
};

/** Judges the lines of an edge until `drain` fires. Rejects with a `Problem` when it cannot go on. */
export async function runEdgeWorker({ config, events, drain }: EdgeWorkerOptions): Promise<void> {
  const { edge, centre, http } = config;
  const own = workerConfigOf(config);
  const identity = workerIdentity(own);
  const lock = await lockDirectory(identity.directory, identity.owner);
  const { unready, watch } = createReadiness();
  const record: RecordEvent = (event) => {
    watch(event);
    events.record(event);
  };
  const health = { host: http.host, port: config.judge.port, metrics: events.metrics, unready };
  const server = await startHttp(health);
  let connection: NatsConnection | undefined;
  try {
    const settings = { ...own.nats, name: `andon edge ${edge} findings` };
    connection = await connectNats({ ...settings, patience: 'wait', signal: drain });
    await runWorker({
      ...{ config: own, identity, lock, record, acceptLoss: true, drain },
      pipeline: (states, patterns) => plantAtEdge(edge, states, patterns),
      createBlocks: () => createFoundBlocks(edge),
      landing: findingsSink(connection, centre.partitions),
    });
  } finally {
    await connection?.close();
    await server.close();
    await lock.release();
  }
}

/** A worker whose log, commits and checkpoints are an installation of their own on the leaf node. */
function workerConfigOf({ edge, nats, memory, judge }: EdgeWorkerOptions['config']): Config {
  const { days, bytes } = memory;
  const { directory } = judge;
  const config = configSchema.parse({ pipeline: EDGE_LOG_PREFIX, directory, send: false });
  return {
    ...config,
    nats: { inbox: edgeInbox(edge), ...nats, prefix: EDGE_LOG_PREFIX },
    stream: { ...config.stream, days, bytes },
  };
}

/** One row that goes up: its place in the plant and the payload of its message. */
type Finding = { readonly asset: string; readonly payload: object };

/** Keeps the rows that go up, table by table; all others concern nobody: the centre makes its own of what comes there. */
export function createFoundBlocks(edge: string): Blocks {
  let lines = new Map<FoundTable, string[]>();
  let [rows, size] = [0, 0];
  return {
    get rows() {
      return rows;
    },
    get bytes() {
      return size;
    },
    add(row: Row) {
      const finding = findingOf(edge, row);
      if (finding === undefined) return;
      const line = JSON.stringify(finding);
      const table = row.table as FoundTable;
      const found = lines.get(table);
      if (found === undefined) lines.set(table, [line]);
      else found.push(line);
      rows += 1;
      size += line.length;
    },
    addEpoch() {},
    finish() {
      const blocks: Block[] = FOUND_TABLES.flatMap((table) => {
        const found = lines.get(table) ?? [];
        if (found.length === 0) return [];
        const data = Buffer.from(`${found.join('\n')}\n`);
        return [{ table, format: 'JSONEachRow', rows: found.length, data }];
      });
      lines = new Map();
      [rows, size] = [0, 0];
      return blocks;
    },
  };
}

function findingOf(edge: string, row: Row): Finding | undefined {
  switch (row.table) {
    case 'anomalies':
    case 'alarms':
    case 'incidents':
    case 'requests': {
      const { plant, line, asset, time } = row.row;
      const data = foundData(edge, row.table, row.row);
      const payload = { time: time / 1_000, type: FOUND_EVENT, data };
      return { asset: `${plant}.${line}.${asset}`, payload };
    }
    default:
      return undefined;
  }
}

/**
 * Publishes what an epoch found into the memory that the centre sources, in its order; it waits there while the centre is
 * away. What is sent again, after a crash, has the identity that it had.
 */
export function findingsSink(connection: NatsConnection, partitions: number): Sink {
  const client = streamClient(connection);
  return {
    name: 'findings',
    takesBatches: false,
    async write({ blocks }: EpochContent, signal: AbortSignal) {
      for (const { data } of blocks) {
        for (const line of Buffer.from(data).toString().trimEnd().split('\n')) {
          signal.throwIfAborted();
          const { asset, payload } = JSON.parse(line) as Finding;
          const header = headers();
          header.set('Content-Type', 'application/json');
          header.set('Andon-Identity', identity([line]));
          const subject = partitionedSubject(`finding.${asset}`, partitions);
          // Without the header that names the stream: the centre sources the message as it is, and has another one.
          const { stream } = await client.publish(subject, JSON.stringify(payload), {
            headers: header,
          });
          if (stream !== EDGE_STREAM) throw new Error(`${subject} went into ${stream}`);
        }
      }
    },
  };
}
