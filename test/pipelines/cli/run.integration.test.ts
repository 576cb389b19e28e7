import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT, type Stand, startStand, until } from '../../stand/stand.ts';

/** A CMMS whose token nobody has set. */
const CMMS = {
  ...{ name: 'locked', base: 'http://127.0.0.1:9', auth: { kind: 'bearer' } },
  ...{ search: { path: '/', key: '/key' }, create: { path: '/' } },
};
const token = { env: 'ANDON_TEST_TOKEN_THAT_NOBODY_HAS_SET' };

let stand: Stand;
beforeAll(async () => {
  stand = await startStand({
    warehouse: 'apart',
    config: { cmms: { ...CMMS, auth: { ...CMMS.auth, token } } },
  });
});
afterAll(() => stand.stop());

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
  await stand.worker.start();
  expect(await reasons()).toEqual(['the log was not read yet']);
  await until('the worker to be ready', 30_000, async () => (await reasons()).length === 0);
  await until('the delivery to fail again', 30_000, async () => {
    return ((await stand.metric('andon_maintenance_troubles_total')) ?? 0) > 1;
  });
  expect(stand.worker.lines.join('\n')).toContain('expected the environment variable ANDON_TEST');
  expect(await reasons()).toEqual([]);
});

test('what is connected is told from the start on', async () => {
  const metrics = await (await fetch(`${stand.worker.url}/metrics`)).text();
  expect(metrics).toMatch(/andon_connected\{server="NATS",.*\} 1/);
  expect(metrics).toMatch(/andon_connected\{server="ClickHouse",.*\} 1/);
  await stand.warehouse?.kill();
  await until('the warehouse to be missed', 30_000, async () =>
    (await (await fetch(`${stand.worker.url}/metrics`)).text()).includes(
      'andon_connected{server="ClickHouse",pipeline="plant",partition="0"} 0',
    ),
  );
  await stand.worker.stop();
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
}, 100_000);
