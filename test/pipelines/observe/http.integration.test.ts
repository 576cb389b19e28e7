import { once } from 'node:events';
import { connect } from 'node:net';
import { Counter, Registry } from 'prom-client';
import { afterEach, expect, test } from 'vitest';
import { type HttpServer, startHttp } from '../../../pipelines/observe/http.ts';

const servers: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function started(unready: string[] = [], port = 0): Promise<HttpServer> {
  const metrics = new Registry();
  new Counter({ name: 'andon_seen_total', help: 'Seen.', registers: [metrics] }).inc(2);
  const server = await startHttp({ host: '127.0.0.1', port, metrics, unready: () => unready });
  servers.push(server);
  return server;
}

test('health, readiness and metrics are served on any free port', async () => {
  const { url, port } = await started();
  expect(port).toBeGreaterThan(0);
  expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' });
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  const metrics = await fetch(`${url}/metrics`);
  expect(metrics.headers.get('content-type')).toContain('text/plain');
  expect(await metrics.text()).toContain('andon_seen_total 2');
});

test('a worker that is not ready says why and becomes ready', async () => {
  const reasons = ['NATS is away'];
  const { url } = await started(reasons);
  const answer = await fetch(`${url}/readyz`);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toEqual({ status: 'not ready', reasons: ['NATS is away'] });
  reasons.pop();
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
});

test('a port that is taken is a problem that says what to do', async () => {
  const { port } = await started();
  await expect(started([], port)).rejects.toThrow(
    `expected to listen on 127.0.0.1:${port}, found that another program does. Stop the other program`,
  );
});

test('whoever opens connections without end takes a bounded number of files', async () => {
  const { port } = await started();
  const sockets = Array.from({ length: 400 }, () => connect(port, '127.0.0.1'));
  const ends = sockets.map((socket) => {
    socket.on('error', () => undefined);
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    return Promise.race([
      once(socket, 'data').then(() => 'served'),
      once(socket, 'close').then(() => 'refused'),
    ]).catch(() => 'refused');
  });
  const served = (await Promise.all(ends)).filter((end) => end === 'served');
  for (const socket of sockets) socket.destroy();
  expect(served).toHaveLength(256);
});
