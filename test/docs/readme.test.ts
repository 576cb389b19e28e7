import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { filesBelow, textOf } from '../support/architecture.ts';
import { argumentsOf, blocksOf, commandsOf, linksOf } from '../support/documents.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

function andon(...args: readonly string[]) {
  return spawnSync(process.execPath, ['scripts/andon.js', ...args], {
    cwd: root,
    encoding: 'utf8',
  });
}

const blocks = blocksOf('README.md');
const runnable = blocks.filter(({ words }) => words.includes('run'));

// Each test starts the command line, which takes its time on a machine that is busy.
describe('the README', () => {
  const commands = runnable.flatMap(commandsOf);

  test('has commands that need no server', () => {
    expect(commands.length).toBeGreaterThanOrEqual(2);
    expect(commands.every((command) => command.startsWith('npx andon '))).toBe(true);
  });

  test.each(commands)('%s works', (command) => {
    const { status, stderr } = andon(...argumentsOf(command).slice(2));
    expect(stderr).not.toContain('andon:');
    expect(status).toBe(0);
  });

  test('says what the backtest says', () => {
    const [backtest = ''] = commands.filter((command) => command.includes('backtest'));
    const shown = blocks.find(({ words }) => words.includes('text'))?.text;
    expect(andon(...argumentsOf(backtest).slice(2)).stderr).toBe(shown);
  });

  test('lists the commands that exist', () => {
    const help = andon('--help').stdout;
    const exist = [...help.matchAll(/^ {2}([a-z-]+)(?: \[| <| {2})/gm)].map(([, name]) => name);
    const listed = [...textOf('README.md').matchAll(/^\| `andon ([a-z-]+)/gm)].map(
      ([, name]) => name,
    );
    expect(listed.length).toBeGreaterThan(5);
    expect(listed.toSorted()).toEqual(exist.filter((name) => name !== 'help').toSorted());
  });

  test('has the stages of docs/architecture.md in their order', () => {
    const stages = /## Stages(.*?)\n## /s.exec(textOf('README.md'))?.[1] ?? '';
    const here = [...stages.matchAll(/^\| ([a-z]+) \|/gm)].map(([, name]) => name);
    const there = [...textOf('docs/architecture.md').matchAll(/^\|\s*`(\w+)`/gm)].map(
      ([, name]) => name,
    );
    expect(here.slice(1)).toEqual(there);
  });
});

test('the README claims of bearing diagnosis what docs/detection.md measured', () => {
  const [, records, right, wrong, undetermined] =
    /^\| Andon, all \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|/m.exec(textOf('docs/detection.md')) ??
    [];
  expect(wrong).toBe('0');
  const prose = textOf('README.md').replaceAll(/\s+/g, ' ');
  expect(prose).toContain(
    `Of ${records} CWRU records with seeded bearing faults it named ${right} rightly, none wrongly, and left ${undetermined} undetermined.`,
  );
});

test('the recording of the README is what its script makes', () => {
  const made = spawnSync(process.execPath, ['examples/recordings/pump.js'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(made.stdout === textOf('examples/recordings/pump.ndjson')).toBe(true);
});

test('links in documents lead to files that are there', () => {
  const documents = ['README.md', ...filesBelow(['docs'], ['.md']).map(({ path }) => path)];
  const broken = documents.flatMap((path) =>
    linksOf(path)
      .map((target) => posix.join(posix.dirname(path), target))
      .filter((target) => !existsSync(`${root}${target}`))
      .map((target) => `${path}: ${target}`),
  );
  expect(documents.length).toBeGreaterThan(8);
  expect(broken).toEqual([]);
});
