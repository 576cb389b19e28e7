import { expect, test } from 'vitest';
import { analystSettings } from '../../../../sinks/clickhouse/warehouse/analyst-settings.ts';

const limit = (asked: string) =>
  analystSettings([['max_execution_time', asked]], 1_000).get('max_execution_time');

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
  const settings = analystSettings(
    [
      ['max_threads', '0.1'],
      ['max_rows_to_read', '1e-9'],
      ['max_result_rows', '7'],
    ],
    1_000,
  );
  expect(settings.get('max_threads')).toBe('1');
  expect(settings.has('max_rows_to_read')).toBe(false);
  expect(settings.get('max_result_rows')).toBe('7');
});
