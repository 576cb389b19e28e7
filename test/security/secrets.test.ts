import { chmodSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { printable } from '../../operators/model/plain.ts';
import { explainConfig, readConfig } from '../../pipelines/base/config.ts';
import { lockDirectory } from '../../pipelines/base/process-lock.ts';
import { connectionOptions } from '../../pipelines/nats/connection-options.ts';
import { createWarehouseClient } from '../../sinks/clickhouse/client.ts';
import { createAuthenticator } from '../../sinks/remote/authenticate.ts';
import { createCaller } from '../../sinks/remote/caller.ts';
import { rotating } from '../../sinks/remote/secret.ts';
import { exampleConfig } from '../sinks/remote/example-config.ts';

const directory = mkdtempSync(join(tmpdir(), 'andon-secrets-'));
afterAll(() => rmSync(directory, { recursive: true }));

function fileOf(name: string, text: string): string {
  const file = join(directory, name);
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
  return file;
}

const SECRET = 'hunter2-is-secret';

describe('Secrets', () => {
  it('are not in sentences about a configuration', () => {
    const file = fileOf(
      'config.yaml',
      `nats: { password: [${SECRET}], token: { x: ${SECRET} } }\n`,
    );
    expect(() => readConfig(file, {})).toThrow('nats.password: expected');
    expect(() => readConfig(file, {})).not.toThrow(SECRET);
    const wrong = fileOf('other.yaml', `clickhouse: { password: { file: [${SECRET}] } }\n`);
    expect(() => readConfig(wrong, {})).not.toThrow(SECRET);
  });

  it('are not in a configuration that is shown', () => {
    const config = readConfig(undefined, {
      NATS_URL: `nats://andon:${SECRET}@broker:4222`,
      NATS_TOKEN: SECRET,
      CLICKHOUSE_PASSWORD: SECRET,
    });
    expect(explainConfig(config)).not.toContain(SECRET);
  });

  it.each([
    `cannot reach nats://andon:${SECRET}@broker:4222`,
    `{"url":"https://a:${SECRET}@cmms.example/api?x=1"}`,
    `tls://${SECRET}@broker`,
  ])('in addresses are not printed: %s', (text) => {
    expect(printable(text)).not.toContain(SECRET);
    expect(printable(text)).toContain('//***@');
  });

  it.each([
    [{ auth: { kind: 'bearer', token: `${SECRET}\n# rotated` } }, 'auth.token: expected one line'],
    [{ auth: { kind: 'header', name: 'X-Key', value: `${SECRET}\0` } }, 'auth.value: expected one'],
    [{ headers: { 'X-Key': `${SECRET}\u20ac` } }, 'headers.X-Key: expected one line of Latin'],
    [{ base: `http://user:${SECRET}@127.0.0.1:1` }, 'base: expected an address such as'],
    [{ base: `//${SECRET}` }, 'base: expected an address such as'],
    [
      { auth: { kind: 'oauth2', path: `https://a:${SECRET}@h/t`, client: 'a', secret: 'b' } },
      'auth.path: expected an address such as',
    ],
  ])('that cannot stand where they are needed are told of at the start: %#', (changes, told) => {
    const create = () => createCaller(exampleConfig('http://127.0.0.1:1', changes), {});
    expect(create).toThrow(told);
    expect(create).not.toThrow(SECRET);
  });

  it('that are changed to what is no header value stay as they were', async () => {
    const file = fileOf('bearer', `${SECRET}\n\n`);
    const auth = { kind: 'bearer', token: { file } } as const;
    const authenticator = createAuthenticator(auth, 'http://h', {});
    const right = { kind: 'ok', value: { Authorization: `Bearer ${SECRET}` } };
    expect(await authenticator.credentials(1)).toEqual(right);
    fileOf('bearer', 'other\nsecond line');
    expect(await authenticator.credentials(1)).toEqual(right);
  });

  it('that are missing are named, and never quoted', async () => {
    const settings = { servers: 'a:1', name: 'x', user: 'u', password: { env: 'NO_SUCH_VAR' } };
    await expect(connectionOptions(settings, 'a:1')).rejects.toThrow(
      'NATS a:1: password: expected a secret that can be read, found expected the environment variable NO_SUCH_VAR',
    );
  });
});

describe('A secret that is changed under a running worker is used from then on', () => {
  it('and is what it was while its file is being replaced', () => {
    const file = fileOf('rotated', 'one\n');
    const read = rotating({ file }, {});
    expect(read()).toBe('one');
    rmSync(file);
    expect(read()).toBe('one');
    writeFileSync(file, '');
    expect(read()).toBe('one');
    fileOf('rotated', 'two');
    expect(read()).toBe('two');
  });

  it('to log in to NATS', async () => {
    const settings = {
      ...{ servers: 'a:1', name: 'x' },
      user: 'andon',
      password: { file: fileOf('nats', 'one') },
    };
    const { authenticator } = await connectionOptions(settings, 'a:1');
    const [logIn] = [authenticator ?? []].flat();
    expect(logIn?.('')).toEqual({ user: 'andon', pass: 'one' });
    fileOf('nats', 'two');
    expect(logIn?.('')).toEqual({ user: 'andon', pass: 'two' });
  });

  it('to log in to a CMMS', async () => {
    const token = { file: fileOf('cmms', 'one') };
    const { credentials, forget } = createAuthenticator({ kind: 'bearer', token }, 'http://x', {});
    expect(await credentials(1)).toMatchObject({ value: { Authorization: 'Bearer one' } });
    expect(forget()).toBe(false);
    fileOf('cmms', 'two');
    expect(forget()).toBe(true);
    expect(await credentials(1)).toMatchObject({ value: { Authorization: 'Bearer two' } });
  });

  it('to log in to ClickHouse', async () => {
    const given: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      given.push(request.headers.authorization);
      request.resume().on('end', () => response.end('1\n'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const password = rotating({ file: fileOf('clickhouse', 'one') }, {});
    const options = { url: `http://127.0.0.1:${port}`, user: 'andon', database: 'andon' };
    const client = createWarehouseClient({ ...options, password });
    await client.command({ query: 'SELECT 1' });
    fileOf('clickhouse', 'two');
    await client.command({ query: 'SELECT 1' });
    await client.insert({ table: 't', values: [{ a: 1 }], format: 'JSONEachRow' });
    await client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const basic = (text: string) => `Basic ${Buffer.from(`andon:${text}`).toString('base64')}`;
    expect(given).toEqual([basic('one'), basic('two'), basic('two')]);
  });
});

describe("A worker's directory", () => {
  it('is for its user alone, whatever it was before', async () => {
    const open = join(directory, 'worker');
    const lock = await lockDirectory(open, 'a');
    expect(statSync(open).mode & 0o777).toBe(0o700);
    await lock.release();
    chmodSync(open, 0o777);
    await (await lockDirectory(open, 'a')).release();
    expect(statSync(open).mode & 0o777).toBe(0o700);
  });

  it('must belong to its user', async (context) => {
    const own = process.getuid;
    context.skip(own === undefined, 'this system has no numbers of users');
    process.getuid = () => 4_711;
    try {
      await expect(lockDirectory(directory, 'a')).rejects.toThrow(
        'expected a directory that belongs to the user who runs this (4711), found one of user',
      );
    } finally {
      process.getuid = own as () => number;
    }
  });
});
