import { join } from 'node:path';
import { ClickHouseError, createClient } from '@clickhouse/client';
import { warehouseLogin } from '../../sinks/clickhouse/warehouse/secret.ts';
import { filesBelow } from '../support/architecture.ts';
import { type Stand, until } from './stand.ts';

/** Rows of the stand's warehouse; asked again while the warehouse is being started again. */
export async function rowsOf<T>(stand: Stand, query: string): Promise<T[]> {
  let rows: T[] = [];
  let trouble: unknown;
  await until(`an answer to ${query}`, 60_000, async () => {
    const url = stand.engine()?.url;
    if (url === undefined) return false;
    const { user, password } = await warehouseLogin(join(stand.directory, 'warehouse'));
    const client = createClient({
      ...{ url, username: user, password },
      database: 'andon',
      request_timeout: 20_000,
      log: { level: 127 },
    });
    try {
      const answer = await client.query({
        query: query.replaceAll('{db}', 'andon'),
        format: 'JSONEachRow',
      });
      rows = await answer.json<T>();
      return true;
    } catch (error) {
      // Before the first migration there are no tables; whatever else is wrong with a question stays wrong.
      const early = error instanceof ClickHouseError && ['60', '81'].includes(error.code);
      if (error instanceof ClickHouseError && !early) throw error;
      trouble = error;
      return false;
    } finally {
      await client.close();
    }
  }).catch((error: unknown) => {
    throw new Error(String(error), { cause: trouble });
  });
  return rows;
}

/** The last message of the log whose rows have landed. */
export async function landedTo(stand: Stand): Promise<number> {
  const query = 'SELECT toUInt32(max(last_sequence)) AS last FROM {db}.epochs';
  const [row] = await rowsOf<{ last: number }>(stand, query);
  return row?.last ?? 0;
}

/** Of these tables every column counts, and it must not matter where epochs were cut. */
const TABLES = [
  ...['readings', 'waveforms', 'machine_states', 'machine_events', 'schedule', 'assets', 'rules'],
  // An earlier version of a window goes with some merge or other.
  ...['windows FINAL', 'features', 'baselines', 'anomalies', 'incidents', 'request_history'],
];

/** Every partition of a plant has the same rows of these, and where their sequence is the same too, a merge keeps either. */
const OF_PLANTS = ['assets', 'rules'];

export type Facts = {
  /** Of each table the number of rows, and the sum of their hashes: a multiset, whatever the order. */
  readonly rows: Readonly<Record<string, { readonly rows: string; readonly hash: string }>>;
  readonly requests: readonly unknown[];
  readonly deadLetters: readonly unknown[];
};

/** All that is the same whatever happened on the way: without FINAL, so that nothing hides a doubled row. */
export async function factsOf(stand: Stand): Promise<Facts> {
  const rows: Record<string, { rows: string; hash: string }> = {};
  for (const table of TABLES) {
    const columns = OF_PLANTS.includes(table) ? '* EXCEPT stream' : '*';
    const query =
      'SELECT toString(count()) AS rows, toString(sum(cityHash64(formatRowNoNewline(' +
      `'JSONEachRow', ${columns})))) AS hash FROM {db}.${table}`;
    const [row] = await rowsOf<{ rows: string; hash: string }>(stand, query);
    if (row !== undefined) rows[table] = row;
  }
  return {
    rows,
    requests: await rowsOf(stand, 'SELECT * FROM {db}.requests FINAL ORDER BY id'),
    deadLetters: await rowsOf(
      stand,
      'SELECT reason, stage, source, toUInt32(sum(count)) AS count FROM {db}.dead_letters ' +
        'GROUP BY ALL ORDER BY ALL',
    ),
  };
}

/** What the checks of `sql/checks` find, by file; nothing when all is well. */
export async function checksOf(stand: Stand): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = {};
  for (const { path, text } of filesBelow(['sql/checks'], ['.sql'])) {
    const query = text.trim().replace(/;$/, '');
    const rows = await rowsOf(stand, query);
    if (rows.length > 0) found[path] = rows;
  }
  return found;
}
