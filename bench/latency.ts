import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ELSEWHERE, elsewhere } from './elsewhere.ts';
import { caughtUpAfter } from './landed-to.ts';
import { requestLatency, sendProbes, withProbes } from './latency-probes.ts';
import { every, type Load, MOST_LAG, underLoad } from './load.ts';
import { assetNames, PLANT, plantFile, RULES_FILE } from './paced-plant.ts';
import { type Percentiles, percentilesOf } from './percentiles.ts';
import { loadAverage } from './process-use.ts';
import { type BenchStand, placed, startBenchStand } from './stand.ts';

/** Milliseconds that are asked for at half load. */
const BARS = { row: 4_000, request: 5_000 };
const FIRST_RATE = 50_000;
/** Milliseconds that a request may come later than the publisher ends. */
const PATIENCE = 30_000;
/** Seconds of a load before its first probe; fewer where all is shorter. */
const WARM_UP = 3;
/** And behind the last: events wait until their line's time has passed them, and only a load moves it. */
const BEHIND = 5;

type Requests = Percentiles & { readonly missing: number };
type Measured = {
  readonly share: number;
  readonly rate: number;
  /** Milliseconds from publish to row visible; undefined with ClickHouse away. */
  readonly row: Percentiles | undefined;
  /** Milliseconds from publish to request created. */
  readonly request: Requests;
  readonly load: number;
};

/**
 * `npm run bench -- latency [--rate R] [--assets 250] [--seconds 60] [--search 60] [--epoch 2] [--nats URL --clickhouse URL] [--json FILE]`:
 * from publish to row visible and to request created, at 25, 50 and 75 % of the highest rate (`--rate`; searched
 * without it, each try for `--search` seconds), and at half of it with ClickHouse away; false when a bar is missed.
 */
export async function latency(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      assets: { type: 'string', default: '250' },
      rate: { type: 'string' },
      seconds: { type: 'string', default: '60' },
      search: { type: 'string', default: '60' },
      shares: { type: 'string', default: '25,50,75' },
      epoch: { type: 'string' },
      ...ELSEWHERE,
      json: { type: 'string' },
    },
  });
  const assets = Number(values.assets);
  const seconds = Number(values.seconds);
  const shares = values.shares.split(',').map(Number);
  const stand = await startBenchStand({
    ...{ cmms: true, warehouse: 'apart', epoch: values.epoch },
    elsewhere: await elsewhere(values),
  });
  try {
    await stand.worker.start();
    const model = await placed(stand, 'plant.yaml', plantFile(assets));
    const probes = [...shares.map(String), 'away'].map((name) => `p${name}`);
    const rules = await placed(stand, 'rules.yaml', withProbes(RULES_FILE, probes));
    await stand.run(['apply', model, rules]);
    const search = { assets, rate: FIRST_RATE, seconds: Number(values.search) };
    const highest = Number(values.rate ?? (await highestRate(stand, search, console.error)));
    const measured: Measured[] = [];
    for (const share of shares) {
      const rate = (highest * share) / 100;
      const probe = `p${share}`;
      measured.push({ share, ...(await measure(stand, { assets, rate, seconds }, probe)) });
    }
    const away = await withoutClickHouse(stand, () =>
      measure(stand, { assets, rate: highest / 2, seconds }, 'paway', false),
    );
    const half = measured.find(({ share }) => share === 50);
    const kept = {
      'publish to row visible, p99 under 4 s at half load': (half?.row?.p99 ?? 0) < BARS.row,
      'publish to request created, p99 under 5 s with ClickHouse away':
        away === undefined || away.request.p99 < BARS.request,
      'every request was made': [...measured, away].every(
        (one) => (one?.request.missing ?? 0) === 0,
      ),
    };
    for (const line of table(measured, away)) console.error(line);
    for (const [bar, is] of Object.entries(kept)) console.error(`${bar}: ${is ? 'yes' : 'NO'}`);
    const report = JSON.stringify({ latency: measured, away, highest, kept }, null, 2);
    if (values.json !== undefined) writeFileSync(values.json, report);
    else console.log(report);
    return Object.values(kept).every(Boolean);
  } finally {
    await stand.stop();
  }
}

/** A load, with a probe of every asset, evenly over it. */
async function measure(
  stand: BenchStand,
  { assets, rate, seconds }: Load,
  probe: string,
  rows = true,
): Promise<Omit<Measured, 'share'>> {
  const { cmms } = stand;
  if (cmms === undefined) throw new Error('expected a CMMS');
  const warmUp = Math.min(WARM_UP, seconds);
  const load = { assets, rate, seconds: warmUp + seconds + BEHIND };
  return await underLoad(stand, load, async ({ done, last }) => {
    const row = rows ? rowLatency(stand, done) : undefined;
    // It is awaited behind others: what it throws is thrown there.
    row?.catch(() => undefined);
    await pause(warmUp * 1_000);
    const sent = await sendProbes(stand, probe, { assets, seconds });
    const request = await requestLatency(cmms, probe, sent, PATIENCE);
    await done;
    if (rows) await caughtUpAfter(stand, await last());
    return { rate, row: await row, request, load: loadAverage() };
  });
}

/** Undefined where ClickHouse is somebody's own: it is not ours to stop. */
async function withoutClickHouse<T>(
  stand: BenchStand,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const { warehouse } = stand;
  if (warehouse === undefined) return undefined;
  await warehouse.stop();
  try {
    return await work();
  } finally {
    await warehouse.start();
  }
}

function table(measured: readonly Measured[], away: Omit<Measured, 'share'> | undefined) {
  const named = measured.map((one) => [`${one.share} %`, one] as const);
  const rows = away === undefined ? named : [...named, ['50 %, no ClickHouse', away] as const];
  return rows.flatMap(([name, { rate, row, request, load }]) => [
    `${name}, ${rate} readings/s, load ${load}`,
    ...(row === undefined ? [] : [`  publish to row visible      ${words(row)}`]),
    `  publish to request created  ${words(request)}, ${request.missing} missing`,
  ]);
}

function words({ probes, p50, p95, p99, max }: Percentiles): string {
  const [a, b, c, d] = [p50, p95, p99, max].map((each) => `${(each / 1_000).toFixed(2)} s`);
  return `p50 ${a}, p95 ${b}, p99 ${c}, max ${d} of ${probes}`;
}

/** The publisher itself could not keep the pace: the machine was full. */
const MOST_BEHIND = 1_000;
const BISECTIONS = 2;
const SETTLE_SECONDS = 300;

/**
 * The highest steady rate in readings a second whose rows are at most two epochs behind after the seconds of a try:
 * doubled until one is not, then bisected. 0 when the first one is too high.
 */
export async function highestRate(
  stand: BenchStand,
  { assets, seconds, rate: first }: Load,
  say: (line: string) => void,
): Promise<number> {
  const fits = async (rate: number) => {
    const { lag, behind } = await underLoad(stand, { assets, rate, seconds }, async (running) => {
      const { behindMilliseconds } = await running.done;
      const lag = await running.lag();
      await caughtUpAfter(stand, await running.last(), SETTLE_SECONDS);
      return { lag, behind: behindMilliseconds };
    });
    say(`${rate} readings/s for ${seconds} s: ${lag.toFixed(2)} epochs behind at the end`);
    return lag <= MOST_LAG && behind <= MOST_BEHIND;
  };
  let low = 0;
  let high = first;
  while (await fits(high)) {
    low = high;
    high *= 2;
  }
  for (let step = 0; step < BISECTIONS && low > 0; step += 1) {
    const middle = (low + high) / 2;
    if (await fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** Milliseconds between two looks: a row may be seen so much too late. */
const LOOK = 25;

/**
 * From publishing a frame to its row being visible, over all frames of one asset: their event time is the publisher's
 * clock just before it sends them, and who asks ClickHouse runs on the same machine.
 */
export async function rowLatency(stand: BenchStand, until: Promise<unknown>): Promise<Percentiles> {
  const client = stand.client();
  const [first] = assetNames(1);
  const query = `
    SELECT toUnixTimestamp64Milli(time) AS sent FROM readings
    WHERE plant = {plant:String} AND line = {line:String} AND asset = {asset:String}
      AND signal = 'temperature' AND time > fromUnixTimestamp64Milli({seen:Int64}) ORDER BY sent`;
  const latencies: number[] = [];
  let seen = Date.now();
  let hasTable = false;
  try {
    await every(LOOK, until, async () => {
      // The worker makes the tables, and has perhaps just been started.
      if (!hasTable) hasTable = await hasReadings(client);
      if (!hasTable) return;
      const query_params = { plant: PLANT, line: first?.line, asset: first?.asset, seen };
      const result = await client.query({ query, query_params, format: 'JSONEachRow' });
      const rows = await result.json<{ sent: string }>();
      const now = Date.now();
      for (const { sent } of rows) latencies.push(now - Number(sent));
      seen = Number(rows.at(-1)?.sent ?? seen);
    });
  } finally {
    await client.close();
  }
  return percentilesOf(latencies);
}

async function hasReadings(client: ReturnType<BenchStand['client']>): Promise<boolean> {
  const result = await client.query({ query: 'EXISTS TABLE readings', format: 'JSONEachRow' });
  const [row] = await result.json<{ result: number }>();
  return row?.result === 1;
}
