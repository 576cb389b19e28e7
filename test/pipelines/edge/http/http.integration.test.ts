import { afterEach, expect, test } from 'vitest';
import { SeenTags } from '../../../../pipelines/edge/discover/seen-tags.ts';
import { readEdgeConfig } from '../../../../pipelines/edge/edge-config.ts';
import { until } from '../../../stand/stand.ts';
import { closePushes, frame, LONG, NOW, startPush } from './push-stand.ts';
import { remoteWriteOf } from './remote-write.ts';

afterEach(closePushes);

test('one reading, a frame and a list of them are in the log as they were written, once each is stored', async () => {
  const { log, post, tally } = await startPush();
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
  const { log, post } = await startPush({ answer: '300ms' });
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
  const { log, post } = await startPush();
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

test('what is wrong is said, and nothing of its request counts', async () => {
  const { log, post, tally } = await startPush({ body: 2_000 });
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

test('a log that has no room does not fill the memory: what waits for it counts until it is taken', async () => {
  const { log, post } = await startPush({ in_flight: 2, answer: '100ms' });
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
  const { log, post } = await startPush();
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
  const { log, post } = await startPush({}, undefined, { 'Temp °C': { as: 'temp' } });
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
  const { log, post, tally } = await startPush({ prometheus: { tag: '{__name__}' } });
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
  const { log, post } = await startPush();
  const samples = Array.from({ length: 5_000 }, (_, at) => ({
    ...{ machine: 'Presse 3', time: NOW + at, tag: `t${at}`, value: at },
  }));
  expect(await post(samples)).toMatchObject({ status: 200 });
  const grids = log.messages.map(({ payload }) => payload.values as Record<string, number[]>);
  const cells = grids.flatMap((values) => Object.values(values).flat());
  expect(cells.filter((cell) => cell !== null)).toHaveLength(5_000);
  expect(cells.length).toBeLessThan(1_000_000);
});

test('a repeat of a request that went up in part is answered as the first one', async () => {
  const { post } = await startPush();
  const list = [frame, { ...frame, machine: 'p2' }];
  expect(await post(list)).toMatchObject({ status: 200 });
  expect(await post(list)).toMatchObject({ status: 200 });
});

test('whoever only listens hears what is pushed, and lets it come again', async () => {
  const seen = new SeenTags(() => performance.now());
  const { log, post } = await startPush({}, seen.listener('push'));
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
