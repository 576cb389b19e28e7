import { unpack } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { isOfKind, readEdgeConfig } from '../../../pipelines/edge/edge-config.ts';
import type { EdgeMessage } from '../../../pipelines/edge/edge-message.ts';
import { type EdgeMemory, idsOf } from '../../../pipelines/edge/memory.ts';
import { createIntake } from '../../../pipelines/edge/mqtt-intake.ts';
import { createTally } from '../../../pipelines/edge/tally.ts';
import { temporaryFile } from '../../support/temporary.ts';

const TIME = Date.UTC(2026, 10, 30, 12);

/** What the intake asks of a memory, of one that never forgets. */
function openMemory(largest: number) {
  const stored: EdgeMessage[] = [];
  const receipts: (readonly string[])[] = [];
  const known = new Set<string>();
  const memory: Pick<EdgeMemory, 'store' | 'has' | 'taken' | 'stored' | 'largest'> = {
    largest,
    get taken() {
      return stored.length;
    },
    get stored() {
      return stored.length;
    },
    has: (subject, id) => known.has(`${subject} ${id}`),
    async store(message, receipt) {
      await world.room;
      receipts.push(idsOf(receipt));
      for (const id of idsOf(receipt)) known.add(`${message.subject} ${id}`);
      return stored.push(message);
    },
  };
  const world = { stored, receipts, room: Promise.resolve(), memory: memory as EdgeMemory };
  return world;
}

type World = ReturnType<typeof openMemory>;

/** One life of an edge with this topic. A second one over the same memory knows what the first has stored. */
function startIntake(topic: object, signals: object = {}, world: World = openMemory(8_000_000)) {
  const config = readEdgeConfig(
    temporaryFile(
      'edge.yaml',
      JSON.stringify({
        ...{ edge: 'e1', centre: { domain: 'hub' }, judge: {}, signals },
        assets: { p2: 'works.line1.press' },
        sources: [
          { name: 'b', mqtt: { url: 'mqtt://b', topics: [{ topic: 'f/{machine}', ...topic }] } },
        ],
      }),
    ),
  );
  const { memory, stored } = world;
  const tally = createTally('b', () => undefined);
  const [source] = config.sources;
  if (!isOfKind(source, 'mqtt')) throw new Error('expected a broker');
  const onFailure = (error: unknown) => Promise.reject(error);
  const intake = createIntake({ source, context: { config, memory, tally, onFailure } });
  const take = async (text: string, again = false) =>
    await intake.take({
      topic: 'f/p2',
      payload: Buffer.from(text),
      packet: 7,
      again,
      retained: false,
    });
  // What arrives in one turn of the event loop is stored at its end.
  const turn = () => new Promise(setImmediate);
  const send = (text: string, again = false) => take(text, again).then(turn);
  const sendAll = async (texts: readonly string[]) => {
    for (const text of texts) await take(text);
    await turn();
    await world.room;
  };
  const data = () => stored.map(({ payload }) => unpack(payload).data);
  return { send, sendAll, data, stored, tally, world, intake };
}

const STATES = { state: { states: 'packml' } };
const samples = (...list: readonly (readonly [number, number])[]) =>
  JSON.stringify({ list: list.map(([ts, state]) => ({ ts, state })) });
const TIME_OF = { time: { path: 'ts' } };
const TIMED = { each: 'list', time: { path: 'ts' } };

test('each event of a payload goes up, and none of them twice', async () => {
  const { send, data, tally, world } = startIntake(TIMED, STATES);
  const payload = samples([TIME, 6], [TIME + 1, 11], [TIME + 1, 6]);
  await send(payload);
  const states = [{ state: 'EXECUTE' }, { state: 'HELD' }, { state: 'EXECUTE' }];
  expect(data()).toEqual(states);
  // After another start nothing is reduced: all three are known by what they are.
  const later = startIntake(TIMED, STATES, world);
  await later.send(payload);
  expect(data()).toEqual(states);
  expect(tally.status.refused).toEqual({});
  expect(later.tally.status.refused).toEqual({ repeat: 3 });
});

test('events without a time are known again when the broker says so, whenever that is', async () => {
  const { send, data, world } = startIntake({ each: 'list' }, STATES);
  const payload = '{"list":[{"state":6},{"state":11},{"state":6}]}';
  await send(payload);
  const later = startIntake({ each: 'list' }, STATES, world);
  await later.send(payload, true);
  expect(data()).toHaveLength(3);
  expect(later.tally.status.refused).toEqual({ repeat: 3 });
});

test('values of a list without times are all kept, each in a row of its own', async () => {
  const { send, stored } = startIntake({ each: 'list' });
  await send('{"list":[{"speed":1},{"speed":2},{"speed":3}]}');
  expect(stored.map(({ payload }) => unpack(payload).values)).toEqual([{ speed: [1, 2, 3] }]);
});

test('each waveform of a payload goes up, and none of them twice', async () => {
  const waveform = { point: 'de', rate: 1_000, unit: 'g' };
  const { send, stored, tally } = startIntake(TIMED, { a: { waveform } });
  const payload = JSON.stringify({ list: [0, 1].map((n) => ({ ts: TIME + n, a: [n, 2, 3] })) });
  await send(payload);
  await send(payload);
  expect(stored.map(({ subject }) => subject)).toEqual(
    Array.from({ length: 2 }, () => 'waveform.works.line1.press.de'),
  );
  expect(tally.status.refused).toEqual({ repeat: 2 });
});

test('a time that counts from now is none of the machine: equal values are news', async () => {
  const { send, stored, tally } = startIntake({ format: 'senml' });
  const before = Date.now();
  await send('[{"n":"a","v":1,"t":-5}]');
  await send('[{"n":"a","v":1,"t":-5}]');
  expect(stored).toHaveLength(2);
  expect(tally.status.refused).toEqual({});
  const { time } = unpack(stored[0]!.payload);
  expect(time).toBeGreaterThanOrEqual(before - 5_000);
  expect(time).toBeLessThanOrEqual(Date.now() - 5_000);
});

test('a payload of too many fields is malformed, and the next one is read', async () => {
  const { send, stored, tally } = startIntake({ format: 'line-protocol' });
  const fields = Array.from({ length: 200_000 }, (_, n) => `f${n}=1`);
  await send(`m ${fields.join(',')}`);
  expect(tally.status.refused).toEqual({ malformed: 1 });
  await send('m f=1');
  expect(stored).toHaveLength(1);
});

test('a message that is too large for the log is refused, and counts as stored', async () => {
  const { send, stored, tally, intake } = startIntake({ format: 'text' }, {}, openMemory(100));
  for (const text of ['1', 'x'.repeat(101), '2']) await send(text);
  expect(stored).toHaveLength(2);
  expect(intake.stored()).toBe(3);
  expect(tally.status.refused).toEqual({ 'too-large': 1 });
});

test('what stays is a message of its own, and counts as not gone up', async () => {
  const signals = { recipe: { up: 'judge' }, state: { states: 'packml', up: 'judge' } };
  const { sendAll, stored, tally, world } = startIntake(TIME_OF, signals);
  const payload = JSON.stringify({ ts: TIME, speed: 1, recipe: 'A7', state: 6 });
  await sendAll([payload, payload]);
  expect(stored).toMatchObject([
    { subject: 'telemetry.works.line1.press', stays: undefined },
    { subject: 'telemetry.works.line1.press', stays: true },
    { subject: 'event.works.line1.press', stays: true },
  ]);
  expect(unpack(stored[0]!.payload).values).toEqual({ speed: 1 });
  expect(unpack(stored[1]!.payload).values).toEqual({ recipe: 'A7', state: 6 });
  expect(new Set(world.receipts.flat()).size).toBe(3);
  expect(tally.status.refused).toMatchObject({ 'not-up': 4, repeat: 2 });
  expect(tally.status.up_messages).toBe(1);
});

describe('what arrives in one turn of the event loop', () => {
  const sample = (at: number, more: object = {}) =>
    JSON.stringify({ ts: TIME + at, speed: at, ...more });
  const rowsOf = ({ payload }: EdgeMessage) => [unpack(payload).time].flat().length;

  test('is one block, with an id for each row; each counts once, in the next life too', async () => {
    const one = startIntake(TIME_OF);
    const texts = [0, 1, 1, 2].map((at) => sample(at));
    await one.sendAll([...texts, sample(3, { force: 7 })]);
    expect(one.stored.map(({ payload }) => unpack(payload))).toEqual([
      {
        time: [TIME, TIME + 1, TIME + 2, TIME + 3],
        values: { speed: [0, 1, 2, 3], force: [null, null, null, 7] },
      },
    ]);
    expect(new Set(one.world.receipts[0]).size).toBe(4);
    expect(one.intake.stored()).toBe(5);
    const two = startIntake(TIME_OF, {}, one.world);
    await two.sendAll([sample(2), sample(4)]);
    expect(two.stored.map(rowsOf)).toEqual([4, 1]);
    expect(two.tally.status.refused).toEqual({ repeat: 1 });
  });

  test('is several blocks where it is much, or the log takes only less at a time', async () => {
    const many = startIntake(TIME_OF);
    const texts = Array.from({ length: 600 }, (_, at) => sample(at));
    await many.sendAll(texts);
    expect(many.stored.map(rowsOf)).toEqual([256, 256, 88]);
    const small = startIntake(TIME_OF, {}, openMemory(120));
    await small.sendAll(texts.slice(0, 32));
    expect(small.stored.length).toBeGreaterThan(2);
    expect(small.stored.flatMap(({ payload }) => unpack(payload).time)).toEqual(
      Array.from({ length: 32 }, (_, at) => TIME + at),
    );
    expect(small.tally.status.refused).toEqual({});
  });

  test('keeps its order: an event is behind the values that came before it', async () => {
    const { sendAll, stored } = startIntake(TIME_OF, STATES);
    await sendAll([sample(0), sample(1, { state: 6 }), sample(2)]);
    const kinds = stored.map(({ subject }) => subject.split('.')[0]);
    expect(kinds).toEqual(['telemetry', 'event', 'telemetry']);
    expect(stored.map(rowsOf)).toEqual([2, 1, 1]);
  });

  test('waits for room in the log, and nothing is stored before its rows are', async () => {
    const world = openMemory(8_000_000);
    let giveRoom = () => undefined as unknown;
    world.room = new Promise<void>((resolve) => {
      giveRoom = resolve;
    });
    const { sendAll, intake, stored } = startIntake(TIME_OF, {}, world);
    const sent = sendAll([sample(0), sample(1)]);
    for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
    expect(intake.stored()).toBe(0);
    let taken = false;
    const next = sendAll([sample(2)]).then(() => {
      taken = true;
    });
    await new Promise(setImmediate);
    expect([taken, stored.length]).toEqual([false, 0]);
    giveRoom();
    await Promise.all([sent, next]);
    expect(stored.map(rowsOf)).toEqual([2, 1]);
    expect(intake.stored()).toBe(3);
  });
});

test('two values of a tag at one time become two messages: in one, the second would hide the first', async () => {
  const { send, stored, world } = startIntake(TIMED);
  const list = [
    { ts: TIME, a: 1, b: 2 },
    { ts: TIME, a: 3 },
    { ts: TIME + 1, a: 4 },
    { ts: TIME, b: 5 },
  ];
  await send(JSON.stringify({ list }));
  expect(stored.map(({ payload }) => unpack(payload).values)).toEqual([
    { a: 1, b: 2 },
    { a: [3, 4], b: [5, null] },
  ]);
  expect(new Set(world.receipts.flat()).size).toBe(2);
});
