import { cpSync, readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Message, Sequence } from '../../../../operators/model/message.ts';
import { createNotifier } from '../../../../pipelines/base/notifier.ts';
import type { Gap, Log } from '../../../../pipelines/nats/log.ts';
import type { InternalEvent } from '../../../../pipelines/observe/observe.ts';
import { plant } from '../../../../pipelines/plant.ts';
import { deliverEpochs } from '../../../../pipelines/worker/delivery/delivery.ts';
import { openEpochStore } from '../../../../pipelines/worker/epochs/epoch-store.ts';
import { runEpochs } from '../../../../pipelines/worker/epochs/epochs.ts';
import { createBlocks } from '../../../../sinks/clickhouse/blocks.ts';
import type { Blocks } from '../../../../sinks/sink.ts';
import { runWorker } from '../../../support/in-process-worker.ts';
import { memoryCommits, UNFENCED } from '../../../support/memory-commits.ts';
import { memoryLog } from '../../../support/memory-log.ts';
import { MemorySink } from '../../../support/memory-sink.ts';
import { logOf, plantLife } from '../../../support/plant-log.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const messages = logOf(plantLife(7, 240));
const RUN = { pipeline: 'plant', run: '1', stream: 'MEMORY', created: '2026-01-01T00:00:00Z' };

/** One life over a log, with a backlog of so many files, until the log has ended. */
async function run(
  log: Log | ((after: number, signal: AbortSignal) => Log),
  options: {
    readonly signal?: AbortSignal;
    readonly files?: number;
    readonly rows?: number;
    readonly directory?: string;
    readonly createBlocks?: () => Blocks;
  } = {},
): Promise<{ sink: MemorySink; recorded: InternalEvent[] }> {
  const { files = 1_000, rows = 100, directory = temporaryDirectory() } = options;
  const sink = new MemorySink('clickhouse');
  const store = await openEpochStore(directory, [sink.name], () => {});
  const notifier = createNotifier();
  const recorded: InternalEvent[] = [];
  const record = (event: InternalEvent) => void recorded.push(event);
  const drain = new AbortController();
  const { signal = new AbortController().signal } = options;
  let epoch = 0;
  const checkpointed = () => epoch;
  const delivering = deliverEpochs({
    ...{
      commits: UNFENCED,
      sink,
      notes: sink,
      createBlocks,
      store,
      notifier,
      record,
      checkpointed,
      signal,
    },
    drain: drain.signal,
  });
  await runEpochs({
    ...{
      run: RUN,
      pipeline: plant,
      store,
      commits: UNFENCED,
      directory,
      createBlocks: options.createBlocks ?? createBlocks,
      notifier,
      record,
      signal,
      abort: signal,
    },
    openLog: async (...asked) => (typeof log === 'function' ? log(...asked) : log),
    limits: { seconds: 60, rows, bytes: 1e9, checkpointEvery: 5 },
    backlog: { files, bytes: 1e9 },
    onCheckpoint(now) {
      epoch = now;
    },
  });
  drain.abort();
  await delivering;
  return { sink, recorded };
}

describe('epochs', () => {
  test('an epoch with a request ends soon, without a checkpoint; one without lasts its time', async () => {
    const waitsOver = async (given: readonly Message[]) => {
      const waits: number[] = [];
      const log: Log = {
        ...memoryLog(messages),
        async pull(_limit, wait) {
          waits.push(wait);
          if (waits.length === 1) return { messages: given, gaps: [], ended: false };
          // Nothing is in the epoch under way: the one before has ended.
          if (wait < 1_000) await pause(wait);
          return { messages: [], gaps: [], ended: wait >= 1_000 };
        },
      };
      const { recorded } = await run(log, { rows: 1e6 });
      const checkpoints = recorded.filter(({ kind }) => kind === 'checkpoint-written');
      expect(checkpoints).toHaveLength(1);
      return waits.at(-1);
    };
    expect(await waitsOver(messages)).toBe(1_000);
    expect(await waitsOver(messages.slice(0, 50))).toBeGreaterThan(1_000);
  });

  test('a worker that dies again and again before its next checkpoint has one all the same', async () => {
    const directory = temporaryDirectory();
    const written: number[] = [];
    for (const dies of [2, 4, 6]) {
      const dying = runWorker({
        ...{ directory, messages, pipeline: plant, rows: 100, most: () => 20 },
        sinks: [new MemorySink('clickhouse')],
        record(event) {
          if (event.kind === 'checkpoint-written') written.push(event.epoch);
          if (event.kind === 'epoch-written' && event.epoch === dies) {
            throw new Error('killed');
          }
        },
      });
      await expect(dying).rejects.toThrow('killed');
    }
    // Every third epoch: the lives are of two each.
    expect(written).toContain(3);
  });

  test('a worker that is stopped while nothing can be committed ends, and the next one goes on', async () => {
    const directory = temporaryDirectory();
    const [sink, whole] = [new MemorySink('clickhouse'), new MemorySink('clickhouse')];
    const commits = memoryCommits();
    const [drain, late] = [new AbortController(), new AbortController()];
    const life = { messages, pipeline: plant, rows: 100, most: () => 20 };
    await runWorker({
      ...{ ...life, directory, sinks: [sink], drain: drain.signal, late: late.signal },
      commits: {
        ...commits,
        async append(bytes, after) {
          if (commits.entries.length > 3) throw new Error('no answer');
          return commits.append(bytes, after);
        },
      },
      record({ kind }) {
        if (kind !== 'commit-retry') return;
        if (drain.signal.aborted) late.abort(new Error('stopped before all was committed'));
        drain.abort();
      },
    });
    expect(sink.count('epochs')).toBeGreaterThan(0);
    await runWorker({ ...life, directory, sinks: [sink], commits });
    await runWorker({ ...life, directory: temporaryDirectory(), sinks: [whole] });
    expect(sink.facts()).toEqual(whole.facts());
  });

  test('an older directory is refused when commits that it needs are no longer there', async () => {
    const [directory, copy] = [temporaryDirectory(), join(temporaryDirectory(), 'copy')];
    const commits = memoryCommits();
    const sinks = [new MemorySink('clickhouse')];
    const life = { messages, pipeline: plant, rows: 100, most: () => 20, commits };
    const dying = runWorker({
      ...{ ...life, directory, sinks },
      record({ kind }) {
        if (kind === 'epoch-landed' && sinks[0]!.count('epochs') > 3) throw new Error('killed');
      },
    });
    await expect(dying).rejects.toThrow('killed');
    cpSync(directory, copy, { recursive: true });
    await runWorker({ ...life, directory, sinks });
    // nats-server keeps so many of a subject: here the one that says how far all is, and none of an epoch.
    commits.entries.splice(0, commits.entries.length - 1);
    const refused = runWorker({ ...life, directory: copy, sinks });
    await expect(refused).rejects.toThrow(/which clickhouse has not taken yet, found none of/);
  });

  test('a gap that is pulled alone becomes a dead letter with the message after it', async () => {
    const gap: Gap = { kind: 'trimmed', from: 1 as Sequence, to: 9 as Sequence };
    const batches = [{ messages: [], gaps: [gap], ended: false }];
    const rest = { messages: messages.slice(9, 50), gaps: [], ended: true };
    const log = { ...memoryLog(messages), pull: async () => batches.shift() ?? rest };
    const { sink, recorded } = await run(log);
    expect(sink.deadLetters()).toMatchObject({ 'trimmed ingest ': 9 });
    expect(recorded.filter(({ kind }) => kind === 'gap')).toHaveLength(1);
  });

  test('files that have landed and only wait for a checkpoint do not stop the pulling', async () => {
    const { sink, recorded } = await run(
      memoryLog(messages, 0, () => 20),
      { files: 3 },
    );
    expect(sink.count('epochs')).toBeGreaterThan(5);
    expect(recorded.findLast(({ kind }) => kind === 'sink-behind')).toMatchObject({ files: 0 });
  });

  test('the oldest file that waits can be cut again, however many checkpoints came after it', async () => {
    const directory = temporaryDirectory();
    const away = new MemorySink('clickhouse', async () => {
      throw new Error('away');
    });
    const life = { directory, messages, pipeline: plant, rows: 100, most: () => 20 };
    const dying = runWorker({
      ...life,
      sinks: [away],
      record(event) {
        if (event.kind === 'epoch-written' && event.epoch === 14) throw new Error('killed');
      },
    });
    await expect(dying).rejects.toThrow('killed');
    const [oldest = ''] = readdirSync(join(directory, 'epochs')).sort();
    truncateSync(join(directory, 'epochs', oldest), 100);
    const [sink, whole] = [new MemorySink('clickhouse'), new MemorySink('clickhouse')];
    const kinds: string[] = [];
    await runWorker({ ...life, sinks: [sink], record: ({ kind }) => void kinds.push(kind) });
    expect(kinds).toContain('epoch-file-damaged');
    expect(kinds).not.toContain('replay-mismatch');
    await runWorker({ ...life, directory: temporaryDirectory(), sinks: [whole] });
    expect(sink.facts()).toEqual(whole.facts());
  });

  test('what every sink has is not kept in memory when it is worked again from an old checkpoint', async () => {
    const directory = temporaryDirectory();
    const log = (after: number) => memoryLog(messages, after);
    await run(log, { directory });
    const checkpoints = join(directory, 'checkpoints');
    const [oldest = '', ...others] = readdirSync(checkpoints).sort();
    expect(oldest).toMatch(/checkpoint$/);
    expect(others.length).toBeGreaterThan(1);
    for (const name of others) truncateSync(join(checkpoints, name), 10);
    expect(readdirSync(join(directory, 'epochs'))).toEqual([]);
    let most = 0;
    const counted = () => {
      const blocks = createBlocks();
      return new Proxy(blocks, {
        get(target, name) {
          most = Math.max(most, target.rows);
          const value: unknown = Reflect.get(target, name);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    };
    const { sink } = await run(log, { directory, createBlocks: counted });
    expect(sink.count('epochs')).toBe(0);
    // One message may have many rows.
    expect(most).toBeGreaterThan(100);
    expect(most).toBeLessThan(300);
  });

  test('without a checkpoint before a damaged file it does not begin with empty states', async () => {
    const directory = temporaryDirectory();
    const life = { directory, messages, pipeline: plant, rows: 100, most: () => 20 };
    const away = new MemorySink('clickhouse', async () => {
      throw new Error('away');
    });
    const dying = runWorker({
      ...life,
      sinks: [away],
      record(event) {
        if (event.kind === 'checkpoint-written') throw new Error('killed');
      },
    });
    await expect(dying).rejects.toThrow('killed');
    const checkpoints = join(directory, 'checkpoints');
    for (const name of readdirSync(checkpoints).filter((one) => one.startsWith('000000000000'))) {
      truncateSync(join(checkpoints, name), 10);
    }
    const [oldest = ''] = readdirSync(join(directory, 'epochs')).sort();
    truncateSync(join(directory, 'epochs', oldest), 100);
    const sink = new MemorySink('clickhouse');
    await expect(runWorker({ ...life, sinks: [sink] })).rejects.toThrow('whole checkpoint');
  });

  test('told to stop while its log is opened, or says where it begins, it ends with that', async () => {
    const opened = new AbortController();
    const opening = run(
      (_after, signal) => {
        opened.abort(new Error('told to stop'));
        signal.throwIfAborted();
        return memoryLog(messages);
      },
      { signal: opened.signal },
    );
    await expect(opening).rejects.toThrow('told to stop');
    const asked = new AbortController();
    const log: Log = {
      ...memoryLog(messages),
      async state() {
        asked.abort(new Error('told to stop'));
        throw new Error('no answer');
      },
    };
    await expect(run(log, { signal: asked.signal })).rejects.toThrow('told to stop');
  });

  test('a checkpoint of another version of a state is refused with what to do', async () => {
    const directory = temporaryDirectory();
    const few = messages.slice(0, 50);
    const life = { directory, messages: few, sinks: [new MemorySink('clickhouse')] };
    await runWorker({ ...life, pipeline: plant });
    const later: typeof plant = (states) =>
      plant({
        ...states,
        knowledge: states.knowledge,
        restore(id) {
          const snapshot = states.restore(id);
          return snapshot === undefined ? undefined : { ...snapshot, version: 0 };
        },
      });
    await expect(runWorker({ ...life, pipeline: later })).rejects.toThrow(
      /expected a checkpoint that this version of Andon can go on from, found stage \w+: expected state of version \d, found version 0\. Go on with the version that wrote it, or begin a new run/,
    );
  });
});
