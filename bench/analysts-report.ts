import type { ClickHouseClient } from '@clickhouse/client';
import { loadAverage } from './process-use.ts';

/** One query, and how long each of its answers took. */
export type Asked = {
  readonly name: string;
  readonly query: string;
  readonly query_params: Readonly<Record<string, unknown>>;
  readonly seconds: number[];
  rows: number;
};

/** The ingest meanwhile: seconds that each epoch was confirmed behind its time. */
export type Running = { readonly behind: number[]; stopped: boolean };

type Measured = {
  readonly asked: readonly Asked[];
  readonly running: Running;
  readonly filled: number;
  readonly readings: number;
  readonly rate: number;
};

const MOST_SECONDS = 2;
const LEAST_QUERIES = 12;
const MOST_BYTES = 8;
/** An epoch of 2 s that takes as long again is one that the next one waits for. */
const MOST_BEHIND = 4;

/** Bytes per reading of each column, times of the queries, and whether the bars hold. */
export async function reportAnalysts(client: ClickHouseClient, measured: Measured) {
  const rows = async <T>(query: string) =>
    (await client.query({ query, format: 'JSONEachRow' })).json<T>();
  const [{ readings = 0 } = {}] = await rows<{ readings: number }>(
    'SELECT toUInt32(count()) AS readings FROM readings',
  );
  const columns = await rows<{ column: string; bytes: number }>(
    `SELECT column, sum(column_data_compressed_bytes + column_marks_bytes) / ${readings} AS bytes
     FROM system.parts_columns WHERE active AND database = currentDatabase() AND table = 'readings'
     GROUP BY column ORDER BY bytes DESC`,
  );
  const tables = await rows<{ table: string; bytes: number; parts: number }>(
    `SELECT table, sum(bytes_on_disk) / ${readings} AS bytes, toUInt32(count()) AS parts FROM system.parts
     WHERE active AND database = currentDatabase() GROUP BY table ORDER BY bytes DESC LIMIT 8`,
  );
  const bytes = tables.find(({ table }) => table === 'readings')?.bytes ?? Number.NaN;
  const queries = measured.asked.map(({ name, seconds, rows }) => {
    const sorted = seconds.toSorted((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
    return { name, median, longest: sorted.at(-1) ?? Number.NaN, rows };
  });
  const quick = queries.filter(({ longest }) => longest < MOST_SECONDS).length;
  const behind = Math.max(...measured.running.behind);
  const good = quick >= LEAST_QUERIES && bytes <= MOST_BYTES && behind <= MOST_BEHIND;
  const { filled, rate } = measured;
  const ingest = { rate, filled, epochs: measured.running.behind.length, behind };
  const facts = {
    readings,
    bytes,
    columns,
    tables,
    queries,
    quick,
    ingest,
    load: loadAverage(),
    good,
  };
  const text = [
    `${readings} readings, ${bytes.toFixed(2)} bytes each (at most ${MOST_BYTES}); load ${facts.load}`,
    ...columns.map(({ column, bytes }) => `  ${column.padEnd(12)} ${bytes.toFixed(3)}`),
    ...tables.map(
      ({ table, bytes, parts }) =>
        `  table ${table}: ${bytes.toFixed(3)} a reading, ${parts} parts`,
    ),
    `${queries.length} queries as an analyst, ${rate} readings/s landing meanwhile: ${quick} always under ${MOST_SECONDS} s`,
    ...queries.map(
      ({ name, median, longest, rows }) =>
        `  ${name.padEnd(28)} ${median.toFixed(3)} s, at most ${longest.toFixed(3)} s, ${rows} rows`,
    ),
    `${ingest.epochs} epochs of 2 s, confirmed at most ${behind.toFixed(2)} s behind their time`,
    good ? 'good' : 'missed',
  ].join('\n');
  return { facts, text, good };
}
