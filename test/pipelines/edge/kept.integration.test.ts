import type { NatsConnection } from '@nats-io/transport-node';
import { unpack } from 'msgpackr';
import { afterEach, expect, test } from 'vitest';
import { isOfKind, readEdgeConfig } from '../../../pipelines/edge/edge-config.ts';
import { KeptReadings } from '../../../pipelines/edge/kept.ts';
import { openMemory } from '../../../pipelines/edge/memory.ts';
import { createIntake } from '../../../pipelines/edge/mqtt-intake.ts';
import { createTally } from '../../../pipelines/edge/tally.ts';
import { streamManager } from '../../../pipelines/nats/jetstream.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { HELD_STREAM, UNKNOWN_STREAM } from '../../../pipelines/nats/streams.ts';
import type { InternalEvent } from '../../../pipelines/observe/observe.ts';
import { failingOnce, startNats, type TestNats } from '../../stand/nats.ts';
import { until } from '../../stand/stand.ts';
import { temporaryFile } from '../../support/temporary.ts';

const LONG = 60_000;
const NOW = Date.UTC(2026, 10, 30, 12);

let nats: TestNats | undefined;
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await nats?.stop();
  nats = undefined;
});

type Life = {
  readonly assets: object;
  readonly signals?: object;
  readonly unknown?: number;
  readonly through?: (own: NatsConnection) => NatsConnection;
};

/** One life of an edge over the same leaf node. */
async function live({ assets, signals = {}, unknown, through = (own) => own }: Life) {
  nats ??= await startNats();
  const connection = await connectNats({ servers: nats.url, name: 'test' });
  const topics = [{ topic: 'f/{machine}', time: { path: 'ts' } }];
  const content = {
    ...{ edge: 'e1', centre: { domain: 'hub' }, assets, signals },
    ...(unknown === undefined ? {} : { memory: { unknown } }),
    sources: [{ name: 'b', mqtt: { url: 'mqtt://b', topics } }],
  };
  const config = readEdgeConfig(temporaryFile('edge.yaml', JSON.stringify(content)));
  const events: InternalEvent[] = [];
  const record = (event: InternalEvent) => void events.push(event);
  const memory = await openMemory({ connection, config, record });
  const [tally, own] = [createTally('b', record), createTally('kept', record)];
  const [source] = config.sources;
  if (!isOfKind(source, 'mqtt')) throw new Error('expected a broker');
  const onFailure = (error: unknown) => Promise.reject(error);
  const { take } = createIntake({ source, context: { config, memory, tally, onFailure } });
  const over = new AbortController();
  const { signal } = over;
  const options = { config, memory, tally: own, record, signal, every: 20 };
  const kept = new KeptReadings({ ...options, connection: through(connection) });
  const ended = kept.run();
  const end = async () => {
    over.abort();
    await ended;
    memory.close();
    await connection.close();
  };
  ends.push(end);
  const send = async (machine: string, values: object) => {
    const payload = Buffer.from(JSON.stringify(values));
    const arrived = { topic: `f/${machine}`, payload, packet: 1, again: false, retained: false };
    const number = await take(arrived);
    await until('it to be stored', LONG, async () => memory.stored >= number);
  };
  return { connection, send, kept, tally, events, end: () => ends.pop()?.() };
}

async function messagesOf(connection: NatsConnection, stream: string) {
  const { streams } = await streamManager(connection);
  const { state } = await streams.info(stream);
  const found: { subject: string; payload: Record<string, unknown>; headers: string[] }[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    const message = await streams.getMessage(stream, { seq });
    if (message === null) continue;
    const { subject, data, header } = message;
    found.push({ subject, payload: unpack(data), headers: [...header.keys()] });
  }
  return found;
}

test('readings of a machine that is not known yet are kept, told by name, and given back once it is', async () => {
  const first = await live({ assets: { p2: 'w.l.press' } });
  await first.send('Presse 3', { ts: NOW, speed: 1, 'Temp °C': 40 });
  await first.send('Presse 3', { ts: NOW + 1_000, speed: 2 });
  await first.send('other', { ts: NOW, speed: 9 });
  expect(first.tally.status).toMatchObject({
    ...{ up_messages: 0, refused: { 'unknown-machine': 4 } },
  });
  await until('the names', LONG, async () => first.kept.status.messages === 3);
  expect(first.kept.status).toMatchObject({ machines: { 'Presse 3': 2, other: 1 }, given: 0 });
  await first.end();
  const second = await live({
    assets: { p2: 'w.l.press', 'Presse 3': 'w.l.third' },
    signals: { 'Temp °C': { as: 'temp', scale: 2 } },
    // A removal that fails leads to repeats, which have the same identity.
    through: (own) => failingOnce(own, 'STREAM.PURGE'),
  });
  await until('all of it', LONG, async () => second.kept.status.given === 2);
  await until('the status', LONG, async () => second.kept.status.messages === 1);
  expect(second.kept.status.machines).toEqual({ other: 1 });
  const held = await messagesOf(second.connection, HELD_STREAM);
  const given = held.filter(({ subject }) => subject === 'held.andon.0.telemetry.w.l.third');
  expect(given.map(({ payload }) => payload)).toEqual([
    { time: NOW, values: { speed: 1, temp: 80 } },
    { time: NOW + 1_000, values: { speed: 2 } },
  ]);
  for (const { headers } of given) {
    expect(headers).toEqual(expect.arrayContaining(['Andon-Backfill', 'Andon-Identity']));
  }
  expect(second.events.filter(({ kind }) => kind === 'edge-trouble')).toHaveLength(1);
});

test('what is kept has a bound, and the oldest go', async () => {
  const { connection, send, kept } = await live({ assets: { p2: 'w.l.press' }, unknown: 4_000 });
  for (let n = 0; n < 60; n += 1) await send('made-up', { ts: NOW + n, n });
  await until('the status', LONG, async () => kept.status.messages > 0);
  const messages = await messagesOf(connection, UNKNOWN_STREAM);
  expect(messages.length).toBeLessThan(40);
  expect(messages.at(-1)?.payload).toMatchObject([{ value: 59, time: NOW + 59 }]);
  expect(kept.status.bytes).toBeLessThanOrEqual(4_000);
});
