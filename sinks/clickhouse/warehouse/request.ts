import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isWord, sqlTokens } from '../sql-tokens.ts';
import { clickHouseError } from './engine.ts';
import { type Passwords, type Role, roleOf } from './secret.ts';
import { type Unpacker, unpackedBody } from './unpack.ts';

/** A request to ClickHouse's HTTP interface, taken apart. */
export type QueryRequest = {
  /** As the client calls it. */
  readonly id: string;
  /** As the engine knows it; of our making. */
  readonly mark: string;
  readonly user: string;
  readonly source: string;
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
  /** It wants to know in a header how far the query is. */
  readonly progress: boolean;
  /** It may change nothing, whoever sends it. */
  readonly reads: boolean;
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
  console: 1024 * 1024,
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

/** Who sent a request, and from where: known before its body is read. */
export type Admitted = {
  readonly url: URL;
  readonly user: string;
  readonly role: Role;
  readonly source: string;
};

/** Who sends a request; without a role if the password is not right: then what was found instead. */
export function admitted(
  request: IncomingMessage,
  url: URL,
  passwords: Passwords,
): { readonly user: string; readonly role: Role | undefined; readonly found: string } {
  const { user, password } = credentials(request, url.searchParams);
  const found = password === '' ? 'none' : 'a wrong password, or a user that there is not';
  return { user, role: roleOf(user, password, passwords), found };
}

/** Reads a request. Throws an `EngineError` in ClickHouse's words if it cannot be served, or not for who it is. */
export async function readQueryRequest(
  request: IncomingMessage,
  { url, user, role, source }: Admitted,
  unpacker: Unpacker,
): Promise<QueryRequest> {
  const framed = url.searchParams.get('decompress') === '1';
  const bodiless = request.method === 'GET' || request.method === 'HEAD';
  const largest = LARGEST_BODY[role];
  const whole = bodiless
    ? Buffer.alloc(0)
    : await unpackedBody(request, unpacker, { framed, largest });
  const form = await formOf(request, whole);
  const body = form === undefined ? whole : Buffer.alloc(0);
  const given = (name: string) => url.searchParams.get(name) ?? form?.get(name);
  const settings = new Map<string, string>();
  const parameters = new Map<string, string>();
  for (const [name, value] of [...(form ?? []), ...url.searchParams]) {
    if (name.startsWith('param_')) parameters.set(name.slice('param_'.length), value);
    else if (!ABOUT_HTTP.has(name)) settings.set(name, value);
  }
  const statement = given('query') ?? '';
  const sql = statement.trim() === '' ? body.toString('latin1', 0, STATEMENT_LENGTH) : statement;
  const compresses = given('enable_http_compression') === '1';
  const format = formatOf(sql) ?? given('default_format') ?? header(request, 'x-clickhouse-format');
  return {
    // Some clients send an empty one.
    id: given('query_id') || randomUUID(),
    mark: randomUUID(),
    user,
    source,
    role,
    database: given('database') ?? header(request, 'x-clickhouse-database'),
    verb: verbOf(sql),
    statement,
    body,
    format: format || 'TabSeparated',
    settings,
    parameters,
    accepts: compresses ? (header(request, 'accept-encoding') ?? '') : '',
    framed: given('compress') === '1',
    revision: Number(given('client_protocol_version') ?? 0) || 0,
    waits: given('wait_end_of_query') === '1',
    progress: given('send_progress_in_http_headers') === '1',
    reads: bodiless,
    session: sessionOf(given),
  };
}

/** The fields of a form, as clients send long parameters: statement, settings and parameters in any of them. */
async function formOf(
  request: IncomingMessage,
  body: Buffer,
): Promise<ReadonlyMap<string, string> | undefined> {
  const type = header(request, 'content-type') ?? '';
  if (!/^multipart\/form-data\b/i.test(type)) return undefined;
  let form: FormData;
  try {
    form = await new Response(new Uint8Array(body), {
      headers: { 'content-type': type },
    }).formData();
  } catch {
    throw clickHouseError(36, 'BAD_ARGUMENTS', 'expected a form, found a body that is none');
  }
  const fields = new Map<string, string>();
  for (const [name, value] of form) {
    if (typeof value !== 'string') {
      throw clickHouseError(
        48,
        'NOT_IMPLEMENTED',
        `External tables are not supported: found the file ${JSON.stringify(name)}`,
      );
    }
    fields.set(name, value);
  }
  return fields;
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

function credentials(
  request: IncomingMessage,
  given: URLSearchParams,
): { user: string; password: string } {
  const basic = /^Basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const [name, ...rest] = Buffer.from(basic ?? '', 'base64')
    .toString()
    .split(':');
  return {
    user: given.get('user') ?? header(request, 'x-clickhouse-user') ?? (name || 'default'),
    password: given.get('password') ?? header(request, 'x-clickhouse-key') ?? rest.join(':'),
  };
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

export function verbOf(sql: string): string {
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
