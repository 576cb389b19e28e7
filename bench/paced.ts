import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { jetstreamManager } from '@nats-io/jetstream';
import { connectNats } from '../pipelines/nats/connection.ts';
import { partitionStream } from '../pipelines/nats/streams.ts';
import { caughtUpAfter, landedTo } from './landed-to.ts';
import { MACHINES, machinesOf } from './machines.ts';
import { plantFile, RULES_FILE } from './paced-plant.ts';
import type { Published } from './paced-publisher.ts';
import { type Facts, report, type Sample } from './paced-report.ts';
import { burstsOf, pointsOf, withVibrationRules } from './paced-waveforms.ts';
import { loadAverage, useOf } from './process-use.ts';
import { placed, type Rig, startRig } from './rig.ts';
import { workerMetrics } from './worker-metrics.ts';

const EPOCH_SECONDS = 2;
/** Waveforms with a level, a velocity and an answer about the bearing. */
const DESCRIBED = `
  SELECT count() AS waveforms FROM features
  WHERE hasAll(mapKeys(values), ['acceleration_rms', 'velocity_rms', 'bearing_outer_race'])`;

/**
 * A plant of N assets with 20 signals publishes at a steady rate for a while; nats-server, publisher, worker and
 * embedded warehouse share the machine. With `--waveforms 50x3`, the first 50 assets also send a second of 25.6 kHz from
 * three points each every ten seconds. Prints what each of them took and whether everything landed; false when the
 * counts differ or a bound was missed.
 */
export async function paced(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      assets: { type: 'string', default: '250' },
      rate: { type: 'string', default: '100000' },
      seconds: { type: 'string', default: '120' },
      waveforms: { type: 'string', default: '0x0' },
      profile: { type: 'string' },
      ...MACHINES,
      json: { type: 'boolean', default: false },
    },
  });
  const { assets, rate, seconds, waveforms, profile } = values;
  const bursts = burstsOf(waveforms);
  const points = pointsOf(bursts);
  const node = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const rig = await startRig({ node, ...machinesOf(values) });
  try {
    const model = await placed(
      rig,
      'plant.yaml',
      plantFile(Number(assets), { assets: bursts.assets, points }),
    );
    const judged = points.length === 0 ? RULES_FILE : withVibrationRules(RULES_FILE);
    const rules = await placed(rig, 'rules.yaml', judged);
    await rig.andon(['apply', model, rules]);
    const plant = { assets, rate, seconds, waveforms };
    const args = Object.entries(plant).flatMap(([name, value]) => [`--${name}`, value]);
    const facts = await measure(rig, args, {
      frames: Number(rate) / 20,
      progress: !values.json,
    });
    return report(facts, plant, values.json);
  } finally {
    await rig.close();
  }
}

type Watch = { readonly frames: number; readonly progress: boolean };

async function measure(rig: Rig, args: readonly string[], watch: Watch): Promise<Facts> {
  const connection = await connectNats({ servers: rig.nats.url, name: 'bench' });
  const manager = await jetstreamManager(connection);
  const warehouse = await rig.warehouse.client();
  const ask = async (query: string) => {
    const result = await warehouse.query({ query, format: 'JSONEachRow' });
    return result.json<Record<string, string>>();
  };
  const lines: string[] = [];
  const publisher = await rig.bench(['paced-publisher', '--url', rig.nats.url, ...args], (line) =>
    lines.push(line),
  );
  const pids = {
    worker: rig.worker.pid,
    warehouse: await rig.warehouse.pid(),
    nats: rig.nats.pid,
    publisher: publisher.pid,
  };
  const before = { ...usesOf(pids), started: performance.now() };
  const samples: Sample[] = [];
  let published = false;
  void publisher.exited.then(() => {
    published = true;
  });
  const take = async () => {
    const { state } = await manager.streams.info(partitionStream(0));
    const metrics = await workerMetrics(rig.worker.url);
    const number = (name: string) => metrics.values.get(`andon_${name}`) ?? 0;
    const landed = await landedTo(rig);
    const sample: Sample = {
      second: (performance.now() - before.started) / 1_000,
      ...usesOf(pids),
      load: loadAverage(),
      toWrite: state.last_seq - number('sequence'),
      toLand: state.last_seq - landed,
      epochs: number('epochs_total'),
      checkpointBytes: number('checkpoint_bytes'),
      checkpointSeconds: number('checkpoint_seconds_sum') / number('checkpoint_seconds_count'),
      epochBytes: number('epoch_bytes_total'),
      answerMilliseconds: metrics.milliseconds,
      loopSeconds: number('nodejs_eventloop_lag_max_seconds'),
      heap: number('nodejs_heap_size_used_bytes'),
      external: number('nodejs_external_memory_bytes'),
      readings: number('readings_total'),
      revisions: number('revisions_total'),
    };
    samples.push(sample);
    return sample;
  };
  try {
    while (!published) {
      const { second, worker, warehouse: engine, toWrite, toLand, load } = await take();
      if (watch.progress) {
        const megabytes = (bytes = 0) => Math.round(bytes / 1e6);
        console.error(
          `${second.toFixed(0)} s: worker ${megabytes(worker?.resident)} MB, warehouse ` +
            `${megabytes(engine?.resident)} MB, ${toWrite} messages to write, ${toLand} to land, load ${load}`,
        );
      }
      await Promise.race([pause(1_000), publisher.exited]);
    }
    const end = await take();
    // The last line of the publisher may arrive behind its exit.
    await pause(50);
    const said: Published = JSON.parse(lines.at(-1) ?? 'null');
    const { state } = await manager.streams.info(partitionStream(0));
    const caughtUp = await caughtUpAfter(rig, state.last_seq);
    const [counted] = await ask('SELECT count() AS readings FROM readings');
    const [features] = await ask(DESCRIBED);
    const tables = await ask(
      'SELECT table, sum(rows) AS rows, count() AS parts, sum(bytes_on_disk) AS bytes FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table HAVING rows > 0 ORDER BY table',
    );
    const deadLetters = await ask(
      'SELECT reason, stage, sum(count) AS count, any(detail) AS example FROM dead_letters GROUP BY reason, stage',
    );
    const finalUse = usesOf(pids);
    return {
      published: said,
      samples,
      end,
      final: { worker: finalUse.worker, warehouse: finalUse.warehouse, nats: finalUse.nats },
      before,
      framesPerEpoch: watch.frames * EPOCH_SECONDS,
      caughtUp,
      landed: Number(counted?.readings),
      described: Number(features?.waveforms),
      tables,
      deadLetters,
      warnings: rig.warnings,
    };
  } finally {
    await warehouse.close();
    await connection.close();
  }
}

function usesOf<K extends string>(pids: Readonly<Record<K, number>>) {
  const entries = Object.entries<number>(pids).map(([name, pid]) => [name, useOf(pid)]);
  return Object.fromEntries(entries) as Record<K, ReturnType<typeof useOf>>;
}
