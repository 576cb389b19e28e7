import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { literal } from '../sql-tokens.ts';
import { type ClickHouseEngine, clickHouseError } from './engine.ts';

import { fromNativeFrames } from './native-frames.ts';

/** Compressions that Node 20 cannot undo, and the engine can. */
const BY_ENGINE: ReadonlySet<string> = new Set(['zstd', 'lz4', 'xz', 'bz2', 'snappy']);

/** Where the engine finds what it is to decompress. */
export type Unpacker = { readonly engine: ClickHouseEngine; readonly folder: string };

/** How a body is sent: in ClickHouse's own frames or not, and how many bytes it may have, decompressed. */
export type BodyEncoding = { readonly framed: boolean; readonly largest: number };

/** The body of a request without its compressions: that of HTTP, and inside of it ClickHouse's own. */
export async function unpackedBody(
  request: IncomingMessage,
  unpacker: Unpacker,
  { framed, largest }: BodyEncoding,
): Promise<Buffer> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  const packed = await collected(decoded(request, encoding), largest);
  const body = BY_ENGINE.has(encoding)
    ? await byEngine(unpacker, packed, encoding, largest)
    : packed;
  if (!framed) return body;
  return fromNativeFrames(body, largest, (bytes) => byEngine(unpacker, bytes, 'zstd', largest));
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

async function collected(stream: Readable, largest: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const piece: Buffer = chunk;
    size += piece.length;
    if (size > largest) throw tooLarge(largest);
    chunks.push(piece);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size);
}

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
    const source = `file(${literal(file)}, RawBLOB, 'bytes String', '${method}')`;
    const sql = `SELECT bytes FROM ${source} SETTINGS max_result_bytes = ${largest}`;
    const unpacked = await connection.query(sql, 'RawBLOB');
    return unpacked.bytes;
  } finally {
    connection.close();
    await rm(file, { force: true });
  }
}

function tooLarge(largest: number): Error {
  return clickHouseError(307, 'TOO_MANY_BYTES', `expected a body of at most ${largest} bytes`);
}
