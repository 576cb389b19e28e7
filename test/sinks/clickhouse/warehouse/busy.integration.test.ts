import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Child, startChild } from '../../../../pipelines/base/child.ts';
import { freePort } from '../../../../pipelines/base/free-port.ts';
import { readerShares } from '../../../../sinks/clickhouse/warehouse/analyst-settings.ts';
import { makePasswords, type Role } from '../../../../sinks/clickhouse/warehouse/secret.ts';
import { warehouseCommand } from '../../../../sinks/clickhouse/warehouse/warehouse.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

// Statements that heed no limit: the warehouse goes on answering, and can be ended.

/** One call that works on one block: no limit of time reaches it. It would take minutes. */
const BUSY = 'arrayCount(x -> has(range(1000000), x + 1000000), range(1000000))';
const folder = temporaryDirectory();
let directory = folder;
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

// Whose statement ended a warehouse waits in that directory: each test has one of its own.
beforeEach(() => {
  directory = mkdtempSync(join(folder, 'warehouse-'));
});
afterEach(() => void child.kill('SIGKILL'));

function ask(url: string, role: Role, body: string): Promise<string> {
  const user = role === 'owner' ? 'default' : role;
  const query = new URLSearchParams({ user, password: makePasswords(directory)[role] });
  // Who gives up ends the statement as well.
  const signal = AbortSignal.timeout(100_000);
  return fetch(`${url}/?${query}`, { method: 'POST', body, signal }).then(
    (response) => response.text(),
    () => 'gone',
  );
}

test('what an analyst keeps busy ends with the process, and is not begun again at once', async () => {
  const url = await start('--overdue', '3000');
  // Nobody looks meanwhile: on a busy machine the process has ended before the engine has said what it does.
  expect(await ask(url, 'analyst', `SELECT ${BUSY}`)).toBe('gone');
  expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
  expect(lines.join('\n')).toContain('the statement of analyst "SELECT arrayCount');
  // The data directory is free again, and whole; and nobody ends it again at once.
  const next = await start();
  expect(await ask(next, 'owner', 'SELECT 1')).toBe('1\n');
  expect(await ask(next, 'console', 'SELECT 1')).toBe('1\n');
  expect(await ask(next, 'analyst', 'SELECT 1')).toMatch(
    /^Code: 202\..*heeded no limit and ended the warehouse.*taken again in \d+ s/,
  );
});

test('however much analysts ask, they have their share of the cores, and the console its answers', async () => {
  const url = await start();
  const cores = Number(await ask(url, 'owner', "SELECT getSetting('max_threads')"));
  const share = readerShares(cores).analyst;
  const asked = Array.from({ length: share.statements + 3 }, () =>
    ask(url, 'analyst', `SELECT ${BUSY} SETTINGS max_threads = 64`),
  );
  await untilBusy(url, share.statements);
  expect(await ask(url, 'console', 'SELECT 1')).toBe('1\n');
  const busy = await busyIn(url);
  expect(busy).toEqual(Array(share.statements).fill(String(share.threads)));
  child.kill('SIGKILL');
  expect(await Promise.all(asked)).toEqual(asked.map(() => 'gone'));
});

async function untilBusy(url: string, statements: number): Promise<void> {
  await expect.poll(() => busyIn(url), { timeout: 60_000 }).toHaveLength(statements);
}

/** The statements of analysts that the engine works on: the threads that each may have. */
async function busyIn(url: string): Promise<readonly string[]> {
  const answer = await ask(
    url,
    'owner',
    `SELECT Settings['max_threads'] FROM system.processes
     WHERE query LIKE '%has(range%' AND query NOT LIKE '%system.processes%'`,
  );
  // One that has gone works on nothing, and says so at once.
  if (answer === 'gone') throw new Error(`the warehouse has gone: ${lines.join('\n')}`);
  return answer.split('\n').slice(0, -1);
}

test('SIGTERM ends the process also while a statement heeds nothing', async () => {
  const url = await start('--stop', '500');
  void ask(url, 'analyst', `SELECT ${BUSY}`);
  await untilBusy(url, 1);
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
