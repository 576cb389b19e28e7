import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { ClickHouseClient } from '@clickhouse/client';
import type { EventTime } from '../operators/model/time.ts';
import { createBlocks } from '../sinks/clickhouse/blocks.ts';
import { createClickHouseSink } from '../sinks/clickhouse/clickhouse.ts';
import { SQL_FOLDER } from '../sinks/clickhouse/migrate.ts';
import type { Sink } from '../sinks/sink.ts';
import { addFacts } from './analysts-facts.ts';
import { createBenchPlant, READINGS_PER_SAMPLE, type Stretch } from './analysts-plant.ts';
import { type Asked, type Running, reportAnalysts } from './analysts-report.ts';
import { startWarehouse } from './analysts-warehouse.ts';

const DATABASE = 'andon';
const MINUTE = 60e6;
/** Of the plant while the warehouse is filled: a reading of each signal every 5 s, a message a minute. */
const FILLED = { step: 5e6, samples: 12, minutes: 8 };
const EPOCH_SECONDS = 2;
/** The queries go round for at least so long: ten epochs and more land meanwhile. */
const LEAST_SECONDS = 25;

/** A plant that lands in a warehouse, epoch by epoch, as a worker's does. */
type Landing = {
  readonly landed: number;
  land(stretches: readonly Stretch[]): Promise<void>;
};

/** See docs/performance.md. */
export async function analysts(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      readings: { type: 'string', default: '100000000' },
      rate: { type: 'string', default: '200000' },
      times: { type: 'string', default: '5' },
      json: { type: 'string' },
      directory: { type: 'string' },
    },
  });
  const readings = Number(values.readings);
  const rate = Number(values.rate);
  const warehouse = await startWarehouse(DATABASE, values.directory);
  try {
    const { owner, analyst } = warehouse;
    const landing = createBenchLanding(createClickHouseSink(owner, { database: DATABASE }));
    const began = performance.now();
    const start = await fill(landing, readings);
    const filled = (performance.now() - began) / 1_000;
    console.error(`${landing.landed} readings landed in ${filled.toFixed(0)} s`);
    const running: Running = { behind: [], stopped: false };
    const ingest = keepUp(landing, rate, start, running);
    const asked = await askAll(analyst, Number(values.times));
    running.stopped = true;
    await ingest;
    const report = await reportAnalysts(owner, { asked, running, filled, readings, rate });
    console.log(report.text);
    if (values.json !== undefined) await writeFile(values.json, JSON.stringify(report.facts));
    return report.good;
  } finally {
    await warehouse.close();
  }
}

function createBenchLanding(sink: Sink): Landing {
  const plant = createBenchPlant();
  const blocks = createBlocks();
  const created = new Date().toISOString();
  let epoch = 0;
  let landed = 0;
  return {
    get landed() {
      return landed;
    },
    async land(stretches) {
      const from = plant.sequence + 1;
      epoch += 1;
      for (const stretch of stretches) {
        plant.send(blocks, stretch);
        landed += stretch.samples * READINGS_PER_SAMPLE;
        addFacts(
          blocks,
          plant.sequence,
          stretch.from,
          stretch.from + stretch.step * stretch.samples,
        );
      }
      const to = plant.sequence;
      const times = { first_appended: stretches[0]?.from ?? 0, last_appended: lastOf(stretches) };
      blocks.addEpoch({
        ...{ pipeline: 'bench', created, epoch, from, to, messages: to - from + 1 },
        first_appended: times.first_appended as EventTime,
        last_appended: times.last_appended as EventTime,
      });
      const content = { pipeline: 'bench', run: '1', stream: 'ANDON_0', created, epoch, from, to };
      const finished = blocks.finish('ANDON_0', '1');
      await sink.write(
        { ...content, blocks: finished, revisions: [], commands: [] },
        AbortSignal.timeout(60_000),
      );
    },
  };
}

function lastOf(stretches: readonly Stretch[]): number {
  const last = stretches.at(-1);
  return last === undefined ? 0 : last.from + last.step * last.samples;
}

/** Fills the past up to now; the time behind it. */
async function fill(landing: Landing, readings: number): Promise<number> {
  const { step, samples, minutes } = FILLED;
  const all = Math.ceil(readings / (READINGS_PER_SAMPLE * samples));
  const end = Math.floor((Date.now() * 1_000) / MINUTE) * MINUTE;
  for (let minute = all; minute > 0; minute -= minutes) {
    const stretches = Array.from({ length: Math.min(minutes, minute) }, (_, index) => ({
      ...{ from: end - (minute - index) * MINUTE, step, samples },
    }));
    await landing.land(stretches);
    if ((all - minute) % 200 < minutes) console.error(`${landing.landed} readings landed`);
  }
  return end;
}

/** Lands epochs of 2 s at a rate until it is told to stop, and notes how far each one was behind its time. */
async function keepUp(landing: Landing, rate: number, start: number, running: Running) {
  const samples = Math.round((rate * EPOCH_SECONDS) / READINGS_PER_SAMPLE);
  const began = performance.now();
  for (let epoch = 0; !running.stopped; epoch += 1) {
    const due = began + (epoch + 1) * EPOCH_SECONDS * 1_000;
    await pause(Math.max(0, due - performance.now()));
    const from = start + epoch * EPOCH_SECONDS * 1e6;
    await landing.land([{ from, step: (EPOCH_SECONDS * 1e6) / samples, samples }]);
    running.behind.push((performance.now() - due) / 1_000);
  }
}

/** Every query of `sql/queries`, some times each, by turns. */
async function askAll(client: ClickHouseClient, times: number): Promise<readonly Asked[]> {
  const folder = join(SQL_FOLDER, 'queries');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const asked: Asked[] = [];
  for (const file of files) {
    const query = await readFile(join(folder, file), 'utf8');
    const query_params = await parametersOf(client, query);
    asked.push({ name: basename(file, '.sql'), query, query_params, seconds: [], rows: 0 });
  }
  const until = performance.now() + LEAST_SECONDS * 1_000;
  for (let turn = 0; turn < times || performance.now() < until; turn += 1) {
    for (const one of asked) {
      const before = performance.now();
      const { query, query_params } = one;
      const result = await client.query({ query, query_params, format: 'JSONCompactEachRow' });
      one.rows = (await result.json()).length;
      one.seconds.push((performance.now() - before) / 1_000);
    }
  }
  return asked;
}

/** A value for every parameter of a query: what its head says (`-- days = 7 : …`), or one of this plant. */
async function parametersOf(client: ClickHouseClient, query: string) {
  const result = await client.query({
    query: 'SELECT id FROM requests WHERE appended > now() - INTERVAL 12 HOUR LIMIT 1',
    format: 'JSONEachRow',
  });
  const [request] = await result.json<{ id: string }>();
  const ours: Readonly<Record<string, string>> = {
    ...{ plant: 'p1', line: 'l1', asset: 'machine-7', signal: 'temperature' },
    id: request?.id ?? '',
  };
  const said = new Map(
    Array.from(query.matchAll(/^-- (\w+) = (.*?) ?: (.*)$/gm), ([, name, value, about]) => [
      name,
      // Empty means all of them, where the head says so; elsewhere somebody must choose.
      value === '' && !about?.includes('all if empty') ? undefined : value,
    ]),
  );
  const names = new Set(Array.from(query.matchAll(/\{(\w+)\s*:/g), ([, name = '']) => name));
  return Object.fromEntries(
    [...names].map((name) => {
      const value = said.get(name) ?? ours[name];
      if (value !== undefined) return [name, value];
      throw new Error(`expected a value for the parameter ${name}, found none`);
    }),
  );
}
