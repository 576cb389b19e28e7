import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { registerContract } from '../../../pipelines/cli/contract.ts';
import { textOf } from '../../support/architecture.ts';

const folder = mkdtempSync(join(tmpdir(), 'andon-contracts-'));
const current = textOf('docs/catalogue/contracts.json');
const [, example = ''] = /```yaml\n(consumers:[\s\S]*?)```/.exec(textOf('docs/contracts.md')) ?? [];

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Runs `andon contract check` in this process. */
function check(...args: readonly string[]) {
  const command = new Command('contract').exitOverride();
  registerContract(command);
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => lines.push(line));
  process.exitCode = 0;
  command.parse(['check', ...args], { from: 'user' });
  const code = process.exitCode;
  process.exitCode = 0;
  return { lines, code };
}

afterEach(() => vi.restoreAllMocks());

const now = file('now.json', current);
const consumers = file('consumers.yaml', example);

test('of one catalogue nothing is changed', () => {
  const { lines, code } = check(now, now, '--consumers', consumers);
  expect(lines.at(-1)).toContain('0 breaking (0 without a higher version), 0 others');
  expect(code).toBe(0);
});

test('a column that is gone breaks who uses it, and ends with code 6', () => {
  const changed = JSON.parse(current);
  const requests = changed.contracts.find(({ id }: { id: string }) => id === 'table.requests');
  delete requests.schema.properties.opened;
  const { lines, code } = check(
    now,
    file('new.json', JSON.stringify(changed)),
    '--consumers',
    consumers,
  );
  expect(lines[0]).toBe('BREAKING: table.requests opened is gone (used by shift report)');
  expect(code).toBe(6);
  requests.version = 2;
  const announced = check(now, file('newer.json', JSON.stringify(changed)), '--json');
  expect(JSON.parse(announced.lines[0] ?? '')).toMatchObject({ announced: true, path: 'opened' });
  expect(announced.code).toBe(0);
});

test.each([
  ['no JSON', '{', /now|broken.*expected a catalogue of contracts.*found no JSON/],
  ['another shape', '{"andon":"1"}', /at contracts/],
])('a file of %s is refused', (_, text, message) => {
  expect(() => check(now, file('broken.json', text))).toThrow(message);
});

test('a program that uses what there is not is refused with its line', () => {
  const typed = file('typed.yaml', example.replace('table.requests', 'table.request'));
  expect(() => check(now, now, '--consumers', typed)).toThrow(/typed\.yaml:5:\d+.*table\.request/s);
});
