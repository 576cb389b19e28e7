import { identifier, isSymbol, isWord, type SqlToken } from '../sql-tokens.ts';
import type { EngineFunctions } from './analyst-functions.ts';
import { type ClickHouseEngine, readonlyError } from './engine.ts';

/** What the guard must know of the engine that is loaded. */
export type EngineFacts = EngineFunctions & {
  /** As the engine counts them: those that its container may use. */
  readonly cores: number;
  /** Names of its data types and of the formats that it writes, in lower case. */
  readonly types: ReadonlySet<string>;
  readonly formats: ReadonlySet<string>;
  /** Of the system tables in which paths stand: what an analyst may select of them, with blanks for the paths. */
  readonly systemColumns: ReadonlyMap<string, readonly string[]>;
};

/** System tables about the language and the schema, without a word about files, people or other statements. */
const OPEN: ReadonlySet<string> = new Set([
  'aggregate_function_combinators',
  'codecs',
  'collations',
  'columns',
  'completions',
  'current_roles',
  'data_skipping_index_types',
  'data_skipping_indices',
  'data_type_families',
  'database_engines',
  'documentation',
  'enabled_roles',
  'events',
  'formats',
  'functions',
  'keywords',
  'metrics',
  'numbers',
  'numbers_mt',
  'one',
  'projections',
  'settings',
  'table_engines',
  'table_functions',
  'time_zones',
  'tokenizers',
  'unicode',
  'view_refreshes',
  'zeros',
  'zeros_mt',
]);

/** System tables of which analysts see all columns, but no path: it is empty, because drivers ask for the column. */
const WITH_PATHS = ['databases', 'parts', 'parts_columns', 'tables'] as const;

/** Asks the engine. */
export async function engineFacts(engine: ClickHouseEngine): Promise<EngineFacts> {
  const connection = engine.connect();
  const lines = async (sql: string) => {
    const { bytes } = await connection.query(sql, 'TabSeparatedRaw');
    return bytes.toString().trim().split('\n');
  };
  try {
    const set = async (sql: string) => new Set(await lines(sql));
    const functions = await lines('SELECT lower(name), lower(alias_to) FROM system.functions');
    const columns = await lines(
      `SELECT table, name, type FROM system.columns WHERE database = 'system'
       AND table IN ('${WITH_PATHS.join("', '")}') ORDER BY table, position`,
    );
    const systemColumns = new Map<string, string[]>(WITH_PATHS.map((table) => [table, []]));
    for (const line of columns) {
      const [table = '', name = '', type = ''] = line.split('\t');
      systemColumns.get(table)?.push(columnFor(name, type));
    }
    const [cores = ''] = await lines(`SELECT getSetting('max_threads')`);
    return {
      cores: Number(cores),
      functions: new Map(functions.map((line) => known(line))),
      tableFunctions: await set('SELECT lower(name) FROM system.table_functions'),
      types: await set('SELECT lower(name) FROM system.data_type_families'),
      formats: await set('SELECT lower(name) FROM system.formats WHERE is_output'),
      systemColumns,
    };
  } finally {
    connection.close();
  }
}

function known(line: string): readonly [string, string] {
  const [name = '', alias = ''] = line.split('\t');
  return [name, alias === '' ? name : alias];
}

function columnFor(name: string, type: string): string {
  const column = identifier(name);
  if (!name.includes('path')) return column;
  return type === 'String' ? `'' AS ${column}` : `arrayMap(path -> '', ${column}) AS ${column}`;
}

/** A stretch of a statement and what goes into its place. */
export type Edit = { readonly start: number; readonly end: number; readonly text: string };

/** A statement with each stretch replaced. */
export function edited(sql: string, edits: readonly Edit[]): string {
  let text = '';
  let from = 0;
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    text += sql.slice(from, edit.start) + edit.text;
    from = edit.end;
  }
  return text + sql.slice(from);
}

/**
 * The system table that is named at `at`, if one is: throws if it is not for analysts, and says what goes into its
 * place if some of its columns are not.
 */
export function systemTable(
  tokens: readonly SqlToken[],
  at: number,
  { systemColumns }: EngineFacts,
): Edit | undefined {
  const [database, , table, after] = tokens.slice(at, at + 4);
  if (database?.text !== 'system' || database.kind === 'string') return undefined;
  if (isSymbol(tokens[at - 1], '.') || !isSymbol(tokens[at + 1], '.')) return undefined;
  if (table === undefined || OPEN.has(table.text)) return undefined;
  const columns = systemColumns.get(table.text);
  if (columns === undefined) {
    throw readonlyError(
      `system.${table.text} is not for analysts: it tells of files, hosts or others`,
    );
  }
  const { start } = database;
  const { end } = table;
  // A qualified column: `system.tables.name`.
  if (isSymbol(after, '.')) return { start, end, text: aliasOf(tokens, table.text) };
  const name = isWord(after, 'AS') ? '' : ` AS ${identifier(table.text)}`;
  return { start, end, text: `(SELECT ${columns.join(', ')} FROM system.${table.text})${name}` };
}

/** What the table is called where the statement reads from it. */
function aliasOf(tokens: readonly SqlToken[], table: string): string {
  const named = tokens.findIndex(
    ({ text }, at) =>
      text === 'system' && tokens[at + 2]?.text === table && isWord(tokens[at + 3], 'AS'),
  );
  return identifier((named < 0 ? undefined : tokens[named + 4]?.text) ?? table);
}
