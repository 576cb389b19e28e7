import { isSymbol, type SqlToken } from '../sql-tokens.ts';
import { readonly } from './engine-error.ts';

/**
 * The table functions that make rows of nothing or of the database's own tables. Every other table function of the
 * engine is refused, also those of a later engine.
 */
const TABLE_FUNCTIONS: ReadonlySet<string> = new Set([
  'format',
  'generate_series',
  'generaterandom',
  'generateseries',
  'merge',
  'null',
  'numbers',
  'numbers_mt',
  'primes',
  'sqlstandardvalues',
  'values',
  'view',
  'viewexplain',
  'zeros',
  'zeros_mt',
]);

/** Functions for single values that read files, ask other hosts, look into the process, or only take time. */
const OUTSIDE =
  /^(?:__.*|address.*|ai[a-z]+|catboost.*|demangle|evalml.*|filesystem.*|fuzz.*|generateserialid|getclienthttpheader|getmacro|getoskernelversion|getserver.*|logtrace|naivebayes.*|regionto.*|regionin|regionhierarchy|reversedns.*|serveruuid|showcertificate|sleep.*|stacktrace|tcpport|tid|zookeeper.*)$/;

/** Throws if the function that is called at `at` reaches beyond the database. `engine` are its table functions, in lower case. */
export function checkAnalystFunction(
  tokens: readonly SqlToken[],
  at: number,
  engine: ReadonlySet<string>,
): void {
  const written = tokens[at]?.text ?? '';
  const name = written.toLowerCase();
  if ((engine.has(name) && !TABLE_FUNCTIONS.has(name)) || OUTSIDE.test(name)) {
    throw readonly(`function ${written} is not for analysts: it reaches beyond the database`);
  }
  if (name === 'merge') checkMerge(tokens.slice(at + 2, at + 4));
}

/** `merge` reads the tables of a database by a pattern: of the current one, or of one that is named plainly. */
function checkMerge([first, behind]: readonly SqlToken[]): void {
  const named = first !== undefined && ['name', 'quoted-name', 'string'].includes(first.kind);
  const plain = named && (isSymbol(behind, ',') || isSymbol(behind, ')'));
  if (plain && first.text !== 'system') return;
  throw readonly('function merge is for analysts with the plain name of a database of their own');
}
