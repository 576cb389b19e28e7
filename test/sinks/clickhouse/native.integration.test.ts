import { beforeAll, expect, test } from 'vitest';
import {
  constant,
  float32Arrays,
  lowCardinality,
  nullable,
  numbers,
  texts,
  times,
} from '../../../sinks/clickhouse/native/columns.ts';
import { type NativeColumn, nativeBlock } from '../../../sinks/clickhouse/native/native.ts';

import { DATABASE, type StartedWarehouse, startWarehouse } from './started-warehouse.ts';

let warehouse: StartedWarehouse;

beforeAll(async () => {
  warehouse = await startWarehouse();
  await warehouse.client.command({
    query: `CREATE DATABASE ${DATABASE} ENGINE = Atomic`,
    http_headers: { 'X-ClickHouse-Database': 'default' },
  });
});

/** Sends the column through a table of its type and reads it back as JSON. */
async function roundTrip(column: NativeColumn): Promise<unknown[]> {
  await warehouse.client.command({
    query: `CREATE OR REPLACE TABLE trip (n UInt32, x ${column.type}) ENGINE = MergeTree ORDER BY n`,
  });
  const index = numbers(
    'n',
    Uint32Array.from({ length: column.rows }, (_, n) => n),
  );
  const query = new URLSearchParams({
    query: `INSERT INTO ${DATABASE}.trip FORMAT Native`,
    password: warehouse.password,
  });
  const response = await fetch(`${warehouse.url}/?${query}`, {
    method: 'POST',
    body: nativeBlock([index, { ...column, name: 'x' }]) as Uint8Array<ArrayBuffer>,
  });
  expect(await response.text()).toBe('');
  const rows = await warehouse.rows<{ x: unknown }>(
    `SELECT x FROM trip ORDER BY n SETTINGS output_format_json_quote_64bit_integers = 1,
     output_format_json_quote_denormals = 1`,
  );
  return rows.map(({ x }) => x);
}

const LONG = 'é 日本 🏭 '.repeat(40);
const MANY = Array.from({ length: 70_000 }, (_, index) => `key ${index}`);

test.each<[string, NativeColumn, unknown[]]>([
  ['UInt8', numbers('x', Uint8Array.of(0, 10, 255)), [0, 10, 255]],
  ['UInt16', numbers('x', Uint16Array.of(0, 2570, 65_535)), [0, 2570, 65_535]],
  ['UInt32', numbers('x', Uint32Array.of(0, 2 ** 32 - 1)), [0, 2 ** 32 - 1]],
  ['Int8', numbers('x', Int8Array.of(-128, 127)), [-128, 127]],
  ['Int16', numbers('x', Int16Array.of(-32_768, 32_767)), [-32_768, 32_767]],
  ['Int32', numbers('x', Int32Array.of(-(2 ** 31), 5)), [-(2 ** 31), 5]],
  ['UInt64', numbers('x', BigUint64Array.of(0n, 2n ** 64n - 1n)), ['0', `${2n ** 64n - 1n}`]],
  ['Int64', numbers('x', BigInt64Array.of(-(2n ** 63n), 7n)), [`${-(2n ** 63n)}`, '7']],
  ['Float32', numbers('x', Float32Array.of(-1.5, 0.25)), [-1.5, 0.25]],
  [
    'Float64',
    numbers('x', Float64Array.of(0.1, 1e-300, Number.NaN, Number.NEGATIVE_INFINITY)),
    [0.1, 1e-300, 'nan', '-inf'],
  ],
  [
    'DateTime64 from numbers, before 1970 too',
    times('x', Float64Array.of(1_763_800_000_123_456, 0, -1, -4_294_967_296_000_001)),
    [
      '2025-11-22 08:26:40.123456',
      '1970-01-01 00:00:00.000000',
      '1969-12-31 23:59:59.999999',
      '1833-11-24 17:31:43.999999',
    ],
  ],
  [
    'DateTime64 from integers',
    times('x', BigInt64Array.of(1_763_800_000_123_456n, -1n)),
    ['2025-11-22 08:26:40.123456', '1969-12-31 23:59:59.999999'],
  ],
  ['String', texts('x', ['', 'a\n\nb', LONG, '\0']), ['', 'a\n\nb', LONG, '\0']],
  [
    'LowCardinality(String)',
    lowCardinality('x', ['', 'é', LONG], Uint32Array.of(1, 0, 2, 1)),
    ['é', '', LONG, 'é'],
  ],
  ['one text for all rows', constant('x', 'ANDON_0', 3), ['ANDON_0', 'ANDON_0', 'ANDON_0']],
  [
    'LowCardinality with indexes of 16 bits',
    lowCardinality(
      'x',
      MANY.slice(0, 300),
      Uint32Array.from({ length: 300 }, (_, n) => 299 - n),
    ),
    MANY.slice(0, 300).reverse(),
  ],
  [
    'LowCardinality with indexes of 32 bits',
    lowCardinality(
      'x',
      MANY,
      Uint32Array.from({ length: 70_000 }, (_, n) => n),
    ),
    MANY,
  ],
  [
    'Nullable(Float64)',
    nullable(numbers('x', Float64Array.of(1, 0, 3)), Uint8Array.of(0, 1, 0)),
    [1, null, 3],
  ],
  [
    'Array(Float32)',
    float32Arrays('x', [Float32Array.of(1, 2.5), new Float32Array(), Float32Array.of(-3)]),
    [[1, 2.5], [], [-3]],
  ],
])('%s comes back as it was', async (_name, column, expected) => {
  expect(await roundTrip(column)).toEqual(expected);
});

test('columns of different lengths are refused before they are sent', () => {
  expect(() => nativeBlock([constant('a', 'x', 2), constant('b', 'x', 3)])).toThrow(
    'expected 2 rows in every column, found 3 in b',
  );
});
