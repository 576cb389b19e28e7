import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cityHash128 } from '../../../../sinks/clickhouse/warehouse/city-hash.ts';
import {
  fromNativeFrames,
  lz4Decompressed,
  lz4Stored,
  nativeFrames,
} from '../../../../sinks/clickhouse/warehouse/native-frames.ts';

// Of github.com/go-faster/city 1.0.1 (CH128), which ClickHouse's own Go client uses.
test.each([
  [0, '3df09dfc64c09a2b', '3cb540c392e51e29'],
  [16, '83ec0fac4964837b', 'd275575faba34852'],
  [17, '6634b1e8522c943c', '84450a0faa3ec883'],
  [33, '460b9320df3e669c', '07849d860850e2a4'],
  [128, '7742777150cd6e44', '35eeafd9d16b93d8'],
  [145, 'd900ea1095b5e1eb', '9cd6b5e995016f8b'],
  [300, '04ca98a43519cabb', 'dba0d7635c2c4fd5'],
  [100_003, '84eab94310121196', '2915d308bd691205'],
])('the checksum of %i bytes is that of CityHash 1.0.2', (size, low, high) => {
  const bytes = Buffer.from(Uint8Array.from({ length: size }, (_, at) => at * 7 + (at >> 8)));
  const checksum = cityHash128(bytes);
  const word = (at: number) => checksum.readBigUInt64LE(at).toString(16).padStart(16, '0');
  expect([word(0), word(8)]).toEqual([low, high]);
});

test('a block of LZ4 with copies, overlapping ones too, is decompressed', () => {
  // "ab", a copy of 8 from 2 back, then "c".
  const block = Buffer.from([0x24, 0x61, 0x62, 2, 0, 0x10, 0x63]);
  expect(lz4Decompressed(block, 11).toString()).toBe('ababababab' + 'c');
  expect(() => lz4Decompressed(block, 12)).toThrow('expected an LZ4 block of 12 bytes');
  expect(() => lz4Decompressed(Buffer.from([0x04, 9, 0]), 4)).toThrow(RangeError);
});

test('what is stored as LZ4 comes back, whatever its length', () => {
  for (const size of [1, 14, 15, 16, 269, 270, 271, 70_000]) {
    const bytes = Buffer.alloc(size, 7);
    expect(lz4Decompressed(lz4Stored(bytes), size).equals(bytes)).toBe(true);
  }
});

test('frames give back what was put in, and a changed byte is seen', async () => {
  const none = () => Promise.reject(new Error('no ZSTD here'));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { minLength: 1, maxLength: 5 }),
      fc.nat(),
      async (pieces, place) => {
        const frames = nativeFrames();
        for (const piece of pieces) frames.write(Buffer.from(piece));
        frames.end();
        const framed = await buffer(frames);
        const whole = Buffer.concat(pieces);
        expect((await fromNativeFrames(framed, 10_000, none)).equals(whole)).toBe(true);
        const at = place % framed.length;
        framed[at] = (framed[at] ?? 0) ^ 0x55;
        await expect(fromNativeFrames(framed, 10_000, none)).rejects.toThrow();
      },
    ),
  );
});
