import { expect, test } from 'vitest';
import { intoOutfile } from '../../../../sinks/clickhouse/warehouse/execute.ts';

const into = "INTO OUTFILE '/x' COMPRESSION 'none'";

test.each([
  ['SELECT 1', `SELECT 1 ${into} FORMAT JSON`],
  ['SELECT 1 FORMAT CSV', `SELECT 1  ${into} FORMAT CSV`],
  ['SELECT 1 FORMAT `Null`', `SELECT 1  ${into} FORMAT \`Null\``],
  ['SELECT 1 SETTINGS a = 1 FORMAT CSV', `SELECT 1 SETTINGS a = 1  ${into} FORMAT CSV`],
  ['SELECT 1 FORMAT CSV SETTINGS a = 1', `SELECT 1  ${into} FORMAT CSV SETTINGS a = 1`],
  ["SELECT ' FORMAT CSV'", `SELECT ' FORMAT CSV' ${into} FORMAT JSON`],
  ['SELECT format FROM t', `SELECT format FROM t ${into} FORMAT JSON`],
  [
    'SELECT a FROM t ORDER BY format ASC',
    `SELECT a FROM t ORDER BY format ASC ${into} FORMAT JSON`,
  ],
  ['SELECT count(*) FORMAT CSV', `SELECT count(*)  ${into} FORMAT CSV`],
  ['SELECT 1 AS format', `SELECT 1 AS format ${into} FORMAT JSON`],
])('%s', (sql, expected) => {
  expect(intoOutfile(sql, { path: '/x', format: 'JSON', compression: 'none' })).toBe(expected);
});
