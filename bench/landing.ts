import { writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import type { ClickHouseClient } from '@clickhouse/client';
import type { Frame } from '../operators/model/decoded.ts';
import type { AssetKey } from '../operators/model/key.ts';
import type { Sequence } from '../operators/model/message.ts';
import { fromMilliseconds } from '../operators/model/time.ts';
import { startWarehouse } from './analysts-warehouse.ts';
import { COLUMNS, FORMATS, type Format } from './landing-formats.ts';
import { BEGIN } from './made-log.ts';
import { assetNames, PLANT, SIGNALS_PER_ASSET, valuesOf } from './paced-plant.ts';
import { loadAverage } from './process-use.ts';

const ASSETS = 250;
const DATABASE = 'landing';
/** Frames that are encoded before the clock begins. */
const WARM_UP = 5_000;

type Measured = {
  readonly format: string;
  readonly rows: number;
  /** Of one insert on the wire. */
  readonly bytes_per_row: number;
  /** One core's time: from frames to bytes. */
  readonly encoded_rows_per_s: number;
  /** From the first byte sent to the confirmation, one insert after the other, rollups included. */
  readonly inserted_rows_per_s: number;
};

/** The yardstick of the same rows in the same run. */
const YARDSTICK = 'JSONEachRow';

/**
 * `npm run bench -- landing [--rows 10000,100000,500000] [--inserts 4] [--json FILE]`: readings into the embedded
 * warehouse with the product's schema, by format and rows of an insert; each insert waits for the one before. False
 * when not every row is there.
 */
export async function landing(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: '10000,100000,500000' },
      inserts: { type: 'string', default: '4' },
      json: { type: 'string' },
    },
  });
  const warehouse = await startWarehouse(DATABASE);
  try {
    const measured: Measured[] = [];
    let expected = 0;
    for (const rows of values.rows.split(',').map(Number)) {
      for (const format of FORMATS.filter(({ most }) => rows <= most)) {
        const inserts = Number(values.inserts);
        const found = await measure(warehouse.owner, format, rows, inserts);
        measured.push(found);
        expected += found.rows * inserts;
        console.error(
          `${format.name.padEnd(24)} ${String(found.rows).padStart(8)} rows an insert: encoded ${thousands(found.encoded_rows_per_s)}, ` +
            `inserted ${thousands(found.inserted_rows_per_s)}, ${found.bytes_per_row.toFixed(1)} bytes a row`,
        );
      }
    }
    const query = 'SELECT count() AS rows FROM readings';
    const result = await warehouse.owner.query({ query, format: 'JSONEachRow' });
    const [counted] = await result.json<{ rows: string }>();
    const right = Number(counted?.rows) === expected;
    console.error(`${counted?.rows} of ${expected} rows are there: ${right ? 'yes' : 'NO'}`);
    const report = { landing: measured.map((one) => besides(one, measured)), load: loadAverage() };
    if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(report, null, 2));
    return right;
  } finally {
    await warehouse.close();
  }
}

/** How many times as fast as JSON it was inserted. */
function besides(one: Measured, all: readonly Measured[]) {
  const json = all.find(({ format, rows }) => format === YARDSTICK && rows === one.rows);
  if (json === undefined) return one;
  return { ...one, ratio_to_json: one.inserted_rows_per_s / json.inserted_rows_per_s };
}

function thousands(perSecond: number): string {
  return `${Math.round(perSecond / 1e3)} k/s`;
}

async function measure(
  client: ClickHouseClient,
  { name, format, encode }: Format,
  rows: number,
  inserts: number,
): Promise<Measured> {
  // The first compiles the code.
  encode(framesOf(WARM_UP, 0));
  let encoding = 0;
  let inserting = 0;
  let bytes = 0;
  let inserted = 0;
  for (let insert = 0; insert < inserts; insert += 1) {
    const frames = framesOf(Math.ceil(rows / SIGNALS_PER_ASSET), insert);
    const cpu = process.cpuUsage();
    const data = encode(frames);
    const { user, system } = process.cpuUsage(cpu);
    encoding += (user + system) / 1e6;
    const begun = performance.now();
    await send(client, format, data, `${name}/${rows}/${insert}`);
    inserting += (performance.now() - begun) / 1_000;
    bytes += data.length;
    inserted += frames.length * SIGNALS_PER_ASSET;
  }
  return {
    format: name,
    rows: inserted / inserts,
    bytes_per_row: bytes / inserted,
    encoded_rows_per_s: inserted / encoding,
    inserted_rows_per_s: inserted / inserting,
  };
}

async function send(
  client: ClickHouseClient,
  format: string,
  data: Uint8Array,
  token: string,
): Promise<void> {
  const query = `INSERT INTO readings (${COLUMNS}) SETTINGS async_insert = 0, insert_deduplicate = 1,
    deduplicate_blocks_in_dependent_materialized_views = 1, insert_deduplication_token = '${token}' FORMAT ${format}`;
  const values = Readable.from([data], { objectMode: false });
  const { stream } = await client.exec({ query, values });
  await buffer(stream);
}

/** What the plant of `paced` sends, a frame of each asset a second. */
function framesOf(count: number, insert: number): readonly Frame[] {
  const names = assetNames(ASSETS).map(
    ({ line, asset }) => `${PLANT}/${line}/${asset}` as AssetKey,
  );
  return Array.from({ length: count }, (_, index) => {
    const at = insert * count + index;
    const asset = names[at % ASSETS] ?? ('' as AssetKey);
    const second = at / ASSETS;
    const sent = Object.entries(valuesOf(at % ASSETS, second, Number.POSITIVE_INFINITY));
    const appended = fromMilliseconds(BEGIN + Math.round(second * 1_000));
    const origin = { subject: '', sequence: (at + 1) as Sequence, appended };
    const signals = sent.map(([signal]) => signal);
    const values = Float64Array.from(sent, ([, value]) => value);
    return {
      ...{ kind: 'frame', origin, asset, times: Float64Array.of(appended), signals, values },
      texts: [],
    };
  });
}
