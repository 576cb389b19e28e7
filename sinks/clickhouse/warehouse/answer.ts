import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { identifier, literal } from '../sql-tokens.ts';
import { type AnalystStatement, analystStatement } from './analyst.ts';
import { analystSettings } from './analyst-settings.ts';
import type { EngineFacts } from './analyst-system.ts';
import type { Ask } from './ask.ts';
import type { Connection, Engine } from './engine.ts';
import { readonly, refusal } from './engine-error.ts';
import { dataInsert, insertData } from './insert.ts';
import { inRevision } from './native-revision.ts';
import { intoOutfile } from './outfile.ts';
import type { Sessions } from './sessions.ts';
import type { Way } from './way.ts';

/** Rows and bytes of the result, and what was written, where the engine says it. It does not say what it has read. */
export type Summary = { readonly result: number; readonly written: number; readonly bytes: number };

/** What requests are carried out with. */
export type House = {
  readonly engine: Engine;
  readonly sessions: Sessions;
  /** For data on its way in and results on their way out. */
  readonly folder: string;
  /** Bytes that the engine may use. */
  readonly memory: number;
  readonly facts: EngineFacts;
};

const SETTING = /^[A-Za-z][A-Za-z0-9_.]*$/;
const PIECE = 1 << 18;

/**
 * Carries out one request, so that no setting, parameter or database outlives it, and yields the pieces of the answer.
 * What was done is noted ahead of the first piece, where it is known by then. Throws an `EngineError`.
 */
export async function* answer(
  house: House,
  ask: Ask,
  way: Way,
  note: (summary: Summary) => void,
): AsyncGenerator<Buffer> {
  // What a session keeps, an analyst cannot make: for them every request may stand alone.
  const lease = house.sessions.lease(ask.role === 'owner' ? ask.session : undefined);
  const { connection } = lease;
  const settings = new Map([...ask.settings, ['log_comment', ask.id]]);
  let clean = false;
  try {
    const prepared = await plainStatement(house, connection, ask, way);
    for (const [name, value] of prepared.settings) settings.set(name, value);
    await prepare(
      connection,
      ask,
      ask.role === 'analyst' ? lock(settings, house.memory) : settings,
    );
    yield* carriedOut(house, connection, ask, way, prepared.sql, note);
  } finally {
    if (lease.kept) clean = await reset(connection, settings);
    lease.release(clean);
  }
}

/** The statement as the engine writes it, where it must be looked at or added to; else as it came. */
async function plainStatement(
  { facts }: House,
  connection: Connection,
  ask: Ask,
  way: Way,
): Promise<AnalystStatement> {
  const sql = [ask.statement, ask.body.toString()].filter((part) => part !== '').join('\n');
  const none = new Map<string, string>();
  if (ask.role === 'analyst') {
    if (ask.database === 'system') throw readonly('the database system is not for analysts');
    return analystStatement(connection, sql, ask.parameters, facts);
  }
  if (/^\s*(?:DROP|DETACH)\s+DATABASE\s+(?:IF\s+EXISTS\s+)?[`"]?default\b/i.test(sql)) {
    throw refusal(36, 'BAD_ARGUMENTS', 'The engine needs the database default: it stays');
  }
  if (way.kind !== 'file') return { sql, settings: none };
  const written = await connection.query(
    `SELECT formatQuerySingleLine(${literal(sql)}) SETTINGS limit = 0, offset = 0`,
    'TabSeparatedRaw',
  );
  return { sql: written.bytes.toString().trimEnd(), settings: none };
}

async function* carriedOut(
  { folder }: House,
  connection: Connection,
  ask: Ask,
  way: Way,
  sql: string,
  note: (summary: Summary) => void,
): AsyncGenerator<Buffer> {
  switch (way.kind) {
    case 'insert': {
      const insert = dataInsert(ask.statement, ask.body);
      if (insert === undefined) break;
      // The client's end of a connection that sent nothing; the engine would call it an error.
      if (insert.data.length === 0) return;
      return note({ result: 0, ...(await insertData(connection, insert, folder)) });
    }
    case 'stream':
      for await (const piece of connection.stream(sql, ask.format)) yield inForm(piece, ask);
      return;
    case 'file':
      return yield* byFile(connection, join(folder, randomUUID()), ask.format, way, sql, note);
    case 'whole':
  }
  const { bytes, rowsRead, bytesRead } = await connection.query(sql, ask.format);
  note({ result: rowsRead, written: 0, bytes: bytesRead });
  yield inForm(bytes, ask);
}

function inForm(bytes: Buffer, { format, revision }: Ask): Buffer {
  return format.toLowerCase() === 'native' ? inRevision(bytes, revision) : bytes;
}

/** A result by way of a file, which has no name any more when the first byte is sent. */
async function* byFile(
  connection: Connection,
  path: string,
  format: string,
  { encoding }: Way,
  sql: string,
  note: (summary: Summary) => void,
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
function lock(asked: ReadonlyMap<string, string>, memory: number): Map<string, string> {
  const { log_comment = '', ...own } = Object.fromEntries(asked);
  const settings = analystSettings(Object.entries(own), memory);
  return settings.set('log_comment', log_comment).set('readonly', '1');
}

/** Database, mark, parameters and settings. */
async function prepare(
  connection: Connection,
  ask: Ask,
  wanted: ReadonlyMap<string, string>,
): Promise<void> {
  if (ask.database !== undefined && ask.database !== '') {
    await connection.query(`USE ${identifier(ask.database)}`, 'Null');
  }
  const { readonly: last, ...settings } = Object.fromEntries(wanted);
  for (const [name, value] of ask.parameters) settings[`param_${name}`] = value;
  await connection.query(setStatement(Object.entries(settings)), 'Null');
  if (last !== undefined) await connection.query(setStatement([['readonly', last]]), 'Null');
}

function setStatement(settings: Iterable<readonly [string, string]>): string {
  const list = Array.from(settings, ([name, value]) => {
    if (!SETTING.test(name)) throw refusal(115, 'UNKNOWN_SETTING', `Unknown setting '${name}'`);
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
