import { identifier, isSymbol, type SqlToken } from '../sql-tokens.ts';
import type { Engine } from './engine.ts';
import { readonly } from './engine-error.ts';

/** What the guard must know of the engine that is loaded. */
export type EngineFacts = {
  /** Names of its table functions, in lower case. */
  readonly tableFunctions: ReadonlySet<string>;
  /** Of the system tables in which paths stand: the other columns. */
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

/** System tables of which analysts see all columns but those with paths. */
const WITH_PATHS = ['databases', 'parts', 'parts_columns', 'tables'] as const;

/** Asks the engine. */
export async function engineFacts(engine: Engine): Promise<EngineFacts> {
  const connection = engine.connect();
  const lines = async (sql: string) => {
    const { bytes } = await connection.query(sql, 'TabSeparatedRaw');
    return bytes.toString().trim().split('\n');
  };
  try {
    const functions = await lines('SELECT lower(name) FROM system.table_functions');
    const columns = await lines(
      `SELECT table, name FROM system.columns WHERE database = 'system'
       AND table IN ('${WITH_PATHS.join("', '")}') AND name NOT LIKE '%path%' ORDER BY table, position`,
    );
    const systemColumns = new Map<string, string[]>(WITH_PATHS.map((table) => [table, []]));
    for (const line of columns) {
      const [table = '', name = ''] = line.split('\t');
      systemColumns.get(table)?.push(name);
    }
    return { tableFunctions: new Set(functions), systemColumns };
  } finally {
    connection.close();
  }
}

/** A stretch of a statement and what goes into its place. */
export type Edit = { readonly start: number; readonly end: number; readonly text: string };

/**
 * The system table that is named at `at`, if one is: throws if it is not for analysts, and says what goes into its
 * place if some of its columns are not.
 */
export function systemTable(
  tokens: readonly SqlToken[],
  at: number,
  { systemColumns }: EngineFacts,
): Edit | undefined {
  const [database, , table, behind] = tokens.slice(at, at + 4);
  if (database?.text !== 'system' || database.kind === 'string') return undefined;
  if (isSymbol(tokens[at - 1], '.') || !isSymbol(tokens[at + 1], '.')) return undefined;
  if (table === undefined || OPEN.has(table.text)) return undefined;
  const columns = systemColumns.get(table.text);
  if (columns === undefined) {
    throw readonly(`system.${table.text} is not for analysts: it tells of files, hosts or others`);
  }
  const { start } = database;
  // A qualified column: `system.tables.name`.
  if (isSymbol(behind, '.')) return { start, end: table.start, text: '' };
  const name = behind?.text.toUpperCase() === 'AS' ? '' : ` AS ${identifier(table.text)}`;
  const list = columns.map(identifier).join(', ');
  return { start, end: table.end, text: `(SELECT ${list} FROM system.${table.text})${name}` };
}
