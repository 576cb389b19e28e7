import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { jetstreamManager } from '@nats-io/jetstream';
import { connectNats } from '../pipelines/nats/nats.ts';
import { ensurePartition, partitionStream } from '../pipelines/nats/streams.ts';
import type { Service } from '../pipelines/stand/service.ts';
import { tellBars } from './bars.ts';
import { DEMO_RULES, fillStream } from './end-to-end.ts';
import { serversOf } from './end-to-end-passes.ts';
import { cursorOf, landedReadings } from './landed-to.ts';
import { plantFile } from './paced-plant.ts';
import { cpuOf, loadAverage } from './process-use.ts';
import { combined } from './spread.ts';
import { type BenchStand, placed, startBenchStand } from './stand.ts';

/** Eight lines of fifty: by the hash of their names four are in each of two partitions, and two in each of four. */
const ASSETS = 400;
/** Milliseconds that all workers together may take. */
const PATIENCE = 600_000;

type Scaled = {
  readonly partitions: number;
  readonly readings_per_s: number;
  /** CPU seconds of all processes, of the workers, of the warehouse, of nats-server. */
  readonly cpu_per_million: number;
  readonly workers: number;
  readonly warehouse: number;
  readonly nats: number;
  /** To one partition, in the same turn. */
  readonly ratio: number;
  readonly ratio_cpu: number;
  readonly right: boolean;
};

/**
 * `npm run bench -- scale [--partitions 1,2,4] [--readings 4000000] [--signals 20] [--pairs 5] [--json FILE]`: a filled log,
 * worked off by a worker for each partition, from the start of their processes until everything has landed in one warehouse.
 * False when a reading was lost or doubled.
 */
export async function scale(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      partitions: { type: 'string', default: '1,2,4' },
      readings: { type: 'string', default: '4000000' },
      signals: { type: 'string', default: '20' },
      pairs: { type: 'string', default: '5' },
      json: { type: 'string' },
    },
  });
  const counts = values.partitions.split(',').map(Number);
  const turns: (readonly Scaled[])[] = [];
  for (let pair = 0; pair < Number(values.pairs); pair += 1) {
    const turn: Scaled[] = [];
    for (const partitions of counts) {
      const passed = await pass(partitions, Number(values.readings), Number(values.signals));
      const [one = passed] = turn;
      turn.push({
        ...passed,
        ratio: passed.readings_per_s / one.readings_per_s,
        ratio_cpu: passed.cpu_per_million / one.cpu_per_million,
      });
      console.error(
        `${partitions}: ${Math.round(passed.readings_per_s / 1_000)} k/s, ` +
          `${passed.cpu_per_million.toFixed(2)} CPU s/M, load ${loadAverage()}`,
      );
    }
    turns.push(turn);
  }
  const report = { scale: combined(turns), load: loadAverage() };
  console.log(JSON.stringify(report));
  if (values.json !== undefined) await writeFile(values.json, JSON.stringify(report));
  return tellBars(report);
}

type Passed = Omit<Scaled, 'ratio' | 'ratio_cpu'>;

/** A stand of its own: its log is filled before its workers start. */
async function pass(partitions: number, readings: number, signals: number): Promise<Passed> {
  const env = { ANDON_PARTITIONS: String(partitions) };
  const stand = await startBenchStand({ warehouse: 'apart', env });
  const workers: Service[] = [];
  try {
    const { last, published } = await filled(stand, partitions, readings, signals);
    const before = serversOf(stand);
    const began = performance.now();
    const directories = last.map((_, partition) => join(stand.folder, `partition-${partition}`));
    const starts = directories.map((directory, partition) => {
      const port = partition === 0 ? {} : { ANDON_HTTP_PORT: '0' };
      const own = { ANDON_PARTITION: String(partition), ANDON_DIR: directory, ...port };
      const worker = partition === 0 ? stand.worker : stand.twin(own);
      workers.push(worker);
      return worker.start(own);
    });
    await Promise.all(starts);
    for (const [partition, directory] of directories.entries()) {
      while ((await cursorOf(directory, 'plant', partition)) < (last[partition] ?? 0)) {
        if (performance.now() - began > PATIENCE) throw new Error(stand.worker.lines.join('\n'));
        await pause(20);
      }
    }
    const seconds = (performance.now() - began) / 1_000;
    const after = serversOf(stand);
    const million = published / 1e6;
    const cpu = {
      workers: workers.reduce((sum, worker) => sum + cpuOf(worker.pid()), 0) / million,
      warehouse: (after.warehouse - before.warehouse) / million,
      nats: (after.nats - before.nats) / million,
    };
    const cpu_per_million = cpu.workers + cpu.warehouse + cpu.nats;
    const right = (await landedReadings(stand)) === published;
    return { partitions, readings_per_s: published / seconds, cpu_per_million, ...cpu, right };
  } finally {
    for (const worker of workers) await worker.stop();
    await stand.stop();
  }
}

/** Makes the streams and fills them; the last message of each, and how many readings went in (a sensor falls silent). */
async function filled(
  stand: BenchStand,
  partitions: number,
  readings: number,
  signals: number,
): Promise<{ readonly last: readonly number[]; readonly published: number }> {
  const connection = await connectNats({ servers: stand.nats.url, name: 'bench' });
  try {
    const all = Array.from({ length: partitions }, (_, partition) => partition);
    for (const partition of all) await ensurePartition(connection, { partition, partitions });
    const model = await placed(stand, 'plant.yaml', plantFile(ASSETS));
    const rules = await placed(stand, 'rules.yaml', await readFile(DEMO_RULES, 'utf8'));
    await stand.run(['apply', model, rules]);
    const { readings: published } = await fillStream(stand.nats.url, {
      ...{ assets: ASSETS, readings, rate: 100_000, signals, partitions },
    });
    const manager = await jetstreamManager(connection);
    const ends: number[] = [];
    for (const partition of all) {
      ends.push((await manager.streams.info(partitionStream(partition))).state.last_seq);
    }
    return { last: ends, published };
  } finally {
    await connection.close();
  }
}
