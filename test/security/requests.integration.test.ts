import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterAll, describe, expect, test } from 'vitest';
import { startReferenceCmms } from '../../pipelines/demo/reference-cmms/reference-cmms.ts';
import { startHttp } from '../../pipelines/observe/http.ts';
import { createStatusWatch } from '../../pipelines/observe/worker-status.ts';
import { tries } from '../support/long.ts';
import { mutatedBytes, mutatedValue, pick } from '../support/mutations.ts';
import { randomOf } from '../support/plant-log.ts';

const directory = mkdtempSync(join(tmpdir(), 'andon-requests-'));
afterAll(() => rmSync(directory, { recursive: true }));

const COUNT = tries(300, 10_000);
/** Longer than any answer may take, and shorter than the patience of a test. */
const PATIENCE = 10_000;
const AT_ONCE = 16;

/** Sends bytes on a connection of their own. Resolves with all that came back; rejects when nothing ends it. */
function exchange(port: number, bytes: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(PATIENCE, () => {
      socket.destroy();
      reject(new Error(`no end after ${PATIENCE} ms: ${Buffer.from(bytes).toString('latin1')}`));
    });
    socket.on('data', (part) => {
      answer += part.toString('latin1');
    });
    // A server that hangs up on nonsense is right.
    socket.on('error', () => resolve(answer));
    socket.on('close', () => resolve(answer));
    socket.end(bytes);
  });
}

type Sent = {
  readonly method: string;
  readonly path: string;
  readonly headers?: string;
  readonly body?: unknown;
};

function requestBytes({ method, path, headers = '', body }: Sent): Buffer {
  const content = body === undefined ? '' : (JSON.stringify(body) ?? '');
  const type = content === '' ? '' : 'Content-Type: application/json\r\n';
  const length = Buffer.byteLength(content);
  const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}${type}`;
  return Buffer.from(`${head}Content-Length: ${length}\r\n\r\n${content}`);
}

/** One in three requests is right, and its answer is checked. The others are near to right ones. */
async function attack(
  port: number,
  seeds: readonly Sent[],
  right: (number: number) => Promise<void>,
  isFine: (status: number) => boolean,
): Promise<void> {
  const random = randomOf(port === 0 ? 1 : 34);
  const attacks = Array.from({ length: COUNT }, () => {
    const seed = pick(random, seeds);
    if (seed.body !== undefined && random() < 0.5) {
      const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? 0 : value);
      const body = JSON.parse(JSON.stringify(mutatedValue(random, seed.body), plain) ?? 'null');
      return requestBytes({ ...seed, body });
    }
    return mutatedBytes(random, requestBytes(seed));
  });
  let next = 0;
  const work = async () => {
    for (let number = next++; number < COUNT; number = next++) {
      if (number % 2 === 0) await right(number);
      const answer = await exchange(port, attacks[number] ?? Buffer.alloc(0));
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
      expect(isFine(status), `${status} to ${attacks[number]?.toString('latin1')}`).toBe(true);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  expect(process.memoryUsage().heapUsed).toBeLessThan(1_000_000_000);
}

describe(`${COUNT} mutated requests`, () => {
  test('to health and metrics', { timeout: 600_000 }, async () => {
    const unready = () => ['no message was processed yet'];
    const place = { pipeline: 'plant', run: '1', partition: 0, partitions: 1 };
    const server = await startHttp({
      ...{ host: '127.0.0.1', port: 0, unready, status: createStatusWatch(place, unready).report },
      metrics: new Registry(),
    });
    const paths = [
      '/healthz',
      '/readyz',
      '/metrics',
      '/status',
      '/',
      '/metrics/%2e%2e/healthz?x=1',
    ];
    const seeds = paths.flatMap((path): Sent[] => [
      { method: 'GET', path },
      { method: 'POST', path, body: { a: [1] } },
      { method: 'GET', path, headers: 'Accept: text/plain\r\nX-A: b\r\n' },
    ]);
    const right = async () => {
      const answer = await exchange(server.port, requestBytes({ method: 'GET', path: '/healthz' }));
      expect(answer).toContain('{"status":"ok"}');
    };
    await attack(server.port, seeds, right, (status) => status < 500 || status === 503);
    await server.close();
  });

  test('to the reference CMMS', { timeout: 600_000 }, async () => {
    const cmms = await startReferenceCmms({ journal: join(directory, 'cmms.jsonl') });
    const port = Number(new URL(cmms.url).port);
    const headers = 'Authorization: Bearer reference\r\n';
    const work = { title: 'a', priority: 'HIGH', parts: ['6205'], hours: 2, external_key: 'k' };
    const path = '/api/work-requests';
    const seeds: Sent[] = [
      { method: 'POST', path, headers, body: work },
      { method: 'GET', path: `${path}?external_key=k&status=NEW`, headers },
      { method: 'PATCH', path: `${path}/WR-1`, headers, body: { title: 'b', hours: null } },
      { method: 'POST', path: `${path}/WR-1/comments`, headers, body: { text: 'loud' } },
      { method: 'POST', path: `${path}/WR-1/accept`, headers, body: { note: 'yes' } },
      { method: 'POST', path: '/api/login', body: { user: 'andon', password: 'reference' } },
      { method: 'GET', path: '/' },
    ];
    const right = async (number: number) => {
      const key = `right-${number}`;
      const body = { title: key, external_key: key };
      const made = await exchange(port, requestBytes({ method: 'POST', path, headers, body }));
      expect(made).toMatch(/^HTTP\/1\.1 201/);
      const search = `${path}?external_key=${key}`;
      const found = await exchange(port, requestBytes({ method: 'GET', path: search, headers }));
      expect(found).toContain(`"total":1`);
      expect(found).toContain(`"title":"${key}"`);
    };
    await attack(port, seeds, right, (status) => status < 500);
    await cmms.close();
  });
});
