/** What the centre does for an edge: its streams source that of the edge, or do so no more. */

import { setTimeout as delay } from 'node:timers/promises';
import type { StreamConfig, StreamSource } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { PlantModel } from '../../operators/model/plant-model.ts';
import { EXIT, Problem } from '../base/problem.ts';
import { streamManager } from '../nats/jetstream.ts';
import { deliveryOf, edgeApi } from '../nats/leaf-config.ts';
import {
  EDGE_STREAM,
  findStream,
  openBucket,
  partitionPrefix,
  partitionStream,
} from '../nats/streams.ts';

export type JoinOptions = {
  /** To the centre. */
  readonly connection: NatsConnection;
  readonly partitions: number;
  readonly edge: string;
};

/** An edge that a stream of the centre sources. */
export type JoinedEdge = {
  readonly edge: string;
  readonly stream: string;
  /** Messages that are still there. */
  readonly lag: number;
};

/** Who edits sources holds this, so that of two at a time neither undoes what the other did. */
const KEY = 'edge-sources';
/** As long as an entry of the leases lives: whoever died with it is waited for. */
const TERM = 10_000;
const BETWEEN = 200;
const PATIENCE = 3 * TERM;

/** Lets every partition of the centre source an edge. Whether anything had to be changed. */
export function joinEdge(options: JoinOptions): Promise<boolean> {
  return editSources(options, (sources, prefix) => {
    const own = sourceOfEdge(options.edge, prefix);
    return [...sources.filter((source) => !isOf(source, options.edge)), own];
  });
}

/** The centre forgets an edge. What it has of it stays. Whether anything had to be changed. */
export function leaveEdge(options: JoinOptions): Promise<boolean> {
  return editSources(options, (sources) => sources.filter((source) => !isOf(source, options.edge)));
}

/** Every edge that the centre sources, stream by stream. */
export async function joinedEdges({
  connection,
  partitions,
}: Omit<JoinOptions, 'edge'>): Promise<readonly JoinedEdge[]> {
  const found: JoinedEdge[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const stream = partitionStream(partition);
    const info = await findStream(connection, stream);
    for (const source of info?.sources ?? []) {
      // The client's type leaves it out, the server does not.
      const { external } = source as { external?: { readonly api: string } };
      const [, edge] = /^\$JS\.(.+)\.API$/.exec(external?.api ?? '') ?? [];
      if (edge !== undefined && source.name === EDGE_STREAM) {
        found.push({ edge, stream, lag: source.lag });
      }
    }
  }
  return found.sort((a, b) => Number(a.edge > b.edge) - Number(a.edge < b.edge));
}

export type UnjudgedLine = { readonly line: string; readonly edge: string };

/** Lines whose model names an edge that has not joined: nothing that it found could come, so nobody judges them. */
export async function unjudgedLines(
  { connection, partitions }: Omit<JoinOptions, 'edge'>,
  plants: readonly PlantModel[],
): Promise<readonly UnjudgedLine[]> {
  const named = plants.flatMap(({ id: plant, lines }) =>
    lines.flatMap(({ id, judged_at: edge }) =>
      edge === undefined ? [] : [{ line: `${plant}/${id}`, edge }],
    ),
  );
  if (named.length === 0) return [];
  const joined = new Set((await joinedEdges({ connection, partitions })).map(({ edge }) => edge));
  return named.filter(({ edge }) => !joined.has(edge));
}

/**
 * Messages come by a subject of this edge's own, so that it needs a permission for that one alone. The subjects that they
 * are stored under are theirs.
 */
function sourceOfEdge(edge: string, prefix: string): StreamSource {
  return {
    name: EDGE_STREAM,
    filter_subject: `${prefix}>`,
    external: { api: edgeApi(edge), deliver: deliveryOf(edge) },
  };
}

function isOf({ name, external }: StreamSource, edge: string): boolean {
  return name === EDGE_STREAM && external?.api === edgeApi(edge);
}

type Edit = (sources: readonly StreamSource[], prefix: string) => readonly StreamSource[];

/**
 * A server has no update of a stream that is refused when somebody else was faster. So editors take turns by an entry that
 * one alone can create, and each reads again what it has written: a worker that mends its stream may have been between.
 */
async function editSources(
  { connection, partitions, edge }: JoinOptions,
  edit: Edit,
): Promise<boolean> {
  const release = await takeTurn(connection, edge);
  try {
    let changed = false;
    for (let partition = 0; partition < partitions; partition += 1) {
      changed = (await editStream(connection, partition, edit)) || changed;
    }
    return changed;
  } finally {
    await release();
  }
}

const TRIES = 5;

async function editStream(
  connection: NatsConnection,
  partition: number,
  edit: Edit,
): Promise<boolean> {
  const stream = partitionStream(partition);
  const manager = await streamManager(connection);
  for (let tries = 0; tries < TRIES; tries += 1) {
    const info = await findStream(connection, stream);
    if (info === undefined) throw noStream(stream);
    const sources = info.config.sources ?? [];
    const wanted = edit(sources, partitionPrefix(partition));
    if (spelled(wanted) === spelled(sources)) return tries > 0;
    const config: Partial<StreamConfig> = { ...info.config, sources: [...wanted] };
    await manager.streams.update(stream, config);
  }
  throw new Problem({
    where: `stream ${stream}`,
    expected: 'its sources as they were written',
    found: `others, ${TRIES} times`,
    remedy: 'Something else changes this stream all the time. Try again when it has ended.',
    exit: EXIT.outside,
  });
}

/** What two lists of sources have in common decides, not what a server adds. */
function spelled(sources: readonly StreamSource[]): string {
  const all = sources.map(({ name, filter_subject = '', external }) =>
    [name, filter_subject, external?.api ?? '', external?.deliver ?? ''].join(' '),
  );
  return all.sort().join('\n');
}

async function takeTurn(connection: NatsConnection, edge: string): Promise<() => Promise<void>> {
  const bucket = await openBucket(connection, 'leases', { term: TERM });
  const until = performance.now() + PATIENCE;
  for (;;) {
    try {
      const revision = await bucket.create(KEY, edge);
      return () => bucket.delete(KEY, { previousSeq: revision });
    } catch (error) {
      const entry = await bucket.get(KEY);
      const isTaken = entry !== null && entry.operation === 'PUT';
      // Not there: whoever had it has just gone, or the write failed for another reason.
      if (performance.now() > until) throw isTaken ? taken(entry.string()) : error;
    }
    await delay(BETWEEN);
  }
}

function taken(edge: string): Problem {
  return new Problem({
    where: 'sources of the centre',
    expected: 'that nobody else edits them',
    found: `that somebody does, for ${edge}`,
    remedy: 'Try again in a few seconds.',
    exit: EXIT.owned,
  });
}

function noStream(stream: string): Problem {
  return new Problem({
    where: `stream ${stream}`,
    expected: 'to find it at the centre',
    found: 'none',
    remedy: 'Start the worker (andon run), which makes it, and check --partitions.',
    exit: EXIT.outside,
  });
}
