import { unpack } from 'msgpackr';
import { expect, test } from 'vitest';
import { createIntake } from '../../../pipelines/edge/edge.ts';
import { isOfKind, readEdgeConfig } from '../../../pipelines/edge/edge-config.ts';
import { cellFinder, type EdgeMessage } from '../../../pipelines/edge/mapping.ts';
import type { EdgeMemory, Receipt } from '../../../pipelines/edge/memory.ts';
import { portions } from '../../../pipelines/edge/source.ts';
import { createTally } from '../../../pipelines/edge/tally.ts';
import { temporaryFile } from '../../support/temporary.ts';

const TIME = Date.UTC(2026, 10, 30, 12);

/** What the intake asks of a memory, of one that never forgets. */
function openMemory(largest: number) {
  const stored: EdgeMessage[] = [];
  const known = new Set<string>();
  const keyOf = (subject: string, { id }: Receipt) => `${subject} ${id}`;
  const memory: Pick<EdgeMemory, 'store' | 'has' | 'taken' | 'largest'> = {
    largest,
    get taken() {
      return stored.length;
    },
    has: (subject, receipt) => known.has(keyOf(subject, receipt)),
    async store(message, receipt) {
      known.add(keyOf(message.subject, receipt));
      return stored.push(message);
    },
  };
  return { stored, memory: memory as EdgeMemory };
}

type World = ReturnType<typeof openMemory>;

/** One life of an edge with this topic. A second one over the same memory knows what the first has stored. */
function startIntake(topic: object, signals: object = {}, world: World = openMemory(8_000_000)) {
  const config = readEdgeConfig(
    temporaryFile(
      'edge.yaml',
      JSON.stringify({
        ...{ edge: 'e1', centre: { domain: 'hub' }, assets: { p2: 'works.line1.press' }, signals },
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
  const take = createIntake({ source, context: { config, memory, tally } });
  const send = (text: string, again = false) =>
    take({ topic: 'f/p2', payload: Buffer.from(text), packet: 7, again, retained: false });
  const data = () => stored.map(({ payload }) => unpack(payload).data);
  return { send, data, stored, tally, world };
}

const STATES = { state: { states: 'packml' } };
const samples = (...list: readonly (readonly [number, number])[]) =>
  JSON.stringify({ list: list.map(([ts, state]) => ({ ts, state })) });
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

test('values of a list without times are all kept, each in a message of its own', async () => {
  const { send, stored } = startIntake({ each: 'list' });
  await send('{"list":[{"speed":1},{"speed":2},{"speed":3}]}');
  expect(stored.map(({ payload }) => unpack(payload).values)).toEqual([
    { speed: 1 },
    { speed: 2 },
    { speed: 3 },
  ]);
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

test('a message that is too large for the log is refused, and the number stays that of the last one', async () => {
  const { send, stored, tally } = startIntake({ format: 'text' }, {}, openMemory(100));
  expect(await send('1')).toBe(1);
  expect(await send('x'.repeat(101))).toBe(1);
  expect(await send('2')).toBe(2);
  expect(stored).toHaveLength(2);
  expect(tally.status.refused).toEqual({ 'too-large': 1 });
});

test('two values of a tag at one time become two messages: in one, the second would hide the first', () => {
  const of = (metric: string, value: number, time = TIME) => ({
    ...{ labels: { metric }, time, value, quality: 'good' as const },
  });
  const rule = { machine: 'p2', tag: '{metric}', clock: 'source' } as const;
  const readings = [of('a', 1), of('b', 2), of('a', 3), of('a', 4, TIME + 1), of('b', 5)];
  const cellOf = cellFinder({ assets: {}, signals: {} }, rule, {}, TIME);
  const values = (most = 100) =>
    portions(readings, most, cellOf).map((some) => some.map(({ value }) => value));
  expect(values()).toEqual([
    [1, 2],
    [3, 4, 5],
  ]);
  // Nor are there more cells in one than asked for.
  expect(values(1)).toEqual([[1], [2], [3], [4], [5]]);
});
