import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  identifier,
  isName,
  isSymbol,
  isWord,
  literal,
  type SqlToken,
  sqlTokens,
} from '../sql-tokens.ts';
import { type AnalystStatement, analystStatement } from './analyst.ts';
import { checkFormatName } from './analyst-grammar.ts';
import { analystSettings, type ReaderShare } from './analyst-settings.ts';
import type { EngineFacts } from './analyst-system.ts';
import {
  type ClickHouseEngine,
  type Connection,
  clickHouseError,
  readonlyError,
} from './engine.ts';
import { dataInsert, insertData } from './insert.ts';
import { blocksInRevision, inRevision } from './native-revision.ts';
import type { ResponsePlan } from './plan.ts';
import type { QueryRequest } from './request.ts';
import type { ReaderRole } from './secret.ts';
import type { Sessions } from './sessions.ts';

/** Rows and bytes of the result, and what was written, where the engine says it. It does not say what it has read. */
export type ExecutionSummary = {
  readonly result: number;
  readonly written: number;
  readonly bytes: number;
};

/** What statements are executed with. */
export type WarehouseContext = {
  readonly engine: ClickHouseEngine;
  readonly sessions: Sessions;
  /** For data on its way in and results on their way out. */
  readonly folder: string;
  /** Bytes that the engine may use. */
  readonly memory: number;
  readonly facts: EngineFacts;
  readonly shares: Readonly<Record<ReaderRole, ReaderShare>>;
};

const SETTING = /^[A-Za-z][A-Za-z0-9_.]*$/;
const PIECE = 1 << 18;

/**
 * Carries out one request, so that no setting, parameter or database outlives it, and yields the pieces of the answer.
 * What was done is noted ahead of the first piece, where it is known by then. Throws an `EngineError`.
 */
export async function* execute(
  context: WarehouseContext,
  query: QueryRequest,
  plan: ResponsePlan,
  note: (summary: ExecutionSummary) => void,
): AsyncGenerator<Buffer> {
  checkFormatName(query.format, context.facts.formats);
  // What a session keeps, an analyst cannot make: for them every request may stand alone.
  const lease = context.sessions.lease(query.role === 'owner' ? query.session : undefined);
  const { connection } = lease;
  const settings = new Map([...query.settings, ['log_comment', query.mark]]);
  let clean = false;
  try {
    const prepared = await plainStatement(context, connection, query, plan);
    for (const [name, value] of prepared.settings) settings.set(name, value);
    // What a session keeps must be put back, which `readonly` would not allow.
    if (query.reads && !lease.kept) settings.set('readonly', '2');
    await prepare(
      connection,
      query,
      query.role === 'owner'
        ? settings
        : lock(settings, context.memory, context.shares[query.role]),
    );
    yield* carriedOut(context, connection, query, plan, prepared.sql, note);
  } finally {
    if (lease.kept) clean = await reset(connection, settings);
    lease.release(clean);
  }
}

/** The statement as the engine writes it, where it must be looked at or added to; else as it came. */
async function plainStatement(
  { facts }: WarehouseContext,
  connection: Connection,
  query: QueryRequest,
  plan: ResponsePlan,
): Promise<AnalystStatement> {
  const sql = [query.statement, query.body.toString()].filter((part) => part !== '').join('\n');
  const none = new Map<string, string>();
  if (query.role !== 'owner') {
    const database = query.database || 'default';
    if (database === 'system') throw readonlyError('the database system is not for analysts');
    return analystStatement(
      connection,
      { written: sql, parameters: query.parameters, database },
      facts,
    );
  }
  if (/^\s*(?:DROP|DETACH)\s+DATABASE\s+(?:IF\s+EXISTS\s+)?[`"]?default\b/i.test(sql)) {
    throw clickHouseError(36, 'BAD_ARGUMENTS', 'The engine needs the database default: it stays');
  }
  if (plan.kind !== 'file') return { sql, settings: none };
  const written = await connection.query(
    `SELECT formatQuerySingleLine(${literal(sql)}) SETTINGS limit = 0, offset = 0`,
    'TabSeparatedRaw',
  );
  return { sql: written.bytes.toString().trimEnd(), settings: none };
}

async function* carriedOut(
  { folder }: WarehouseContext,
  connection: Connection,
  query: QueryRequest,
  plan: ResponsePlan,
  sql: string,
  note: (summary: ExecutionSummary) => void,
): AsyncGenerator<Buffer> {
  switch (plan.kind) {
    case 'insert': {
      const insert = dataInsert(query.statement, query.body);
      if (insert === undefined) break;
      // The client's end of a connection that sent nothing; the engine would call it an error.
      if (insert.data.length === 0) return;
      return note({ result: 0, ...(await insertData(connection, insert, folder)) });
    }
    case 'stream':
      for await (const piece of connection.stream(sql, query.format)) yield inForm(piece, query);
      return;
    case 'file': {
      const path = join(folder, randomUUID());
      const pieces = byFile(connection, path, query.format, plan, sql, note);
      return yield* isNative(query) ? blocksInRevision(pieces, query.revision) : pieces;
    }
    case 'whole':
  }
  const { bytes, rowsRead, bytesRead } = await connection.query(sql, query.format);
  note({ result: rowsRead, written: 0, bytes: bytesRead });
  yield inForm(bytes, query);
}

function inForm(bytes: Buffer, query: QueryRequest): Buffer {
  return isNative(query) ? inRevision(bytes, query.revision) : bytes;
}

function isNative({ format, revision }: QueryRequest): boolean {
  return revision > 0 && format.toLowerCase() === 'native';
}

/** A result by way of a file, which has no name any more when the first byte is sent. */
async function* byFile(
  connection: Connection,
  path: string,
  format: string,
  { encoding }: ResponsePlan,
  sql: string,
  note: (summary: ExecutionSummary) => void,
): AsyncGenerator<Buffer> {
  const compression = encoding === 'zstd' || encoding === 'lz4' ? encoding : 'none';
  let file: Awaited<ReturnType<typeof open>> | undefined;
  try {
    const statement = intoOutfile(sql, { path, format, compression });
    const { rowsRead, bytesRead } = await connection.query(statement, format);
    note({ result: rowsRead, written: 0, bytes: bytesRead });
    file = await open(path);
    await rm(path);
    for (;;) {
      const piece = Buffer.allocUnsafe(PIECE);
      const { bytesRead: length } = await file.read(piece);
      if (length === 0) return;
      yield piece.subarray(0, length);
    }
  } finally {
    await file?.close();
    await rm(path, { force: true });
  }
}

/** The settings of an analyst, and the lock on all of them: `readonly` comes last. */
function lock(
  asked: ReadonlyMap<string, string>,
  memory: number,
  share: ReaderShare,
): Map<string, string> {
  const { log_comment = '', ...own } = Object.fromEntries(asked);
  const settings = analystSettings(Object.entries(own), memory, share);
  return settings.set('log_comment', log_comment).set('readonly', '1');
}

/** Database, mark, parameters and settings. */
async function prepare(
  connection: Connection,
  query: QueryRequest,
  wanted: ReadonlyMap<string, string>,
): Promise<void> {
  if (query.database !== undefined && query.database !== '') {
    await connection.query(`USE ${identifier(query.database)}`, 'Null');
  }
  const { readonly: last, ...settings } = Object.fromEntries(wanted);
  for (const [name, value] of query.parameters) settings[`param_${name}`] = value;
  await connection.query(setStatement(Object.entries(settings)), 'Null');
  if (last !== undefined) await connection.query(setStatement([['readonly', last]]), 'Null');
}

function setStatement(settings: Iterable<readonly [string, string]>): string {
  const list = Array.from(settings, ([name, value]) => {
    if (!SETTING.test(name))
      throw clickHouseError(115, 'UNKNOWN_SETTING', `Unknown setting '${name}'`);
    return `${name} = ${literal(value)}`;
  });
  return `SET ${list.join(', ')}`;
}

/** Puts back what a request has set in a session. False if that cannot be done, as with `readonly`. */
async function reset(
  connection: Connection,
  settings: ReadonlyMap<string, string>,
): Promise<boolean> {
  const list = [...settings.keys()].filter((name) => SETTING.test(name));
  try {
    await connection.query(`SET ${list.map((name) => `${name} = DEFAULT`).join(', ')}`, 'Null');
    return true;
  } catch {
    return false;
  }
}

type Outfile = {
  readonly path: string;
  /** Of a result whose statement names none. */
  readonly format: string;
  /** `none`, `zstd` or `lz4`. */
  readonly compression: string;
};

/**
 * A query, as the engine writes it, whose result goes into a new file. There the engine writes any format whole, with
 * head and foot, in constant memory; asked for the bytes, it would hold them all.
 */
export function intoOutfile(sql: string, { path, format, compression }: Outfile): string {
  const outfile = ` INTO OUTFILE ${literal(path)} COMPRESSION ${literal(compression)} `;
  const clause = formatClause(sql);
  if (clause === undefined) return `${sql}${outfile}FORMAT ${format}`;
  return sql.slice(0, clause) + outfile + sql.slice(clause);
}

/** Where the format stands in a statement as the engine writes it: behind the query, ahead of settings or the end. */
function formatClause(sql: string): number | undefined {
  const tokens = [...sqlTokens(sql)];
  for (let at = tokens.length - 2; at > 0; at -= 1) {
    const [word, name, after] = tokens.slice(at, at + 3);
    if (word === undefined || name === undefined || !isWord(word, 'FORMAT')) continue;
    if (!isName(name) || isOrder(name) || !endsOperand(tokens[at - 1])) continue;
    if (after === undefined || isWord(after, 'SETTINGS')) return word.start;
  }
  return undefined;
}

/** `ORDER BY format ASC` names a column. */
function isOrder(token: SqlToken): boolean {
  return isWord(token, 'ASC') || isWord(token, 'DESC');
}

function endsOperand(token: SqlToken | undefined): boolean {
  return token?.kind !== 'symbol' || [')', ']', '}', '*'].some((sign) => isSymbol(token, sign));
}
