import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { DemoSummary } from '../../../pipelines/demo/summary.ts';
import { ROOT } from '../../support/stand.ts';

/** Everything of a demo is below a folder of its own, so whatever it left behind names that folder. */
let folder = '';
let demo: ChildProcess | undefined;

afterEach(() => {
  if (demo?.exitCode === null && demo.signalCode === null) demo.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

function start(...args: readonly string[]): ChildProcess {
  folder = mkdtempSync(join(tmpdir(), 'andon-demo-test-'));
  demo = spawn(process.execPath, ['scripts/andon.js', 'demo', ...args], {
    cwd: ROOT,
    // What a shell has set for another ClickHouse is not for the demo.
    env: { ...process.env, TMPDIR: folder, CLICKHOUSE_URL: 'http://127.0.0.1:1', ANDON_RUN: '7' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return demo;
}

/** Waits until the demo says a word; gives what it said up to then. */
async function says(child: ChildProcess, word: string): Promise<void> {
  if (child.stdout === null) throw new Error('expected the output of the demo');
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes(word)) return;
  }
  throw new Error(`the demo ended before it said ${word}`);
}

/** Processes that name the folder in their command line. */
function left(): readonly string[] {
  const { stdout } = spawnSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.includes(folder) && !line.includes('ps -eo'));
}

async function allGone(): Promise<void> {
  const giveUp = performance.now() + 10_000;
  while (left().length > 0 && performance.now() < giveUp) await pause(50);
  expect(left()).toEqual([]);
}

test('a demo of some seconds ends by itself, as the truth says, with counts that agree', async () => {
  const child = start('--seconds', '6', '--json');
  const [said, [code]] = await Promise.all([
    child.stdout === null ? '' : text(child.stdout),
    once(child, 'exit'),
  ]);
  const summary = JSON.parse(said) as DemoSummary;
  expect(summary.differences).toEqual([]);
  expect(code).toBe(0);
  expect(summary.simulated.seconds).toBe(720);
  expect(summary.readings).toBeGreaterThan(1_000);
  expect(summary.windows).toBeGreaterThan(10);
  const { messages, readings, requests, checks } = summary.agree;
  expect(messages.clickhouse).toBe(messages.published);
  expect(readings.clickhouse).toBe(readings.published);
  expect(requests.cmms).toBe(requests.clickhouse);
  expect(checks.run).toBeGreaterThan(3);
  await allGone();
  expect(readdirSync(folder).filter((name) => name.startsWith('andon-demo-'))).toEqual([]);
});

describe('a demo without an end', () => {
  test('is ended by Ctrl-C in order, and tells how it went', async () => {
    const child = start('--speed', '600');
    const output = child.stdout;
    if (output === null) throw new Error('expected the output of the demo');
    const lines: string[] = [];
    const reader = createInterface({ input: output });
    reader.on('line', (line) => {
      lines.push(line);
      if (line.includes('after 0 s')) child.kill('SIGINT');
    });
    await once(child, 'exit');
    const said = lines.join('\n');
    expect(said).toContain('what is under way lands');
    expect(said).toMatch(/✔ [\d,]+ messages published/);
    await allGone();
  });

  test('leaves no process behind when it is killed', async () => {
    const child = start();
    await says(child, 'after 0 s');
    expect(left().length).toBeGreaterThanOrEqual(4);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await allGone();
  });
});
