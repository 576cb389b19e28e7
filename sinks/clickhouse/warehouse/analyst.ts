import {
  identifier,
  isName,
  isSymbol,
  isWord,
  literal,
  type SqlToken,
  sqlTokens,
} from '../sql-tokens.ts';
import { checkAnalystSetting } from './analyst-settings.ts';
import { type Edit, type EngineFacts, systemTable } from './analyst-system.ts';
import { type Connection, clickHouseError, readonlyError } from './engine.ts';

/** A statement as it will be run, and the settings that stood at its end. */
export type AnalystStatement = {
  readonly sql: string;
  readonly settings: ReadonlyMap<string, string>;
};

const STATEMENTS: ReadonlySet<string> = new Set(
  'SELECT WITH EXPLAIN SHOW DESCRIBE EXISTS'.split(' '),
);
const SHOWN: ReadonlySet<string> = new Set(
  'CHANGED COLUMNS CREATE DATABASES DICTIONARIES EXTENDED FIELDS FULL FUNCTIONS INDEX INDEXES INDICES KEYS SETTINGS TABLE TABLES'.split(
    ' ',
  ),
);
/** What may stand between EXPLAIN and the query that is explained. */
const EXPLAINED: ReadonlySet<string> = new Set(
  'EXPLAIN AST SYNTAX QUERY TREE PLAN PIPELINE ESTIMATE'.split(' '),
);

/**
 * Lets the engine itself read an analyst's statement and write it down again, and judges that text, which is then the
 * one that is run: comments, odd quotes, blanks and encodings that a lexer of ours might read otherwise are gone. On a
 * fresh connection, whose settings are the default. Throws what the engine says of a statement that it cannot read.
 */
export async function analystStatement(
  connection: Connection,
  written: string,
  parameters: ReadonlyMap<string, string>,
  facts: EngineFacts,
): Promise<AnalystStatement> {
  if (written.trim() === '') throw clickHouseError(62, 'SYNTAX_ERROR', 'Empty query');
  const { bytes } = await connection.query(
    `SELECT formatQuerySingleLine(${literal(written)})`,
    'TabSeparatedRaw',
  );
  const plain = withIdentifiers(bytes.toString().trimEnd(), parameters);
  return checkAnalystStatement(plain, facts);
}

/**
 * Throws if a statement, as the engine writes it, is not one plain read, or names what is not an analyst's. What only
 * partly is theirs is replaced.
 */
function checkAnalystStatement(sql: string, facts: EngineFacts): AnalystStatement {
  const tokens = [...sqlTokens(sql)];
  checkKind(tokens);
  const { settings, edits } = takeSettings(tokens);
  const reads = !isWord(tokens[0], 'SHOW') && !isWord(tokens[0], 'DESCRIBE');
  tokens.forEach((token, at) => {
    const next = tokens[at + 1];
    checkWord(token, next);
    if (!isName(token)) return;
    if (isSymbol(next, '(')) checkAnalystFunction(tokens, at, facts.tableFunctions);
    const edit = systemTable(tokens, at, facts);
    if (edit !== undefined && reads) edits.push(edit);
  });
  return { sql: edited(sql, edits), settings };
}

function checkKind(tokens: readonly SqlToken[]): void {
  const [first, second] = tokens.filter((token) => !isSymbol(token, '('));
  const word = first?.kind === 'name' ? first.text.toUpperCase() : '';
  if (!STATEMENTS.has(word)) {
    throw readonlyError(
      `${first?.text ?? 'nothing'} is not a read; analysts can SELECT, EXPLAIN, SHOW and DESCRIBE`,
    );
  }
  if (word === 'SHOW' && !SHOWN.has(second?.text.toUpperCase() ?? '')) {
    throw readonlyError(`SHOW ${second?.text ?? ''} is not for analysts`);
  }
  if (word !== 'EXPLAIN') return;
  // Behind the kind there may be settings of EXPLAIN, as in `EXPLAIN PLAN indexes = 1 SELECT …`.
  const named = tokens.filter(
    (token, at) => token.kind === 'name' && !isSymbol(tokens[at + 1], '='),
  );
  const query = named.find((token) => !EXPLAINED.has(token.text.toUpperCase()));
  if (isWord(query, 'SELECT') || isWord(query, 'WITH')) return;
  throw readonlyError(
    `EXPLAIN of ${query?.text ?? 'nothing'} is not for analysts; of SELECT it is`,
  );
}

function checkWord(token: SqlToken, next: SqlToken | undefined): void {
  if (isSymbol(token, ';')) {
    throw clickHouseError(62, 'SYNTAX_ERROR', 'Multi-statements are not allowed');
  }
  if (isWord(token, 'INTO') && isWord(next, 'OUTFILE')) {
    throw readonlyError('INTO OUTFILE writes a file; the result comes as the answer instead');
  }
  if (isWord(token, 'INFILE')) throw readonlyError('INFILE reads a file');
}

/** Names that are given as parameters are put in, so that they can be judged. */
function withIdentifiers(sql: string, parameters: ReadonlyMap<string, string>): string {
  const tokens = [...sqlTokens(sql)];
  const edits = tokens.flatMap((token, at): Edit[] => {
    const [name, colon, type, end] = tokens.slice(at + 1, at + 5);
    if (!isSymbol(token, '{') || !isSymbol(colon, ':') || !isWord(type, 'IDENTIFIER')) return [];
    const value = parameters.get(name?.text ?? '');
    if (value === undefined || end === undefined) return [];
    return [{ start: token.start, end: end.end, text: identifier(value) }];
  });
  return edited(sql, edits);
}

/**
 * The settings at the end of a statement; the engine would refuse every one of them on a connection that only reads.
 * Throws if an analyst may not choose one, or if they stand elsewhere.
 */
function takeSettings(tokens: readonly SqlToken[]): {
  settings: Map<string, string>;
  edits: Edit[];
} {
  const settings = new Map<string, string>();
  const edits: Edit[] = [];
  tokens.forEach((token, at) => {
    if (!isWord(token, 'SETTINGS') || !isSymbol(tokens[at + 2], '=')) return;
    let after = at + 1;
    for (;;) {
      const [name, equal, value] = tokens.slice(after, after + 3);
      if (!isName(name) || !isSymbol(equal, '=') || value === undefined) break;
      checkAnalystSetting(name.text);
      settings.set(name.text, value.text);
      after += 3;
      if (!isSymbol(tokens[after], ',')) break;
      after += 1;
    }
    const rest = tokens[after];
    if (rest !== undefined && !isWord(rest, 'FORMAT')) {
      throw readonlyError("Settings stand at the end of an analyst's statement, or in the URL");
    }
    edits.push({ start: token.start, end: tokens[after - 1]?.end ?? token.end, text: '' });
  });
  return { settings, edits };
}

function edited(sql: string, edits: readonly Edit[]): string {
  let text = '';
  let from = 0;
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    text += sql.slice(from, edit.start) + edit.text;
    from = edit.end;
  }
  return text + sql.slice(from);
}

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
function checkAnalystFunction(
  tokens: readonly SqlToken[],
  at: number,
  engine: ReadonlySet<string>,
): void {
  const written = tokens[at]?.text ?? '';
  const name = written.toLowerCase();
  if ((engine.has(name) && !TABLE_FUNCTIONS.has(name)) || OUTSIDE.test(name)) {
    throw readonlyError(`function ${written} is not for analysts: it reaches beyond the database`);
  }
  if (name === 'merge') checkMerge(tokens.slice(at + 2, at + 4));
}

/** `merge` reads the tables of a database by a pattern: of the current one, or of one that is named plainly. */
function checkMerge([first, after]: readonly SqlToken[]): void {
  const named = first !== undefined && ['name', 'quoted-name', 'string'].includes(first.kind);
  const plain = named && (isSymbol(after, ',') || isSymbol(after, ')'));
  if (plain && first.text !== 'system') return;
  throw readonlyError(
    'function merge is for analysts with the plain name of a database of their own',
  );
}
