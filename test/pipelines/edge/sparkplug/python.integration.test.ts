import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { MetricTable } from '../../../../pipelines/edge/sparkplug/births.ts';
import { decodeSparkplug } from '../../../../pipelines/edge/sparkplug/payload.ts';
import { SPARKPLUG_TYPES } from '../../../../pipelines/edge/sparkplug/values.ts';
import { findPython } from '../../../stand/pypi.ts';
import { temporaryFile } from '../../../support/temporary.ts';

const TIME = 1_796_040_000_000;

/** Name, type and value of each metric, from a file, as a birth. */
const SCRIPT = `
import base64, json, sys
import pysparkplug as p
metrics = tuple(
    p.Metric(timestamp=${TIME}, name=name, datatype=p.DataType[word], is_null=value is None,
             value=tuple(value) if isinstance(value, list) else value)
    for name, word, value in json.load(open(sys.argv[1])))
print(base64.b64encode(p.NBirth(timestamp=${TIME}, seq=0, metrics=metrics).encode()).decode())
`;

const VALUES: readonly (readonly [word: string, value: unknown])[] = [
  ['INT8', -128],
  ['INT16', -32_768],
  ['INT32', -2_147_483_648],
  ['INT64', -9_007_199_254_740_991],
  ['UINT8', 255],
  ['UINT16', 65_535],
  ['UINT32', 4_294_967_295],
  ['UINT64', 9_007_199_254_740_991],
  ['FLOAT', 41.5],
  ['DOUBLE', -1.5e-300],
  ['BOOLEAN', false],
  ['STRING', 'läuft 😀'],
  ['TEXT', ''],
  ['UUID', '7f1c0d2e-1111-4222-8333-444455556666'],
  ['INT32', null],
  ['INT8_ARRAY', [-17, 123]],
  ['INT16_ARRAY', [-30_000, 30_000]],
  ['INT32_ARRAY', [-1, 315_338_746]],
  ['INT64_ARRAY', [-5, 5]],
  ['UINT8_ARRAY', [23, 250]],
  ['UINT16_ARRAY', [30, 52_360]],
  ['UINT32_ARRAY', [52, 3_293_969_225]],
  ['UINT64_ARRAY', [52]],
  ['FLOAT_ARRAY', [1.5, -2.25]],
  ['DOUBLE_ARRAY', [12.354213, 1022.9123213]],
  ['BOOLEAN_ARRAY', [false, false, true, true, false, true, false, false, true, true, false, true]],
];

test('a Python node: each type is read as it was written', (context) => {
  const found = findPython('pysparkplug==0.6.1');
  context.skip(typeof found === 'string', String(found));
  if (typeof found === 'string') return;
  const list = VALUES.map(([word, value], at) => [`m${at}`, word, value]);
  const file = temporaryFile('values.json', JSON.stringify(list));
  const { stdout, stderr, status } = spawnSync(found.python, ['-c', SCRIPT, file], {
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  const refused: string[] = [];
  const table = new MetricTable({ machine: 'G/N' }, (_, detail) => void refused.push(detail));
  const { live } = table.bear(decodeSparkplug(Buffer.from(stdout.trim(), 'base64')));
  expect(refused).toEqual([]);
  expect(live.map(({ value, time }) => [value, time])).toEqual(
    VALUES.map(([, value]) => {
      const numbers = Array.isArray(value) ? value.map(Number) : value;
      return [numbers, TIME];
    }),
  );
  const types = [...table.born()].map(({ type }) => type.toUpperCase());
  expect(types).toEqual(VALUES.map(([word]) => word.replace('_', '')));
  expect(SPARKPLUG_TYPES).toContain('BooleanArray');
});
