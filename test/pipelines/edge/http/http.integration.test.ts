import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { unpack } from 'msgpackr';
import { afterEach, expect, test } from 'vitest';
import { SeenTags } from '../../../../pipelines/edge/discover/seen-tags.ts';
import { readEdgeConfig } from '../../../../pipelines/edge/edge-config.ts';
import { openHttpSource } from '../../../../pipelines/edge/http/http-source.ts';
import type { EdgeMemory, Receipt } from '../../../../pipelines/edge/memory.ts';
import type { Listener, OpenSource } from '../../../../pipelines/edge/source.ts';
import { createTally } from '../../../../pipelines/edge/tally.ts';
import { until } from '../../../stand/stand.ts';
import { certificateAuthority } from '../../../support/certificates.ts';
import { temporaryFile } from '../../../support/temporary.ts';
import { remoteWriteOf } from './remote-write.ts';

const NOW = Date.UTC(2026, 10, 30, 12);
const TOKEN = 'a token of sixteen'.replaceAll(' ', '-');
const OTHER = 'another-token-of-sixteen';
const LONG = 60_000;
const opened: OpenSource[] = [];
afterEach(async () => {
  for (const source of opened.splice(0)) await source.close();
});

/** A log that stores when it is told to. */
function createLog() {
  const messages: { subject: string; payload: Record<string, unknown>; lasting: boolean }[] = [];
  const known = new Set<string>();
  const log = {
    ...{ messages, holds: false, stored: 0, room: Promise.resolve() },
    tell: () => undefined as unknown,
  };
  const memory = {
    ...{ largest: 1_000_000, has: (subject: string, { id }: Receipt) => known.has(subject + id) },
    get taken() {
      return messages.length;
    },
    get stored() {
      return log.stored;
    },
    async store({ subject, payload }, { id, lasting }) {
      await log.room;
      known.add(subject + id);
      messages.push({ subject, payload: unpack(payload), lasting });
      if (!log.holds) log.stored = messages.length;
      return messages.length;
    },
  } satisfies Partial<EdgeMemory> as unknown as EdgeMemory;
  return Object.assign(log, { memory });
}

async function start(more: object = {}, listener?: Listener, signals: object = {}) {
  const tokens = [
    { name: 'gateway', token: TOKEN, machines: ['Presse 3', 'p2', '10.0.0.7:9100'] },
    { name: 'other', token: OTHER, machines: ['elsewhere'] },
  ];
  const content = {
    ...{ edge: 'e1', centre: { domain: 'hub' } },
    assets: { 'Presse 3': 'w.l.press', '10.0.0.7:9100': 'w.l.host' },
    signals: { level: { deadband: 5 }, ...signals },
    sources: [{ name: 'push', kind: 'http', http: { port: 0, tokens, ...more } }],
  };
  const config = readEdgeConfig(temporaryFile('edge.yaml', JSON.stringify(content)));
  const [source] = config.sources;
  if (source?.kind !== 'http') throw new Error('expected http');
  const log = createLog();
  const tally = createTally('push', () => undefined);
  const context = { config, memory: log.memory, tally, record: () => undefined, listener };
  const push = await openHttpSource(source, { ...context, onFailure: () => undefined });
  opened.push(push);
  log.tell = () => push.acknowledge();
  const { port } = push.details as { port: number };
  const post = async (body: unknown, headers: object = {}, path = '/readings') => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      body: body instanceof Uint8Array ? Buffer.from(body) : JSON.stringify(body),
      headers: { Authorization: `Bearer ${TOKEN}`, ...headers },
    });
    const text = await answer.text();
    const { status } = answer;
    return { status, text, retry: answer.headers.get('retry-after') };
  };
  return { log, tally, port, post, push };
}

const frame = { machine: 'Presse 3', time: NOW, values: { speed: 1_480, 'Temp °C': 41.5 } };

test('one reading, a frame and a list of them are in the log as they were written, once each is stored', async () => {
  const { log, post, tally } = await start();
  const one = { machine: 'Presse 3', time: '2026-11-30T12:00:00Z', tag: 'an', value: true };
  expect(await post(one)).toMatchObject({ status: 200 });
  const answer = await post([
    { ...frame, quality: 'uncertain' },
    { ...frame, time: NOW + 1, values: { 'Temp °C': null } },
  ]);
  expect(JSON.parse(answer.text)).toEqual({ values: 3, messages: 1, refused: { 'no-value': 1 } });
  expect(log.messages.map(({ payload }) => payload)).toEqual([
    { time: NOW, values: { an: true } },
    {
      ...{ time: NOW, values: { speed: 1_480, 'Temp °C': 41.5 } },
      quality: { speed: 'uncertain', 'Temp °C': 'uncertain' },
    },
  ]);
  expect(tally.status).toMatchObject({ in_messages: 2, up_messages: 2 });
});

test('nothing is answered before the log has it; what it does not take in time is to be sent again, and is not doubled', async () => {
  const { log, post } = await start({ answer: '300ms' });
  log.holds = true;
  const late = await post(frame);
  expect(late).toMatchObject({ status: 503, retry: '5' });
  let answered = false;
  const again = post(frame).then((answer) => {
    answered = true;
    return answer;
  });
  log.holds = false;
  log.stored = log.messages.length;
  log.tell();
  expect(await again).toMatchObject({ status: 200 });
  expect(answered).toBe(true);
  expect(log.messages).toHaveLength(1);
});

test('a repeat is known by its key, or by its own times; without either it counts', async () => {
  const { log, post } = await start();
  const { time: _, ...untimed } = frame;
  for (const key of ['7', '7', '8']) await post(untimed, { 'Idempotency-Key': key });
  expect(log.messages).toHaveLength(2);
  // The same key with other content is no repeat: nothing is lost by a wrong count.
  await post({ ...untimed, values: { speed: 1 } }, { 'Idempotency-Key': '8' });
  expect(log.messages).toHaveLength(3);
  expect(JSON.parse((await post(frame)).text)).toMatchObject({ messages: 1 });
  expect(JSON.parse((await post(frame)).text)).toMatchObject({
    messages: 0,
    refused: { repeat: 1 },
  });
  await post(untimed);
  await post(untimed);
  expect(log.messages.map(({ lasting }) => lasting)).toEqual([
    true,
    true,
    true,
    true,
    false,
    false,
  ]);
  const odd = await post(frame, { 'Idempotency-Key': 'two words' });
  expect(odd).toMatchObject({ status: 400 });
});

test('a token speaks for its machines alone, and whoever has none is not heard', async () => {
  const { log, post, tally, port } = await start();
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

test('what is wrong is said, and nothing of its request counts', async () => {
  const { log, post, tally } = await start({ body: 2_000 });
  const wrong: readonly (readonly [unknown, string])[] = [
    [[], '1 to 16384 samples'],
    [{ ...frame, machine: 7 }, 'the name of a machine in sample 1'],
    [[frame, { ...frame, tag: 'x' }], 'tag and value, or values, in sample 2'],
    [{ ...frame, valeus: 1 }, 'found \\"valeus\\"'],
    [{ ...frame, time: 7 }, 'from 1971 to 2100'],
    [
      { ...frame, values: { a: { b: 1 } } },
      'a number, text, boolean, null or list of numbers as a',
    ],
    ['text', 'sample 1'],
  ];
  for (const [body, text] of wrong) {
    expect(await post(body)).toMatchObject({ status: 400, text: expect.stringContaining(text) });
  }
  expect(tally.status.refused).toEqual({ malformed: wrong.length });
  expect(await post({ ...frame, values: { long: 'x'.repeat(2_000) } })).toMatchObject({
    status: 413,
  });
  expect(log.messages).toEqual([]);
});

test('more requests at a time than are allowed are to come again', async () => {
  const { log, post } = await start({ in_flight: 2 });
  log.holds = true;
  const waiting = [1, 2].map((n) => post({ ...frame, time: NOW + n }));
  await until('two in the log', LONG, async () => log.messages.length === 2);
  expect(await post(frame)).toMatchObject({ status: 503, retry: '1' });
  log.stored = 2;
  log.tell();
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200]);
});

test('a log that has no room does not fill the memory: what waits for it counts until it is taken', async () => {
  const { log, post } = await start({ in_flight: 2, answer: '100ms' });
  let makeRoom: () => void = () => undefined;
  log.room = new Promise((resolve) => {
    makeRoom = resolve;
  });
  for (const n of [1, 2]) {
    expect(await post({ ...frame, time: NOW + n })).toMatchObject({ status: 503, retry: '5' });
  }
  expect(await post({ ...frame, time: NOW + 3 })).toMatchObject({ status: 503, retry: '1' });
  makeRoom();
  await until('both in the log', LONG, async () => log.messages.length === 2);
  await until(
    'room again',
    LONG,
    async () => (await post({ ...frame, time: NOW + 3 })).status === 200,
  );
  expect(log.messages).toHaveLength(3);
});

test('Prometheus remote write: a series is a tag of its instance; what is not 1.0 is told so', async () => {
  const { log, post } = await start();
  const body = remoteWriteOf([
    {
      labels: { __name__: 'node_load1', instance: '10.0.0.7:9100', job: 'node' },
      samples: [
        [0.25, NOW],
        [0.5, NOW + 15_000],
        [Number.NaN, NOW + 30_000],
      ],
    },
  ]);
  const type = { 'Content-Type': 'application/x-protobuf', 'Content-Encoding': 'snappy' };
  const path = '/api/v1/write';
  expect(await post(body, type, path)).toEqual({ status: 204, text: '', retry: null });
  expect(await post(body, type, path)).toEqual({ status: 204, text: '', retry: null });
  expect(log.messages).toEqual([
    {
      ...{ subject: 'telemetry.w.l.host', lasting: true },
      payload: { time: [NOW, NOW + 15_000], values: { node_load1: [0.25, 0.5] } },
    },
  ]);
  const newer = 'application/x-protobuf;proto=io.prometheus.write.v2.Request';
  const second = await post(body, { ...type, 'Content-Type': newer }, path);
  expect(second).toMatchObject({ status: 415, text: expect.stringContaining('remote write 1.0') });
  expect(await post(body.subarray(3), type, path)).toMatchObject({ status: 400 });
});

test('values of one machine, tag and time are all kept, and series that differ in a label are tags of their own', async () => {
  const { log, post } = await start({}, undefined, { 'Temp °C': { as: 'temp' } });
  const { time: _, ...untimed } = frame;
  const values = () =>
    log.messages.splice(0).map(({ payload }) => (payload as { values: object }).values);
  await post([1, 2, 3].map((speed) => ({ ...untimed, values: { speed } })));
  expect(values()).toEqual([{ speed: 1 }, { speed: 2 }, { speed: 3 }]);
  // Two tags that have one name in the plant model.
  await post({ ...frame, values: { temp: 1, 'Temp °C': 2 } });
  expect(values()).toEqual([{ temp: 1 }, { temp: 2 }]);
  const body = remoteWriteOf(
    ['0', '1'].map((cpu, at) => ({
      labels: { __name__: 'cpu_seconds', mode: 'idle', cpu, instance: '10.0.0.7:9100', job: 'n' },
      samples: [[at + 0.5, NOW] as const],
    })),
  );
  const type = { 'Content-Encoding': 'snappy' };
  expect(await post(body, type, '/api/v1/write')).toMatchObject({ status: 204 });
  expect(values()).toEqual([
    { 'cpu_seconds{cpu="0",mode="idle"}': 0.5, 'cpu_seconds{cpu="1",mode="idle"}': 1.5 },
  ]);
});

test('series of one tag by a template go into messages of their own, each known again', async () => {
  const { log, post, tally } = await start({ prometheus: { tag: '{__name__}' } });
  const body = remoteWriteOf(
    ['0', '1'].map((cpu, at) => ({
      labels: { __name__: 'cpu_seconds', cpu, instance: '10.0.0.7:9100' },
      samples: [[at, NOW] as const],
    })),
  );
  const type = { 'Content-Encoding': 'snappy' };
  for (const _ of [1, 2]) {
    expect(await post(body, type, '/api/v1/write')).toMatchObject({ status: 204 });
  }
  expect(log.messages.map(({ payload }) => payload.values)).toEqual([
    { cpu_seconds: 0 },
    { cpu_seconds: 1 },
  ]);
  expect(tally.status.refused).toEqual({ repeat: 2 });
});

test('samples that share neither tag nor time make no grid of all tags and all times', async () => {
  const { log, post } = await start();
  const samples = Array.from({ length: 5_000 }, (_, at) => ({
    ...{ machine: 'Presse 3', time: NOW + at, tag: `t${at}`, value: at },
  }));
  expect(await post(samples)).toMatchObject({ status: 200 });
  const grids = log.messages.map(({ payload }) => payload.values as Record<string, number[]>);
  const cells = grids.flatMap((values) => Object.values(values).flat());
  expect(cells.filter((cell) => cell !== null)).toHaveLength(5_000);
  expect(cells.length).toBeLessThan(1_000_000);
});

test('short tokens, a token twice, and an address that somebody has', async () => {
  await expect(
    start({ tokens: [{ name: 'a', token: 'short', machines: ['p2'] }] }),
  ).rejects.toThrow(/token of a: expected a token of at least 16 letters, found 5/);
  const twice = { name: 'a', token: TOKEN, machines: ['p2'] };
  await expect(start({ tokens: [twice, twice] })).rejects.toThrow(
    /tokens\.1\.name: expected each once/,
  );
  const equal = [twice, { ...twice, name: 'b' }];
  await expect(start({ tokens: equal })).rejects.toThrow(
    /token of b: expected a token of its own, found that of a/,
  );
  const blank = [{ ...twice, token: TOKEN.replace('-', ' ') }];
  await expect(start({ tokens: blank })).rejects.toThrow(/expected a token without blanks/);
  const { port } = await start();
  await expect(start({ port })).rejects.toThrow(/expected to listen on 127\.0\.0\.1:\d+/);
});

test('whoever may not speak is told so before his body is read, and a body that never comes takes no place', async () => {
  const { log, post, port } = await start({ in_flight: 1 });
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
  const { post } = await start({ tokens });
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

test('a repeat of a request that went up in part is answered as the first one', async () => {
  const { post } = await start();
  const list = [frame, { ...frame, machine: 'p2' }];
  expect(await post(list)).toMatchObject({ status: 200 });
  expect(await post(list)).toMatchObject({ status: 200 });
});

test('over TLS by its own pair', async () => {
  const authority = certificateAuthority('plant');
  const tls = authority.issue('edge', ['127.0.0.1']);
  const { log, port } = await start({ tls });
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
  await expect(start({ tls: half })).rejects.toThrow(/tls: expected certificate and privateKey/);
});

test('whoever only listens hears what is pushed, and lets it come again', async () => {
  const seen = new SeenTags(() => performance.now());
  const { log, post } = await start({}, seen.listener('push'));
  // It comes again, and is heard once.
  for (const _ of [1, 2]) expect(await post(frame)).toMatchObject({ status: 503, retry: '5' });
  expect(seen.readings).toBe(2);
  expect(seen.tags().map(({ machine, tag }) => [machine, tag])).toEqual([
    ['Presse 3', 'Temp °C'],
    ['Presse 3', 'speed'],
  ]);
  expect(log.messages).toEqual([]);
});

test('the example is one that can be run', () => {
  const { sources, assets } = readEdgeConfig('examples/edge/http.yaml');
  const machines = sources.flatMap((source) =>
    source.kind === 'http' ? source.http.tokens.flatMap((token) => token.machines) : [],
  );
  expect(machines).toEqual(Object.keys(assets));
});
