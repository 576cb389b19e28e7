import { spawn } from 'node:child_process';
import { Command } from 'commander';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { registerStatus } from '../../../pipelines/cli/status.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';
import { type Relay, startRelay } from '../../stand/relay.ts';
import { ROOT, type Stand, startStand, until } from '../../stand/stand.ts';

/** A CMMS whose token nobody has set. */
const CMMS = {
  ...{ name: 'locked', base: 'http://127.0.0.1:9', auth: { kind: 'bearer' } },
  ...{ search: { path: '/', key: '/key' }, create: { path: '/' } },
};
const token = { env: 'ANDON_TEST_TOKEN_THAT_NOBODY_HAS_SET' };

let nats: TestNats;
let relay: Relay;
let stand: Stand;
beforeAll(async () => {
  nats = await startNats();
  relay = await startRelay(nats.port);
  stand = await startStand({
    ...{ nats, warehouse: 'apart' },
    addresses: { nats: `nats://127.0.0.1:${relay.port}` },
    config: { cmms: { ...CMMS, auth: { ...CMMS.auth, token } } },
  });
});
afterAll(async () => {
  await stand?.stop();
  relay?.close();
  await nats?.stop();
});

async function reasons(): Promise<readonly string[]> {
  const answer = await fetch(`${stand.worker.url}/readyz`);
  const said = (await answer.json()) as { reasons: string[] };
  expect(answer.status).toBe(said.reasons.length === 0 ? 200 : 503);
  return said.reasons;
}

const lives = () =>
  fetch(`${stand.worker.url}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );

test('a delivery of requests that cannot begin is told and tried again, and the worker goes on', async () => {
  const reading = relay.hold({ ask: /CONSUMER\.MSG\.NEXT\.ANDON_0/ });
  await stand.worker.start();
  const { go } = await reading;
  expect(await reasons()).toEqual(['the log was not read yet']);
  go();
  await until('the worker to be ready', 30_000, async () => (await reasons()).length === 0);
  await until('the delivery to fail again', 30_000, async () => {
    return ((await stand.metric('andon_maintenance_troubles_total')) ?? 0) > 1;
  });
  expect(stand.worker.lines.join('\n')).toContain('expected the environment variable ANDON_TEST');
  expect(await reasons()).toEqual([]);
});

/** What `andon status` prints, and its exit code; a problem is thrown. */
async function status(...words: string[]) {
  const lines: string[] = [];
  const spy = vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(String(line)));
  const program = new Command().exitOverride();
  registerStatus(program.command('status'));
  try {
    await program.parseAsync(['node', 'andon', 'status', '--url', stand.worker.url, ...words]);
    return { text: lines.join('\n'), exit: process.exitCode ?? 0 };
  } finally {
    spy.mockRestore();
    process.exitCode = 0;
  }
}

test('andon status asks the worker what it is doing', async () => {
  const { text, exit } = await status();
  expect(exit).toBe(0);
  expect(text).toMatch(/^plant, run 1, partition 0 of 1: ANDON_0, worked by /);
  expect(text).toMatch(/\nready +yes\nlog +read to message \d+, 0 behind; appended 20/);
  expect(text).toMatch(/\npulling +yes\n/);
  const said = JSON.parse((await status('--json')).text);
  expect(said).toMatchObject({ stream: 'ANDON_0', reasons: [], back_pressure: null });
});

test('what is connected is told from the start on', async () => {
  const metrics = await (await fetch(`${stand.worker.url}/metrics`)).text();
  expect(metrics).toMatch(/andon_connected\{server="NATS",.*\} 1/);
  expect(metrics).toMatch(/andon_connected\{server="ClickHouse",.*\} 1/);
  // What is killed is started again at once.
  await stand.warehouse?.stop();
  await until('the warehouse to be missed', 30_000, async () =>
    (await (await fetch(`${stand.worker.url}/metrics`)).text()).includes(
      'andon_connected{server="ClickHouse",pipeline="plant",partition="0"} 0',
    ),
  );
  await until('the status to tell of it', 30_000, async () => {
    const { text, exit } = await status();
    return exit === 1 && /\nready +no: .*ClickHouse is away/.test(text);
  });
  await stand.warehouse?.start();
  await stand.worker.stop();
  await expect(status()).rejects.toThrow(/\/status: expected the answer of a worker.*andon run/);
  await expect(status('nowhere')).rejects.toThrow();
});

test('a worker that npx has started ends when npx does', async () => {
  const npx = spawn('npx', ['andon', 'run', '--config', stand.config], {
    ...{ cwd: ROOT, env: { ...process.env, ...stand.env }, detached: true },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lines: string[] = [];
  npx.stderr.on('data', (part) => void lines.push(String(part)));
  await until('the worker to live', 50_000, lives);
  npx.kill('SIGTERM');
  await until('the worker to end', 30_000, async () => !(await lives()));
  expect(lines.join('')).toMatch(/draining: (SIGTERM|npm, which started this process, has ended)/);
});
