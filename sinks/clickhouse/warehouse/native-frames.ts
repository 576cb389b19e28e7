import { Transform } from 'node:stream';
import { cityHash128 } from './city-hash.ts';
import { refusal } from './engine-error.ts';
import { lz4Decompressed, lz4Stored } from './lz4.ts';

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
  zstd: (bytes: Buffer) => Promise<Buffer>,
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
      throw refusal(307, 'TOO_MANY_BYTES', `expected a body of at most ${largest} bytes`);
    }
    if (!cityHash128(framed.subarray(body, end)).equals(framed.subarray(at, body))) {
      throw refusal(40, 'CHECKSUM_DOESNT_MATCH', 'The checksum of a compressed frame is wrong');
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
  zstd: (bytes: Buffer) => Promise<Buffer>,
): Promise<Buffer> {
  if (method === NONE) return bytes;
  if (method !== LZ4) return zstd(bytes);
  try {
    return lz4Decompressed(bytes, size);
  } catch (error) {
    throw damaged(String(error));
  }
}

function damaged(found: string): Error {
  return refusal(271, 'CANNOT_DECOMPRESS', `expected whole compressed frames, found ${found}`);
}
