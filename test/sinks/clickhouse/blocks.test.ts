import { describe, expect, test } from 'vitest';
import { row } from '../../../operators/flow/flow.ts';
import { createBlocks } from '../../../sinks/clickhouse/blocks.ts';
import type { Block } from '../../../sinks/sink.ts';
import { deadLetter, frameOf, MORNING, ONE_OF_EACH, sequence, time } from './sample-rows.ts';

function fill(blocks: ReturnType<typeof createBlocks>, asset: string): readonly Block[] {
  blocks.add(
    row('readings', frameOf(asset, [MORNING], { b: [1], a: [2] })),
    sequence(1),
    time(MORNING),
  );
  for (const one of ONE_OF_EACH) blocks.add(one, sequence(2), time(MORNING));
  return blocks.finish('ANDON_0', '1');
}

function lines(blocks: readonly Block[], table: string): Record<string, unknown>[] {
  const block = blocks.find((candidate) => candidate.table === table);
  const text = Buffer.from(block?.data ?? []).toString();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

describe('blocks', () => {
  test('are the same bytes for the same rows, whatever the builder has seen before', () => {
    const fresh = fill(createBlocks(), 'p/l/x');
    const used = createBlocks();
    for (const asset of ['p/l/z', 'q/m/y', 'p/l/x', 'p/l/x']) fill(used, asset);
    expect(fill(used, 'p/l/x')).toEqual(fresh);
  });

  test('come table by table, only those that have rows, and leave a clean sheet', () => {
    const blocks = createBlocks();
    blocks.add(deadLetter('x'), sequence(1), time(MORNING));
    expect(blocks.rows).toBe(1);
    expect(blocks.finish('ANDON_0', '1').map(({ table }) => table)).toEqual(['dead_letters']);
    expect(blocks.rows).toBe(0);
    expect(blocks.bytes).toBe(0);
    expect(blocks.finish('ANDON_0', '1')).toEqual([]);
  });

  test('keep earlier blocks as they were when the builder goes on', () => {
    const blocks = createBlocks();
    const first = fill(blocks, 'p/l/x');
    const before = first.map(({ data }) => Buffer.from(data).toString('base64'));
    fill(blocks, 'p/l/other');
    expect(first.map(({ data }) => Buffer.from(data).toString('base64'))).toEqual(before);
  });

  test('have no row for what is absent or not finite', () => {
    const blocks = createBlocks();
    const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const frame = frameOf('p/l/a', [MORNING, MORNING, MORNING], { speed: values });
    blocks.add(row('readings', frame), sequence(1), time(MORNING));
    expect(blocks.rows).toBe(0);
  });

  test('count their rows in the row of their epoch, and each request twice', () => {
    const blocks = createBlocks();
    for (const one of ONE_OF_EACH) blocks.add(one, sequence(1), time(MORNING));
    const facts = { pipeline: 'p', created: 'c', epoch: 1, from: 1, to: 1, messages: 1 };
    blocks.addEpoch({ ...facts, first_appended: time(1), last_appended: time(1) });
    const finished = blocks.finish('ANDON_0', '1');
    const sum = finished.reduce(
      (total, { table, rows }) => (table === 'epochs' ? total : total + rows),
      0,
    );
    expect(lines(finished, 'epochs')).toMatchObject([{ rows: sum, first_sequence: 1 }]);
  });
});

describe('deadLetters of one epoch', () => {
  test('are one row per reason, stage and source, with count, range and the first three originals', () => {
    const blocks = createBlocks();
    for (let n = 1; n <= 5; n += 1)
      blocks.add(deadLetter(`bytes ${n}`, 2), sequence(n), time(MORNING + n));
    blocks.add(deadLetter('other', 1, 'elsewhere'), sequence(6), time(MORNING));
    expect(lines(blocks.finish('ANDON_0', '1'), 'dead_letters')).toMatchObject([
      {
        count: 10,
        sequence: 1,
        last_sequence: 5,
        appended: MORNING + 1,
        originals: ['bytes 1', 'bytes 2', 'bytes 3'],
      },
      { source: 'elsewhere', count: 1, sequence: 6, last_sequence: 6 },
    ]);
  });

  test('have originals that are cut and are good UTF-8', () => {
    const blocks = createBlocks();
    blocks.add(deadLetter('🏭'.repeat(1_000)), sequence(1), time(MORNING));
    const [folded] = lines(blocks.finish('ANDON_0', '1'), 'dead_letters');
    expect(folded?.originals).toEqual([`${'🏭'.repeat(250)}… (2000 characters)`]);
  });
});
