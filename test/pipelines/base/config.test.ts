import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { configOf, explainConfig, readConfig } from '../../../pipelines/base/config.ts';
import { Problem } from '../../../pipelines/base/problem.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

function fileOf(text: string): string {
  const path = join(temporaryDirectory(), 'andon.yaml');
  writeFileSync(path, text);
  return path;
}

function mistakesIn(text: string, environment: Record<string, string> = {}): string {
  try {
    readConfig(fileOf(text), environment);
  } catch (error) {
    expect(error).toBeInstanceOf(Problem);
    return (error as Problem).message;
  }
  throw new Error('expected a problem, found none');
}

test('without a file everything has its default', () => {
  expect(readConfig(undefined, {})).toEqual({
    pipeline: 'plant',
    run: '1',
    partition: 0,
    partitions: 1,
    directory: '.andon',
    four_eyes: false,
    feed: false,
    nats: { servers: ['nats://127.0.0.1:4222'] },
    stream: { days: 7, replicas: 1 },
    clickhouse: {
      user: 'default',
      password: '',
      database: 'andon',
      port: 0,
      memory: 1_500_000_000,
    },
    epoch: { seconds: 2, rows: 500_000, bytes: 64_000_000, checkpointEvery: 5 },
    backlog: { files: 2_000, bytes: 2_000_000_000 },
    http: { host: '127.0.0.1', port: 9464 },
    console: { host: '127.0.0.1', port: 8080, base: '', proxies: [], rate: 1_200, frames: [] },
    log: { level: 'info' },
  });
});

test('a file overrides defaults, the environment overrides the file', () => {
  const file = fileOf('epoch: { seconds: 1, bytes: 8MB }\nhttp: { port: 1 }\nrun: "2"\n');
  const environment = { ANDON_HTTP_PORT: '0', NATS_URL: 'nats://a:1, nats://b:2', ANDON_RUN: '' };
  const { epoch, http, nats, run } = readConfig(file, environment);
  expect(epoch).toEqual({ seconds: 1, rows: 500_000, bytes: 8_000_000, checkpointEvery: 5 });
  expect(http.port).toBe(0);
  expect(nats.servers).toEqual(['nats://a:1', 'nats://b:2']);
  expect(run).toBe('2');
});

test.each([
  ['epoch:\n  seconds: two\n', ':2:12: epoch.seconds: expected a number, found two'],
  ['epok: 3\n', ':1:1: epok: expected no field epok here, found 3'],
  ['http: { port: 99999 }\n', ':1:15: http.port: expected at most 65535, found 99999'],
  ['backlog: { bytes: 1 GiB }\n', 'expected a number of bytes such as 64MB or 2GB, found 1 GiB'],
  ['log: { level: loud }\n', ':1:15: log.level: '],
  ['nats: [1\n', 'andon.yaml:2:1: '],
  ['cmms: { name: x,\n  base: 5 }\n', ':2:9: cmms.base: expected a text or a map, found 5'],
  ['- 1\n', ':1:1: expected a map, found - 1'],
  ['nats: 5\n', ':1:7: nats: expected a map, found 5'],
])('%j is refused with its place', (text, message) => {
  expect(mistakesIn(text)).toContain(message);
});

test('every mistake is said at once', () => {
  expect(mistakesIn('epoch: { rows: 0 }\npartition: -1\n')).toMatch(
    /^2 mistakes; nothing was changed:\n.*:1:16: epoch\.rows.*\n.*:2:12: partition/,
  );
});

test('a mistake in a variable is placed at the variable', () => {
  expect(mistakesIn('', { ANDON_PARTITION: 'x' })).toContain(
    'ANDON_PARTITION: partition: expected a number, found x',
  );
});

test('options of a command override the file and the environment', () => {
  const config = fileOf(
    'nats: { servers: nats://file:1, credentials: file.creds }\npartitions: 4\n',
  );
  const { nats, partitions } = configOf({ config, nats: 'a:1,b:2', partitions: '8' });
  expect(nats).toEqual({ servers: ['a:1', 'b:2'], credentials: 'file.creds' });
  expect(partitions).toBe(8);
  expect(configOf({ config }).partitions).toBe(4);
  expect(readConfig(config, { NATS_CREDS: 'variable.creds' }).nats.credentials).toBe(
    'variable.creds',
  );
});

test.each(['0', '1025', '1.5', 'two'])('--partitions %s is refused at the option', (partitions) => {
  expect(() => configOf({ partitions })).toThrow(/--partitions: partitions: expected /);
});

test('a file that is not there is a problem', () => {
  expect(() => readConfig('/nonexistent/andon.yaml', {})).toThrow(
    /nonexistent.*expected a file that can be read, found none of this name/,
  );
});

test('nobody can change a configuration that was read', () => {
  const config = readConfig(undefined, {});
  expect(() => Object.assign(config.epoch, { seconds: 9 })).toThrow(TypeError);
});

test('a configuration is explained with every setting and no secret', () => {
  const cmms = {
    name: 'x',
    base: 'http://u:geheim@h',
    auth: { kind: 'bearer', token: 'geheim' },
    search: { path: '/', key: '/key' },
    create: { path: '/' },
  };
  const config = readConfig(fileOf(JSON.stringify({ cmms })), {
    NATS_PASSWORD: 'geheim',
    NATS_TOKEN: 'geheim',
    CLICKHOUSE_URL: 'http://u:geheim@h:8123',
  });
  const text = explainConfig(config);
  expect(text).not.toContain('geheim');
  expect(text).toContain(
    'seconds: 2 # An epoch ends after this time (after 0.5 s with a request in it),',
  );
  expect(Object.keys(parse(text))).toEqual(Object.keys(config));
});

test('a group has 16 partitions where nothing else is said, and needs a ClickHouse server', () => {
  const server = { CLICKHOUSE_URL: 'http://clickhouse:8123' };
  expect(readConfig(fileOf('group: {}'), server)).toMatchObject({
    ...{ partitions: 16, group: { weight: 1, most: 1_024 } },
  });
  expect(readConfig(fileOf('group: {}\npartitions: 4'), server).partitions).toBe(4);
  expect(() => readConfig(fileOf('group: {}'), {})).toThrow(/expected a ClickHouse server/);
});

test('a partition that no line is ever mapped to is refused', () => {
  expect(mistakesIn('partition: 4\npartitions: 4\n')).toMatch(
    /expected a partition below partitions, which is 4: they are counted from 0/,
  );
  expect(mistakesIn('', { ANDON_PARTITION: '1' })).toMatch(/ANDON_PARTITION.*below partitions/s);
  expect(readConfig(fileOf('partition: 3\npartitions: 4\n'), {}).partition).toBe(3);
});
