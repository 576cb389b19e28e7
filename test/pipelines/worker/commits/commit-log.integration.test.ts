import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXIT, Problem } from '../../../../pipelines/base/problem.ts';
import { streamManager } from '../../../../pipelines/nats/jetstream.ts';
import { connectNats } from '../../../../pipelines/nats/nats.ts';
import { COMMIT_STREAM, ensureCommits } from '../../../../pipelines/nats/streams.ts';
import type { InternalEvent } from '../../../../pipelines/observe/observe.ts';
import { createReadiness } from '../../../../pipelines/observe/readiness.ts';
import {
  type CommitLog,
  type NewCommit,
  openCommitLog,
} from '../../../../pipelines/worker/commits/commit-log.ts';
import { openCommitStore } from '../../../../pipelines/worker/commits/commit-store.ts';
import { startNats, type TestNats } from '../../../stand/nats.ts';
import { type Relay, startRelay } from '../../../stand/relay.ts';
import { RUN } from '../../../support/in-process-worker.ts';

/** Milliseconds: nobody waits for long here. */
const ANSWER = 300;

let server: TestNats;
let relay: Relay;
let plain: NatsConnection;
/** Its conversation with the server can be held. */
let behind: NatsConnection;

beforeAll(async () => {
  server = await startNats();
  relay = await startRelay(server.port);
  const servers = `nats://127.0.0.1:${relay.port}`;
  plain = await connectNats({ servers: server.url, name: 'plain' });
  behind = await connectNats({ servers, name: 'behind' });
  await ensureCommits(plain);
});
afterAll(async () => {
  for (const connection of [plain, behind]) await connection?.close();
  relay?.close();
  await server?.stop();
});

type Opened = { readonly log: CommitLog; readonly recorded: InternalEvent[] };

/** Takes a log of commits over. Each test has a pipeline of its own. */
async function take(
  pipeline: string,
  owner: string,
  connection = plain,
  signal = new AbortController().signal,
): Promise<Opened> {
  const recorded: InternalEvent[] = [];
  const run = { ...RUN, pipeline };
  const subject = { pipeline, partition: 0, run: run.run };
  const store = await openCommitStore(connection, subject, ANSWER);
  const writer = { owner, host: owner, directory: '/var/andon/plant-0' };
  const record = (event: InternalEvent) => void recorded.push(event);
  const log = await openCommitLog({ store, run, writer, record, signal, patience: 1_000 });
  return { log, recorded };
}

function epoch(number: number, cursor = 0): NewCommit {
  const [from, to] = [number * 10 - 9, number * 10];
  const cursors = { clickhouse: { epoch: cursor, to: cursor * 10 } };
  const print = { sha256: `sha ${number}`, tables: { readings: '7 0badcafe' }, format: 1 };
  return { kind: 'epoch', epoch: number, from, to, ...print, cursors, checkpoint: 0 };
}

async function countOf(pipeline: string): Promise<number> {
  const { streams } = await streamManager(plain);
  const subjects_filter = `commit.${pipeline}.>`;
  const { state } = await streams.info(COMMIT_STREAM, { subjects_filter });
  return state.subjects?.[`commit.${pipeline}.0.1`] ?? 0;
}

describe('the log of commits', () => {
  test('tells whoever takes over what is committed, from the oldest epoch that is needed on', async () => {
    const { log } = await take('told', 'hall-7');
    expect(await log.recall(1)).toMatchObject({ last: { epoch: 0, to: 0 }, epochs: [], own: true });
    for (const number of [1, 2, 3, 4]) await log.append(epoch(number, number - 1), number - 1);
    const batch = { first: 3, last: 4, apart: [] };
    const { cursors } = epoch(4, 2);
    const head = { epoch: 4, to: 40, cursors, checkpoint: 2 };
    await log.append({ kind: 'batch', sink: 'clickhouse', batch, ...head }, 3);
    const history = await (await take('told', 'hall-8')).log.recall(3);
    expect(history.last).toEqual({ epoch: 4, to: 40 });
    expect(history.epochs.map((each) => each.epoch)).toEqual([3, 4]);
    expect(history.epochs[1]).toMatchObject({ from: 31, to: 40, sha256: 'sha 4' });
    expect(history.cursors.get('clickhouse')).toEqual({ epoch: 2, to: 20 });
    expect(history.batches.get('clickhouse')).toEqual([batch]);
    expect(history.own).toBe(false);
    // Nothing was committed in between, and so it is the same for the next one: it may be that nothing was sent, either.
    const again = (await take('told', 'hall-8')).log;
    expect(await again.recall(3)).toMatchObject({ ...history, own: false, before: {} });
    // A directory may be older than its owner thought that anybody's is.
    const all = await again.recall(1);
    expect(all.epochs.map((each) => each.epoch)).toEqual([1, 2, 3, 4]);
    expect((await again.recall(2)).epochs.map((each) => each.epoch)).toEqual([2, 3, 4]);
  });

  test('takes nothing of an owner that was paused while another one took over', async () => {
    const first = await take('paused', 'hall-7');
    await first.log.append(epoch(1), 1);
    const second = await take('paused', 'hall-8');
    const refused = await first.log.append(epoch(2), 1).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Problem);
    expect(refused).toMatchObject({ exit: EXIT.owned });
    expect(String(refused)).toMatch(/hall-7 owns the partition, found that hall-8 on hall-8 has/);
    expect(first.recorded).toContainEqual({
      ...{ kind: 'owner-lost', stream: RUN.stream, owner: 'hall-8' },
    });
    await second.log.append(epoch(2), 1);
    const { epochs } = await (await take('paused', 'hall-9')).log.recall(1);
    expect(epochs.map((each) => each.epoch)).toEqual([1, 2]);
  });

  test('has an entry once, when its answer is lost, and when the entry itself is', async () => {
    const { log, recorded } = await take('lost', 'hall-7', behind);
    const ask = /PUB commit\.lost\.0\.1/;
    for (const moment of [{ ask }, { ask, answer: /"stream": ?"ANDON_COMMITS"/ }]) {
      const held = relay.hold(moment);
      const appending = log.append(epoch(1), 1);
      (await held).cut();
      await appending;
    }
    expect(recorded.map(({ kind }) => kind)).toContain('commit-retry');
    // Its beginning, and the two.
    expect(await countOf('lost')).toBe(3);
  });

  test('is waited for while nats-server does not answer, and readiness says so', async () => {
    const { log, recorded } = await take('away', 'hall-7');
    const readiness = createReadiness();
    server.pause();
    const appended: number[] = [];
    const appending = [1, 2].map(async (number) => {
      await log.append(epoch(number), 1);
      appended.push(number);
    });
    const retries = () => recorded.filter(({ kind }) => kind === 'commit-retry').length;
    await expect.poll(retries, { timeout: 60_000 }).toBeGreaterThan(2);
    expect(appended).toEqual([]);
    for (const event of recorded) readiness.watch(event);
    expect(readiness.unready().join()).toContain('nothing can be committed, so nothing lands');
    readiness.watch({ kind: 'epoch-committed', epoch: 1, to: 10, milliseconds: 1 });
    expect(readiness.unready().join()).not.toContain('nothing can be committed');
    server.resume();
    await Promise.all(appending);
    expect(appended).toEqual([1, 2]);
    expect(await countOf('away')).toBe(3);
  });

  test('gives up when it is told to', async () => {
    const stop = new AbortController();
    const { log } = await take('stopped', 'hall-7', plain, stop.signal);
    server.pause();
    const appending = log.append(epoch(1), 1);
    stop.abort(new Error('told to stop'));
    await expect(appending).rejects.toThrow('told to stop');
    server.resume();
  });

  test('that was made by another release is not taken for one of this', async () => {
    await plain.request('commit.other.0.1', '{"kind":"vote"}');
    await expect(take('other', 'hall-7')).rejects.toThrow(
      /expected an entry that this release of Andon can read, found \{"kind":"vote"\}/,
    );
  });

  test('ends an owner whose stream is deleted, or that has no right to it', async () => {
    const permissions = (deny: string) => `permissions { publish: { deny: ["${deny}"] } }`;
    const other = await startNats({
      config: `authorization { users [
        { user: admin, password: admin },
        { user: reader, password: reader, ${permissions('commit.>')} },
        { user: blind, password: blind, ${permissions('$JS.API.STREAM.MSG.GET.>')} }
      ] }`,
    });
    const connections = await Promise.all(
      ['admin', 'reader', 'blind'].map((user) =>
        connectNats({ servers: other.url, name: user, user, password: user }),
      ),
    );
    const [admin = plain, ...others] = connections;
    await ensureCommits(admin);
    for (const connection of others) {
      const refused = take('rights', 'hall-7', connection);
      await expect(refused).rejects.toMatchObject({ exit: EXIT.outside });
      await expect(refused).rejects.toThrow(
        /expected to read it and to append to it, found .*commi/i,
      );
    }
    const { log } = await take('rights', 'hall-8', admin);
    await (await streamManager(admin)).streams.delete(COMMIT_STREAM);
    await expect(log.append(epoch(1), 1)).rejects.toThrow(/which was acknowledged, found no entry/);
    for (const connection of connections) await connection.close();
    await other.stop();
  });
});
