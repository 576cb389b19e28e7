import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { isWord, sqlTokens } from '../sql-tokens.ts';
import { refusal } from './engine-error.ts';

/** A request to ClickHouse's HTTP interface, taken apart. */
export type Ask = {
  readonly id: string;
  readonly user: string;
  readonly password: string;
  readonly database: string | undefined;
  /** What the statement begins with, in upper case. */
  readonly verb: string;
  /** The part that was in the URL, possibly empty; `body` follows it after a line break. */
  readonly statement: string;
  readonly body: Buffer;
  readonly format: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly parameters: ReadonlyMap<string, string>;
};

/** Largest body, decompressed. The addon copies it once, so an insert of this size takes twice of it. */
const LARGEST_BODY = 512 * 1024 * 1024;
/** Enough of a body to find its statement in, when data follows it. */
const STATEMENT_LENGTH = 262_144;

/** URL parameters that are neither settings nor about the statement. */
const ABOUT_HTTP: ReadonlySet<string> = new Set([
  'query',
  'query_id',
  'user',
  'password',
  'database',
  'default_format',
  'compress',
  'decompress',
  'session_id',
  'session_timeout',
  'session_check',
  'role',
  'quota_key',
  'stacktrace',
  'client_protocol_version',
  'add_http_cors_header',
  'wait_end_of_query',
  'buffer_size',
  'enable_http_compression',
  'http_zlib_compression_level',
  'http_response_compression_method',
  'http_native_compression_disable_checksumming_on_decompress',
  'http_response_buffer_size',
  'http_headers_progress_interval_ms',
  'send_progress_in_http_headers',
  'cancel_http_readonly_queries_on_client_close',
]);

/** Reads a request. Throws an `EngineError` in ClickHouse's words if it cannot be served. */
export async function readAsk(request: IncomingMessage, newId: () => string): Promise<Ask> {
  const url = new URL(request.url ?? '/', 'http://warehouse');
  const given = (name: string) => url.searchParams.get(name) ?? undefined;
  if (given('session_id') !== undefined) {
    throw refusal(48, 'NOT_IMPLEMENTED', 'The embedded warehouse has no HTTP sessions');
  }
  const settings = new Map<string, string>();
  const parameters = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    if (name.startsWith('param_')) parameters.set(name.slice('param_'.length), value);
    else if (!ABOUT_HTTP.has(name)) settings.set(name, value);
  }
  const { user, password } = credentials(request, given);
  const statement = given('query') ?? '';
  const body = request.method === 'GET' ? Buffer.alloc(0) : await readBody(request);
  const sql = statement.trim() === '' ? body.toString('latin1', 0, STATEMENT_LENGTH) : statement;
  return {
    id: given('query_id') ?? newId(),
    user,
    password,
    database: given('database') ?? header(request, 'x-clickhouse-database'),
    verb: verbOf(sql),
    statement,
    body,
    format:
      formatOf(sql) ??
      given('default_format') ??
      header(request, 'x-clickhouse-format') ??
      'TabSeparated',
    settings,
    parameters,
  };
}

function credentials(
  request: IncomingMessage,
  given: (name: string) => string | undefined,
): { user: string; password: string } {
  const basic = /^Basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const [name, ...rest] = Buffer.from(basic ?? '', 'base64')
    .toString()
    .split(':');
  return {
    user: given('user') ?? header(request, 'x-clickhouse-user') ?? (name || 'default'),
    password: given('password') ?? header(request, 'x-clickhouse-key') ?? rest.join(':'),
  };
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of decoded(request)) {
    const piece: Buffer = chunk;
    size += piece.length;
    if (size > LARGEST_BODY) {
      throw refusal(307, 'TOO_MANY_BYTES', `expected a body of at most ${LARGEST_BODY} bytes`);
    }
    chunks.push(piece);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size);
}

function decoded(request: IncomingMessage): Readable {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  const decoders = { gzip: createGunzip, deflate: createInflate, br: createBrotliDecompress };
  if (encoding === 'identity') return request;
  const decoder = Object.entries(decoders).find(([name]) => name === encoding)?.[1]();
  if (decoder === undefined) {
    throw refusal(
      89,
      'UNKNOWN_COMPRESSION_METHOD',
      `expected gzip, deflate or br, found ${encoding}`,
    );
  }
  request.on('error', (error) => decoder.destroy(error));
  return request.pipe(decoder);
}

function verbOf(sql: string): string {
  for (const token of sqlTokens(sql)) {
    if (token.text !== '(') return token.text.toUpperCase();
  }
  return '';
}

/** The format that the statement names. Looks no further than the data of an insert. */
function formatOf(sql: string): string | undefined {
  let format: string | undefined;
  let named = false;
  let insert = false;
  let first = true;
  for (const token of sqlTokens(sql)) {
    if (first) insert = isWord(token, 'INSERT');
    first = false;
    if (named && token.kind === 'name') format = token.text;
    if (insert && (format !== undefined || isWord(token, 'VALUES'))) return format;
    named = isWord(token, 'FORMAT');
  }
  return format;
}
