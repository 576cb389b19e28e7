import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterEach, expect, test } from 'vitest';
import { freePort } from '../../../pipelines/base/free-port.ts';
import { isAtLeast } from '../../../pipelines/base/version.ts';
import type { CheckResult } from '../../../pipelines/doctor/check-result.ts';
import { ensurePartition } from '../../../pipelines/nats/streams.ts';
import { ANDON } from '../../stand/code.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

let nats: TestNats | undefined;
afterEach(async () => {
  await nats?.stop();
  nats = undefined;
});

type Answer = { readonly code: number | null; readonly out: string; readonly err: string };

function doctor(environment: Record<string, string>, ...args: string[]): Promise<Answer> {
  const child = spawn(process.execPath, [ANDON, 'doctor', ...args], {
    env: { ...process.env, ANDON_HTTP_PORT: '0', ANDON_DIR: temporaryDirectory(), ...environment },
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (data) => {
    said.out += data;
  });
  child.stderr.on('data', (data) => {
    said.err += data;
  });
  return new Promise((resolve) => {
    child.once('close', (code) => resolve({ code, ...said }));
  });
}

/** An address where nobody is, so that no engine has to be started. */
async function nobody(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`;
}

function findingOf(answer: Answer, check: string): CheckResult {
  const findings: CheckResult[] = JSON.parse(answer.out);
  return findings.find((finding) => finding.check === check)!;
}

test('with NATS and the embedded engine there is nothing to complain of but what is not made yet', async () => {
  nats = await startNats();
  const answer = await doctor({ NATS_URL: nats.url });
  expect(answer.out).not.toMatch(/^fail/m);
  expect(answer.out).toMatch(/^ok {4}ClickHouse +26\..*embedded engine$/m);
  expect(answer.out).toMatch(
    /^warn {2}schema .*none yet in database andon\n +andon run and andon migrate/m,
  );
  expect(answer.out).toMatch(/^warn {2}stream ANDON_0 .*none yet\n +andon run makes it/m);
  expect(answer.err).toBe('');
  expect(answer.code).toBe(0);
});

test('which features the server has is asked of it, whichever server it is', async () => {
  nats = await startNats();
  const connection = await connect({ servers: nats.url });
  const version = connection.info!.version;
  await connection.close();
  const answer = await doctor({ NATS_URL: nats.url, CLICKHOUSE_URL: await nobody() }, '--json');
  const { state, features = [] } = findingOf(answer, 'NATS features');
  expect(state).toBe('ok');
  for (const { feature, since, here } of features) {
    expect([feature, here]).toEqual([feature, isAtLeast(version, since)]);
  }
  const notes = JSON.parse(answer.out).filter((one: CheckResult) => one.state === 'note');
  expect(notes.length).toBe(features.filter(({ here }) => !here).length);
  expect(findingOf(answer, 'NATS').found).toMatch(/JetStream on, in the clear$/);
});

test('servers that are away fail with what to do, and exit code 3', async () => {
  const url = await nobody();
  const answer = await doctor(
    { NATS_URL: url.replace('http', 'nats'), CLICKHOUSE_URL: url },
    '--json',
  );
  expect(answer.code).toBe(3);
  expect(findingOf(answer, 'NATS')).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('Start one with JetStream'),
  });
  expect(findingOf(answer, 'ClickHouse')).toMatchObject({
    state: 'fail',
    remedy: expect.stringContaining('CLICKHOUSE_URL'),
  });
});

test('a stream that is configured in another way fails with the difference, and stays as it is', async () => {
  nats = await startNats();
  const connection = await connect({ servers: nats.url });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'ANDON_0', subjects: ['other.>'] });
  const answer = await doctor({ NATS_URL: nats.url, CLICKHOUSE_URL: await nobody() }, '--json');
  expect(findingOf(answer, 'stream ANDON_0')).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('found subjects other.>'),
  });
  expect((await manager.streams.info('ANDON_0')).config.subjects).toEqual(['other.>']);
  await connection.close();
});

test('a port that another program has fails; one that a worker has is well', async () => {
  let answering = 'hello';
  const other = createServer((_request, response) => response.end(answering));
  const port = await freePort();
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  const away = await nobody();
  const environment = { NATS_URL: away.replace('http', 'nats'), CLICKHOUSE_URL: away };
  const taken = { ...environment, ANDON_HTTP_PORT: String(port) };
  expect(findingOf(await doctor(taken, '--json'), 'health port').state).toBe('fail');
  answering = '{"status":"ok"}';
  expect(findingOf(await doctor(taken, '--json'), 'health port').state).toBe('ok');
  other.close();
});

test('a directory that cannot be made fails', async () => {
  const away = await nobody();
  const answer = await doctor(
    { NATS_URL: away.replace('http', 'nats'), CLICKHOUSE_URL: away, ANDON_DIR: '/dev/null/andon' },
    '--json',
  );
  expect(findingOf(answer, 'directory').state).toBe('fail');
  expect(answer.code).toBe(3);
});

test('the limits of the stream are judged by the configuration that is used', async () => {
  nats = await startNats();
  const connection = await connect({ servers: nats.url });
  await ensurePartition(connection, { partition: 0, partitions: 1, days: 30 });
  await connection.close();
  const environment = { NATS_URL: nats.url, CLICKHOUSE_URL: await nobody() };
  const config = fileOf({ stream: { days: 30 } });
  const answer = await doctor(environment, '--json', '--config', config);
  expect(findingOf(answer, 'stream ANDON_0')).toMatchObject({ state: 'ok' });
});

function fileOf(config: object): string {
  const path = join(temporaryDirectory(), 'andon.yaml');
  writeFileSync(path, JSON.stringify(config));
  return path;
}
