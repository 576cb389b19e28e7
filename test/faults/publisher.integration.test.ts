import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { afterEach, expect, test } from 'vitest';
import { type Child, startChild } from '../../pipelines/base/child.ts';
import { openJetstreamLog } from '../../pipelines/nats/log-reader.ts';
import { connectNats } from '../../pipelines/nats/nats.ts';
import { ensurePartition } from '../../pipelines/nats/streams.ts';
import { ANDON } from '../stand/code.ts';
import { checksOf, landedTo, rowsOf } from '../stand/landed.ts';
import { startNats, type TestNats } from '../stand/nats.ts';
import { type Relay, startRelay } from '../stand/relay.ts';
import { type Stand, startStand, until } from '../stand/stand.ts';
import { temporaryDirectory } from '../support/temporary.ts';

let nats: TestNats | undefined;
let stand: Stand | undefined;
let relay: Relay | undefined;
const children: Child[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  relay?.close();
  await stand?.stop();
  await nats?.stop();
  [relay, stand, nats] = [undefined, undefined, undefined];
});

const folder = temporaryDirectory();
const plant = join(folder, 'plant.yaml');
writeFileSync(plant, 'plants: [{ id: works, lines: [{ id: line1, assets: [{ id: press }] }] }]\n');

/** So many frames of one machine, 20 ms apart, each with its number as its value. */
function recordingOf(count: number): string {
  const file = join(temporaryDirectory(), 'press.ndjson');
  const lines = Array.from({ length: count }, (_, number) => {
    const time = Date.UTC(2026, 0, 1) + number * 20;
    const subject = 'telemetry.works.line1.press';
    return JSON.stringify({ subject, payload: { time, values: { number } } });
  });
  writeFileSync(file, lines.join('\n'));
  return file;
}

type Publisher = { readonly child: Child; readonly lines: readonly string[] };

async function startPublisher(url: string, ...args: readonly string[]): Promise<Publisher> {
  const lines: string[] = [];
  const child = await startChild({
    command: process.execPath,
    args: [ANDON, 'publish', ...args],
    env: { NATS_URL: url },
    onLine: (line) => lines.push(line),
  });
  children.push(child);
  return { child, lines };
}

async function endOf({ child, lines }: Publisher): Promise<string> {
  const { code } = await child.exited;
  expect(`${code}\n${lines.join('\n')}`).toMatch(/^0\n/);
  return lines.join('\n');
}

const connected = ({ url }: TestNats) => connectNats({ servers: url, name: 'test' });

/** The numbers of the frames in the stream, in its order. */
async function stored(server: TestNats): Promise<number[]> {
  const connection = await connected(server);
  const log = await openJetstreamLog({ connection, stream: 'ANDON_0', after: 0 });
  const { last } = await log.state();
  const numbers: number[] = [];
  for (let at = 0; at < last; ) {
    const { messages } = await log.pull(1_000, 1_000, AbortSignal.timeout(20_000));
    for (const { sequence, subject, payload } of messages) {
      at = sequence;
      if (subject.startsWith('telemetry.')) {
        numbers.push(JSON.parse(Buffer.from(payload).toString()).values.number);
      }
    }
  }
  await log.close();
  await connection.close();
  return numbers;
}

async function messagesIn(server: TestNats): Promise<number> {
  const connection = await connected(server);
  const manager = await jetstreamManager(connection);
  const count = await manager.streams.info('ANDON_0').then(
    ({ state }) => state.messages,
    () => 0,
  );
  await connection.close();
  return count;
}

/** The answers of the server from the hundredth on: what stands still there has been stored. */
const ANSWERS = { ask: /PUB \S*telemetry/, answer: /"seq": ?\d{3}\b/ };

/**
 * A publisher behind a relay that keeps the answers of the server back from about the hundredth on: whatever the speed of
 * this machine, messages wait, because only so many may be without an answer.
 */
async function startUnheard({ port }: TestNats, ...args: readonly string[]) {
  relay = await startRelay(port);
  const held = relay.hold(ANSWERS);
  const url = `nats://127.0.0.1:${relay.port}`;
  const publisher = await startPublisher(url, ...args);
  return { url, publisher, ...(await held) };
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

test('NATS away, the publisher killed meanwhile, both back: each message is in the stream, in order', async () => {
  const server = await startNats();
  nats = server;
  const spool = join(temporaryDirectory(), 'spool');
  const file = join(spool, 'spool');
  const recording = recordingOf(2_000);
  // 40 s of a machine in 5.
  const args = ['--live', '--speed', '8', '--spool', spool, recording];
  const { url, publisher: first, cut } = await startUnheard(server, ...args);
  await server.kill();
  cut();
  const size = statSync(file).size;
  await until('messages to gather', 20_000, async () => statSync(file).size > size + 60_000);
  expect(first.lines).toContain('NATS is away. Messages go into the spool.');
  first.child.kill('SIGKILL');
  await first.child.exited;
  const second = await startPublisher(url, ...args);
  const waits = 'NATS does not answer. It is waited for.';
  await until('it to miss NATS', 20_000, async () => second.lines.includes(waits));
  await server.restart();
  expect(await endOf(second)).toMatch(/NATS is back\.|messages .* are in the log/);
  // A live stream remembers ids for 0.1 s: what is sent again can stand in it twice, and counts once (the last test).
  expect([...new Set(await stored(server))]).toEqual(upTo(2_000));
  expect(existsSync(file)).toBe(false);
});

test('a full spool holds the source back, and drops nothing', async () => {
  const server = await startNats();
  nats = server;
  const spool = join(temporaryDirectory(), 'spool');
  const limits = ['--spool', spool, '--spool-limit', '40kB'];
  const args = ['--live', '--speed', '8', ...limits, recordingOf(1_000)];
  const { publisher, cut } = await startUnheard(server, ...args);
  await server.kill();
  cut();
  const full = /^The spool is full \(40kB\)\. Nothing more is read/;
  await until('a full spool', 20_000, async () => publisher.lines.some((line) => full.test(line)));
  expect(statSync(join(spool, 'spool')).size).toBeLessThanOrEqual(40_000);
  await server.restart();
  expect(await endOf(publisher)).toContain('The spool has room again.');
  // A live stream remembers ids for 0.1 s: what is sent again can stand in it twice, and counts once (the last test).
  expect([...new Set(await stored(server))]).toEqual(upTo(1_000));
});

test('killed with answers unheard and back after the window of the server: stored twice, counted once', async () => {
  stand = await startStand();
  const { nats: server } = stand;
  const connection = await connected(server);
  await ensurePartition(connection, { partition: 0, partitions: 1, replay: true });
  const manager = await jetstreamManager(connection);
  await manager.streams.update('ANDON_0', { duplicate_window: nanos(100) });
  await connection.close();
  const count = 2_000;
  const spool = join(temporaryDirectory(), 'spool');
  const args = ['--replay', '--model', plant, '--spool', spool, recordingOf(count), '--json'];
  const { url, publisher: first, cut } = await startUnheard(server, ...args);
  first.child.kill('SIGKILL');
  await first.child.exited;
  cut();
  expect(await messagesIn(server)).toBeLessThan(count);
  // The window of the server passes.
  await pause(500);
  await endOf(await startPublisher(url, ...args));
  const numbers = await stored(server);
  const doubled = numbers.length - count;
  expect(doubled).toBeGreaterThan(0);
  expect([...new Set(numbers)]).toEqual(upTo(count));
  await stand.worker.start();
  const last = await messagesIn(server);
  await until('everything to land', 40_000, async () => (await landedTo(stand!)) === last);
  const [readings] = await rowsOf(stand, 'SELECT toUInt32(count()) AS count FROM {db}.readings');
  expect(readings).toEqual({ count });
  const duplicates =
    "SELECT toUInt32(sum(count)) AS count FROM {db}.dead_letters WHERE reason = 'duplicate'";
  expect(await rowsOf(stand, duplicates)).toEqual([{ count: doubled }]);
  expect(await checksOf(stand)).toEqual({});
});
