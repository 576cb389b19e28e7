import { afterEach, expect, test } from 'vitest';
import { type Child, startChild } from '../../../../pipelines/base/child.ts';
import { freePort } from '../../../../pipelines/base/free-port.ts';
import { makePasswords } from '../../../../sinks/clickhouse/warehouse/secret.ts';
import { warehouseCommand } from '../../../../sinks/clickhouse/warehouse/warehouse.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

// Statements that heed no limit: the warehouse goes on answering, and can be ended.

/** One call that works on one block: no limit of time reaches it. It would take minutes. */
const BUSY = 'arrayCount(x -> has(range(1000000), x + 1000000), range(1000000))';
const directory = temporaryDirectory();
let child: Child;
let lines: string[] = [];

async function start(...limits: readonly string[]): Promise<string> {
  const command = warehouseCommand({ directory, port: await freePort(), memory: 1_500_000_000 });
  lines = [];
  const onLine = (line: string) => void lines.push(line);
  child = await startChild({ ...command, args: [...command.args, ...limits], onLine });
  await command.ready(AbortSignal.timeout(20_000));
  return command.url;
}

afterEach(() => void child.kill('SIGKILL'));

function ask(url: string, role: 'owner' | 'analyst', body: string): Promise<string> {
  const user = role === 'owner' ? 'default' : 'analyst';
  const query = new URLSearchParams({ user, password: makePasswords(directory)[role] });
  const signal = AbortSignal.timeout(20_000);
  return fetch(`${url}/?${query}`, { method: 'POST', body, signal }).then(
    (response) => response.text(),
    () => 'gone',
  );
}

test('what an analyst keeps busy keeps nobody else, and ends with the process', async () => {
  const url = await start('--overdue', '3000');
  const busy = ask(url, 'analyst', `SELECT ${BUSY}`);
  const seen = "SELECT count() FROM system.processes WHERE query LIKE '%has(range%'";
  // The first one that looks is itself among them.
  while (Number(await ask(url, 'owner', seen)) < 2);
  expect(await ask(url, 'analyst', 'SELECT 1')).toBe('1\n');
  expect(await busy).toBe('gone');
  expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
  expect(lines.join('\n')).toContain('the statement of analyst "SELECT arrayCount');
  // The data directory is free again, and whole.
  expect(await ask(await start(), 'owner', 'SELECT 1')).toBe('1\n');
});

test('SIGTERM ends the process also while a statement heeds nothing', async () => {
  const url = await start('--stop', '500');
  void ask(url, 'analyst', `SELECT ${BUSY}`);
  expect(await ask(url, 'analyst', 'SELECT 1')).toBe('1\n');
  child.kill('SIGTERM');
  expect((await child.exited).signal).toBe('SIGKILL');
  expect(lines.join('\n')).toContain('did not stop within 0.5 s');
});

test('a thread of the server that hangs is noticed from outside of it', async () => {
  const url = await start('--silence', '2000');
  // The owner may: an analyst's statement never begins on that thread.
  expect(await ask(url, 'owner', `SELECT ${BUSY}`)).toBe('gone');
  expect((await child.exited).signal).toBe('SIGKILL');
  expect(lines.join('\n')).toContain('the warehouse did not answer for 2 s');
});

test('what builds texts past the limit of memory, or compares letter by letter, is refused', async () => {
  const url = await start();
  for (const call of [
    `length(printf('%1500000000d', 1))`,
    `length(concatWithSeparator(repeat('a', 1000000), 'b', 'c'))`,
    `length(concat_ws(repeat('a', 1000000), 'b', 'c'))`,
    'arrayLevenshteinDistance(range(1000000), range(1000000))',
    'arraySimilarity([1], [2], [1], [1])',
    `levenshteinDistance('a', 'b')`,
    `jaroWinklerSimilarity('a', 'b')`,
  ]) {
    expect(await ask(url, 'analyst', `SELECT ${call}`)).toContain('is not for analysts');
  }
});
