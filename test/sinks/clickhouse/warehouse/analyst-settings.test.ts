import { describe, expect, test } from 'vitest';
import {
  analystSettings,
  type ReaderShare,
  readerShares,
} from '../../../../sinks/clickhouse/warehouse/analyst-settings.ts';
import { GATE_LIMITS } from '../../../../sinks/clickhouse/warehouse/gate.ts';

const settingsOf = (...asked: (readonly [string, string])[]) =>
  analystSettings(asked, 1_000, readerShares(2).analyst);
const limit = (asked: string) =>
  settingsOf(['max_execution_time', asked]).get('max_execution_time');

test.each([
  ['1', '1'],
  ['59', '59'],
  // clickhouse-connect sends seconds as a fraction.
  ['2.5', '3'],
])('a limit of %s is stricter: %s', (asked, expected) => {
  expect(limit(asked)).toBe(expected);
});

test.each(
  `0 0.0 -1 -0 +5 61 1e-9 1e1 0x10 0b1 nan NaN inf Infinity 5s auto 1_0 .5 5. ٣ 18446744073709551617`
    .split(' ')
    .concat('', ' 5', '5 ', '0.0000000000000000000001', '1'.repeat(400)),
)('a limit of %j does not loosen the own one', (asked) => {
  expect(limit(asked)).toBe('60');
});

test('a fraction of a unit is no unlimited time', () => {
  expect(limit('0.0000001')).toBe('1');
});

test('others that make stricter are whole numbers too', () => {
  const settings = settingsOf(
    ['max_threads', '0.1'],
    ['max_rows_to_read', '1e-9'],
    ['max_result_rows', '7'],
  );
  expect(settings.get('max_threads')).toBe('1');
  expect(settings.has('max_rows_to_read')).toBe(false);
  expect(settings.get('max_result_rows')).toBe('7');
});

describe('what readers may take of a machine', () => {
  test.each([1, 2, 3, 4, 6, 8, 16, 63, 256])('with %d cores', (cores) => {
    const { analyst, console } = readerShares(cores);
    const taken = ({ statements, threads }: ReaderShare) => statements * threads;
    // Of both together; below four cores each has the one thread without which it could ask nothing.
    const pool = Math.max(2, Math.floor(cores / 2));
    expect(taken(console)).toBe(1);
    expect(taken(analyst) + taken(console)).toBeLessThanOrEqual(pool);
    expect(taken(analyst) + taken(console)).toBeGreaterThan(pool - 2);
    // The owner keeps two fifths of the memory; and all statements have a thread of the pool, which has 16.
    const memory = [analyst, console].map((share) => share.statements * share.memory);
    expect(memory.reduce((sum, each) => sum + each)).toBeLessThanOrEqual(0.6 + 1e-9);
    expect(analyst.statements + console.statements + GATE_LIMITS.running).toBeLessThan(16);
  });

  test('more threads than that are not to be had, in any way', () => {
    for (const name of [
      'max_threads',
      'output_format_parallel_formatting',
      'output_format_parquet_parallel_encoding',
    ]) {
      const own = settingsOf().get(name);
      expect(settingsOf([name, '64']).get(name)).toBe(own);
    }
    for (const name of [
      'max_final_threads',
      'max_streams_to_max_threads_ratio',
      'use_concurrency_control',
    ]) {
      expect(() => settingsOf([name, '64'])).toThrow('Cannot modify');
    }
  });
});
