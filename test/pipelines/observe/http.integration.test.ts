import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  createServer as createHttp,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttps, request as httpsRequest } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { Counter, Registry } from 'prom-client';
import { afterEach, expect, test } from 'vitest';
import { boundConnections, type HttpServer, startHttp } from '../../../pipelines/observe/http.ts';
import { certificateAuthority } from '../../support/certificates.ts';

const servers: HttpServer[] = [];
const others: Server[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of others.splice(0)) server.close().closeAllConnections();
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

test('while the port is full of connections that say nothing, health is answered', async () => {
  const { port, url } = await started();
  const idle = await flood(port, 400);
  const closed = () => idle.filter((socket) => socket.closed).length;
  await expect.poll(closed, { timeout: 30_000 }).toBe(400 - 256);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  // The one that asked has taken the place of the oldest.
  await expect.poll(closed, { timeout: 30_000 }).toBe(400 - 255);
});

/** Connections on which nothing is sent; those that are closed count among them. */
async function flood(port: number, count: number): Promise<readonly Socket[]> {
  const opened: Socket[] = [];
  for (let at = 0; at < count; at += 1) {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    opened.push(socket);
    socket.on('error', () => undefined).resume();
    await once(socket, 'connect');
  }
  return opened;
}

test.each(['http', 'https'])(
  '%s: a request under way is not cut for a newer one',
  async (scheme) => {
    const authority = certificateAuthority('ca');
    const own = authority.issue('localhost', ['localhost']);
    const [ca, cert, key] = [authority.certificate, own.certificate, own.privateKey].map((path) =>
      readFileSync(path),
    );
    const server = scheme === 'http' ? createHttp() : createHttps({ cert, key });
    others.push(server);
    boundConnections(server, 2);
    const slow = once(server, 'request') as Promise<[unknown, ServerResponse]>;
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const ask = scheme === 'http' ? httpRequest : httpsRequest;
    const asked = ask({ port, host: '127.0.0.1', ca, servername: 'localhost', path: '/' }).end();
    const answered = once(asked, 'response');
    const [, response] = await slow;
    const idle = await flood(port, 5);
    await expect.poll(() => idle.filter(({ closed }) => closed).length).toBe(4);
    response.end('whole');
    const [answer] = (await answered) as [IncomingMessage];
    expect(await text(answer)).toBe('whole');
    // What has nothing under way any more goes like the others.
    await flood(port, 2);
    await expect.poll(() => idle.filter(({ closed }) => closed).length).toBe(5);
  },
);
