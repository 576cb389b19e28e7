import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import type { StageId } from '../../../../operators/flow/flow.ts';
import type { Key } from '../../../../operators/model/key.ts';
import { DISK } from '../../../../pipelines/base/disk.ts';
import { streamManager } from '../../../../pipelines/nats/jetstream.ts';
import { connectNats } from '../../../../pipelines/nats/nats.ts';
import {
  checkpointBucket,
  ensureCheckpoints,
  objectStream,
} from '../../../../pipelines/nats/streams.ts';
import type { InternalEvent } from '../../../../pipelines/observe/observe.ts';
import { createCopies } from '../../../../pipelines/worker/copies/copies.ts';
import { fillDirectory, takeSkipped } from '../../../../pipelines/worker/copies/fill.ts';
import { openCheckpointObjects } from '../../../../pipelines/worker/copies/objects.ts';
import { openCheckpoints } from '../../../../pipelines/worker/epochs/checkpoints.ts';
import { openCursors, placeCursor } from '../../../../pipelines/worker/epochs/cursors.ts';
import { openSkipped, SKIPPED } from '../../../../pipelines/worker/epochs/poison.ts';
import { packPart } from '../../../../pipelines/worker/epochs/state-image.ts';
import { startNats, type TestNats } from '../../../stand/nats.ts';
import { until } from '../../../stand/stand.ts';
import { RUN } from '../../../support/in-process-worker.ts';
import { longTest } from '../../../support/long.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

let server: TestNats;
let connection: NatsConnection;

beforeAll(async () => {
  server = await startNats();
  connection = await connectNats({ servers: server.url, name: 'test' });
});
afterAll(async () => {
  await connection?.close();
  await server?.stop();
});

/** What a checkpoint consists of: some pieces of an object. */
const PART = packPart({
  ...{ stage: 'window' as StageId, version: 1, head: undefined },
  closed: ['x'.repeat(300_000) as Key],
});

/** Each test has a partition of its own. */
async function partition(number: number) {
  await ensureCheckpoints(connection, number);
  const objects = await openCheckpointObjects(connection, number);
  const stream = objectStream(checkpointBucket(number));
  const { streams } = await streamManager(connection);
  const recorded: InternalEvent[] = [];
  const record = (event: InternalEvent) => void recorded.push(event);
  const has = async () => (await objects.list('')).map(({ name }) => name.split('/').at(-1));

  /** The subject of the pieces of an object whose name ends so. */
  async function piecesOf(ending: string): Promise<string> {
    const { state } = await streams.info(stream, { subjects_filter: '>' });
    const [object] = (await objects.list('')).filter(({ name }) => name.endsWith(ending));
    const encoded = Buffer.from(object?.name ?? '').toString('base64url');
    const [described] = Object.keys(state.subjects ?? {}).filter((one) => one.includes(encoded));
    const description = await streams.getMessage(stream, { last_by_subj: described ?? '' });
    const { nuid } = description?.json<{ nuid: string }>() ?? { nuid: '' };
    return `$O.${checkpointBucket(number)}.C.${nuid}`;
  }

  /** A worker's directory, and the copies of it. `taken`: how far its sinks are by the log of commits. */
  function owner(taken: () => number, directory = temporaryDirectory()) {
    for (const part of ['checkpoints', 'epochs', 'cursors']) {
      mkdirSync(join(directory, part), { recursive: true });
    }
    const refused = (file: string) => expect.fail(file);
    const checkpoints = openCheckpoints(DISK, join(directory, 'checkpoints'), refused);
    const drain = new AbortController();
    const given = { signal: new AbortController().signal, drain: drain.signal };
    const copies = createCopies({
      ...{ objects, run: RUN, directory, disk: DISK, taken, record, ...given },
    });
    const running = copies.run();
    onTestFinished(async () => {
      drain.abort();
      await running;
    });
    /** B is a base, i an increment; each is copied before the next one is written. */
    const write = async (kinds: string, from: number) => {
      for (const [at, kind] of [...kinds].entries()) {
        const epoch = from + at;
        const states = { whole: kind === 'B', parts: [PART] };
        await checkpoints.write({ ...RUN, epoch, to: epoch * 10, states });
        copies.wake();
        await copies.settled();
      }
    };
    return { directory, checkpoints, copies, write };
  }

  /** Another host, whose directory is empty. `taken`: how far the sinks are by the log of commits. */
  async function filled(
    taken: number,
    last: number,
    hasTaken: boolean | (() => Promise<boolean | undefined>) = true,
    directory = temporaryDirectory(),
    writer = { owner: 'hall-8', host: 'b', directory },
  ) {
    const by = { owner: 'hall-7', host: 'a', directory: '/a', holding: 'x' };
    const cursor = { epoch: taken, to: taken * 10 };
    const cursors = new Map([['clickhouse', cursor]]);
    const end = { last: { epoch: last, to: last * 10 }, cursors, before: by };
    const place = { objects, run: RUN, directory, disk: DISK };
    await fillDirectory({
      ...place,
      ...{
        sinks: ['clickhouse'],
        partitions: 1,
        end,
        record,
        writer,
        signal: new AbortController().signal,
      },
      hasTaken: typeof hasTaken === 'boolean' ? async () => hasTaken : hasTaken,
    });
    await takeSkipped({ ...place, record, signal: new AbortController().signal });
    return { directory, names: readdirSync(join(directory, 'checkpoints')).sort() };
  }
  return { objects, stream, streams, recorded, has, owner, filled, piecesOf };
}

/** B1 and i2: the base of epoch 1, the increment of epoch 2. */
function names(...short: readonly string[]): string[] {
  return short.map((name) => {
    const epoch = Number(name.slice(1));
    const kind = name.startsWith('B') ? 'checkpoint' : 'increment';
    return `${String(epoch).padStart(12, '0')}_${epoch * 10}.${kind}`;
  });
}

test('the cluster has what the directory has, and from where a sink may still have to be sent epochs', async () => {
  const { owner, has } = await partition(1);
  let taken = 2;
  const { write } = owner(() => taken);
  await write('BiBiBi', 1);
  expect(await has()).toEqual(names('B1', 'i2', 'B3', 'i4', 'B5', 'i6'));
  taken = 6;
  await write('B', 7);
  expect(await has()).toEqual(names('B5', 'i6', 'B7'));
});

test('an empty directory of another host is filled: the newest chain, cursors, the list of poison', async () => {
  const { owner, filled, recorded } = await partition(2);
  const first = owner(() => 0);
  await (await openSkipped(DISK, first.directory)).add(7, 'Error: at /a/plant.ts');
  await first.write('BiiBi', 1);
  const { directory, names: found } = await filled(5, 8);
  expect(found).toEqual(names('B4', 'i5'));
  expect(recorded).toContainEqual(
    expect.objectContaining({ kind: 'directory-filled', epoch: 5, to: 50, owner: 'hall-7' }),
  );
  const cursors = await openCursors(DISK, join(directory, 'cursors'), ['clickhouse'], 0);
  expect(cursors.of('clickhouse')).toEqual({ epoch: 5, to: 50 });
  // Each by itself, as they may have been sent already.
  expect(cursors.maybeSingle('clickhouse', 8)).toBe(true);
  expect((await openSkipped(DISK, directory)).reasonFor(7)).toBe('Error: at /a/plant.ts');
});

test('where a sink is further behind, the chain from which its epochs can be cut again is taken', async () => {
  const { owner, filled } = await partition(3);
  await owner(() => 0).write('BiiBi', 1);
  expect((await filled(3, 5)).names).toEqual(names('B1', 'i2', 'i3'));
  // Nothing ends before the first epoch here.
  expect((await filled(0, 5)).names).toEqual([]);
});

test('a run that began behind the first message of its log is filled before its sinks have taken anything', async () => {
  const { owner, filled } = await partition(11);
  const { checkpoints, write } = owner(() => 0);
  await checkpoints.write({ ...RUN, epoch: 0, to: 990, states: { whole: true, parts: [PART] } });
  await write('B', 100);
  expect((await filled(0, 120)).names).toEqual(['000000000000_990.checkpoint']);
});

test('a damaged copy is passed over for what is before it', async () => {
  const { owner, filled, recorded, stream, streams, piecesOf } = await partition(4);
  await owner(() => 0).write('BiBii', 1);
  const damage = async (name: string) => {
    const subject = await piecesOf(name);
    const piece = await streams.getMessage(stream, { last_by_subj: subject });
    await streams.deleteMessage(stream, piece?.seq ?? 0, false);
    await connection.request(subject, new Uint8Array(1_000));
  };
  await damage(names('i5')[0] ?? '');
  expect((await filled(5, 5)).names).toEqual(names('B3', 'i4'));
  expect(recorded).toContainEqual(expect.objectContaining({ kind: 'checkpoint-refused' }));
  await damage(names('B3')[0] ?? '');
  expect((await filled(5, 5)).names).toEqual(names('B1', 'i2'));
});

test('a directory with state is left as it is, one that is too far behind is filled', async () => {
  const { owner, filled } = await partition(5);
  await owner(() => 0).write('B', 6_000);
  const other = owner(() => 0);
  await other.checkpoints.write({
    ...RUN,
    epoch: 999,
    to: 9_990,
    states: { whole: true, parts: [] },
  });
  await placeCursor(DISK, join(other.directory, 'cursors'), 'clickhouse', {
    ...{ cursor: { epoch: 999, to: 9_990 }, single: 0 },
  });
  expect((await filled(5_999, 6_000, true, other.directory)).names).toEqual(names('B999'));
  expect((await filled(6_000, 6_000, true, other.directory)).names).toEqual(names('B6000'));
});

test('a directory in which another one has worked since is filled from a newer copy', async () => {
  const { owner, filled, recorded } = await partition(12);
  await owner(() => 0).write('Bi', 1);
  async function old() {
    const { directory, checkpoints } = owner(() => 0);
    await checkpoints.write({ ...RUN, epoch: 1, to: 10, states: { whole: true, parts: [] } });
    return directory;
  }
  const silent = async () => undefined;
  expect((await filled(2, 3, true, await old())).names).toEqual(names('B1', 'i2'));
  // A warehouse that was put back together with the directory gets from it what it lacks; requests wait for no warehouse.
  expect((await filled(2, 3, false, await old())).names).toEqual(names('B1'));
  expect((await filled(2, 3, silent, await old())).names).toEqual(names('B1'));
  // A copy that is no newer, a directory that knows more than the log, and the one of who worked last.
  expect((await filled(1, 3, true, await old())).names).toEqual(names('B1'));
  expect((await filled(0, 0, true, await old())).names).toEqual(names('B1'));
  const last = { owner: 'hall-7', host: 'a', directory: '/a' };
  expect((await filled(2, 3, true, await old(), last)).names).toEqual(names('B1'));
  expect(recorded.filter(({ kind }) => kind === 'directory-filled')).toHaveLength(1);
});

test('a warehouse that does not answer is asked until it does, where nothing else is left', async () => {
  const { owner, filled, recorded } = await partition(13);
  await owner(() => 0).write('Bi', 1);
  const answers = [undefined, true];
  expect((await filled(2, 2, async () => answers.shift())).names).toEqual(names('B1', 'i2'));
  expect(recorded.filter(({ kind }) => kind === 'fill-waiting')).toHaveLength(1);
  const later = [undefined, false];
  await expect(filled(2, 2, async () => later.shift())).rejects.toThrow(/that has epoch 2/);
});

test('a warehouse that has not what the log says is refused, and the directory stays empty', async () => {
  const { owner, filled } = await partition(6);
  await owner(() => 0).write('Bi', 1);
  const directory = temporaryDirectory();
  await expect(filled(2, 2, false, directory)).rejects.toThrow(/a clickhouse that has epoch 2/);
  expect(readdirSync(join(directory, 'checkpoints'))).toEqual([]);
});

test('what is left of an object that was never whole goes, when nobody can be at it any more', async () => {
  const { owner, objects, stream, streams, has } = await partition(7);
  await owner(() => 0).write('B', 1);
  const bucket = checkpointBucket(7);
  const whole = async () => (await streams.info(stream)).state.messages;
  const before = await whole();
  await connection.request(`$O.${bucket}.C.torn`, new Uint8Array(1_000));
  await objects.tidy();
  expect(await whole()).toBe(before + 1);
  const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 700_000);
  onTestFinished(() => clock.mockRestore());
  await objects.tidy();
  expect(await whole()).toBe(before);
  expect(await has()).toEqual(names('B1'));
});

test('an object whose pieces were taken back, as its answer was lost, is none: it is put again', async () => {
  const { owner, filled, has, stream, streams, piecesOf, objects } = await partition(10);
  const { write, copies, directory } = owner(() => 0);
  await (await openSkipped(DISK, directory)).add(7, 'Error: at /a/plant.ts');
  await write('Bi', 1);
  for (const ending of [names('i2')[0] ?? '', SKIPPED]) {
    await streams.purge(stream, { filter: await piecesOf(ending) });
  }
  expect(await has()).toEqual(names('B1'));
  expect((await filled(2, 2)).names).toEqual(names('B1'));
  copies.wake();
  await copies.settled();
  expect(await has()).toEqual([...names('B1', 'i2'), SKIPPED]);
  await streams.purge(stream, { filter: await piecesOf(names('i2')[0] ?? '') });
  const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 700_000);
  onTestFinished(() => clock.mockRestore());
  const { messages } = (await streams.info(stream)).state;
  await objects.tidy();
  expect((await streams.info(stream)).state.messages).toBe(messages - 1);
  expect(await has()).toEqual([...names('B1'), SKIPPED]);
});

test('what cannot be copied is copied once the bucket is there again', async () => {
  const { owner, has, recorded, streams, stream } = await partition(8);
  const { write, checkpoints, copies } = owner(() => 0);
  await write('B', 1);
  await streams.delete(stream);
  const states = { whole: false, parts: [PART] };
  await checkpoints.write({ ...RUN, epoch: 2, to: 20, states });
  copies.wake();
  await until('a copy to fail', 30_000, async () =>
    recorded.some(({ kind }) => kind === 'checkpoint-copy-failed'),
  );
  await ensureCheckpoints(connection, 8);
  await copies.settled();
  expect(await has()).toEqual(names('B1', 'i2'));
}, 60_000);

longTest(
  'what is under way while nats-server is killed is copied once it is back',
  90_000,
  async () => {
    const { owner, has, filled } = await partition(9);
    const { write, checkpoints, copies } = owner(() => 0);
    await write('B', 1);
    await checkpoints.write({ ...RUN, epoch: 2, to: 20, states: { whole: false, parts: [PART] } });
    copies.wake();
    await server.kill();
    await server.start();
    await copies.settled();
    expect(await has()).toEqual(names('B1', 'i2'));
    expect((await filled(2, 2)).names).toEqual(names('B1', 'i2'));
  },
);

test('a list of poison is not put over that of another owner, which came behind the look at it', async () => {
  const { objects } = await partition(14);
  expect(await objects.revisionOf(SKIPPED)).toBe(0);
  await objects.put(SKIPPED, Buffer.from('first'), 0);
  const seen = await objects.revisionOf(SKIPPED);
  await objects.put(SKIPPED, Buffer.from('of another owner'), seen);
  await expect(objects.put(SKIPPED, Buffer.from('second'), seen)).rejects.toThrow();
  expect(String(await objects.get(SKIPPED))).toBe('of another owner');
});

test('what a lost owner copied beyond where the next one begins does not stand between its copies', async () => {
  const { owner, filled, has } = await partition(15);
  await owner(() => 4).write('BiiBii', 1);
  const { directory, names: found } = await filled(4, 6);
  expect(found).toEqual(names('B4'));
  const { write, copies } = owner(() => 4, directory);
  await copies.settled();
  expect(await has()).toEqual(names('B4'));
  // Epochs 5 and 6 once more, and in other checkpoints.
  await write('Bi', 5);
  expect(await has()).toEqual(names('B4', 'B5', 'i6'));
  expect((await filled(6, 6)).names).toEqual(names('B5', 'i6'));
});
