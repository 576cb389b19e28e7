/** An edge beside the log of a stand: a leaf node that dials in, and the edge with its sources, as processes. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { freePort } from '../base/free-port.ts';
import { EXIT, Problem } from '../base/problem.ts';
import type { EdgeStatus } from '../edge/edge.ts';
import { joinEdge } from '../edge/join.ts';
import { natsService } from './nats-server.ts';
import { edgeProgram } from './programs.ts';
import { createService, type Program, type Service } from './service.ts';
import { NATS_CONFIG } from './stand.ts';

export type LeafEdgeOptions = {
  /** What both keep is below; made if missing. */
  readonly folder: string;
  readonly name: string;
  /** Where the leaf node dials in: the stand has it (`StandOptions.leafnodes`). */
  readonly leafnodes: number;
  /** To the log, whose streams are there. */
  readonly connection: NatsConnection;
  /** Of `edge.yaml`: its sources, assets and signals. */
  readonly settings: object;
  readonly create?: ((program: Program) => Service) | undefined;
  /** See `StandOptions`. */
  readonly code?: string | undefined;
};

export interface LeafEdge {
  readonly edge: Service;
  /** Rejects where the edge does not answer. */
  status(): Promise<EdgeStatus>;
  /** Resolves when the edge says so; rejects with a `Problem` after a minute. */
  untilSo(what: string, isSo: (status: EdgeStatus) => boolean): Promise<void>;
  stop(): Promise<void>;
}

/** Milliseconds that an edge has for what it is waited for. */
const PATIENCE = 60_000;

/** Resolves when what the edge sends up goes into the log. Rejects, with both stopped, if it does not come so far. */
export async function startLeafEdge(options: LeafEdgeOptions): Promise<LeafEdge> {
  const { folder, name, leafnodes, connection, settings, create = createService, code } = options;
  const [port, http] = [await freePort(), await freePort()];
  // What the log sources does not go over the line by itself, and what others publish into the log does not come back.
  const own = 'deny_exports: ["andon.>", "held.>"], deny_imports: ["andon.>", "held.>"]';
  const remote = `leafnodes { remotes: [{ url: "nats-leaf://127.0.0.1:${leafnodes}", ${own} }] }`;
  const leaf = natsService(
    {
      ...{ port, store: join(folder, 'leaf'), jetstream: `domain: ${name}` },
      config: `${NATS_CONFIG}\n${remote}`,
    },
    create,
  );
  const config = join(folder, 'edge.yaml');
  mkdirSync(folder, { recursive: true });
  const centre = { domain: 'hub', partitions: 1 };
  const base = { edge: name, nats: { servers: leaf.url }, centre, http: { port: http } };
  // What is JSON is YAML.
  writeFileSync(config, JSON.stringify({ ...base, ...settings }, null, 2));
  const url = `http://127.0.0.1:${http}`;
  const edge = create(edgeProgram({ config, url, env: {}, code }));
  const status = async () => (await (await fetch(`${url}/status`)).json()) as EdgeStatus;
  const started: LeafEdge = {
    ...{ edge, status },
    untilSo: (what, isSo) => untilSo(what, status, isSo),
    async stop() {
      await edge.stop();
      await leaf.stop();
    },
  };
  try {
    await leaf.start();
    await joinEdge({ connection, partitions: 1, edge: name });
    await edge.start();
    await started.untilSo('the edge to see the centre', ({ centre: { away } }) => !away);
    return started;
  } catch (error) {
    await started.stop();
    throw error;
  }
}

async function untilSo(
  what: string,
  status: LeafEdge['status'],
  isSo: (status: EdgeStatus) => boolean,
): Promise<void> {
  const giveUp = performance.now() + PATIENCE;
  while (performance.now() < giveUp) {
    const now = await status().catch(() => undefined);
    // While it waits for its leaf node it has nothing to tell.
    if (now?.centre !== undefined && isSo(now)) return;
    await pause(20);
  }
  throw new Problem({
    expected: what,
    found: `nothing of it in ${PATIENCE / 1_000} s`,
    remedy: 'See what the edge says in its log.',
    exit: EXIT.outside,
  });
}
