import { identifier, literal } from '../sql-tokens.ts';
import { ANALYST_LIMITS, checkAnalystSetting, checkAnalystStatement } from './analyst.ts';
import type { Ask } from './ask.ts';
import type { Connection, Engine } from './engine.ts';
import { refusal } from './engine-error.ts';
import { dataInsert, insertData } from './insert.ts';

/** What is known when the answer is complete; undefined where the engine does not say it. */
export type Summary = { readonly read: number; readonly written: number; readonly bytes: number };

/** Formats whose pieces can be strung together: no header, no footer, no state between them. */
const STREAMABLE: ReadonlySet<string> = new Set([
  'csv',
  'jsoncompacteachrow',
  'jsoneachrow',
  'jsonlines',
  'jsonstringseachrow',
  'native',
  'ndjson',
  'rowbinary',
  'tabseparated',
  'tabseparatedraw',
  'tsv',
  'tsvraw',
]);
const NOTHING: Summary = { read: 0, written: 0, bytes: 0 };
const READS: ReadonlySet<string> = new Set(['SELECT', 'WITH', 'FROM']);
const SETTING = /^[A-Za-z][A-Za-z0-9_.]*$/;

/** Who may only read. Everyone else on this machine is the owner: the warehouse listens on the loopback only. */
export function isAnalyst(user: string): boolean {
  return user === 'analyst' || user === 'readonly';
}

/**
 * Carries out one request on a connection of its own, so that no setting, parameter or database outlives it, and
 * yields the pieces of the answer. `folder` is for data on its way in. Throws an `EngineError`.
 */
export async function* answer(
  engine: Engine,
  folder: string,
  ask: Ask,
): AsyncGenerator<Buffer, Summary> {
  const analyst = isAnalyst(ask.user);
  if (analyst) for (const name of ask.settings.keys()) checkAnalystSetting(name);
  const connection = engine.connect();
  try {
    await prepare(connection, ask, analyst);
    if (ask.verb === 'INSERT' && !analyst) {
      const insert = dataInsert(ask.statement, ask.body);
      if (insert !== undefined) {
        // The client's end of a connection that sent nothing; the engine would call it an error.
        if (insert.data.length === 0) return NOTHING;
        return { read: 0, ...(await insertData(connection, insert, folder)) };
      }
    }
    const sql = [ask.statement, ask.body.toString()].filter((part) => part !== '').join('\n');
    if (analyst) checkAnalystStatement(sql);
    if (READS.has(ask.verb) && STREAMABLE.has(ask.format.toLowerCase())) {
      for await (const piece of connection.stream(sql, ask.format)) yield piece;
      return NOTHING;
    }
    const { bytes, rowsRead, bytesRead } = await connection.query(sql, ask.format);
    yield bytes;
    return { read: rowsRead, written: 0, bytes: bytesRead };
  } finally {
    connection.close();
  }
}

/** Database, mark, parameters and settings, and the lock on all of them: `readonly` comes last. */
async function prepare(connection: Connection, ask: Ask, analyst: boolean): Promise<void> {
  if (ask.database !== undefined && ask.database !== '') {
    await connection.query(`USE ${identifier(ask.database)}`, 'Null');
  }
  const settings = new Map([...ask.settings, ['log_comment', ask.id]]);
  for (const [name, value] of ask.parameters) settings.set(`param_${name}`, value);
  if (analyst)
    for (const [name, value] of Object.entries(ANALYST_LIMITS)) settings.set(name, value);
  const readonly = analyst ? '1' : settings.get('readonly');
  settings.delete('readonly');
  await connection.query(setStatement(settings), 'Null');
  if (readonly !== undefined)
    await connection.query(setStatement([['readonly', readonly]]), 'Null');
}

function setStatement(settings: Iterable<readonly [string, string]>): string {
  const list = Array.from(settings, ([name, value]) => {
    if (!SETTING.test(name)) throw refusal(115, 'UNKNOWN_SETTING', `Unknown setting '${name}'`);
    return `${name} = ${literal(value)}`;
  });
  return `SET ${list.join(', ')}`;
}
