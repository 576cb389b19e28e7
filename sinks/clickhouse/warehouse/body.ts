import type { ServerResponse } from 'node:http';
import { pipeline, type Writable } from 'node:stream';
import { constants, createBrotliCompress, createDeflate, createGzip } from 'node:zlib';
import type { EngineError } from './engine-error.ts';
import { nativeFrames } from './native-frames.ts';
import type { Encoding } from './way.ts';

/**
 * Where the pieces of an answer go: into the response, in ClickHouse's frames if the client wants them, and compressed
 * unless the engine did that already.
 */
export function bodyInto(response: ServerResponse, encoding: Encoding, framed: boolean): Writable {
  const parts = [framed ? nativeFrames() : undefined, compressor(encoding)].filter(
    (part) => part !== undefined,
  );
  const [first, ...more] = parts;
  if (first === undefined) return response;
  // What goes wrong on the way is the client going away, of which the response tells.
  pipeline([first, ...more, response], () => undefined);
  return first;
}

function compressor(encoding: Encoding) {
  switch (encoding) {
    case 'gzip':
      return createGzip({ level: 1 });
    case 'deflate':
      return createDeflate({ level: 1 });
    case 'br':
      return createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
    case 'identity':
    case 'zstd':
    case 'lz4':
      return undefined;
  }
}

/**
 * The end of an answer that breaks off, as ClickHouse writes it since 25.11: clients find the error behind the rows by
 * the tag that the header `X-ClickHouse-Exception-Tag` gave them.
 */
export function exceptionBlock(error: EngineError, tag: string): Buffer {
  const message = Buffer.from(`${error.message.trimEnd()}\n`);
  const mark = '__exception__\r\n';
  const head = `\r\n${mark}${tag}\r\n`;
  return Buffer.concat([
    Buffer.from(head),
    message,
    Buffer.from(`${message.length} ${tag}\r\n${mark}`),
  ]);
}
