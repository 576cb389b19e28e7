import { expect, test } from 'vitest';
import { planResponse } from '../../../../sinks/clickhouse/warehouse/plan.ts';
import type { QueryRequest } from '../../../../sinks/clickhouse/warehouse/request.ts';

const kind = (asked: Partial<QueryRequest>) =>
  planResponse({
    ...{ verb: 'SELECT', statement: 'SELECT 1', body: Buffer.alloc(0), format: 'TabSeparated' },
    ...{ accepts: '', framed: false, revision: 0, waits: false, role: 'owner' },
    ...asked,
  } as QueryRequest).kind;

// What the thread of the server begins, nobody else can interrupt.
test('no statement of an analyst begins on the thread of the server', () => {
  for (const format of ['TabSeparated', 'CSV', 'JSONEachRow', 'Native', 'RowBinary', 'JSON']) {
    for (const revision of [0, 54_460]) {
      for (const verb of ['SELECT', 'WITH', 'FROM', 'SHOW', 'EXPLAIN', 'INSERT', 'USE']) {
        expect(kind({ role: 'analyst', format, revision, verb })).not.toBe('stream');
      }
    }
  }
});

test('of the owner, one without a query within the query does', () => {
  const statement = 'SELECT * FROM t WHERE a > ';
  expect(kind({ statement: `${statement} 1` })).toBe('stream');
  expect(kind({ statement: `${statement} (SELECT max(a) FROM t)` })).toBe('file');
  expect(kind({ statement, body: Buffer.from('(select max(a) FROM t)') })).toBe('file');
  expect(kind({ statement: "SELECT 'SELECT', selected FROM t -- SELECT" })).toBe('stream');
});
