import { setTimeout as delay } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { createInbox, headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectNats } from '../../pipelines/nats/nats.ts';
import { createClickHouseSink } from '../../sinks/clickhouse/clickhouse.ts';
import { DATABASE_HEADER } from '../../sinks/clickhouse/client.ts';
import { DATABASE, startWarehouse } from '../sinks/clickhouse/started-warehouse.ts';
import { startNats, type TestNats } from '../stand/nats.ts';
import { KillableProcess } from '../support/crashes/killable-process.ts';
import { type VirtualTime, virtualTime } from '../support/crashes/virtual-time.ts';
import { RUN } from '../support/in-process-worker.ts';
import { Network } from './network.ts';
import { simulatedConnection } from './simulated-connection.ts';
import { SimulatedNats } from './simulated-nats.ts';
import { SimulatedWarehouse, simulatedClient } from './simulated-warehouse.ts';

// What the simulated servers answer is what the real ones answer: each act is done to both, and the table says what comes.

/** A question or a message, and the parts of the answer that count. */
type Act = {
  readonly ask: string;
  readonly say?: object | string;
  readonly with?: Readonly<Record<string, string>>;
  readonly answer: object;
  /** Asked again until this is the answer: time has to pass. */
  readonly comes?: true;
};

const CREATE = '$JS.API.STREAM.CREATE';
const GET = '$JS.API.STREAM.MSG.GET';
const INFO = '$JS.API.STREAM.INFO';
const LAST = 'Nats-Expected-Last-Subject-Sequence';
const error = (code: number, err_code: number, description: string) => ({
  error: { code, err_code, description },
});
const message = (seq: number, subject: string) => ({ message: { seq, subject } });
const wrongLast = (found: number) => error(400, 10_071, `wrong last sequence: ${found}`);
const NONE = error(404, 10_037, 'no message found');
const SECOND = 1_000_000_000;

const ACTS: readonly Act[] = [
  { ask: `${INFO}.LOG`, answer: error(404, 10_059, 'stream not found') },
  { ask: `${GET}.LOG`, say: { seq: 1 }, answer: error(404, 10_059, 'stream not found') },
  { ask: 'log.a', answer: { status: 503 } },
  {
    ask: `${CREATE}.LOG`,
    say: { name: 'LOG', subjects: ['log.>'], storage: 'memory', duplicate_window: SECOND / 5 },
    answer: { config: { name: 'LOG', subjects: ['log.>'] }, state: { messages: 0, last_seq: 0 } },
  },
  // Expected sequences: those of the subject, 0 for none.
  { ask: 'log.a', with: { [LAST]: '0' }, answer: { stream: 'LOG', seq: 1 } },
  { ask: 'log.a', with: { [LAST]: '0' }, answer: wrongLast(1) },
  { ask: 'log.a', with: { [LAST]: '1' }, answer: { stream: 'LOG', seq: 2 } },
  { ask: 'log.b', with: { [LAST]: '2' }, answer: wrongLast(0) },
  { ask: 'log.b', with: { [LAST]: '0' }, answer: { stream: 'LOG', seq: 3 } },
  { ask: 'log.b', with: { 'Nats-Expected-Last-Sequence': '2' }, answer: wrongLast(3) },
  { ask: 'log.b', with: { 'Nats-Expected-Last-Sequence': '3' }, answer: { seq: 4 } },
  {
    ask: 'log.b',
    with: { 'Nats-Expected-Stream': 'OTHER' },
    answer: error(400, 10_060, 'expected stream does not match'),
  },
  // Ids, which come before what is expected, and are forgotten.
  { ask: 'log.c', with: { 'Nats-Msg-Id': 'x' }, answer: { seq: 5 } },
  { ask: 'log.c', with: { 'Nats-Msg-Id': 'x' }, answer: { seq: 5, duplicate: true } },
  { ask: 'log.d', with: { 'Nats-Msg-Id': 'x', [LAST]: '9' }, answer: { seq: 5, duplicate: true } },
  { ask: 'log.d', with: { 'Nats-Msg-Id': 'x', [LAST]: '9' }, answer: wrongLast(0), comes: true },
  // One message.
  { ask: `${GET}.LOG`, say: { last_by_subj: 'log.a' }, answer: message(2, 'log.a') },
  { ask: `${GET}.LOG`, say: { last_by_subj: 'log.*' }, answer: message(5, 'log.c') },
  { ask: `${GET}.LOG`, say: { last_by_subj: 'log.z' }, answer: NONE },
  { ask: `${GET}.LOG`, say: { seq: 3 }, answer: message(3, 'log.b') },
  { ask: `${GET}.LOG`, say: { seq: 9 }, answer: NONE },
  { ask: `${GET}.LOG`, say: { seq: 2, next_by_subj: 'log.b' }, answer: message(3, 'log.b') },
  { ask: `${GET}.LOG`, say: { seq: 3, next_by_subj: 'log.b' }, answer: message(3, 'log.b') },
  { ask: `${GET}.LOG`, say: { seq: 4, next_by_subj: 'log.a' }, answer: NONE },
  { ask: `${INFO}.LOG`, answer: { state: { messages: 5, first_seq: 1, last_seq: 5 } } },
  // A subject once and for ever, as requests.
  {
    ask: `${CREATE}.ONCE`,
    say: {
      ...{ name: 'ONCE', subjects: ['once.*'], storage: 'memory', discard: 'new' },
      ...{ max_msgs_per_subject: 1, discard_new_per_subject: true },
    },
    answer: { config: { name: 'ONCE' } },
  },
  { ask: 'once.a', say: '1', answer: { stream: 'ONCE', seq: 1 } },
  {
    ask: 'once.a',
    say: '2',
    answer: error(503, 10_077, 'maximum messages per subject exceeded'),
  },
  { ask: 'once.b', say: '1', answer: { stream: 'ONCE', seq: 2 } },
  // The last ones of a subject, as commits; then with an end, as leases.
  {
    ask: `${CREATE}.LAST`,
    say: { name: 'LAST', subjects: ['last.*'], storage: 'memory', max_msgs_per_subject: 2 },
    answer: { config: { name: 'LAST' } },
  },
  { ask: 'last.a', answer: { seq: 1 } },
  { ask: 'last.a', answer: { seq: 2 } },
  { ask: 'last.b', answer: { seq: 3 } },
  { ask: 'last.a', answer: { seq: 4 } },
  { ask: `${GET}.LAST`, say: { seq: 1 }, answer: NONE },
  { ask: `${GET}.LAST`, say: { seq: 0, next_by_subj: 'last.a' }, answer: message(2, 'last.a') },
  { ask: `${INFO}.LAST`, answer: { state: { messages: 3, first_seq: 2, last_seq: 4 } } },
  {
    ask: `${CREATE}.KV_K`,
    say: {
      ...{ name: 'KV_K', subjects: ['$KV.K.>'], storage: 'memory', max_msgs_per_subject: 1 },
      ...{ max_age: SECOND / 2, duplicate_window: SECOND / 5 },
    },
    answer: { config: { name: 'KV_K' } },
  },
  { ask: '$KV.K.a', say: 'one', with: { [LAST]: '0' }, answer: { seq: 1 } },
  { ask: '$KV.K.a', say: 'two', with: { [LAST]: '1' }, answer: { seq: 2 } },
  { ask: '$KV.K.a', say: 'old', with: { [LAST]: '1' }, answer: wrongLast(2) },
  { ask: `${GET}.KV_K`, say: { last_by_subj: '$KV.K.a' }, answer: message(2, '$KV.K.a') },
  { ask: `${GET}.KV_K`, say: { last_by_subj: '$KV.K.a' }, answer: NONE, comes: true },
  { ask: '$KV.K.a', say: 'old', with: { [LAST]: '2' }, answer: wrongLast(0) },
  { ask: '$KV.K.a', say: 'new', with: { [LAST]: '0' }, answer: { seq: 3 } },
  { ask: '$KV.K.a', with: { [LAST]: '3', 'KV-Operation': 'DEL' }, answer: { seq: 4 } },
  { ask: '$KV.K.a', say: 'new', with: { [LAST]: '0' }, answer: wrongLast(4) },
  { ask: '$KV.K.a', say: 'new', with: { [LAST]: '4' }, answer: { seq: 5 } },
  // A consumer without acknowledgements, made twice.
  ...[1, 2].map(
    (): Act => ({
      ask: '$JS.API.CONSUMER.CREATE.LOG.reader',
      say: {
        stream_name: 'LOG',
        config: {
          ...{ name: 'reader', ack_policy: 'none', deliver_policy: 'by_start_sequence' },
          ...{ opt_start_seq: 2, inactive_threshold: 60 * SECOND, mem_storage: true },
          ...{ replay_policy: 'instant', num_replicas: 1 },
        },
      },
      answer: { stream_name: 'LOG', name: 'reader', config: { opt_start_seq: 2 } },
    }),
  ),
];

/** What a request for messages brings, one after the other: subject and position, or a status. */
type Pulled = {
  readonly consumer: string;
  readonly demand: object;
  readonly publishes?: string;
  readonly brings: readonly string[];
};

const PULLS: readonly Pulled[] = [
  {
    ...{ consumer: 'reader', demand: { batch: 2 } },
    brings: ['log.a 2 1', 'log.b 3 2'],
  },
  {
    ...{ consumer: 'reader', demand: { batch: 9 } },
    brings: ['log.b 4 3', 'log.c 5 4', '408 Request Timeout'],
  },
  {
    ...{ consumer: 'reader', demand: { batch: 1 }, publishes: 'log.e' },
    brings: ['log.e 6 5'],
  },
  // One that is not there says nothing, not even by the time that the next one has answered.
  { ...{ consumer: 'nobody', demand: { batch: 1 } }, brings: [] },
  { ...{ consumer: 'reader', demand: { batch: 1 } }, brings: ['408 Request Timeout'] },
];

function answerOf(reply: Msg): object {
  const code = reply.headers?.code ?? 0;
  return code === 0 ? reply.json() : { status: code };
}

async function asked(connection: NatsConnection, { ask, say = '', with: told = {} }: Act) {
  const head = headers();
  for (const [name, value] of Object.entries(told)) head.set(name, value);
  const data = typeof say === 'string' ? say : JSON.stringify(say);
  const options = { timeout: 5_000, ...(Object.keys(told).length === 0 ? {} : { headers: head }) };
  try {
    return answerOf(await connection.request(ask, data, options));
  } catch (error) {
    return /no responders/.test(String(error)) ? { status: 503 } : { failed: String(error) };
  }
}

async function act(connection: NatsConnection, one: Act): Promise<void> {
  const told = `${one.ask} ${JSON.stringify(one.say ?? '')} ${JSON.stringify(one.with ?? {})}`;
  for (let tries = 0; one.comes === true && tries < 100; tries += 1) {
    const found = await asked(connection, one);
    if (JSON.stringify(found).includes(JSON.stringify(one.answer).slice(1, -1))) return;
    await delay(50);
  }
  expect(await asked(connection, one), told).toMatchObject(one.answer);
}

/** Gives what has come, to look at it again later. */
async function pull(
  connection: NatsConnection,
  { consumer, demand, publishes, brings }: Pulled,
): Promise<readonly string[]> {
  const inbox = createInbox();
  const brought: string[] = [];
  const told = new Promise<void>((resolve) => {
    connection.subscribe(`${inbox}.*`, {
      callback(_error, { subject, reply = '', headers: head }) {
        const code = head?.code ?? 0;
        if (code === 100) return;
        const [sequence, count] = reply.split('.').slice(-4, -2);
        const status = `${code} ${head?.description ?? ''}`.trim();
        brought.push(code === 0 ? `${subject} ${sequence} ${count}` : status);
        if (brought.length === brings.length) resolve();
      },
    });
  });
  const question = { expires: SECOND / 4, idle_heartbeat: SECOND / 10, ...demand };
  connection.publish(`$JS.API.CONSUMER.MSG.NEXT.LOG.${consumer}`, JSON.stringify(question), {
    reply: `${inbox}.1`,
  });
  if (publishes !== undefined) connection.publish(publishes);
  if (brings.length > 0) await told;
  return brought;
}

function calmProcess(time: VirtualTime): KillableProcess {
  return new KillableProcess({
    ...{ death: undefined, onTold: () => undefined, busy: time.busy, pause: () => 0 },
  });
}

async function allActs(connection: NatsConnection): Promise<void> {
  for (const one of ACTS) await act(connection, one);
  const brought: (readonly string[])[] = [];
  for (const one of PULLS) brought.push(await pull(connection, one));
  expect(brought).toEqual(PULLS.map(({ brings }) => brings));
}

/** A table that remembers three tokens: what is inserted, and the rows that are there then. */
const WINDOW = 3;
const INSERTS: readonly (readonly [from: number, value: string, rows: string])[] = [
  [1, 'a', 'a'],
  [2, 'b', 'a b'],
  [1, 'a', 'a b'],
  // Other bytes under a token that is known: nothing is said, and nothing is taken.
  [1, 'x', 'a b'],
  [3, 'c', 'a b c'],
  [1, 'a', 'a b c'],
  [4, 'd', 'a b c d'],
  // The first token is forgotten now: coming again has not kept it.
  [1, 'e', 'a b c d e'],
  [3, 'x', 'a b c d e'],
];

async function allInserts(client: ClickHouseClient, rows: () => Promise<readonly string[]>) {
  const sink = createClickHouseSink(client, { database: DATABASE });
  const contentOf = (from: number, value: string) => {
    const data = Buffer.from(JSON.stringify({ value }));
    const blocks = [{ table: 'tokens', format: 'JSONEachRow' as const, rows: 1, data }];
    const content = { ...RUN, ...{ epoch: from, from, to: from, revisions: [], commands: [] } };
    return { ...content, blocks };
  };
  for (const [from, value, expected] of INSERTS) {
    await sink.write(contentOf(from, value), new AbortController().signal);
    expect([...(await rows())].sort().join(' '), `insert ${from} ${value}`).toBe(expected);
  }
  // Told to stop in the moment in which an insert begins.
  const before = [...(await rows())].sort();
  const stop = new AbortController();
  const writing = sink.write(contentOf(5, 'f'), stop.signal);
  stop.abort(new Error('told to stop'));
  await expect(writing).rejects.toThrow();
  expect([...(await rows())].sort(), 'nothing is sent any more').toEqual(before);
}

test('the embedded ClickHouse', async () => {
  const { client, rows } = await startWarehouse();
  const settings = `non_replicated_deduplication_window = ${WINDOW}`;
  await client.command({
    query: `CREATE DATABASE ${DATABASE}`,
    http_headers: { [DATABASE_HEADER]: 'default' },
  });
  const table = `${DATABASE}.tokens (value String) ENGINE = MergeTree ORDER BY value`;
  await client.command({ query: `CREATE TABLE ${table} SETTINGS ${settings}` });
  await allInserts(client, async () => {
    const found = await rows<{ value: string }>(`SELECT value FROM ${DATABASE}.tokens`);
    return found.map(({ value }) => value);
  });
});

test('the simulated ClickHouse', async () => {
  const time = virtualTime();
  try {
    const network = new Network({ lost: 0, late: 0, doubled: 0 }, [], 0, Math.random);
    const warehouse = new SimulatedWarehouse(WINDOW);
    const client = simulatedClient({ warehouse, network, host: 0, process: calmProcess(time) });
    const rows = async () => warehouse.rows('tokens').map(({ value }) => String(value));
    await time.until(allInserts(client, rows));
  } finally {
    time.end();
  }
});

describe('nats-server', () => {
  let server: TestNats;
  let connection: NatsConnection;
  beforeAll(async () => {
    server = await startNats();
    connection = await connectNats({ servers: server.url, name: 'same answers' });
  });
  afterAll(async () => {
    await connection?.close();
    await server?.stop();
  });

  test('the real one', () => allActs(connection));
});

test('the simulated nats-server', async () => {
  const time = virtualTime();
  try {
    const network = new Network({ lost: 0, late: 0, doubled: 0 }, [], 0, Math.random);
    const process = calmProcess(time);
    const server = new SimulatedNats();
    await time.until(allActs(simulatedConnection({ server, network, host: 0, process })));
  } finally {
    time.end();
  }
});
