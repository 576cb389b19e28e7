import { Transform } from 'node:stream';
import { cityHash128 } from './city-hash.ts';
import { clickHouseError } from './engine.ts';

// ClickHouse's own compression, asked for by `compress=1` and announced by `decompress=1`: frames of a checksum (16
// bytes), a method, the sizes with and without compression (the first counts these nine bytes), and the bytes.
// Source: src/Compression/CompressedReadBufferBase.cpp.

const LZ4 = 0x82;
const NONE = 0x02;
const CHECKSUM = 16;
const HEAD = 9;
const LARGEST_FRAME = 1 << 20;

/** Puts whatever is written into frames. */
export function nativeFrames(): Transform {
  return new Transform({
    transform(chunk: Buffer, _, done) {
      for (let from = 0; from < chunk.length; from += LARGEST_FRAME) {
        this.push(frame(chunk.subarray(from, from + LARGEST_FRAME)));
      }
      done();
    },
  });
}

function frame(bytes: Buffer): Buffer {
  const block = lz4Stored(bytes);
  const head = Buffer.alloc(HEAD);
  head[0] = LZ4;
  head.writeUInt32LE(HEAD + block.length, 1);
  head.writeUInt32LE(bytes.length, 5);
  const body = Buffer.concat([head, block]);
  return Buffer.concat([cityHash128(body), body]);
}

/** The bytes in frames. `zstd` decompresses what this process cannot. Throws an `EngineError` if they are damaged. */
export async function fromNativeFrames(
  framed: Buffer,
  largest: number,
  zstd: (bytes: Buffer, size: number) => Promise<Buffer>,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let total = 0;
  for (let at = 0; at < framed.length; ) {
    if (at + CHECKSUM + HEAD > framed.length) throw damaged('a frame without its head');
    const body = at + CHECKSUM;
    const compressed = framed.readUInt32LE(body + 1);
    const size = framed.readUInt32LE(body + 5);
    const end = body + compressed;
    if (compressed < HEAD || end > framed.length) throw damaged('a frame that is cut off');
    total += size;
    if (total > largest) {
      throw clickHouseError(307, 'TOO_MANY_BYTES', `expected a body of at most ${largest} bytes`);
    }
    if (!cityHash128(framed.subarray(body, end)).equals(framed.subarray(at, body))) {
      throw clickHouseError(
        40,
        'CHECKSUM_DOESNT_MATCH',
        'The checksum of a compressed frame is wrong',
      );
    }
    const bytes = framed.subarray(body + HEAD, end);
    pieces.push(await decompressed(framed[body] ?? 0, bytes, size, zstd));
    at = end;
  }
  return Buffer.concat(pieces);
}

async function decompressed(
  method: number,
  bytes: Buffer,
  size: number,
  zstd: (bytes: Buffer, size: number) => Promise<Buffer>,
): Promise<Buffer> {
  if (method === NONE) return bytes;
  if (method !== LZ4) return zstd(bytes, size);
  try {
    return lz4Decompressed(bytes, size);
  } catch (error) {
    throw damaged(String(error));
  }
}

function damaged(found: string): Error {
  return clickHouseError(
    271,
    'CANNOT_DECOMPRESS',
    `expected whole compressed frames, found ${found}`,
  );
}

// The LZ4 block format: sequences of a token, literals, and a copy of what is already there (lz4_Block_format.md).

/** Bytes of a block. Throws a RangeError if they are not `size`, or if the block is damaged. */
export function lz4Decompressed(block: Buffer, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let from = 0;
  let to = 0;
  const length = (start: number): number => {
    if (start < 15) return start;
    let sum = start;
    for (;;) {
      const more = block[from++];
      if (more === undefined) throw new RangeError('an LZ4 block ends within a length');
      sum += more;
      if (more < 255) return sum;
    }
  };
  while (from < block.length) {
    const token = block[from++] ?? 0;
    const literals = length(token >> 4);
    if (to + literals > size || from + literals > block.length) throw tooLong(size);
    block.copy(bytes, to, from, from + literals);
    from += literals;
    to += literals;
    // The last sequence has no copy.
    if (from >= block.length) break;
    const offset = block.readUInt16LE(from);
    from += 2;
    const copied = length(token & 15) + 4;
    if (offset === 0 || offset > to || to + copied > size) throw tooLong(size);
    if (offset >= copied) bytes.copyWithin(to, to - offset, to - offset + copied);
    // The copy overlaps itself: it repeats the last `offset` bytes.
    else for (let at = to; at < to + copied; at += 1) bytes[at] = bytes[at - offset] ?? 0;
    to += copied;
  }
  if (to !== size) throw tooLong(size);
  return bytes;
}

function tooLong(size: number): RangeError {
  return new RangeError(`expected an LZ4 block of ${size} bytes`);
}

/** A valid block of these bytes, not made smaller: on one machine only the form counts. At least one byte. */
export function lz4Stored(bytes: Buffer): Buffer {
  const more = bytes.length < 15 ? 0 : Math.floor((bytes.length - 15) / 255) + 1;
  const head = Buffer.alloc(1 + more, 255);
  head[0] = Math.min(bytes.length, 15) << 4;
  if (more > 0) head[more] = (bytes.length - 15) % 255;
  return Buffer.concat([head, bytes]);
}
