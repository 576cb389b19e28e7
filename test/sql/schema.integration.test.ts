import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Row } from '../../operators/flow/flow.ts';
import { createBlocks } from '../../sinks/clickhouse/blocks.ts';
import { createClickHouseSink } from '../../sinks/clickhouse/clickhouse.ts';
import { checkSchema, migrate, SQL_FOLDER } from '../../sinks/clickhouse/migrate.ts';
import type { EpochFacts } from '../../sinks/sink.ts';
import { MORNING, ONE_OF_EACH, request, sequence, time } from '../sinks/clickhouse/sample-rows.ts';
import {
  DATABASE,
  type StartedWarehouse,
  startWarehouse,
} from '../sinks/clickhouse/started-warehouse.ts';
import { temporaryDirectory } from '../support/temporary.ts';

let warehouse: StartedWarehouse;
const never = new AbortController().signal;

beforeAll(async () => {
  warehouse = await startWarehouse();
});

/** Lands epochs of one run with these ranges, each with the rows that `fill` adds. */
async function land(
  run: string,
  ranges: readonly (readonly [from: number, to: number])[],
  fill: (blocks: ReturnType<typeof createBlocks>, from: number) => void = () => undefined,
): Promise<void> {
  const landing = createClickHouseSink(warehouse.client, { database: DATABASE });
  for (const [from, to] of ranges) {
    const blocks = createBlocks();
    fill(blocks, from);
    const facts: EpochFacts = {
      pipeline: 'plant',
      created: 'now',
      epoch: from,
      from,
      to,
      first_appended: time(MORNING),
      last_appended: time(MORNING),
      messages: 1,
    };
    blocks.addEpoch(facts);
    const content = blocks.finish('ANDON_0', run);
    await landing.write(
      { ...facts, run, stream: 'ANDON_0', blocks: content, revisions: [], commands: [] },
      never,
    );
  }
}

describe('migrate', () => {
  test('makes the database, and a second time finds nothing to do', async () => {
    await expect(checkSchema(warehouse.client, DATABASE)).rejects.toThrow(
      'found none of it. Run andon migrate, as a user who may define tables.',
    );
    const files = (await readdir(join(SQL_FOLDER, 'schema'))).sort();
    expect((await migrate(warehouse.client, DATABASE)).applied).toEqual(files);
    expect((await migrate(warehouse.client, DATABASE)).applied).toEqual([]);
    await checkSchema(warehouse.client, DATABASE);
  });

  test('may run in two places at once', async () => {
    await Promise.all([migrate(warehouse.client, 'twice'), migrate(warehouse.client, 'twice')]);
    await checkSchema(warehouse.client, 'twice');
  });

  test('refuses a file that was changed after it ran, and a database of a newer version', async () => {
    const folder = temporaryDirectory();
    await cp(SQL_FOLDER, folder, { recursive: true });
    await migrate(warehouse.client, 'moved', folder);
    const [first = ''] = (await readdir(join(folder, 'schema'))).sort();
    const text = await readFile(join(folder, 'schema', first), 'utf8');
    await writeFile(join(folder, 'schema', first), `${text}\n-- changed`);
    await expect(migrate(warehouse.client, 'moved', folder)).rejects.toThrow(
      `sql/schema/${first}: expected the text that database moved was made with, found another one`,
    );
    await rm(join(folder, 'schema', first));
    await expect(migrate(warehouse.client, 'moved', folder)).rejects.toThrow(
      `found ${first}, which another version applied`,
    );
  });
});

describe('every table', () => {
  beforeAll(() => migrate(warehouse.client, DATABASE));

  test('has an order, a deduplication window, comments and a codec on every column', async () => {
    const tables = await warehouse.rows<{
      name: string;
      create_table_query: string;
      comment: string;
    }>(
      `SELECT name, create_table_query, comment FROM system.tables
       WHERE database = '${DATABASE}' AND engine LIKE '%MergeTree' AND name != 'migrations'`,
    );
    expect(tables.length).toBeGreaterThanOrEqual(17);
    for (const { name, create_table_query, comment } of tables) {
      expect(create_table_query, name).toContain('non_replicated_deduplication_window = 10000');
      expect(create_table_query, name).toContain('PARTITION BY');
      expect(comment, name).not.toBe('');
    }
    const bare = await warehouse.rows(
      `SELECT table, name FROM system.columns WHERE database = '${DATABASE}'
       AND table IN (SELECT name FROM system.tables WHERE database = '${DATABASE}' AND engine LIKE '%MergeTree')
       AND table != 'migrations' AND (comment = '' OR compression_codec = '')`,
    );
    expect(bare).toEqual([]);
  });

  test('carries stream and run, and all but epochs and rollups sequence and appended', async () => {
    const rows = await warehouse.rows<{ table: string; lineage: string[] }>(
      `SELECT table, arraySort(groupArray(name)) AS lineage FROM system.columns
       WHERE database = '${DATABASE}' AND name IN ('stream', 'run', 'sequence', 'appended')
       AND table IN (SELECT name FROM system.tables WHERE database = '${DATABASE}' AND engine LIKE '%MergeTree')
       GROUP BY table`,
    );
    expect(rows.length).toBeGreaterThanOrEqual(17);
    for (const { table, lineage } of rows) {
      const expected = ['appended', 'run', 'sequence', 'stream'];
      const added = table === 'epochs' || table.startsWith('readings_1');
      expect(lineage, table).toEqual(added ? ['run', 'stream'] : expected);
    }
  });
});

describe('checks', () => {
  const folder = join(SQL_FOLDER, 'checks');
  const answers = async (name: string) =>
    warehouse.rows(await readFile(join(folder, `${name}.sql`), 'utf8'));

  beforeEach(async () => {
    await migrate(warehouse.client, DATABASE);
    const rollups = ['readings_1m', 'readings_1h', 'readings_1d'];
    const facts = [
      'readings',
      'features',
      'waveforms',
      'requests',
      'request_history',
      'dead_letters',
    ];
    for (const table of ['epochs', ...facts, ...rollups]) {
      await warehouse.client.command({ query: `TRUNCATE TABLE ${table}` });
    }
  });

  test('say nothing when all is well', async () => {
    await land(
      'whole',
      [
        [1, 10],
        [11, 20],
      ],
      (blocks, from) => {
        for (const row of ONE_OF_EACH) blocks.add(row, sequence(from), time(MORNING));
      },
    );
    for (const file of await readdir(folder)) {
      expect(await answers(file.replace('.sql', '')), file).toEqual([]);
    }
  });

  test('find messages that two epochs have processed', async () => {
    await land('overlapping', [
      [1, 10],
      [10, 20],
    ]);
    expect(await answers('epochs_overlap')).toMatchObject([
      { run: 'overlapping', first_sequence: 10 },
    ]);
  });

  test('find messages that no epoch has processed', async () => {
    await land('holed', [
      [1, 10],
      [15, 20],
    ]);
    expect(await answers('epochs_missing')).toMatchObject([{ missing_from: 11, missing_to: 14 }]);
  });

  test('find requests with a missing revision', async () => {
    await land('skipping', [[1, 2]], (blocks) => {
      blocks.add(request('r', 1), sequence(1), time(MORNING));
      blocks.add(request('r', 3, 'update'), sequence(2), time(MORNING));
    });
    expect(await answers('request_revisions_missing')).toMatchObject([
      { id: 'r', revisions: 2, highest: 3 },
    ]);
  });

  test('find schedule entries of machines that the model does not have', async () => {
    await land('planned', [[1, 9]], (blocks) => {
      for (const entry of ONE_OF_EACH.filter(({ table }) => table === 'schedule')) {
        if (entry.table !== 'schedule') continue;
        const of = (id: string, more: object): Row => ({
          ...entry,
          row: { ...entry.row, id, ...more },
        });
        blocks.add(of('well', { assets: ['a'] }), sequence(2), time(MORNING));
        blocks.add(of('gone', { assets: ['x'] }), sequence(3), time(MORNING));
        blocks.add(of('gone', { assets: ['x'], cancelled: true }), sequence(4), time(MORNING));
        blocks.add(of('typo', { assets: ['a', 'b-1'] }), sequence(5), time(MORNING));
        blocks.add(of('line', { line: 'l9' }), sequence(6), time(MORNING));
      }
      for (const asset of ONE_OF_EACH.filter(({ table }) => table === 'assets')) {
        blocks.add(asset, sequence(1), time(MORNING));
      }
    });
    expect(await answers('schedule_of_unknown_assets')).toMatchObject([
      { line: 'l', id: 'typo', asset: 'b-1' },
      { line: 'l9', id: 'line', asset: '' },
    ]);
    await warehouse.client.command({ query: 'TRUNCATE TABLE schedule' });
  });

  const ofTable = (table: string) => ONE_OF_EACH.filter((row) => row.table === table);
  const landOnly = (run: string, table: string) =>
    land(run, [[1, 2]], (blocks) => {
      for (const row of ofTable(table)) blocks.add(row, sequence(1), time(MORNING));
    });

  test('find rollups that say something else than the readings', async () => {
    await landOnly('rolled', 'readings');
    expect(await answers('rollups_differ')).toEqual([]);
    await warehouse.client.command({
      query: `INSERT INTO readings_1h SELECT * FROM readings_1h WHERE signal = 'speed'`,
    });
    // The day is made of the hours. One of the two readings of the signal is suspect, and in no rollup.
    expect(await answers('rollups_differ')).toMatchObject([
      { level: '1d', signal: 'speed', readings: 1, rolled_up: 2 },
      { level: '1h', signal: 'speed', readings: 1, rolled_up: 2 },
    ]);
  });

  test('find readings that are there twice', async () => {
    await landOnly('doubled', 'readings');
    expect(await answers('readings_doubled')).toEqual([]);
    await warehouse.client.command({
      query: `INSERT INTO readings SELECT * FROM readings WHERE signal = 'recipe'`,
    });
    expect(await answers('readings_doubled')).toMatchObject([{ signal: 'recipe', readings: 2 }]);
  });

  test('find requests that rest on nothing', async () => {
    await land('baseless', [[1, 2]], (blocks) => {
      const asked = request('r', 1);
      if (asked.table !== 'requests') return;
      const resting = (id: string, incidents: string[], anomalies: string[]): Row => ({
        ...asked,
        row: { ...asked.row, id, incidents, anomalies },
      });
      blocks.add(resting('well', ['i'], ['n']), sequence(1), time(MORNING));
      blocks.add(resting('gone', ['nobody-knows'], ['n']), sequence(1), time(MORNING));
      blocks.add(resting('none', [], []), sequence(1), time(MORNING));
    });
    expect(await answers('requests_without_evidence')).toMatchObject([
      { id: 'gone', missing_incidents: ['nobody-knows'], missing_anomalies: [] },
      { id: 'none' },
    ]);
  });

  test('find features whose waveform is not there', async () => {
    await landOnly('heard', 'waveforms');
    await landOnly('unheard', 'features');
    expect(await answers('features_without_waveform')).toMatchObject([
      { point: 'front', run: 'unheard' },
    ]);
  });

  test('find readings of no epoch', async () => {
    await land('lost', [[1, 2]], (blocks) => {
      for (const row of ONE_OF_EACH) blocks.add(row, sequence(7), time(MORNING));
    });
    expect(await answers('readings_of_no_epoch')).toMatchObject([
      { run: 'lost', from_sequence: 7 },
    ]);
  });
});

describe('views and queries', () => {
  test('show each request as its highest revision says', async () => {
    await land('revised', [[1, 9]], (blocks) => {
      for (const id of ['open', 'done']) blocks.add(request(id, 1), sequence(1), time(MORNING));
      blocks.add(request('done', 2, 'close'), sequence(2), time(MORNING));
    });
    const current = await warehouse.rows(
      "SELECT id, revision, action FROM current_requests WHERE run = 'revised' ORDER BY id",
    );
    expect(current).toEqual([
      { id: 'done', revision: 2, action: 'close' },
      { id: 'open', revision: 1, action: 'open' },
    ]);
    expect(await warehouse.rows("SELECT id FROM open_requests WHERE run = 'revised'")).toEqual([
      { id: 'open' },
    ]);
    const history = await warehouse.rows("SELECT id FROM request_history WHERE run = 'revised'");
    expect(history).toHaveLength(3);
  });

  test('begin with the question that they answer', async () => {
    for (const folder of ['queries', 'views', 'checks']) {
      for (const name of await readdir(join(SQL_FOLDER, folder))) {
        const sql = await readFile(join(SQL_FOLDER, folder, name), 'utf8');
        expect(sql.split('\n')[0], name).toMatch(/^-- .*\?/);
      }
    }
  });
});
