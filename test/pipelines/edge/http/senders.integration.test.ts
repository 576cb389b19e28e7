import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { MOST_CONNECTIONS } from '../../../../pipelines/observe/http.ts';
import { until } from '../../../stand/stand.ts';
import { certificateAuthority } from '../../../support/certificates.ts';
import { temporaryFile } from '../../../support/temporary.ts';
import { closePushes, frame, LONG, NOW, OTHER, startPush, TOKEN } from './push-stand.ts';

const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await closePushes();
});

test('a token speaks for its machines alone, and whoever has none is not heard', async () => {
  const { log, post, tally, port } = await startPush();
  for (const authorization of [
    '',
    'Bearer',
    'Bearer wrong',
    `Basic ${TOKEN}`,
    `Bearer ${TOKEN}x`,
  ]) {
    expect(await post(frame, { Authorization: authorization })).toMatchObject({ status: 401 });
  }
  const list = [{ ...frame, machine: 'elsewhere' }, frame];
  expect(await post(list, { Authorization: `Bearer ${OTHER}` })).toMatchObject({
    status: 403,
    text: expect.stringContaining('one of the machines of other, found Presse 3'),
  });
  expect(log.messages).toEqual([]);
  // Its own machine, which nothing says the asset of.
  const unknown = await post({ ...frame, machine: 'p2' });
  expect(unknown).toMatchObject({ status: 422 });
  expect(JSON.parse(unknown.text).refused).toEqual({ 'unknown-machine': 2 });
  expect(tally.status.refused).toEqual({ 'unknown-sender': 5, 'unknown-machine': 3 });
  const got = await fetch(`http://127.0.0.1:${port}/readings`);
  expect(got.status).toBe(404);
});

test('more requests at a time than are allowed are to come again', async () => {
  const { log, post } = await startPush({ in_flight: 2 });
  log.holds = true;
  const waiting = [1, 2].map((n) => post({ ...frame, time: NOW + n }));
  await until('two in the log', LONG, async () => log.messages.length === 2);
  expect(await post(frame)).toMatchObject({ status: 503, retry: '1' });
  log.stored = 2;
  log.tell();
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200]);
});

test('short tokens, a token twice, and an address that somebody has', async () => {
  await expect(
    startPush({ tokens: [{ name: 'a', token: 'short', machines: ['p2'] }] }),
  ).rejects.toThrow(/token of a: expected a token of at least 16 letters, found 5/);
  const twice = { name: 'a', token: TOKEN, machines: ['p2'] };
  await expect(startPush({ tokens: [twice, twice] })).rejects.toThrow(
    /tokens\.1\.name: expected each once/,
  );
  const equal = [twice, { ...twice, name: 'b' }];
  await expect(startPush({ tokens: equal })).rejects.toThrow(
    /token of b: expected a token of its own, found that of a/,
  );
  const blank = [{ ...twice, token: TOKEN.replace('-', ' ') }];
  await expect(startPush({ tokens: blank })).rejects.toThrow(/expected a token without blanks/);
  const { port } = await startPush();
  await expect(startPush({ port })).rejects.toThrow(/expected to listen on 127\.0\.0\.1:\d+/);
});

test('whoever may not speak is told so before his body is read, and a body that never comes takes no place', async () => {
  const { log, post, port } = await startPush({ in_flight: 1 });
  const begin = (token: string, length: number) => {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Length': length };
    const options = { host: '127.0.0.1', port, path: '/readings', method: 'POST', headers };
    const request = httpRequest(options).on('error', () => undefined);
    request.flushHeaders();
    return request;
  };
  const stranger = begin('wrong', 900_000);
  const [answer] = await once(stranger, 'response');
  expect(answer.statusCode).toBe(401);
  stranger.destroy();
  const slow = begin(TOKEN, 900_000);
  await until('its place taken', LONG, async () => (await post(frame)).status === 503);
  // Places are of each sender.
  const headers = { Authorization: `Bearer ${OTHER}` };
  expect(await post({ ...frame, machine: 'elsewhere' }, headers)).toMatchObject({ status: 422 });
  slow.destroy();
  await until('its place left', LONG, async () => (await post(frame)).status === 200);
  expect(log.messages.length).toBeGreaterThan(0);
});

test('a token that is taken away while the edge runs is one no more, and a new one is heard', async () => {
  const file = temporaryFile('token', `${TOKEN}\n`);
  const tokens = [{ name: 'gateway', token: { file }, machines: ['Presse 3'] }];
  const { post } = await startPush({ tokens });
  expect(await post(frame)).toMatchObject({ status: 200 });
  for (const content of ['', 'short\n']) {
    writeFileSync(file, content);
    expect(await post(frame)).toMatchObject({ status: 401 });
    expect(await post(frame, { Authorization: 'Bearer short' })).toMatchObject({ status: 401 });
  }
  rmSync(file);
  expect(await post(frame)).toMatchObject({ status: 401 });
  writeFileSync(file, `${OTHER}\n`);
  expect(await post(frame)).toMatchObject({ status: 401 });
  const headers = { Authorization: `Bearer ${OTHER}` };
  expect(await post(frame, headers)).toMatchObject({ status: 200 });
});

test('over TLS by its own pair', async () => {
  const authority = certificateAuthority('plant');
  const tls = authority.issue('edge', ['127.0.0.1']);
  const { log, port } = await startPush({ tls });
  const status = await new Promise((resolve, reject) => {
    const request = httpsRequest({
      ...{ host: '127.0.0.1', port, path: '/readings', method: 'POST' },
      ca: readFileSync(authority.certificate),
      headers: { Authorization: `Bearer ${TOKEN}` },
    });
    request.on('error', reject);
    request.on('response', (response) => resolve(response.resume().statusCode));
    request.end(JSON.stringify(frame));
  });
  expect(status).toBe(200);
  expect(log.messages).toHaveLength(1);
  const half = { certificate: tls.certificate };
  await expect(startPush({ tls: half })).rejects.toThrow(
    /tls: expected certificate and privateKey/,
  );
});

test('while connections that say nothing are as many as there may be, a sender is heard', async () => {
  const { log, post, port } = await startPush();
  for (let at = 0; at < MOST_CONNECTIONS; at += 1) {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => undefined).resume();
    await once(socket, 'connect');
  }
  expect(await post(frame)).toMatchObject({ status: 200 });
  expect(log.messages).toHaveLength(1);
});
