import { readdir, rename } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { unpack } from 'msgpackr';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readEdgeConfig, type SourceOf } from '../../../pipelines/edge/edge-config.ts';
import { type EdgeMemory, idsOf } from '../../../pipelines/edge/memory.ts';
import { browseServer } from '../../../pipelines/edge/opcua/opcua-browse.ts';
import { openOpcuaSource } from '../../../pipelines/edge/opcua/opcua-source.ts';
import type { OpenSource } from '../../../pipelines/edge/source.ts';
import { createTally } from '../../../pipelines/edge/tally.ts';
import type { InternalEvent } from '../../../pipelines/observe/observe.ts';
import { type Link, startLink } from '../../stand/edge-stand.ts';
import { createOpcuaPlant, type OpcuaPlant } from '../../stand/opcua-server.ts';
import { until } from '../../stand/stand.ts';
import { temporaryDirectory, temporaryFile } from '../../support/temporary.ts';

const LONG = 120_000;
const NONE = { policy: 'None', mode: 'None' };
const ALL = [{ path: 'Press line/{machine}/{tag...}' }];
const NAMESPACE = 'nsu=http://plant.example/press;s=';

let plant: OpcuaPlant;
/** Of all edges here, so that one certificate is made. */
let folder: string;
let started = 0;
const opened: OpenSource[] = [];
const links: Link[] = [];
beforeAll(async () => {
  folder = temporaryDirectory();
  plant = await createOpcuaPlant({ HISTORY: 'Speed' });
  await plant.start();
});
afterEach(async () => {
  for (const source of opened.splice(0)) await source.close();
  for (const link of links.splice(0)) link.close();
});
afterAll(async () => {
  await plant.stop();
});

async function through(port: number): Promise<Link> {
  const link = await startLink(() => port);
  links.push(link);
  return link;
}

/** What the log has: it takes everything at once, and knows what it has. */
function createLog() {
  const stored: { subject: string; late: boolean; payload: Record<string, unknown> }[] = [];
  const known = new Set<string>();
  const memory: Pick<EdgeMemory, 'store' | 'has' | 'taken' | 'stored' | 'largest'> = {
    largest: 1_000_000,
    get taken() {
      return stored.length;
    },
    get stored() {
      return stored.length;
    },
    has: (subject, id) => known.has(`${subject} ${id}`),
    async store({ subject, payload }, receipt, late) {
      for (const id of idsOf(receipt)) known.add(`${subject} ${id}`);
      stored.push({ subject, late: late !== undefined, payload: unpack(payload) });
      return stored.length;
    },
  };
  return { stored, memory: memory as EdgeMemory };
}

type Log = ReturnType<typeof createLog>;

async function start(
  opcua: object,
  more: object = {},
  log: Log = createLog(),
  name = `s${++started}`,
) {
  const settings = {
    ...{ edge: 'e1', centre: { domain: 'hub' }, assets: { 'Presse 3': 'works.line1.press' } },
    sources: [
      {
        name,
        kind: 'opcua',
        opcua: {
          ...{ ...NONE, endpoint: `opc.tcp://127.0.0.1:${plant.port}/plant`, nodes: ALL },
          ...{ publishing: '100ms', sampling: 0, queue: 1_000, answer: '10s', folder, ...opcua },
        },
      },
    ],
    ...more,
  };
  const config = readEdgeConfig(temporaryFile('edge.yaml', JSON.stringify(settings)));
  const events: InternalEvent[] = [];
  const record = (event: InternalEvent) => void events.push(event);
  const tally = createTally(name, record);
  const source = await openOpcuaSource(config.sources[0] as SourceOf<'opcua'>, {
    ...{ config, memory: log.memory, tally, record },
    onFailure: (error) => {
      throw error;
    },
  });
  opened.push(source);
  const times = (kind: string) => events.filter((event) => event.kind === kind).length;
  const connected = (count = 1) =>
    until(`connection ${count}`, LONG, async () => times('source-connected') >= count).catch(
      (error: unknown) => {
        throw new Error(`${error}: ${JSON.stringify(events)}`);
      },
    );
  return { config, source, events, tally, log, times, connected, name };
}

/** Values of this signal with their times, in the order in which they were stored. */
function valuesOf(
  { stored }: Log,
  name: string,
): { time: number; value: unknown; quality: unknown }[] {
  return stored.flatMap(({ subject, payload }) => {
    if (!subject.startsWith('telemetry.')) return [];
    const { time, values, quality } = payload as {
      time: number | number[];
      values: Record<string, unknown>;
      quality?: Record<string, unknown>;
    };
    const column = (from: Record<string, unknown> | undefined) => [from?.[name]].flat();
    const times = [time].flat();
    return column(values).flatMap((value, at) =>
      value === undefined || value === null
        ? []
        : [{ time: times[at] ?? 0, value, quality: column(quality)[at] ?? 'good' }],
    );
  });
}
const numbersOf = (log: Log, name: string) => valuesOf(log, name).map(({ value }) => value);

const speeds = (from: number, to: number, began: number) =>
  Array.from({ length: to - from }, (_, n) => ({
    ...{ name: 'Speed', value: from + n, at: began + from + n },
  }));

describe('what a server says', () => {
  test('values, states, texts, waveforms and 64 bits by browse path, with quality and the time of the source', async () => {
    const signals = {
      'Temperatur °C': { as: 'temperature' },
      Zustand: { states: { 2: 'STOPPED', 6: 'EXECUTE' } },
      Schwingung: { waveform: { point: 'de', rate: 25_600, unit: 'g' } },
    };
    const nodes = [...ALL, { node: `${NAMESPACE}gone`, machine: 'Presse 3' }];
    const { log, connected, tally, times } = await start({ nodes }, { signals });
    await connected();
    await until('the first values', LONG, async () => numbersOf(log, 'temperature').includes(20));
    await plant.set(
      { name: 'Temperatur °C', value: 41.5, at: 1_796_000_000_000 },
      {
        name: 'Temperatur °C',
        value: 42,
        status: 'UncertainLastUsableValue',
        at: 1_796_000_000_001,
      },
      { name: 'Temperatur °C', value: 43, status: 'BadSensorFailure', at: 1_796_000_000_002 },
      { name: 'Zustand', value: 6 },
      { name: 'Text', value: { text: 'läuft' } },
      { name: 'Teile', value: [256, 7] },
      { name: 'Schwingung', value: [1, -2, 0.5] },
      { name: 'Bytes', value: 'x' },
      { name: 'Speed', value: 1 },
    );
    await until('the last of them', LONG, async () => numbersOf(log, 'Speed').includes(1));
    expect(valuesOf(log, 'temperature').slice(-3)).toEqual([
      { time: 1_796_000_000_000, value: 41.5, quality: 'good' },
      { time: 1_796_000_000_001, value: 42, quality: 'uncertain' },
      { time: 1_796_000_000_002, value: 43, quality: 'bad' },
    ]);
    expect(numbersOf(log, 'Text')).toEqual(['läuft']);
    expect(numbersOf(log, 'Teile').at(-1)).toBe(256 * 2 ** 32 + 7);
    const states = log.stored.filter(({ payload }) => payload.type === 'state');
    expect(states.map(({ payload }) => (payload.data as { state: string }).state)).toEqual([
      ...['STOPPED', 'EXECUTE'],
    ]);
    const waveform = log.stored.find(({ subject }) => subject === 'waveform.works.line1.press.de');
    const samples = Uint8Array.from(waveform?.payload.samples as Uint8Array).buffer;
    expect([...new Float32Array(samples)]).toEqual([1, -2, 0.5]);
    // A bad node is told, and stops no other.
    expect(tally.status.refused['no-node']).toBe(1);
    expect(times('edge-trouble')).toBe(1);
    expect(tally.status.refused['no-value']).toBeGreaterThan(0);
  });

  test('what a server has is listed with type, unit and access', async () => {
    const { config } = await start({ nodes: ALL });
    const browsed = await browseServer({
      ...{ config: (config.sources[0] as SourceOf<'opcua'>).opcua, name: 'x', most: 100 },
      ...{ application: 'andon:edge:e1', onProgress: () => undefined },
    });
    expect(browsed.more).toBe(false);
    expect(browsed.variables).toContainEqual(
      expect.objectContaining({
        ...{ path: 'Press line/Presse 3/Speed', nodeId: 'ns=2;s=Speed', type: 'Double' },
        ...{ unit: 'rpm', access: expect.stringContaining('read') },
      }),
    );
    expect(browsed.variables.map(({ type }) => type)).toContain('Float[]');
  });

  test('a full queue of the server is seen, counted and stored as a gap', async () => {
    const nodes = [{ node: `${NAMESPACE}Speed`, machine: 'Presse 3', queue: 3 }];
    const { log, connected, tally } = await start({ nodes, publishing: '500ms' });
    await connected();
    await plant.set(...speeds(100, 200, Date.now()));
    await until('the newest', LONG, async () => numbersOf(log, 'Speed').includes(199));
    expect(tally.status.refused.overflow).toBeGreaterThan(0);
    const gaps = () => log.stored.filter(({ payload }) => payload.type === 'gap');
    await until('the gap', LONG, async () => gaps().length === 1);
    expect(gaps()[0]).toMatchObject({
      subject: 'event.works.line1.press',
      payload: { data: { reason: 'overflow', what: 'Speed' } },
    });
  });
});

describe('when the line breaks', () => {
  const nodes = [
    { path: 'Press line/{machine}/Speed', tag: 'n' },
    { path: 'Press line/{machine}/Zustand' },
  ];

  test('the session and its queue are taken up again, in this process and in the next: each value once', async () => {
    const link = await through(plant.port);
    const endpoint = `opc.tcp://127.0.0.1:${link.port}/plant`;
    const first = await start({ endpoint, nodes });
    await first.connected();
    const began = Date.now();
    await plant.set(...speeds(1_000, 1_050, began));
    await until('values', LONG, async () => numbersOf(first.log, 'n').includes(1_049));
    link.cut();
    await until('the break', LONG, async () => first.times('source-away') === 1);
    await plant.set(...speeds(1_050, 1_100, began));
    link.mend();
    await first.connected(2);
    await until('the rest', LONG, async () => numbersOf(first.log, 'n').includes(1_099));
    await first.source.close();
    await plant.set(...speeds(1_100, 1_150, began));
    const second = await start({ endpoint, nodes }, {}, first.log, first.name);
    await second.connected();
    await plant.set(...speeds(1_150, 1_200, began));
    await until('the last', LONG, async () => numbersOf(first.log, 'n').includes(1_199));
    const numbers = numbersOf(first.log, 'n').filter((n) => Number(n) >= 1_000);
    expect(numbers).toEqual(Array.from({ length: 200 }, (_, n) => 1_000 + n));
    expect(first.times('source-gap') + second.times('source-gap')).toBe(0);
    // One connection at a time, and one subscription.
    expect(link.most).toBe(1);
  });

  test('a server that hangs and one that is not there hold up nobody, and are told', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => void sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const hangs = await start({ endpoint: `opc.tcp://127.0.0.1:${port}`, answer: '1s' });
    const absent = await start({ endpoint: 'opc.tcp://127.0.0.1:9' });
    const works = await start({ nodes });
    await works.connected();
    await until(
      'both',
      LONG,
      async () => hangs.times('source-away') + absent.times('source-away') >= 2,
    );
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});

describe('who may', () => {
  const SECURE = { policy: 'Basic256Sha256', mode: 'SignAndEncrypt' };
  const away = (events: readonly InternalEvent[]) =>
    events.flatMap((event) => (event.kind === 'source-away' ? [event.reason] : []));

  test('with the pinned certificate and the right user it is encrypted; a wrong user is refused', async () => {
    const server = plant.certificate;
    const right = { ...SECURE, server, user: 'andon', password: 'right' };
    const { log, connected } = await start(right);
    await connected();
    await until('values', LONG, async () => log.stored.length > 0);
    const wrong = await start({ ...right, password: 'wrong' });
    await until('the refusal', LONG, async () => away(wrong.events).length > 0);
    expect(away(wrong.events)[0]).toContain('the server refuses this user');
  });

  test('a certificate that nobody has trusted is refused, until it is moved to what is trusted', async () => {
    const { events, times, connected } = await start(SECURE);
    await until('the refusal', LONG, async () => away(events).length > 0);
    expect(away(events)[0]).toMatch(/certificate of the server is not trusted.*rejected.*trusted/);
    expect(times('source-connected')).toBe(0);
    const rejected = join(folder, 'rejected');
    const [name] = await readdir(rejected);
    if (name === undefined) throw new Error(`expected a certificate in ${rejected}`);
    await rename(join(rejected, name), join(folder, 'trusted', 'certs', name));
    await connected();
  });
});

describe('a server that is started again', () => {
  const nodes = [
    { path: 'Press line/{machine}/Speed', tag: 'n' },
    { path: 'Press line/{machine}/Zustand' },
  ];

  test('a server that was killed: its history comes as backfill, and what it has none of is a gap', {
    timeout: 400_000,
  }, async () => {
    const link = await through(plant.port);
    const endpoint = `opc.tcp://127.0.0.1:${link.port}/plant`;
    const { log, connected, times } = await start({ endpoint, nodes });
    await connected();
    const began = Date.now();
    await plant.set(...speeds(5_000, 5_020, began - 5_000));
    await until('values', LONG, async () => numbersOf(log, 'n').includes(5_019));
    link.cut();
    await plant.kill();
    await plant.start();
    // After everything that was seen before, by the clock of the server.
    const later = Date.now();
    await plant.set(...speeds(5_020, 5_040, later - 5_000));
    link.mend();
    await connected(2);
    await until('the gap', LONG, async () => times('source-gap') === 1);
    const numbers = numbersOf(log, 'n').filter((n) => Number(n) >= 5_000);
    expect([...numbers].sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 40 }, (_, n) => 5_000 + n),
    );
    const late = log.stored.filter((message) => message.late);
    expect(late.length).toBeGreaterThan(0);
    await until('its event', LONG, async () =>
      log.stored.some(({ payload }) => payload.type === 'gap'),
    );
    expect(log.stored.find(({ payload }) => payload.type === 'gap')?.payload.data).toMatchObject({
      ...{ reason: 'disconnected', signals: 1 },
    });
  });
});
