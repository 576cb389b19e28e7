import { beforeAll, expect, test } from 'vitest';
import { row } from '../../operators/flow/flow.ts';
import { frameOf, sequence, time } from '../sinks/clickhouse/sample-rows.ts';
import { migratedWarehouse, type StartedWarehouse } from '../sinks/clickhouse/started-warehouse.ts';
import { at, epochOf, landAll, smallPlant } from './small-plant.ts';

let warehouse: StartedWarehouse;

beforeAll(async () => {
  warehouse = await migratedWarehouse();
});

const LEVELS = ['readings_by_minute', 'readings_by_hour', 'readings_by_day'];

async function counts(): Promise<unknown[]> {
  const level = (name: string) =>
    `SELECT toUInt32(sum(level.readings)) AS readings, sum(level.mean * level.readings) AS total, max(level.greatest) AS most FROM ${name} AS level`;
  return Promise.all(LEVELS.map(async (name) => (await warehouse.rows(level(name)))[0]));
}

const thrice = (expected: object) => [expected, expected, expected];

/** Epochs of fifteen messages: message n at 06:00 + n s says n. */
function counting(run: string, from: number, to: number) {
  const epochs = [];
  for (let first = from; first <= to; first += 15) {
    const last = Math.min(first + 14, to);
    epochs.push(
      epochOf(run, 'COUNT', 'then', first, last, (blocks) => {
        for (let n = first; n <= last; n += 1) {
          const frame = frameOf('p2/l1/a', [at('06:00') + n * 1_000_000], { n: [n] });
          blocks.add(row('readings', frame), sequence(n), time(at('06:00')));
        }
      }),
    );
  }
  return epochs;
}

async function truncate(): Promise<void> {
  for (const table of ['readings', 'readings_1m', 'readings_1h', 'readings_1d', 'epochs']) {
    await warehouse.client.command({ query: `TRUNCATE TABLE ${table}` });
  }
}

test('epochs that land again are counted once, at every level', async () => {
  const epochs = smallPlant();
  await landAll(warehouse.client, epochs);
  const before = await counts();
  expect(before).toMatchObject(thrice({ readings: 960 + 30 + 120, most: 479.5 }));
  await landAll(warehouse.client, epochs);
  expect(await counts()).toEqual(before);
});

test.each(LEVELS.map((_, index) => ['readings_1m', 'readings_1h', 'readings_1d'][index] ?? ''))(
  'an insert that breaks at %s is made whole by the next try',
  async (table) => {
    await truncate();
    const epochs = counting(`broken-${table}`, 1, 60);
    await warehouse.client.command({
      query: `ALTER TABLE ${table} ADD CONSTRAINT broken CHECK throwIf(plant = 'p2') = 0`,
    });
    await expect(landAll(warehouse.client, epochs)).rejects.toThrow();
    await warehouse.client.command({ query: `ALTER TABLE ${table} DROP CONSTRAINT broken` });
    await landAll(warehouse.client, epochs);
    await landAll(warehouse.client, epochs);
    expect(await counts()).toEqual(thrice({ readings: 60, total: 1_830, most: 60 }));
  },
);

test('what a later run processed again counts once, be it all or a part of the earlier one', async () => {
  await truncate();
  await landAll(warehouse.client, counting('a', 1, 60));
  // From the middle of a minute on, and further.
  await landAll(warehouse.client, counting('b', 31, 90));
  expect(await counts()).toEqual(thrice({ readings: 90, total: 4_095, most: 90 }));
  await landAll(warehouse.client, counting('c', 1, 90));
  expect(await counts()).toEqual(thrice({ readings: 90, total: 4_095, most: 90 }));
  const runs = await warehouse.rows(
    "SELECT run, whole FROM counted_runs WHERE stream = 'COUNT' ORDER BY run",
  );
  expect(runs).toMatchObject([
    { run: 'a', whole: 1 },
    { run: 'b', whole: 1 },
    { run: 'c', whole: 0 },
  ]);
});

test('suspect values stay out of every level; uncertain ones count', async () => {
  await truncate();
  const epoch = epochOf('suspect', 'QUALITY', 'then', 1, 1, (blocks) => {
    const times = [0, 1, 2].map((n) => at('06:00') + n * 1_000_000);
    const frame = frameOf('p2/l1/a', times, { n: [1, 1e31, 3] });
    const quality = Uint8Array.of(0, 2, 1);
    blocks.add(row('readings', { ...frame, quality }), sequence(1), time(at('06:00')));
  });
  await landAll(warehouse.client, [epoch]);
  expect(await counts()).toEqual(thrice({ readings: 2, total: 4, most: 3 }));
  const landed = 'SELECT quality, toUInt32(count()) AS readings FROM readings GROUP BY quality';
  expect(await warehouse.rows(`${landed} ORDER BY quality`)).toEqual(
    ['good', 'suspect', 'uncertain'].map((quality) => ({ quality, readings: 1 })),
  );
});
