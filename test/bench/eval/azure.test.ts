import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { evaluateAzure } from '../../../bench/eval/azure.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

/** A folder of the shape of the public files, made up: machine 7 is warned of, machine 8 fails without a word. */
function madeUp(): string {
  const folder = temporaryDirectory();
  writeFileSync(
    join(folder, 'PdM_errors.csv'),
    [
      'datetime,machineID,errorID',
      '2015-01-03 07:00:00,7,error2',
      '2015-01-03 07:00:00,7,error3',
      '2015-01-03 20:00:00,9,error1',
      '2015-01-04 08:00:00,7,error5',
    ].join('\n'),
  );
  writeFileSync(
    join(folder, 'PdM_failures.csv'),
    [
      '"datetime","machineID","failure"',
      '"2015-01-04 06:00:00",7,"comp2"',
      '"2015-01-05 06:00:00",8,"comp1"',
      // Five days after its last error: that is no warning.
      '"2015-01-09 06:00:00",7,"comp4"',
    ].join('\n'),
  );
  return folder;
}

test('each code is an anomaly, and a failure is warned of by its own machine within two days', async () => {
  const { rows, bars } = await evaluateAzure(madeUp(), new AbortController().signal);
  expect(rows).toEqual([
    { system: 'comp1', failures: 1, 'with an error in the 48 h before': 0, 'warned of': 0 },
    { system: 'comp2', failures: 1, 'with an error in the 48 h before': 1, 'warned of': 1 },
    { system: 'comp4', failures: 1, 'with an error in the 48 h before': 0, 'warned of': 0 },
    {
      system: 'all components',
      failures: 3,
      'with an error in the 48 h before': 1,
      'warned of': 1,
    },
    {
      system: 'anomalies',
      failures: '',
      'with an error in the 48 h before': '',
      'warned of': '2 of 4 followed by a failure within 48 h',
    },
  ]);
  expect(bars).toMatchObject([{ measured: '1 of 1', met: true }]);
});

test('a folder without the files, or a file without the columns, is said', async () => {
  const folder = temporaryDirectory();
  const { signal } = new AbortController();
  await expect(evaluateAzure(folder, signal)).rejects.toThrow(/expected one of PdM_errors.csv/);
  writeFileSync(join(folder, 'errors.csv'), 'when,machine\n');
  await expect(evaluateAzure(folder, signal)).rejects.toThrow(
    /expected datetime, machineID, errorID, found when,machine/,
  );
});
