import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { literal } from '../sql-tokens.ts';
import { type ClickHouseEngine, clickHouseError, EngineError } from './engine.ts';
import { fromNativeFrames } from './native-frames.ts';

/** Compressions that Node 20 cannot undo, and the engine can. */
const BY_ENGINE: ReadonlySet<string> = new Set(['zstd', 'lz4', 'xz', 'snappy']);
/** Bytes that the engine may use for that: windows and dictionaries of the compressions. */
const MEMORY = 512 * 1024 * 1024;
/** Frames of one body that the engine decompresses: each costs a file. Clients send a megabyte in one. */
const MOST_FRAMES = 2_000;

/** Where the engine finds what it is to decompress, and the milliseconds that a body may take. */
export type Unpacker = {
  readonly engine: ClickHouseEngine;
  readonly folder: string;
  readonly body: number;
  readonly bodyPause: number;
};

/** How a body is sent: in ClickHouse's own frames or not, and how many bytes it may have, decompressed. */
export type BodyEncoding = { readonly framed: boolean; readonly largest: number };

/** The body of a request without its compressions: that of HTTP, and inside of it ClickHouse's own. */
export async function unpackedBody(
  request: IncomingMessage,
  unpacker: Unpacker,
  { framed, largest }: BodyEncoding,
): Promise<Buffer> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  const stream = decoded(request, encoding);
  const packed = await inTime(request, collected(stream, largest), unpacker);
  const body = BY_ENGINE.has(encoding)
    ? await byEngine(unpacker, packed, encoding, largest)
    : packed;
  if (!framed) return body;
  let byTheEngine = 0;
  return fromNativeFrames(body, largest, (bytes, size) => {
    byTheEngine += 1;
    if (byTheEngine > MOST_FRAMES) throw tooLarge(largest);
    return byEngine(unpacker, bytes, 'zstd', size);
  });
}

/** A body, unless it comes too slowly, or takes too long as a whole: then whoever sends it is told so. */
async function inTime(
  request: IncomingMessage,
  whole: Promise<Buffer>,
  { body, bodyPause }: Unpacker,
): Promise<Buffer> {
  let cut: () => void = () => undefined;
  const late = new Promise<never>((_, reject) => {
    cut = () =>
      reject(
        clickHouseError(
          209,
          'SOCKET_TIMEOUT',
          `expected a body within ${body / 1_000} s without a pause of ${bodyPause / 1_000} s`,
        ),
      );
  });
  const end = setTimeout(cut, body);
  const pause = setTimeout(cut, bodyPause);
  const onData = () => pause.refresh();
  request.on('data', onData);
  try {
    return await Promise.race([whole, late]);
  } finally {
    clearTimeout(end);
    clearTimeout(pause);
    request.off('data', onData);
  }
}

function decoded(request: IncomingMessage, encoding: string): Readable {
  if (encoding === 'identity' || BY_ENGINE.has(encoding)) return request;
  const decoders = { gzip: createGunzip, deflate: createInflate, br: createBrotliDecompress };
  const decoder = Object.entries(decoders).find(([name]) => name === encoding)?.[1]();
  if (decoder === undefined) {
    const known = [...Object.keys(decoders), ...BY_ENGINE].join(', ');
    throw clickHouseError(89, 'UNKNOWN_COMPRESSION_METHOD', `expected ${known}; found ${encoding}`);
  }
  request.on('error', (error) => decoder.destroy(error));
  return request.pipe(decoder);
}

/** The pieces of a body, until there are more bytes than it may have: a bomb is not unpacked to its end. */
async function collected(stream: AsyncIterable<Buffer>, largest: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of stream) {
      size += piece.length;
      if (size > largest) throw tooLarge(largest);
      chunks.push(piece);
    }
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw clickHouseError(
      271,
      'CANNOT_DECOMPRESS',
      `expected a whole body, found: ${String(error)}`,
    );
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size);
}

/**
 * By the engine, a byte a row, so that it streams: asked for the whole, it would hold all that comes out of a bomb
 * before it looked at any limit.
 */
async function byEngine(
  { engine, folder }: Unpacker,
  bytes: Buffer,
  method: string,
  largest: number,
): Promise<Buffer> {
  const file = join(folder, randomUUID());
  const connection = engine.connect();
  try {
    await writeFile(file, bytes);
    const source = `file(${literal(file)}, RowBinary, 'byte UInt8', '${method}')`;
    const bound = `LIMIT ${largest + 1} SETTINGS max_threads = 1, max_memory_usage = ${MEMORY}`;
    const pieces = connection.stream(`SELECT byte FROM ${source} ${bound}`, 'RowBinary');
    return await collected(pieces, largest);
  } finally {
    connection.close();
    await rm(file, { force: true });
  }
}

function tooLarge(largest: number): Error {
  return clickHouseError(307, 'TOO_MANY_BYTES', `expected a body of at most ${largest} bytes`);
}
