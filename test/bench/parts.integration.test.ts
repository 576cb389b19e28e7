import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { landing } from '../../bench/landing.ts';
import { latency } from '../../bench/latency.ts';
import { memory } from '../../bench/memory.ts';
import { recovery } from '../../bench/recovery.ts';
import { temporaryDirectory } from '../support/temporary.ts';

// What is measured here says nothing: that the parts work, stop by themselves and write what they say does. So they may run
// beside each other, since most of their time they wait for a load of so many seconds.
const BESIDE = { concurrent: true };
const small = ['--assets', '10', '--rate', '2000'];

async function reportOf(part: (args: readonly string[]) => Promise<boolean>, args: string[]) {
  const file = join(temporaryDirectory(), 'report.json');
  await part([...args, '--json', file]);
  return JSON.parse(readFileSync(file, 'utf8'));
}

test('latency tells of rows and requests by load, and without ClickHouse', BESIDE, async () => {
  const args = [...small, '--seconds', '1', '--shares', '50'];
  const { latency: measured, away, highest, kept } = await reportOf(latency, args);
  const percentiles = { probes: expect.any(Number), p50: expect.any(Number) };
  expect(measured).toMatchObject([
    { share: 50, rate: 1_000, row: percentiles, request: { ...percentiles, missing: 0 } },
  ]);
  expect(away).toMatchObject({ rate: 1_000, request: { probes: 10, missing: 0 } });
  expect(highest).toBe(2_000);
  expect(kept).toMatchObject({ 'every request was made': true });
});

test(
  'memory tells of slopes, and everything lands after ClickHouse came back',
  BESIDE,
  async () => {
    const args = [...small, '--warm-up', '2', '--seconds', '2', '--away', '2'];
    const { memory: found } = await reportOf(memory, args);
    expect(found).toMatchObject({
      steady: { worker: { slope: expect.any(Number) }, warehouse: { slope: expect.any(Number) } },
      away: { worker: { slope: expect.any(Number) } },
      kept: { 'everything caught up': true, 'every reading landed once': true },
    });
  },
);

test('recovery tells how long each kill took, and nothing is lost', BESIDE, async () => {
  const { recovery: found } = await reportOf(recovery, [
    ...small,
    '--kills',
    '1',
    '--between',
    '2',
  ]);
  expect(found.recovered).toMatchObject([{ current: expect.any(Number) }]);
  expect(found.kept).toMatchObject({ 'every reading landed once': true });
});

test('every format lands every row', BESIDE, async () => {
  const { landing: found } = await reportOf(landing, ['--rows', '1000', '--inserts', '2']);
  expect(found.map(({ format }: { format: string }) => format)).toEqual([
    'Native, as the product',
    'RowBinary',
    'TabSeparated',
    'JSONEachRow',
  ]);
});
