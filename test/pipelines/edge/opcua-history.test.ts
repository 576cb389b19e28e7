import { unpack } from 'msgpackr';
import { DataType, StatusCodes, Variant } from 'node-opcua-client';
import { expect, test } from 'vitest';
import { readEdgeConfig, type SourceOf } from '../../../pipelines/edge/edge-config.ts';
import type { EdgeMemory, Receipt } from '../../../pipelines/edge/memory.ts';
import type { ServerSession } from '../../../pipelines/edge/opcua/opcua-client.ts';
import { OpcuaIntake } from '../../../pipelines/edge/opcua/opcua-intake.ts';
import { Subscription } from '../../../pipelines/edge/opcua/opcua-subscription.ts';
import { createTally } from '../../../pipelines/edge/tally.ts';
import { temporaryFile } from '../../support/temporary.ts';

const T = Date.UTC(2026, 10, 30, 12);
const NODES = [{ node: 'ns=2;s=a' }, { node: 'ns=2;s=b' }];
const LABELS = ['a', 'b'].map((tag) => ({ machine: 'p', tag }));

/** A log that says when it has stored, and lives of an edge over it. */
function openLog() {
  const stored: { late: boolean; payload: Record<string, unknown> }[] = [];
  const known = new Set<string>();
  const memory = {
    ...{ largest: 1_000_000, stored: Number.POSITIVE_INFINITY },
    get taken() {
      return stored.length;
    },
    has: (subject: string, id: string) => known.has(`${subject} ${id}`),
    async store(
      { subject, payload }: { subject: string; payload: Uint8Array },
      { id }: Receipt,
      late?: 'late',
    ) {
      known.add(`${subject} ${id}`);
      return stored.push({ late: late !== undefined, payload: unpack(payload) });
    },
  };
  const life = (
    clocks: readonly string[] = ['source', 'source'],
    history = '1h',
    signals: object = {},
  ) => {
    const nodes = NODES.map((each, at) => ({ ...each, machine: 'p', clock: clocks[at] }));
    const opcua = { endpoint: 'opc.tcp://plc:4840', nodes, history };
    const settings = {
      ...{ edge: 'e1', centre: { domain: 'hub' }, assets: { p: 'works.line1.press' }, signals },
      sources: [{ name: 'plc', kind: 'opcua', opcua }],
    };
    const config = readEdgeConfig(temporaryFile('edge.yaml', JSON.stringify(settings)));
    const { opcua: read } = config.sources[0] as SourceOf<'opcua'>;
    const intake = new OpcuaIntake('plc', read, {
      ...{ config, memory: memory as unknown as EdgeMemory, record: () => undefined },
      tally: createTally('plc', () => undefined),
      onFailure: (error) => {
        throw error;
      },
    });
    const wanted = LABELS.map((labels, at) => ({
      ...{ nodeId: NODES[at]?.node ?? '', labels },
      entry: read.nodes[at] as (typeof read.nodes)[number],
    }));
    return { config: read, intake, begin: (name: string) => intake.begin(wanted, name) };
  };
  const late = () =>
    stored.flatMap(({ late: isLate, payload }) =>
      isLate ? Object.entries(payload.values as object).map((each) => each.flat().join(' ')) : [],
    );
  const gaps = () =>
    stored.flatMap(({ payload }) => (payload.type === 'gap' ? [payload.data as object] : []));
  return { memory, life, late, gaps };
}

const of = (value: number, time: number) => ({
  ...{ value: new Variant({ dataType: DataType.Double, value }), statusCode: StatusCodes.Good },
  sourceTimestamp: new Date(time),
});
const said = (
  sequence: number,
  published: number,
  ...values: readonly [number, number, number][]
) => ({
  ...{ sequence, published },
  values: values.map(([handle, value, time]) => ({ handle, value: of(value, time) })),
});

/** A server that has one value of each node in its history, 30 s after the last one. */
function sessionWith(onRead: (nodeId: string) => void = () => undefined) {
  const asked: { nodeId: string; from: number }[] = [];
  const session = {
    async historyRead(request: {
      nodesToRead: { nodeId: { toString(): string } }[];
      historyReadDetails: { startTime: Date };
    }) {
      const nodeId = String(request.nodesToRead[0]?.nodeId);
      onRead(nodeId);
      asked.push({ nodeId, from: request.historyReadDetails.startTime.getTime() });
      const value = nodeId.endsWith('a') ? 1 : 2;
      const historyData = { dataValues: [of(value, T - 1_000), of(value, T + 30_000)] };
      return { results: [{ statusCode: StatusCodes.Good, historyData }] };
    },
  };
  return { session: session as unknown as ServerSession, asked };
}

/** A subscription, a break of a minute, and another subscription with its first values. */
async function breakOf({ intake, begin }: ReturnType<ReturnType<typeof openLog>['life']>) {
  begin('one');
  await intake.take(said(1, T, [0, 10, T - 5_000], [1, 20, T]));
  begin('two');
  intake.miss(T + 60_000);
  await intake.take(said(1, T + 60_000, [0, 11, T + 59_000], [1, 21, T + 59_000]));
}

test('a history that was not read to its end is read in the next life, each value once', async () => {
  const { life, late, gaps } = openLog();
  const first = life();
  await breakOf(first);
  const stop = new AbortController();
  // The connection breaks while the second node is read.
  const breaks = sessionWith((nodeId) => {
    if (!nodeId.endsWith('b')) return;
    stop.abort();
    throw new Error('the connection broke');
  });
  await first.intake.readAgain(breaks.session, stop.signal);
  expect(late()).toEqual(['a 1 1']);
  expect(gaps()).toEqual([]);
  const written = JSON.parse(JSON.stringify(first.intake.unread));
  expect(written).toMatchObject([{ since: T, to: T + 60_000 }]);

  const second = life();
  second.intake.resume(first.intake.seen, first.intake.lastSaid, written);
  second.begin('two');
  await second.intake.take(said(2, T + 90_000, [0, 12, T + 90_000]));
  const { session } = sessionWith();
  await second.intake.readAgain(session, new AbortController().signal);
  expect(late()).toEqual(['a 1 1', 'b 2']);
  expect(second.intake.unread).toEqual([]);
  expect(gaps()).toEqual([]);
});

test('what was read stays to be read until it is stored', async () => {
  const { life, memory } = openLog();
  const { intake, ...rest } = life();
  await breakOf({ intake, ...rest });
  memory.stored = 0;
  await intake.readAgain(sessionWith().session, new AbortController().signal);
  expect(intake.unread).toHaveLength(1);
  memory.stored = memory.taken;
  intake.settle();
  expect(intake.unread).toEqual([]);
});

test('the history of a node is asked for from its own last value on; one whose arrival counts has a gap', async () => {
  const { life, gaps, late } = openLog();
  const edge = life(['source', 'arrival']);
  await breakOf(edge);
  const { session, asked } = sessionWith();
  await edge.intake.readAgain(session, new AbortController().signal);
  expect(asked).toEqual([{ nodeId: 'ns=2;s=a', from: T - 5_000 }]);
  expect(late()).toHaveLength(1);
  expect(gaps()).toMatchObject([{ signals: 1, why: expect.stringContaining('clock: arrival') }]);
});

test('of a list its hash is kept, by which it is known again', async () => {
  const { intake, begin } = openLog().life();
  begin('one');
  const list = (numbers: number[]) => ({
    ...of(0, T),
    value: new Variant({
      dataType: DataType.Double,
      value: Float64Array.from(numbers),
      arrayType: 1,
    }),
  });
  const take = (sequence: number, numbers: number[]) =>
    intake.take({ sequence, published: T, values: [{ handle: 0, value: list(numbers) }] });
  await take(1, [1, 2, 3]);
  const [, { value = null } = {}] = intake.lastSaid[0] ?? [];
  expect(value).toEqual(expect.stringMatching(/^[\w-]{27}$/));
  await take(2, [1, 2, 3]);
  expect(intake.lastSaid[0]?.[1].value).toBe(value);
  await take(3, [1, 2, 4]);
  expect(intake.lastSaid[0]?.[1].value).not.toBe(value);
});

test('whoever takes a subscription over waits as long for news as was agreed with the server', async () => {
  const hints: number[] = [];
  const session = {
    createSubscription: async () => ({
      ...{ subscriptionId: 7, revisedPublishingInterval: 30_000, revisedMaxKeepAliveCount: 3 },
    }),
    transferSubscriptions: async () => ({ results: [{ statusCode: StatusCodes.Good }] }),
    publish(request: { requestHeader: { timeoutHint: number } }, done: (error: Error) => void) {
      hints.push(request.requestHeader.timeoutHint);
      done(new Error('enough'));
    },
  } as unknown as ServerSession;
  const { config } = openLog().life();
  const options = {
    ...{ config, wanted: [], stored: () => 0, onMissed: () => undefined },
    take: async () => 0,
  };
  const made = await Subscription.create(session, options);
  const key = JSON.parse(JSON.stringify(made.key));
  const taken = await Subscription.takeOver(session, key, options);
  await taken.run(session);
  // Two requests wait, and the answer has its own time.
  expect(hints[0]).toBe(2 * 90_000 + 10_000);
});

test('two nodes with one name in the plant model, at one time, do not hide each other', async () => {
  const { memory, life } = openLog();
  const stored: unknown[] = [];
  const { store } = memory;
  memory.store = (message, receipt, late) => {
    stored.push(unpack(message.payload).values);
    return store(message, receipt, late);
  };
  const { intake, begin } = life(undefined, undefined, { a: { as: 'speed' }, b: { as: 'speed' } });
  begin('one');
  await intake.take(said(1, T, [0, 7, T], [1, 8, T]));
  expect(stored).toEqual([{ speed: 7 }, { speed: 8 }]);
});
