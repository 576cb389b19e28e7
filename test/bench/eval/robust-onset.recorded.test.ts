import { expect, test } from 'vitest';
import { columnOf, readColumns } from '../../../bench/eval/read-columns.ts';
import { robustOnset } from '../../../bench/eval/robust-onset.ts';
import { realData } from '../../support/real-data.ts';

const ALTERNATING = Array.from({ length: 20 }, (_, at) => Math.exp(at % 2 === 0 ? 1 : -1));

test('a value counts from the limit on, and only as one of enough in a row', () => {
  // By hand: logarithms of ±1 have the median 0 and the MAD 1, so 6 deviations are e^8.8956 = 7300.
  const beyond = 7_400;
  const within = 7_200;
  const from = (...values: number[]) => robustOnset([...ALTERNATING, ...values], [0, 20], 6, 2);
  expect(from(beyond, beyond)).toBe(21);
  expect(from(beyond, within, beyond, beyond)).toBe(23);
  expect(from(within, within)).toBeUndefined();
});

test('on the second run of IMS it gives the published snapshots', async (context) => {
  const names = ['B1_rms', 'B2_rms', 'B3_rms', 'B4_rms', 'B1_kurtosis'];
  const file = `${realData('ims', context)}/test2_timefeatures.csv.gz`;
  const table = await readColumns(file, 'timestamp', names);
  const onsets = names.map((name) => {
    // The excess of the file is made Pearson's, which has a logarithm.
    const values = columnOf(table, name).map((v) => (name === 'B1_kurtosis' ? v + 3 : v));
    return robustOnset(values, [20, 220], 6, 6);
  });
  expect(onsets).toEqual([548, 841, 908, 706, 705]);
  expect(new Date(table.times[548]!).toISOString()).toBe('2004-02-16T05:52:39.000Z');
});

test('a column that is not there is named with those that are', async (context) => {
  const file = `${realData('ims', context)}/test2_timefeatures.csv.gz`;
  await expect(readColumns(file, 'timestamp', ['B9_rms'])).rejects.toThrow(
    /expected a column B9_rms, found timestamp, B1_absmean/,
  );
});
