import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Duration, MINUTE, plus } from '../../../operators/model/time.ts';
import { BEGIN } from '../../../pipelines/demo/plant/plant.ts';
import type { DemoSummary } from '../../../pipelines/demo/summary.ts';
import { ANDON } from '../../stand/code.ts';
import { andon, ROOT } from '../../stand/stand.ts';
import { argumentsOf, blocksOf, commandsOf } from '../../support/documents.ts';
import { demoRun } from './demo-run.ts';

/** Everything of a demo is below a folder of its own, so whatever it left behind names that folder. */
let folder = '';
let demo: ChildProcess | undefined;

afterEach(() => {
  if (demo?.exitCode === null && demo.signalCode === null) demo.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'andon-demo-test-'));
});

function start(...args: readonly string[]): ChildProcess {
  demo = spawn(process.execPath, [ANDON, 'demo', ...args], {
    cwd: ROOT,
    // What a shell has set for another ClickHouse is not for the demo.
    env: { ...process.env, TMPDIR: folder, CLICKHOUSE_URL: 'http://127.0.0.1:1', ANDON_RUN: '7' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return demo;
}

/** The plant runs: how long already depends on the machine. */
const RUNS = /after \d+ s at/;

async function untilItRuns(child: ChildProcess): Promise<void> {
  if (child.stdout === null) throw new Error('expected the output of the demo');
  for await (const line of createInterface({ input: child.stdout })) if (RUNS.test(line)) return;
  throw new Error('the demo ended before its plant ran');
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

test('a demo ends by itself as the truth says, and the README tells of it what is true', async () => {
  const child = start('--seconds', '15', '--json', '--keep', join(folder, 'kept'));
  const [said, [code]] = await Promise.all([
    child.stdout === null ? '' : text(child.stdout),
    once(child, 'exit'),
  ]);
  const summary = JSON.parse(said) as DemoSummary;
  expect(summary.differences).toEqual([]);
  expect(code).toBe(0);
  expect(summary.simulated.seconds).toBe(1_800);
  expect(summary.truth.planted).toBeGreaterThan(0);
  expect(summary.master_data?.found).toHaveLength(7);
  const { messages, readings, requests, commands, checks } = summary.agree;
  expect(messages.clickhouse).toBe(messages.published);
  expect(readings.clickhouse).toBe(readings.published);
  expect(requests.cmms).toBe(requests.clickhouse);
  expect(checks.run).toBeGreaterThan(3);
  expect(commands.answered).toBe(commands.clickhouse);
  await allGone();

  // The same seed in this process, without servers: the same requests.
  const until = plus(BEGIN, (30 * MINUTE) as Duration);
  const here = await demoRun(summary.seed, BEGIN, until);
  const config = join(folder, 'kept', 'andon.yaml');
  const asked = await andon([
    'sql',
    'SELECT id FROM requests FINAL ORDER BY id',
    '--config',
    config,
  ]);
  expect(asked.out.trim().split('\n')).toEqual(here.seen.requests.map(({ id }) => id).toSorted());

  // What a plan of the maintenance system takes, and nobody has answered too late for: its append times are of the replay.
  const query = `SELECT DISTINCT concat(system, '.', step, ' ', state) FROM workflow_steps
    WHERE workflow = 'planned-work' AND state NOT IN ('asked', 'waiting', 'begun') AND remote_state = '' AND system != '' ORDER BY 1`;
  expect((await andon(['sql', query, '--config', config])).out.trim().split('\n')).toEqual([
    ...['cmms.work done', 'erp.announce done', 'erp.consume done', 'erp.hours done'],
    ...['erp.requisition done', 'erp.reserve done', 'erp.stock done', 'planner.stop done'],
  ]);
  // A belt, and two hours of the mechanic.
  expect(summary.done).toMatchObject([{ asset: 'demo/packing/vacuum1', posted: 11 + 2 * 54 }]);
  const story = await andon(['sql', '@work_costs', '--config', config]);
  expect(story.out).toContain(String(summary.done[0]?.id));

  const blocks = blocksOf('README.md');
  const tour = blocks.filter(({ words }) => words.includes('tour')).flatMap(commandsOf);
  const [demoCommand = '', which = '', planner = '', why = ''] = tour;
  expect(demoCommand).toContain('npm run demo -- ');
  const ask = (command: string) =>
    andon(
      argumentsOf(command)
        .slice(2)
        .map((word) => word.replace('.andon/demo/andon.yaml', config)),
    );
  expect((await ask(which)).out).toContain('demo\tcoating\texhaust1\t1\t1');
  const shown = blocks.find(({ words }) => words.includes('description'))?.text ?? '';
  const told = (await ask(planner)).out;
  for (const line of shown.trim().split('\n')) {
    // Evidence, slot and order move on while the problem stands.
    if (/^(Machine|Problem|Work|Parts)/.test(line)) expect(told).toContain(line);
  }
  expect((await ask(why)).out).toContain('severity: alarm');
}, 600_000);

describe('a demo without an end', () => {
  test('is ended by Ctrl-C in order, and tells how it went', async () => {
    const child = start('--speed', '600');
    const output = child.stdout;
    if (output === null) throw new Error('expected the output of the demo');
    const lines: string[] = [];
    const reader = createInterface({ input: output });
    reader.on('line', (line) => {
      lines.push(line);
      if (lines.findIndex((said) => RUNS.test(said)) === lines.length - 1) child.kill('SIGINT');
    });
    await once(child, 'exit');
    const said = lines.join('\n');
    expect(said).toContain('what is under way lands');
    expect(said).toMatch(/✔ messages: [\d,]+ published/);
    await allGone();
    expect(readdirSync(folder).filter((name) => name.startsWith('andon-demo-'))).toEqual([]);
  });

  test('leaves no process behind when it is killed', async () => {
    const child = start();
    await untilItRuns(child);
    expect(left().length).toBeGreaterThanOrEqual(4);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await allGone();
  });
});
