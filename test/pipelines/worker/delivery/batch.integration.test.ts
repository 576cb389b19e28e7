import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { row } from '../../../../operators/flow/flow.ts';
import { mergeContents } from '../../../../pipelines/worker/delivery/batch.ts';
import { createClickHouseSink } from '../../../../sinks/clickhouse/clickhouse.ts';
import type { Blocks, EpochContent, Sink } from '../../../../sinks/sink.ts';
import {
  frameOf,
  MORNING,
  ONE_OF_EACH,
  sequence,
  time,
} from '../../../sinks/clickhouse/sample-rows.ts';
import {
  DATABASE,
  migratedWarehouse,
  type StartedWarehouse,
} from '../../../sinks/clickhouse/started-warehouse.ts';
import { deliverStored, epochContent, storeEpochs } from '../../../support/stored-epochs.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const never = new AbortController().signal;
const EPOCHS = 40;
const CHECKS = new URL('../../../../sql/checks/', import.meta.url);

/** A row of each table, and three readings a message. */
function addRows(blocks: Blocks, from: number): void {
  for (let message = from; message < from + 10; message += 1) {
    const at = MORNING + message * 1_000_000;
    const frame = frameOf('p/l/a', [at], { heat: [message], speed: [1], load: [2] });
    blocks.add(row('readings', frame), sequence(message), time(at));
  }
  for (const one of ONE_OF_EACH) {
    if (one.table !== 'readings') blocks.add(one, sequence(from), time(MORNING + from));
  }
}

/** What of the rows a repeat would change: counts of all tables, and the sums that views keep. */
async function landed(warehouse: StartedWarehouse): Promise<unknown> {
  const rollups = ['1m', '1h', '1d'].map(
    (level) =>
      `SELECT 'readings_${level}' AS name, toUInt32(sum(count)) AS n FROM readings_${level}`,
  );
  const tables = ['readings', 'waveforms', 'features', 'dead_letters'].map(
    (table) => `SELECT '${table}' AS name, toUInt32(count()) AS n FROM ${table}`,
  );
  const epochs = `SELECT 'epochs' AS name, toUInt32(count()) AS n FROM epochs FINAL`;
  const query = [...rollups, ...tables, epochs].join(' UNION ALL ');
  const rows = await warehouse.rows<{ name: string; n: number }>(query);
  return Object.fromEntries(rows.map(({ name, n }) => [name, n]));
}

const EXPECTED = {
  ...{ readings: EPOCHS * 30, readings_1m: EPOCHS * 30, readings_1h: EPOCHS * 30 },
  ...{ readings_1d: EPOCHS * 30, waveforms: EPOCHS, features: EPOCHS, dead_letters: EPOCHS },
  epochs: EPOCHS,
};

test('many epochs land in a few inserts, once, whatever died between', async () => {
  const warehouse = await migratedWarehouse();
  const directory = temporaryDirectory();
  const landing = createClickHouseSink(warehouse.client, { database: DATABASE });
  const writes: string[] = [];
  let part = Number.POSITIVE_INFINITY;
  /** Dies when it has written so many tables, but not of the first epoch. */
  const mortal: Sink = {
    ...landing,
    async write(content, signal) {
      writes.push(`${content.from}-${content.to}`);
      const blocks = content.blocks.slice(0, content.from === 1 ? 99 : part);
      await landing.write({ ...content, blocks }, signal);
      if (blocks.length < content.blocks.length) throw new Error('killed');
    },
  };
  const content = (epoch: number): EpochContent => epochContent(epoch, addRows);
  await storeEpochs(directory, mortal, 1, EPOCHS - 10, content);
  for (part of [0, 1, 5, 16]) await deliverStored(directory, mortal, { tries: 1 });
  part = Number.POSITIVE_INFINITY;
  await storeEpochs(directory, mortal, EPOCHS - 9, EPOCHS, content);
  await deliverStored(directory, mortal);
  expect([...new Set(writes)]).toEqual(['1-10', '11-300', '301-400']);
  expect(await landed(warehouse)).toEqual(EXPECTED);
  // The answer was lost, and the cursor with it: the same again.
  const all = Array.from({ length: EPOCHS - 11 }, (_, index) => content(index + 2));
  await landing.write(mergeContents(all), never);
  expect(await landed(warehouse)).toEqual(EXPECTED);
  for (const name of readdirSync(CHECKS).filter((file) => /^(epochs|readings)_/.test(file))) {
    const query = readFileSync(new URL(name, CHECKS), 'utf8').replace(/;\s*$/, '');
    expect(await warehouse.rows(query), name).toEqual([]);
  }
});
