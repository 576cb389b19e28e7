import { once } from 'node:events';
import { createServer } from 'node:net';
import { ModbusTCPServer } from 'jsmodbus';
import { afterEach, expect, test } from 'vitest';
import { SeenTags } from '../../../../pipelines/edge/discover/seen-tags.ts';
import { readEdgeConfig } from '../../../../pipelines/edge/edge-config.ts';
import {
  type ModbusDevice,
  modbusAnswer,
  modbusException,
  plainAnswer,
  startModbusDevice,
} from '../../../stand/modbus-device.ts';
import { until } from '../../../stand/stand.ts';
import { closeDevices, LONG, startModbus } from './modbus-stand.ts';

let device: ModbusDevice | undefined;
afterEach(async () => {
  await closeDevices();
  await device?.stop();
  device = undefined;
});

async function newDevice(): Promise<ModbusDevice> {
  device = await startModbusDevice();
  return device;
}

const FAST = { every: '20ms', machine: 'p2' };
/** Registers of these addresses, each a tag named like it. */
const tagsAt = (...addresses: readonly number[]) =>
  addresses.map((holding) => ({ tag: `r${holding}`, holding }));

test('another implementation: all tables and types, in one connection that only reads', async () => {
  const tables = {
    ...{ holding: Buffer.alloc(400), input: Buffer.alloc(40) },
    ...{ coils: Buffer.alloc(8), discrete: Buffer.alloc(8) },
  };
  tables.holding.writeInt16BE(-7, 0);
  tables.holding.writeFloatBE(41.5, 2);
  tables.holding.writeBigInt64BE(-(2n ** 60n), 6);
  tables.holding.write('Presse', 14, 'latin1');
  tables.holding.writeUInt16BE(0b1000, 398);
  tables.input.writeUInt32BE(4_000_000_000, 20);
  tables.coils[1] = 0b100;
  tables.discrete[0] = 0b1;
  const server = createServer();
  const modbus = new ModbusTCPServer(server, tables);
  const codes = new Set<number>();
  let most = 0;
  let open = 0;
  modbus.on('connection', ({ socket }) => {
    open += 1;
    most = Math.max(most, open);
    socket.on('data', (chunk: Buffer) => codes.add(chunk[7] ?? 0));
    // Who ends with something unread resets; the library does not listen.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      open -= 1;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const tags = [
    { tag: 'small', holding: 0, type: 'int16' },
    { tag: 'Temp °C', holding: 1, type: 'float32', unit: '°C' },
    { tag: 'large', holding: 3, type: 'int64' },
    { tag: 'name', holding: 7, type: 'text', length: 4 },
    { tag: 'alarm', holding: 199, bit: 3 },
    { tag: 'count', input: 10, type: 'uint32' },
    { tag: 'door', coil: 10 },
    { tag: 'lit', discrete: 0 },
  ];
  const signals = { 'Temp °C': { as: 'temp', scale: 2, offset: 1 } };
  const { more, values, tally } = await startModbus({ port, groups: [{ ...FAST, tags }], signals });
  await more(3);
  expect(values()[2]).toEqual({
    ...{ small: -7, temp: 84, large: String(-(2n ** 60n)), name: 'Presse' },
    ...{ alarm: true, count: 4_000_000_000, door: true, lit: true },
  });
  expect(tally.status.in_bytes).toBeGreaterThan(100);
  expect(codes).toEqual(new Set([1, 2, 3, 4]));
  await closeDevices();
  await until('no connection', LONG, async () => open === 0);
  expect(most).toBe(1);
  server.close();
});

test('an address that there is not is found and told alone, and read again when it is there', async () => {
  const plc = await newDevice();
  let bad = 103;
  plc.answer = (question) =>
    question.address <= bad && question.address + question.count > bad
      ? modbusException(question, 2)
      : plainAnswer(question);
  const { more, values, gaps, status, tally } = await startModbus({
    port: plc.port,
    groups: [{ ...FAST, tags: tagsAt(100, 101, 102, 103, 104, 105) }],
  });
  await more(3);
  expect(values()[0]).toEqual({ r100: 100, r101: 101, r102: 102, r104: 104, r105: 105 });
  const [refused] = gaps().filter(({ reason }) => reason === 'refused');
  expect(refused).toMatchObject({
    ...{ reason: 'refused', count: 1, signals: 1, what: 'r103', machine: 'p2', source: 'plc' },
    why: 'illegal data address (2)',
  });
  expect(status().groups[0]?.refused).toEqual({ 'p2: r103': 'illegal data address (2)' });
  // Nothing is asked any more that is known to be refused, until it is due again.
  expect(status().groups[0]?.reads).toBe(3);
  bad = -1;
  await until('the register', LONG, async () => values().at(-1)?.r103 === 103);
  expect(status().groups[0]?.refused).toEqual({});
  expect(tally.status.refused['no-node']).toBeGreaterThan(1);
  // Each value that was refused is in a gap.
  await until('all told', LONG, async () => {
    const all = gaps().filter(({ reason }) => reason === 'refused');
    return all.reduce((sum, { count }) => sum + count, 0) === tally.status.refused['no-node'];
  });
});

test('a unit that is silent, busy or not reached behind a gateway delays no other for long, and is told', async () => {
  const gateway = await newDevice();
  gateway.answer = (question) => (question.unitId === 9 ? undefined : plainAnswer(question));
  const { more, values, gaps, said } = await startModbus({
    port: gateway.port,
    groups: [
      { ...FAST, unit_id: 9, machine: 'p3', tags: tagsAt(1, 50, 90) },
      { ...FAST, tags: tagsAt(1) },
    ],
    more: { answer: '100ms' },
  });
  await more(20);
  expect(values('third')).toEqual([]);
  expect(gaps('third')[0]).toMatchObject({
    ...{ reason: 'missed', what: 'r1, r50, r90', signals: 3 },
  });
  expect(said).toContain('r50 of p3: unit 9: no answer in 100 ms');
  // Three answers that do not come end a connection; here another unit answers between them.
  expect(gateway.most).toBe(1);
  const silent = gateway.asked.filter(({ unitId }) => unitId === 9).length;
  expect(silent).toBeLessThan(gateway.asked.length / 3);
  gateway.answer = plainAnswer;
  await until('the unit again', LONG, async () => values('third').at(-1)?.r90 === 90);
  for (const [code, why] of [
    [11, 'unit 9: gateway target device failed to respond (11)'],
    [6, 'server device busy (6)'],
  ] as const) {
    gateway.answer = (question) =>
      question.unitId === 9 ? modbusException(question, code) : plainAnswer(question);
    await until(why, LONG, async () => said.slice(-10).some((each) => each.endsWith(why)));
    gateway.answer = plainAnswer;
    await more(2, 'third');
  }
  expect(values().every(({ r1 }) => r1 === 1)).toBe(true);
});

test('a cut line: one connection again, what was due meanwhile is a gap, and no value comes twice', async () => {
  const plc = await newDevice();
  let count = 0;
  plc.answer = (question) => {
    count += 1;
    return modbusAnswer(question, wordsOf(count));
  };
  const { more, values, gaps, tally, events, log } = await startModbus({
    port: plc.port,
    groups: [{ ...FAST, tags: tagsAt(0) }],
  });
  await more(5);
  plc.cut();
  await until('it is told', LONG, async () => (tally.status.refused.missed ?? 0) > 20);
  plc.mend();
  await more(5);
  expect(plc.most).toBe(1);
  const seen = values().map(({ r0 }) => r0);
  expect(new Set(seen).size).toBe(seen.length);
  expect(gaps().length).toBeGreaterThan(0);
  expect(gaps().every(({ reason }) => reason === 'missed')).toBe(true);
  const counted = () => gaps().reduce((sum, each) => sum + each.count, 0);
  await until('all told', LONG, async () => counted() === tally.status.refused.missed);
  // The stretches follow each other, and what came lies outside of them.
  for (const [at, gap] of gaps().entries()) {
    if (at > 0) expect(gap.from).toBeGreaterThanOrEqual(gaps()[at - 1]?.to ?? 0);
  }
  const times = log.messages.flatMap(({ subject, payload }) =>
    subject.startsWith('telemetry') ? [payload.time as number] : [],
  );
  const inside = times.filter((time) => gaps().some(({ from, to }) => time > from && time < to));
  expect(inside).toEqual([]);
  const kinds = events.map(({ kind }) => kind).filter((kind) => kind.startsWith('source-'));
  expect(kinds[0]).toBe('source-connected');
  expect(kinds).toContain('source-away');
  expect(kinds.at(-1)).toBe('source-connected');
});

const wordsOf = (...words: readonly number[]) => {
  const bytes = Buffer.alloc(2 * words.length);
  for (const [at, word] of words.entries()) bytes.writeUInt16BE(word % 65_536, 2 * at);
  return bytes;
};

test('answers that come too late are never taken for those of another question', async () => {
  const plc = await newDevice();
  let slow = true;
  const held: (() => void)[] = [];
  plc.answer = (question, socket) => {
    if (!slow) return plainAnswer(question);
    held.push(() => socket.write(plainAnswer(question)));
    return undefined;
  };
  const { values, more, gaps } = await startModbus({
    port: plc.port,
    // 1 and 40 are asked for one after the other.
    groups: [{ ...FAST, tags: tagsAt(1, 40) }],
    more: { answer: '50ms' },
  });
  await until('two that were given up', LONG, async () => held.length >= 2);
  slow = false;
  for (const say of held.splice(0)) say();
  await more(5);
  expect(values().every(({ r1 = 1, r40 = 40 }) => r1 === 1 && r40 === 40)).toBe(true);
  expect(gaps()[0]).toMatchObject({ reason: 'missed', what: 'r1, r40' });
  expect(plc.most).toBe(1);
});

test('nonsense, an answer of another unit or of another length is no value, and what is right afterwards is', async () => {
  const plc = await newDevice();
  const wrong: readonly ModbusDevice['answer'][] = [
    () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
    (question) => plainAnswer({ ...question, unitId: 7 }),
    (question) => plainAnswer({ ...question, count: question.count - 1 }),
    (question) => Buffer.concat([plainAnswer(question), Buffer.from([1, 2, 3])]),
  ];
  const { values, more, tally, failures } = await startModbus({
    port: plc.port,
    groups: [{ ...FAST, tags: tagsAt(7, 8) }],
    more: { answer: '50ms' },
  });
  for (const answer of wrong) {
    await more(1);
    let was = 0;
    plc.answer = (question, socket) => {
      was += 1;
      return answer(question, socket);
    };
    const missed = tally.status.refused.missed ?? 0;
    // What stands behind a right answer spoils the next one.
    await until('it is told', LONG, async () => (tally.status.refused.missed ?? 0) > missed);
    expect(was).toBeGreaterThan(0);
    plc.answer = plainAnswer;
  }
  await more(2);
  const all = new Set(values().map((each) => JSON.stringify(each)));
  expect([...all]).toEqual(['{"r7":7,"r8":8}']);
  expect(failures).toEqual([]);
  expect(plc.most).toBe(1);
});

test('a period that is shorter than the answers take is told; so is a log that has no room', async () => {
  const plc = await newDevice();
  const { more, gaps, log, tally, said } = await startModbus({
    port: plc.port,
    groups: [{ ...FAST, tags: tagsAt(0) }],
  });
  await more(2);
  let makeRoom: () => void = () => undefined;
  log.room = new Promise((resolve) => {
    makeRoom = resolve;
  });
  const since = Date.now();
  await until('some periods', LONG, async () => Date.now() > since + 100);
  makeRoom();
  await more(2);
  expect(said.some((each) => each.includes('every 20 ms'))).toBe(true);
  const counted = () => gaps().reduce((sum, { count }) => sum + count, 0);
  await until('all told', LONG, async () => counted() === tally.status.refused.missed);
});

test('what was due while the edge did not run is told after the next start', async () => {
  const plc = await newDevice();
  const groups = [{ ...FAST, tags: tagsAt(0, 1) }];
  const first = await startModbus({ port: plc.port, groups });
  expect(first.gaps()).toEqual([]);
  await first.more(3);
  await closeDevices();
  const times = first.log.messages.map(({ payload }) => Number(payload.time));
  const time = times.at(-1) ?? 0;
  await until('some periods', LONG, async () => Date.now() > time + 100);
  const second = await startModbus({ port: plc.port, groups, more: { folder: first.folder } });
  await second.more(1);
  const gap = second.gaps().find(({ reason }) => reason === 'stopped');
  expect(gap).toMatchObject({ reason: 'stopped', what: 'r0, r1', why: 'the edge did not run' });
  const { from = 0, to = 0, count } = gap ?? {};
  expect(from).toBeGreaterThanOrEqual(time);
  expect(count).toBe(2 * Math.floor((to - from) / 20));
});

test('what was missed and not told yet when the edge ended is told by its next life', async () => {
  const plc = await newDevice();
  const groups = [{ ...FAST, tags: tagsAt(0) }];
  const first = await startModbus({ port: plc.port, groups });
  await first.more(2);
  plc.cut();
  const missed = () => first.tally.status.refused.missed ?? 0;
  // The first one is told at once, those behind it in a minute.
  await until('some polls', LONG, async () => missed() > 20);
  await closeDevices();
  const counted = (all: typeof first) =>
    all.gaps().reduce((sum, { count, reason }) => sum + (reason === 'missed' ? count : 0), 0);
  expect(counted(first)).toBeLessThan(missed());
  plc.mend();
  const second = await startModbus({ port: plc.port, groups, more: { folder: first.folder } });
  await second.more(1);
  const own = second.tally.status.refused.missed ?? 0;
  const stopped = second.gaps().filter(({ reason }) => reason === 'stopped');
  const since = stopped.reduce((sum, { count }) => sum + count, 0);
  expect(counted(first) + counted(second)).toBe(missed() + own - since);
});

test('whoever only listens hears the tags with type and unit, and leaves nothing behind', async () => {
  const plc = await newDevice();
  const seen = new SeenTags(() => performance.now());
  const tags = [{ tag: 'pressure', holding: 7, unit: 'bar' }];
  const listener = seen.listener('plc');
  const { log, events } = await startModbus({
    ...{ port: plc.port, listener },
    groups: [{ ...FAST, tags }],
    more: { folder: '/dev/null/no-folder' },
  });
  await until('values', LONG, async () => seen.readings > 3);
  await closeDevices();
  const [tag] = seen.tags();
  expect([tag?.machine, tag?.tag, [...(tag?.units ?? [])], tag?.facts.type]).toEqual([
    ...['p2', 'pressure', ['bar'], 'uint16'],
  ]);
  expect(log.messages).toEqual([]);
  expect(events.filter(({ kind }) => kind === 'edge-trouble')).toEqual([]);
});

test('the example is one that can be run', () => {
  const { sources, assets } = readEdgeConfig('examples/edge/modbus.yaml');
  const machines = sources.flatMap((source) =>
    source.kind === 'modbus'
      ? source.modbus.groups.flatMap(({ machine, tags }) =>
          tags.map((tag) => tag.machine ?? machine),
        )
      : [],
  );
  expect(new Set(machines)).toEqual(new Set(Object.keys(assets)));
});
