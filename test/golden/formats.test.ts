import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, test } from 'vitest';
import type { StageId } from '../../operators/flow/flow.ts';
import { openSpool } from '../../pipelines/nats/spool.ts';
import { type EpochStore, openEpochStore } from '../../pipelines/worker/epochs/epoch-store.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** A directory of a worker and a spool, in the first version of all formats. Written once; never to be written again. */
const FIRST = fileURLToPath(new URL('formats', import.meta.url));
/** Checkpoints as they are since they can be increments. Written once, too. */
const SECOND = fileURLToPath(new URL('formats-2', import.meta.url));
const RUN = { pipeline: 'plant', run: '1', stream: 'ANDON_0', created: '2026-11-30T06:00:00Z' };

let directory: string;
let store: EpochStore;

beforeEach(async () => {
  directory = temporaryDirectory();
  cpSync(FIRST, directory, { recursive: true });
  store = await openEpochStore(directory, ['clickhouse', 'outbox'], expect.unreachable);
});

describe('what the first release with versions wrote is read for ever', () => {
  test('epoch files', async () => {
    const [first, second] = store.files.list;
    expect(second).toMatchObject({ epoch: 8, from: 71, to: 80 });
    const content = await store.files.read(first!);
    const blocks = [
      { table: 'readings', format: 'Native', rows: 1, data: Buffer.of(10, 0, 255, 7) },
      { table: 'epochs', format: 'JSONEachRow', rows: 1, data: Buffer.from('{"epoch":7}\n') },
    ];
    const revisions = [{ id: 'r1', revision: 7, content: '{"title":"Lagerschaden prüfen"}' }];
    // Files of before there were commands have none.
    const published = { revisions, commands: [] };
    expect(content).toEqual({ ...RUN, epoch: 7, from: 61, to: 70, blocks, ...published });
    expect(await store.files.holds(first!, content!)).toBe('same');
  });

  test('cursors and batches, each without the other too', async () => {
    const { cursors } = store;
    expect(cursors.of('clickhouse')).toEqual({ epoch: 6, to: 60 });
    expect(cursors.of('outbox')).toEqual({ epoch: 7, to: 70 });
    expect(cursors.batchFrom('clickhouse', 7)).toEqual({ first: 7, last: 8, apart: ['readings'] });
  });

  test('the list of skipped messages', () => {
    expect(store.skipped.reasonFor(33)).toBe('RangeError: no such part');
  });

  test('spools', async () => {
    const spool = await openSpool({
      directory: join(directory, 'spool'),
      limit: 1e6,
      publication: 'p',
    });
    expect(spool).toMatchObject({ taken: 2, delivered: 1 });
    const payload = Buffer.of(3);
    expect(spool.read()).toEqual({ subject: 'telemetry.p.l.b', headers: {}, payload });
    await spool.close();
  });
});

describe('checkpoints', () => {
  test('of the second version are a base and increments', async () => {
    const checkpoints = join(directory, 'checkpoints');
    rmSync(checkpoints, { recursive: true });
    cpSync(join(SECOND, 'checkpoints'), checkpoints, { recursive: true });
    const found = await store.checkpoints.newest(RUN, Number.POSITIVE_INFINITY);
    expect(found).toMatchObject({ ...RUN, epoch: 8, to: 80 });
    expect(found?.states.knowledge).toEqual({ models: {}, rules: {}, schedules: {} });
    const clocks = { keys: ['p/l'], times: Float64Array.of(8) };
    const timers = [
      { key: 'p/l/a', rule: 'r', due: 200_000, pauses: true },
      { key: 'p/l/c', rule: 'r', due: 30_000, pauses: false },
    ];
    const states = [
      ['p/l/a', keptState('p/l/a', 10, 200)],
      ['p/l/c', keptState('p/l/c', 30)],
    ];
    const snapshot = { version: 3, clocks, timers, states };
    expect(found?.states.restore('kept' as StageId)).toEqual(snapshot);
  });

  test('of the first version, which no release wrote, are refused with what to do', async () => {
    await expect(store.checkpoints.newest(RUN, Number.POSITIVE_INFINITY)).rejects.toThrow(
      /expected a file of the format checkpoint 2, found version 1, of an older release.* begin a new run/,
    );
  });
});

/** A state with short and long arrays and lists, after it was told these. */
function keptState(name: string, ...told: readonly number[]) {
  const numbers = new Float64Array(300);
  const ring = new Uint16Array(600);
  for (const value of told) {
    numbers[value] = value / 3;
    ring[value] = value;
  }
  const list = [...Array.from({ length: 33 }, (_, at) => at), ...told.map((value) => -value)];
  return {
    ...{ name, numbers, few: Int32Array.of(1, -2), list: list.map((at) => ({ at })) },
    ...{ nested: [{ ring }], none: undefined, nothing: null },
  };
}

test('the same content is written as the same bytes: epochs are compared after an upgrade', async () => {
  for (const file of store.files.list) {
    const content = await store.files.read(file);
    await store.files.write(content!);
  }
  for (const name of readdirSync(join(FIRST, 'epochs'))) {
    const written = readFileSync(join(directory, 'epochs', name));
    expect(written.equals(readFileSync(join(FIRST, 'epochs', name))), name).toBe(true);
  }
});
