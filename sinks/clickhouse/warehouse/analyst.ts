import { isWord, type SqlToken, sqlTokens } from '../sql-tokens.ts';
import { refusal } from './engine-error.ts';

/** Settings that an analyst may choose for a query. All others could loosen a limit or read what is not theirs. */
const ALLOWED_SETTINGS: ReadonlySet<string> = new Set([
  'date_time_output_format',
  'decimal_trailing_zeros',
  'extremes',
  'final',
  'group_by_overflow_mode',
  'join_use_nulls',
  'limit',
  'max_block_size',
  'max_result_bytes',
  'max_result_rows',
  'max_rows_to_group_by',
  'max_rows_to_read',
  'max_threads',
  'offset',
  'result_overflow_mode',
  'send_progress_in_http_headers',
  'session_timezone',
  'wait_end_of_query',
  'cancel_http_readonly_queries_on_client_close',
]);
const ALLOWED_PREFIX = /^output_format_(?!schema)/;

/** Set for every analyst, before the connection becomes read-only: seconds and bytes. */
export const ANALYST_LIMITS: Readonly<Record<string, string>> = {
  max_execution_time: '60',
  max_memory_usage: '500000000',
};

const STATEMENTS: ReadonlySet<string> = new Set([
  'SELECT',
  'WITH',
  'EXPLAIN',
  'SHOW',
  'DESCRIBE',
  'DESC',
  'EXISTS',
  'FROM',
  'VALUES',
]);

/**
 * Functions that reach beyond the database. Most are refused by the engine too on a read-only connection; `file` as a
 * scalar function, `s3` and their kin are not.
 */
const OUTSIDE =
  /^(?:file|filecluster|fileswithpattern|url|urlcluster|s3|s3cluster|gcs|oss|cosn|hdfs|hdfscluster|azureblobstorage.*|iceberg.*|deltalake.*|hudi.*|paimon.*|remote|remotesecure|cluster|clusterallreplicas|mysql|postgresql|mongodb|redis|sqlite|odbc|jdbc|executable|executablepool|input|python|arrowstream|arrowflight|ytsaurus|catboostevaluate|addresstoline.*|addresstosymbol|demangle|dictionary|loop|fuzzquery|fuzzjson|sleep|sleepeachrow)$/;

/** Throws if this analyst's statement is not one plain read, or names what is not theirs. */
export function checkAnalystStatement(sql: string): void {
  const tokens = [...sqlTokens(sql)];
  while (isSymbol(tokens.at(-1), ';')) tokens.pop();
  const first = tokens.find((token) => !isSymbol(token, '('));
  if (first === undefined) throw refusal(62, 'SYNTAX_ERROR', 'Empty query');
  if (first.kind !== 'name' || !STATEMENTS.has(first.text.toUpperCase())) {
    throw readonly(`${first.text} is not a read; analysts can SELECT, EXPLAIN, SHOW and DESCRIBE`);
  }
  tokens.forEach((token, index) => {
    checkToken(token, tokens[index + 1]);
  });
}

function checkToken(token: SqlToken, next: SqlToken | undefined): void {
  if (isSymbol(token, ';')) {
    throw refusal(62, 'SYNTAX_ERROR', 'Multi-statements are not allowed');
  }
  if (isWord(token, 'INTO') && isWord(next, 'OUTFILE')) {
    throw readonly('INTO OUTFILE writes a file; the result comes as the answer instead');
  }
  if (isWord(token, 'INFILE')) throw readonly('INFILE reads a file');
  const name = token.kind === 'name' || token.kind === 'quoted-name';
  if (name && isSymbol(next, '(') && OUTSIDE.test(token.text.toLowerCase())) {
    throw readonly(`function ${token.text} is not for analysts`);
  }
}

/** Throws if an analyst may not choose this setting. */
export function checkAnalystSetting(name: string): void {
  if (ALLOWED_SETTINGS.has(name) || ALLOWED_PREFIX.test(name)) return;
  throw readonly(`Cannot modify '${name}' setting in readonly mode`);
}

function readonly(message: string): Error {
  return refusal(164, 'READONLY', message);
}

function isSymbol(token: SqlToken | undefined, text: string): boolean {
  return token?.kind === 'symbol' && token.text === text;
}
