// Answers of the embedded warehouse, as ClickHouse writes them: status, headers, body, compression, errors.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, type Writable } from 'node:stream';
import { constants, createBrotliCompress, createDeflate, createGzip } from 'node:zlib';
import type { EngineError } from './engine.ts';
import type { ExecutionSummary } from './execute.ts';
import { nativeFrames } from './native-frames.ts';
import type { Encoding, ResponsePlan } from './plan.ts';
import type { QueryRequest } from './request.ts';

/** One request on its way, and where its answer goes once it has begun. */
export type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly tag: string;
  body?: Writable;
};

/** Status and headers of an answer whose first piece is there. */
export function writeHead(
  query: QueryRequest,
  plan: ResponsePlan,
  { response, tag }: Exchange,
  summary: ExecutionSummary | undefined,
  elapsed: bigint,
): void {
  const type = CONTENT_TYPES.find(([format]) => format.test(query.format))?.[1];
  response.setHeader('Content-Type', type ?? 'application/octet-stream');
  if (plan.encoding !== 'identity') response.setHeader('Content-Encoding', plan.encoding);
  response.setHeader('X-ClickHouse-Server-Display-Name', 'andon');
  response.setHeader('X-ClickHouse-Query-Id', query.id);
  response.setHeader('X-ClickHouse-Format', query.format);
  response.setHeader('X-ClickHouse-Timezone', 'UTC');
  response.setHeader('X-ClickHouse-Exception-Tag', tag);
  const { result, written, bytes } = summary ?? { result: 0, written: 0, bytes: 0 };
  const text = (value: number | bigint) => String(value);
  const counts = {
    read_rows: text(written),
    read_bytes: text(written > 0 ? bytes : 0),
    written_rows: text(written),
    written_bytes: text(written > 0 ? bytes : 0),
    // Java's client reads rows only if there are some by this.
    result_rows: text(result),
    result_bytes: text(result > 0 ? bytes : 0),
    elapsed_ns: text(elapsed),
  };
  // A server sends one every so often; here the headers go out when the first row is there.
  if (query.progress) {
    const progress = { ...counts, total_rows_to_read: '0' };
    response.setHeader('X-ClickHouse-Progress', JSON.stringify(progress));
  }
  response.setHeader('X-ClickHouse-Summary', JSON.stringify(counts));
}

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
 * Reports an error as ClickHouse does: ahead of the first byte with a status and headers; later behind the rows, and the
 * connection ends.
 */
export function writeError({ response, body, tag }: Exchange, error: EngineError): void {
  if (response.destroyed) return;
  if (body !== undefined) {
    // Without the end of the last chunk: also a client that knows of no tag sees that something is missing.
    body.write(exceptionBlock(error, tag));
    if (body === response) response.socket?.end();
    else body.end();
    return;
  }
  response.removeHeader('Content-Encoding');
  response.writeHead(httpStatusOf(error.code), {
    'Content-Type': 'text/plain; charset=UTF-8',
    'X-ClickHouse-Exception-Code': String(error.code),
    // What is left of the request is not read.
    Connection: 'close',
  });
  response.end(`${error.message.trimEnd()}\n`);
}

/**
 * The end of an answer that breaks off, as ClickHouse writes it since 25.11: clients find the error behind the rows by
 * the tag that the header `X-ClickHouse-Exception-Tag` gave them.
 */
function exceptionBlock(error: EngineError, tag: string): Buffer {
  const message = Buffer.from(`${error.message.trimEnd()}\n`);
  const mark = '__exception__\r\n';
  const head = `\r\n${mark}${tag}\r\n`;
  return Buffer.concat([
    Buffer.from(head),
    message,
    Buffer.from(`${message.length} ${tag}\r\n${mark}`),
  ]);
}

// The codes with a status of their own in ClickHouse (src/Server/HTTP/exceptionCodeToHTTPStatus.cpp); all others are 500.
const STATUS: ReadonlyMap<number, number> = new Map([
  ...codes(400, [6, 26, 27, 33, 36, 38, 41, 42, 43, 44, 53, 62, 69, 70, 72, 115, 131, 170, 190]),
  ...codes(400, [201, 207, 352, 386, 441, 455, 456, 457, 467]),
  ...codes(403, [192, 193, 194, 497, 516]),
  ...codes(404, [46, 47, 48, 50, 56, 60, 61, 73, 81, 90, 113]),
  ...codes(408, [159]),
  ...codes(413, [307, 128, 208]),
  ...codes(501, [48]),
  ...codes(503, [76, 202, 209, 210, 439]),
]);

function codes(status: number, list: readonly number[]): readonly (readonly [number, number])[] {
  return list.map((code) => [code, status] as const);
}

/** The HTTP status with which ClickHouse reports an error code. */
function httpStatusOf(code: number): number {
  return STATUS.get(code) ?? 500;
}

const CONTENT_TYPES: readonly (readonly [RegExp, string])[] = [
  [/^(?:JSONEachRow|JSONLines|NDJSON)$/i, 'application/x-ndjson; charset=UTF-8'],
  [/^JSON/i, 'application/json; charset=UTF-8'],
  [/^(?:TSV|TabSeparated)/i, 'text/tab-separated-values; charset=UTF-8'],
  [/^CSV/i, 'text/csv; charset=UTF-8'],
  [/^(?:Pretty|Vertical|Markdown|Values|XML)/i, 'text/plain; charset=UTF-8'],
  [/^ArrowStream$/i, 'application/vnd.apache.arrow.stream'],
  [/^Arrow$/i, 'application/vnd.apache.arrow.file'],
  [/^Parquet$/i, 'application/vnd.apache.parquet'],
];
