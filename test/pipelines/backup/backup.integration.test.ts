import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checksOf, factsOf, landedTo } from '../../stand/landed.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';
import { publishFirstHalf, publishSecondHalf, readingsOf } from '../../stand/outcome.ts';
import { recordedPlant } from '../../stand/recorded-plant.ts';
import { type Stand, startStand, until, worksAt } from '../../stand/stand.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

/** Seconds of three machines. */
const LASTS = 300;
const folder = temporaryDirectory();
const plant = recordedPlant(folder, LASTS, 17);
const backup = join(folder, 'backup');
const started: { stop(): Promise<unknown> }[] = [];

let first: Stand;
let last: number;

function keep<T extends { stop(): Promise<unknown> }>(one: T): T {
  started.push(one);
  return one;
}

afterAll(async () => {
  for (const one of started.reverse()) await one.stop();
});

beforeAll(async () => {
  first = keep(await startStand());
  const half = await publishFirstHalf(first, plant);
  await first.worker.start();
  await until('the first half to land', 60_000, async () => (await landedTo(first)) === half);
  expect(await andonOf(first, 'backup', backup)).toMatchObject({ code: 4 });
  await first.worker.stop();
  // Plants go on publishing while the worker is stopped.
  last = await publishSecondHalf(first, plant);
});

function andonOf(stand: Stand, ...args: readonly string[]) {
  return stand.andon([...args, '--config', stand.config]);
}

/** All that must be the same, wherever it was worked. */
async function outcomeOf(stand: Stand) {
  await until('everything to land', 60_000, async () => (await landedTo(stand)) >= last);
  expect(await checksOf(stand)).toEqual({});
  return { facts: await factsOf(stand), readings: await readingsOf(stand) };
}

describe('a backup of a whole installation', () => {
  test('restored on an empty host, it goes on as the first one did, and doubles nothing', async () => {
    const made = await andonOf(first, 'backup', backup, '--json');
    expect(made).toMatchObject({ code: 0, err: '' });
    await first.worker.start();
    const expected = await outcomeOf(first);
    // What the worker had not read yet is in it.
    expect(JSON.parse(made.out).messages).toBeGreaterThanOrEqual(last);
    const requests = await requestsOf(first.nats);
    expect(requests.length).toBeGreaterThan(0);
    const works = (await worksAt(first)).length;
    await first.worker.stop();

    const nats = keep(await startNats({ config: 'max_payload: 8MB' }));
    const second = keep(await startStand({ nats, config: { cmms: await cmmsOf(first) } }));
    expect(await andonOf(second, 'restore', backup, '--json')).toMatchObject({ code: 0, err: '' });
    await second.worker.start();
    expect(await outcomeOf(second)).toEqual(expected);
    const isSame = async () => (await requestsOf(nats)).length === requests.length;
    await until('the same requests', 30_000, isSame);
    expect(await requestsOf(nats)).toEqual(requests);
    expect((await worksAt(first)).length).toBe(works);
    expect(await andonOf(second, 'restore', backup)).toMatchObject({ code: 2 });
  }, 400_000);

  test('one that was changed, or was not finished, is refused and nothing is made of it', async () => {
    const nats = keep(await startNats());
    const empty = keep(await startStand({ nats }));
    const [name = ''] = readdirSync(join(backup, 'streams'));
    appendFileSync(join(backup, 'streams', name), 'x');
    const { code, err } = await andonOf(empty, 'restore', backup);
    expect(code).toBe(2);
    expect(err).toMatch(/expected a backup as .* found other bytes/);
    expect((await andonOf(empty, 'restore', folder)).err).toMatch(/none: it was not finished/);
    expect(await streamsOf(nats)).toEqual([]);
  }, 200_000);
});

/** How the workers of a stand find their CMMS. */
async function cmmsOf({ config }: Stand): Promise<object> {
  return JSON.parse(readFileSync(config, 'utf8')).cmms;
}

async function streamsOf({ url }: TestNats): Promise<string[]> {
  const connection = await connect({ servers: url });
  const names: string[] = [];
  for await (const name of (await jetstreamManager(connection)).streams.names()) names.push(name);
  await connection.close();
  return names;
}

/** Subject and content of every revision in the outbox stream. */
async function requestsOf({ url }: TestNats): Promise<string[]> {
  const connection = await connect({ servers: url });
  try {
    const { streams } = await jetstreamManager(connection);
    const { state } = await streams.info('ANDON_REQUESTS');
    const found: string[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
      const message = await streams.getMessage('ANDON_REQUESTS', { seq });
      if (message !== null) found.push(`${message.subject} ${message.string()}`);
    }
    return found;
  } finally {
    await connection.close();
  }
}
