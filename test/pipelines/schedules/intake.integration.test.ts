import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Problem } from '../../../pipelines/base/problem.ts';
import { startReferencePlanner } from '../../../pipelines/demo/reference-planner/reference-planner.ts';
import {
  type ScheduleIntake,
  type TakenSchedule,
  takeScheduleFolder,
  takeScheduleFrom,
  takeScheduleQueue,
} from '../../../pipelines/schedules/intake.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const HEADING = 'plant,line,id,kind,start,end';
const row = (id: string) => `p1,l1,${id},order,2026-12-01T06:00:00Z,2026-12-01T09:00:00Z`;

let nats: TestNats;
let connection: NatsConnection;
let taken: TakenSchedule[];
let refused: Problem[];
const intake = (): ScheduleIntake => {
  [taken, refused] = [[], []];
  return {
    ...{ connection, partitions: 1, given: {}, signal: new AbortController().signal },
    answered: new Map(),
    onTaken: (one) => taken.push(one),
    onRefused: (problem) => refused.push(problem),
  };
};

beforeAll(async () => {
  nats = await startNats();
  connection = await connect({ servers: nats.url });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'ANDON_0', subjects: ['schedule.>'] });
  await manager.streams.add({ name: 'MES', subjects: ['mes.>'] });
});
afterAll(async () => {
  await connection?.close();
  await nats?.stop();
});

/** Ids of the entries of the last message of a line. */
async function lastOf(line: string): Promise<readonly string[]> {
  const manager = await jetstreamManager(connection);
  const found = await manager.streams.getMessage('ANDON_0', { last_by_subj: `schedule.${line}` });
  const { entries } = found?.json<{ entries: { id: string }[] }>() ?? { entries: [] };
  return entries.map(({ id }) => id);
}

test('a folder: what is in the log is put away, what cannot be read too, and what is being written stays', async () => {
  const folder = temporaryDirectory();
  mkdirSync(join(folder, 'other'));
  writeFileSync(join(folder, 'a.csv'), `${HEADING}\n${row('o-1')}\n`);
  writeFileSync(join(folder, 'b.xml'), '<OperationsSchedule>');
  writeFileSync(join(folder, 'c.csv'), `${HEADING}\n${row('o-2')}\n${row('o-3')}\n`);
  writeFileSync(join(folder, 'd.csv.tmp'), HEADING);
  await takeScheduleFolder(intake(), folder);
  expect(taken.map(({ entries, lines }) => [entries, lines])).toEqual([
    [1, ['p1/l1']],
    [2, ['p1/l1']],
  ]);
  expect(refused.map(({ message }) => message)).toEqual([expect.stringContaining('b.xml')]);
  expect(readdirSync(join(folder, 'taken'))).toEqual([
    expect.stringMatching(/-a\.csv$/),
    expect.stringMatching(/-c\.csv$/),
  ]);
  expect(readdirSync(join(folder, 'refused'))).toEqual([expect.stringMatching(/-b\.xml$/)]);
  expect(readdirSync(folder)).toEqual(['d.csv.tmp', 'other', 'refused', 'taken']);
  expect(await lastOf('p1.l1')).toEqual(['o-2', 'o-3']);
});

test('files by their numbers, and one that cannot be read or is too large holds up none behind it', async () => {
  const folder = temporaryDirectory();
  writeFileSync(join(folder, 's-10.csv'), `${HEADING}\n${row('newer')}\n`);
  writeFileSync(join(folder, 's-9.csv'), `${HEADING}\n${row('older')}\n`);
  writeFileSync(join(folder, 'a-large.csv'), Buffer.alloc(16_000_001, 'x'));
  await takeScheduleFolder(intake(), folder);
  expect(await lastOf('p1.l1')).toEqual(['newer']);
  expect(refused.map(({ message }) => message)).toEqual([expect.stringContaining('a-large.csv')]);
  expect(readdirSync(folder)).toEqual(['refused', 'taken']);
});

test('an address that says the same is not published again, and one that sends us on gets no further', async () => {
  const seen: string[] = [];
  const server = createServer(({ url = '' }, reply) => {
    seen.push(url);
    if (url === '/moved') reply.writeHead(302, { location: '/elsewhere' }).end();
    else reply.end(`${HEADING}\n${row('h-1')}\n`);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const again = intake();
  await takeScheduleFrom(again, `${base}/plan`, {});
  await takeScheduleFrom(again, `${base}/plan`, {});
  expect(taken).toHaveLength(1);
  await expect(takeScheduleFrom(again, `${base}/moved`, { 'X-Api-Key': 'k' })).rejects.toThrow(
    '302',
  );
  expect(seen).toEqual(['/plan', '/plan', '/moved']);
  server.close();
});

test('the log does not take it: the file stays, and is taken the next time', async () => {
  const folder = temporaryDirectory();
  writeFileSync(join(folder, 'a.csv'), `${HEADING}\n${row('o-4')}\n`);
  const manager = await jetstreamManager(connection);
  await manager.streams.update('ANDON_0', { subjects: ['other.>'] });
  await expect(takeScheduleFolder(intake(), folder)).rejects.toThrow();
  expect(readdirSync(folder)).toEqual(['a.csv']);
  await manager.streams.update('ANDON_0', { subjects: ['schedule.>'] });
  await takeScheduleFolder(intake(), folder);
  expect(await lastOf('p1.l1')).toEqual(['o-4']);
});

test('by HTTP from a planner, in the words of ISA-95, with the orders as an accepted window has moved them', async () => {
  const journal = join(temporaryDirectory(), 'planner.ndjson');
  const planner = await startReferencePlanner({ journal });
  const shown = { 'X-Api-Key': 'reference', 'Content-Type': 'application/json' };
  const call = async (method: string, path: string, body: object = {}) => {
    const request = { method, headers: shown, body: JSON.stringify(body) };
    return (await (await fetch(`${planner.url}${path}`, request)).json()) as { id: string };
  };
  const times = (start: string, end: string) => ({
    ...{ start: `2026-12-01T${start}:00Z`, end: `2026-12-01T${end}:00Z` },
  });
  const line = 'p1/l2';
  await call('PUT', '/admin/orders', { id: 'o-1', line, ...times('06:00', '09:00'), quantity: 40 });
  await call('PUT', '/admin/orders', { id: 'o-2', line, ...times('12:00', '13:00') });
  const { id } = await call('POST', '/api/windows', { line, ...times('07:00', '08:00') });
  await call('POST', `/api/windows/${id}/accept`);
  const url = `${planner.url}/api/schedule?line=p1/l2`;
  await takeScheduleFrom(intake(), url, { 'X-Api-Key': 'reference' });
  const manager = await jetstreamManager(connection);
  const found = await manager.streams.getMessage('ANDON_0', { last_by_subj: 'schedule.p1.l2' });
  const [start, end] = [Date.parse('2026-12-01T08:00:00Z'), Date.parse('2026-12-01T11:00:00Z')];
  expect(found?.json()).toMatchObject({
    entries: [
      { id: 'o-1', kind: 'order', start, end, quantity: 40 },
      { id: 'o-2', start: Date.parse('2026-12-01T12:00:00Z') },
      { id, kind: 'maintenance', start: Date.parse('2026-12-01T07:00:00Z'), end: start },
    ],
  });
  await expect(takeScheduleFrom(intake(), url, {})).rejects.toThrow('401');
  await planner.close();
  await expect(takeScheduleFrom(intake(), url, {})).rejects.toThrow('a schedule');
});

test('from a queue: acknowledged when it is in the log, and what cannot be read holds nothing up', async () => {
  for (const text of [`${HEADING}\n${row('q-1')}`, 'what?', `${HEADING}\n${row('q-2')}`]) {
    await jetstream(connection).publish('mes.schedule', text);
  }
  const queue = { stream: 'MES', durable: 'andon-schedule' };
  await takeScheduleQueue(intake(), queue);
  expect(taken.map(({ entries }) => entries)).toEqual([1, 1]);
  expect(refused.map(({ message }) => message)).toEqual([
    expect.stringContaining('mes.schedule, message 2 of MES'),
  ]);
  expect(await lastOf('p1.l1')).toEqual(['q-2']);
  // Another time it begins where it was.
  await jetstream(connection).publish('mes.schedule', `${HEADING}\n${row('q-3')}`);
  await takeScheduleQueue(intake(), queue);
  expect(taken).toHaveLength(1);
  expect(await lastOf('p1.l1')).toEqual(['q-3']);
});

test('from a queue: what the log does not take comes again before what is behind it', async () => {
  const manager = await jetstreamManager(connection);
  const queue = { stream: 'MES', durable: 'in-order' };
  await takeScheduleQueue(intake(), queue);
  for (const id of ['q-4', 'q-5']) {
    await jetstream(connection).publish('mes.schedule', `${HEADING}\n${row(id)}`);
  }
  await manager.streams.update('ANDON_0', { subjects: ['other.>'] });
  await expect(takeScheduleQueue(intake(), queue)).rejects.toThrow();
  await manager.streams.update('ANDON_0', { subjects: ['schedule.>'] });
  await takeScheduleQueue(intake(), queue);
  expect(taken).toHaveLength(2);
  expect(await lastOf('p1.l1')).toEqual(['q-5']);
});
