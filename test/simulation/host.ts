/** A worker of one partition on a simulated host: life after life, from what the last one left in its directory. */

import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Config, NO_OVERLAYS, readConfig } from '../../pipelines/base/config.ts';
import { Problem } from '../../pipelines/base/problem.ts';
import type { InternalEvent } from '../../pipelines/observe/observe.ts';
import { workPartition } from '../../pipelines/worker/worker.ts';
import { createBlocks } from '../../sinks/clickhouse/blocks.ts';
import { createClickHouseSink } from '../../sinks/clickhouse/clickhouse.ts';
import {
  type Cache,
  cutPower,
  emptyCache,
  killableDisk,
} from '../support/crashes/killable-disk.ts';
import { KillableProcess } from '../support/crashes/killable-process.ts';
import type { VirtualTime } from '../support/crashes/virtual-time.ts';
import { randomOf } from '../support/plant-log.ts';
import type { Network } from './network.ts';
import type { SimulatedLife, Work } from './schedule.ts';
import { simulatedConnection } from './simulated-connection.ts';
import type { SimulatedNats } from './simulated-nats.ts';
import { type SimulatedWarehouse, simulatedClient } from './simulated-warehouse.ts';

/** What all hosts share. */
export type World = {
  readonly folder: string;
  readonly time: VirtualTime;
  readonly network: Network;
  readonly nats: SimulatedNats;
  readonly warehouse: SimulatedWarehouse;
  readonly random: () => number;
  readonly record: (event: InternalEvent, owner: string) => void;
  /** Milliseconds of the clock at which nothing goes wrong any more. */
  readonly calmAt: number;
  /** Fires when all is worked off. */
  readonly over: AbortSignal;
  /** Says how a life has ended. */
  readonly onEnd: (host: number, work: Work, end: string) => void;
};

/** Nothing goes wrong any more. */
const CALM: Omit<SimulatedLife, 'host' | 'work'> = {
  death: { by: 'kill', of: undefined, step: Number.POSITIVE_INFINITY, moment: 'before' },
  ...{ seed: 1, seconds: 10, rows: 120, checkpointEvery: 3, backlog: 1_000, slow: 0, full: [] },
  ...{ rest: 2_000, sleep: 0, copies: false },
};

/** Milliseconds: when a worker that could not begin is started again, and what one insert may take. */
const AGAIN = 4_000;
const INSERT = 10_000;

const SETTINGS = readConfig(undefined, NO_OVERLAYS);

function configFor({ partition, run, sends }: Work, life: typeof CALM, partitions: number): Config {
  return {
    ...SETTINGS,
    ...{ partition, partitions, run, send: sends, pipeline: 'plant' },
    epoch: { ...SETTINGS.epoch, ...life, bytes: 64_000_000 },
    backlog: { files: life.backlog, bytes: 1e9 },
  };
}

/** Works for as long as there is something to do. */
export async function runHost(
  host: number,
  work: Work,
  plans: readonly SimulatedLife[],
  partitions: number,
  world: World,
): Promise<void> {
  const place = { ...world, host, work, partitions, cache: emptyCache() };
  const directory = directoryOf(world.folder, host, work);
  const left = [...plans];
  // All at once would be one order; each a little later is many.
  await delay(world.random() * AGAIN);
  while (!world.over.aborted) {
    const plan = Date.now() < world.calmAt ? (left[0] ?? CALM) : CALM;
    if (plan.copies || !existsSync(directory)) copyOther(directory, place);
    const { end, begun } = await live(plan, directory, place);
    world.onEnd(host, work, end);
    // Who never had the partition has not lived yet.
    if (begun) left.shift();
    if (!world.over.aborted)
      await delay(begun ? plan.rest : AGAIN, undefined, { signal: world.over }).catch(
        () => undefined,
      );
  }
}

function directoryOf(folder: string, host: number, { partition, run }: Work): string {
  return join(folder, `host-${host}`, `plant-${partition}-${run}`);
}

type Place = World & {
  readonly host: number;
  readonly work: Work;
  readonly partitions: number;
  readonly cache: Cache;
};

/**
 * The directory as another host has it now: what is copied is on disk here. An empty one is no copy: a run whose only
 * state is lost cannot go on.
 */
function copyOther(directory: string, { folder, host, work, cache }: Place): void {
  const other = [0, 1, 2]
    .filter((each) => each !== host)
    .map((each) => directoryOf(folder, each, work))
    .find((each) => hasState(each));
  if (other === undefined) return;
  rmSync(directory, { recursive: true, force: true });
  cpSync(other, directory, { recursive: true });
  cache.unsynced.clear();
  cache.names.clear();
}

function hasState(directory: string): boolean {
  const checkpoints = join(directory, 'checkpoints');
  return existsSync(checkpoints) && readdirSync(checkpoints).some((name) => !name.endsWith('.tmp'));
}

/** `begun`: whether it has had the partition. */
async function live(
  plan: typeof CALM,
  directory: string,
  place: Place,
): Promise<{ readonly end: string; readonly begun: boolean }> {
  const { time, network, nats, warehouse, host, work, partitions, cache, over } = place;
  const random = randomOf(plan.seed);
  const [told, dead] = [new AbortController(), new AbortController()];
  const process = new KillableProcess({
    death: plan.death,
    onTold: (by) => (by === 'drain' ? told : dead).abort(new Error(`told to ${by}`)),
    busy: time.busy,
    pause: () => (random() < plan.slow ? random() * 20 : 0),
  });
  let writes = 0;
  let begun = false;
  const connection = simulatedConnection({ server: nats, network, host, process });
  const client = simulatedClient({ warehouse, network, host, process });
  const owner = `host-${host}`;
  const working = workPartition(
    {
      config: configFor(work, plan, partitions),
      identity: { owner, directory },
      lock: { lost: dead.signal, confirm: async () => undefined },
      disk: killableDisk({ process, cache, random, isFull: () => plan.full.includes(writes++) }),
      record(event) {
        if (event.kind === 'taken-over') begun = true;
        place.record(event, owner);
      },
      landing: createClickHouseSink(client, { database: 'andon', timeout: INSERT }),
      createBlocks,
      acceptLoss: false,
      drain: AbortSignal.any([told.signal, over]),
    },
    connection,
  ).then(
    () => (over.aborted ? 'over' : 'drained'),
    (error: unknown) => (error instanceof Problem ? error.message : String(error)),
  );
  const ended = process.died.then(() => plan.death.by);
  let end = await Promise.race([working, ended]);
  if (end === 'pause') {
    await delay(plan.sleep);
    process.wake();
    end = await working;
  }
  if (end === 'kill' || end === 'power') dead.abort(new Error('dead'));
  if (end === 'power') cutPower(cache, random);
  await connection.close();
  return { end, begun: begun || end === plan.death.by };
}
