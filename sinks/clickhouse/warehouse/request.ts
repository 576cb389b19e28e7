import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isWord, sqlTokens } from '../sql-tokens.ts';
import { clickHouseError } from './engine.ts';
import { type Role, roleOf } from './secret.ts';
import { type Unpacker, unpackedBody } from './unpack.ts';

/** A request to ClickHouse's HTTP interface, taken apart. */
export type QueryRequest = {
  readonly id: string;
  readonly role: Role;
  readonly database: string | undefined;
  /** What the statement begins with, in upper case. */
  readonly verb: string;
  /** The part that was in the URL, possibly empty; `body` follows it after a line break. */
  readonly statement: string;
  readonly body: Buffer;
  readonly format: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly parameters: ReadonlyMap<string, string>;
  /** What the client can decompress, in HTTP's words; empty unless it wants it. */
  readonly accepts: string;
  /** It wants ClickHouse's own compression. */
  readonly framed: boolean;
  /** The revision of ClickHouse's own protocol that it expects Native blocks in; 0 without one. */
  readonly revision: number;
  /** It wants nothing before everything is there: no answer that breaks off. */
  readonly waits: boolean;
  readonly session: RequestedSession | undefined;
};

/** A session that a request belongs to; `mustExist` if it may not begin here. */
export type RequestedSession = {
  readonly id: string;
  readonly seconds: number;
  readonly mustExist: boolean;
};

/** Enough of a body to find its statement in, when data follows it. */
const STATEMENT_LENGTH = 262_144;
/**
 * Largest body, decompressed: of the owner's data, which the addon copies once, so an insert of this size takes twice of
 * it; of an analyst's statement.
 */
const LARGEST_BODY: Readonly<Record<Role, number>> = {
  owner: 512 * 1024 * 1024,
  analyst: 1024 * 1024,
};
/** Seconds, as ClickHouse has them. */
const SESSION = { usual: 60, longest: 3_600 };

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
  'network_compression_method',
  'network_zstd_compression_level',
  'http_native_compression_disable_checksumming_on_decompress',
  'http_response_buffer_size',
  'http_headers_progress_interval_ms',
  'send_progress_in_http_headers',
  'cancel_http_readonly_queries_on_client_close',
]);

/** Reads a request. Throws an `EngineError` in ClickHouse's words if it cannot be served, or not for who it is. */
export async function readQueryRequest(
  request: IncomingMessage,
  unpacker: Unpacker,
  secret: string,
): Promise<QueryRequest> {
  const url = new URL(request.url ?? '/', 'http://warehouse');
  const given = (name: string) => url.searchParams.get(name) ?? undefined;
  const settings = new Map<string, string>();
  const parameters = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    if (name.startsWith('param_')) parameters.set(name.slice('param_'.length), value);
    else if (!ABOUT_HTTP.has(name)) settings.set(name, value);
  }
  const role = admitted(request, given, secret);
  const statement = given('query') ?? '';
  const packing = { framed: given('decompress') === '1', largest: LARGEST_BODY[role] };
  const bodiless = request.method === 'GET' || request.method === 'HEAD';
  const body = bodiless ? Buffer.alloc(0) : await unpackedBody(request, unpacker, packing);
  const sql = statement.trim() === '' ? body.toString('latin1', 0, STATEMENT_LENGTH) : statement;
  const compresses = given('enable_http_compression') === '1';
  return {
    // Some clients send an empty one.
    id: given('query_id') || randomUUID(),
    role,
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
    accepts: compresses ? (header(request, 'accept-encoding') ?? '') : '',
    framed: given('compress') === '1',
    revision: Number(given('client_protocol_version') ?? 0) || 0,
    waits: given('wait_end_of_query') === '1',
    session: sessionOf(given),
  };
}

function sessionOf(given: (name: string) => string | undefined): RequestedSession | undefined {
  const id = given('session_id');
  if (id === undefined || id === '') return undefined;
  const seconds = Number(given('session_timeout') ?? SESSION.usual);
  if (!(seconds > 0 && seconds <= SESSION.longest)) {
    throw clickHouseError(
      374,
      'INVALID_SESSION_TIMEOUT',
      `Session timeout '${seconds}' is larger than max_session_timeout: ${SESSION.longest}, or not positive`,
    );
  }
  return { id, seconds, mustExist: given('session_check') === '1' };
}

function admitted(
  request: IncomingMessage,
  given: (name: string) => string | undefined,
  secret: string,
): Role {
  const { user, password } = credentials(request, given);
  const role = roleOf(user, password, secret);
  if (role !== undefined) return role;
  throw clickHouseError(
    516,
    'AUTHENTICATION_FAILED',
    `${user}: Authentication failed: password is incorrect, or there is no user with such name.`,
  );
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
