import { expect, test } from 'vitest';
import {
  blocksInRevision,
  inRevision,
} from '../../../../sinks/clickhouse/warehouse/native-revision.ts';

const REVISION = 54_460;
const text = (value: string) => [value.length, ...Buffer.from(value)];

/** A block of numbers, texts and a column with a dictionary, as revision 0 has it. */
function block(words: readonly string[]): Buffer {
  const numbers = Buffer.alloc(8 * words.length);
  words.forEach((word, at) => {
    numbers.writeBigUInt64LE(BigInt(word.length), 8 * at);
  });
  const dictionary = Buffer.alloc(24);
  dictionary.writeBigUInt64LE(1n, 0);
  dictionary.writeBigUInt64LE(1n, 16);
  const rows = Buffer.alloc(8);
  rows.writeBigUInt64LE(BigInt(words.length));
  return Buffer.concat([
    Buffer.from([3, words.length, ...text('n'), ...text('UInt64')]),
    numbers,
    Buffer.from([...text('s'), ...text('String'), ...words.flatMap(text)]),
    Buffer.from([...text('l'), ...text('LowCardinality(String)')]),
    dictionary,
    Buffer.from(text('x')),
    rows,
    Buffer.alloc(words.length),
  ]);
}

async function* cut(blocks: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < blocks.length; at += length) yield blocks.subarray(at, at + length);
}

test('blocks that are cut anywhere come out whole', async () => {
  const blocks = Buffer.concat([
    block(['a', 'bcd']),
    block(['e']),
    block(['', 'f', 'ghi'.repeat(30)]),
  ]);
  const expected = inRevision(blocks, REVISION);
  expect(expected.length).toBeGreaterThan(blocks.length);
  for (let length = 1; length <= blocks.length; length += 1) {
    const pieces: Buffer[] = [];
    for await (const piece of blocksInRevision(cut(blocks, length), REVISION)) pieces.push(piece);
    expect([length, Buffer.concat(pieces).equals(expected)]).toEqual([length, true]);
  }
});

test('a block of many pieces is looked at few times', async () => {
  const words = Array.from({ length: 100 }, () => 'w'.repeat(100));
  const blocks = block(words);
  let copied = 0;
  const concat = Buffer.concat;
  Buffer.concat = (list, length) => {
    copied += length ?? 0;
    return concat(list, length);
  };
  try {
    for await (const _ of blocksInRevision(cut(blocks, 10), REVISION));
  } finally {
    Buffer.concat = concat;
  }
  expect(copied).toBeLessThan(4 * blocks.length);
});

test('an answer that breaks off within a block is an error, and not a shorter one', async () => {
  const blocks = block(['a', 'b']);
  const read = async () => {
    for await (const _ of blocksInRevision(cut(blocks.subarray(0, 20), 7), REVISION));
  };
  await expect(read()).rejects.toThrow(RangeError);
});
