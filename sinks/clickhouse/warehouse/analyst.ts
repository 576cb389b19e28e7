// What an analyst may say: one read, of what is theirs, in words that are on the lists.

import {
  identifier,
  isName,
  isSymbol,
  isWord,
  literal,
  type SqlToken,
  sqlTokens,
} from '../sql-tokens.ts';
import { checkGrammar, takeSettings } from './analyst-grammar.ts';
import { checkName, type Doubt, functionsAreHandedOver } from './analyst-names.ts';
import { type Edit, type EngineFacts, edited, systemTable } from './analyst-system.ts';
import { type Connection, clickHouseError, readonlyError } from './engine.ts';

/** A statement as it will be run, and the settings that stood at its end. */
export type AnalystStatement = {
  readonly sql: string;
  readonly settings: ReadonlyMap<string, string>;
};

/** What an analyst sent, and the database that it is for. */
export type AskedStatement = {
  readonly written: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly database: string;
};

const STATEMENTS: ReadonlySet<string> = new Set(
  'SELECT WITH EXPLAIN SHOW DESCRIBE EXISTS USE'.split(' '),
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
 * Lets the engine's parser read an analyst's statement and write it down again, and judges that text, which is then the
 * one that is run. The parser resolves nothing: no file is opened and no address asked until the judgement is made. On a
 * fresh connection, whose settings are the default. Throws what the engine says of a statement that it cannot read.
 */
export async function analystStatement(
  connection: Connection,
  { written, parameters, database }: AskedStatement,
  facts: EngineFacts,
): Promise<AnalystStatement> {
  if (written.trim() === '') throw clickHouseError(62, 'SYNTAX_ERROR', 'Empty query');
  const { bytes } = await connection.query(
    `SELECT formatQuerySingleLine(${literal(written)})`,
    'TabSeparatedRaw',
  );
  const sql = withIdentifiers(bytes.toString().trimEnd(), parameters);
  const tokens = checkGrammar(sql, facts);
  checkKind(tokens, database);
  const { settings, edits } = takeSettings(tokens);
  const doubts: Doubt[] = [];
  tokens.forEach((token, at) => {
    checkWord(token, tokens[at + 1]);
    if (!isName(token)) return;
    const doubt = checkName(tokens, at, facts);
    if (doubt !== undefined) doubts.push(doubt);
    const edit = systemTable(tokens, at, facts);
    if (edit !== undefined && readsRows(tokens)) edits.push(edit);
  });
  for (const doubt of doubts) await checkColumn(connection, tokens, doubt);
  return { sql: edited(sql, edits), settings };
}

function readsRows([first]: readonly SqlToken[]): boolean {
  return !isWord(first, 'SHOW') && !isWord(first, 'DESCRIBE');
}

function checkKind(tokens: readonly SqlToken[], database: string): void {
  const [first, second, ...more] = tokens.filter((token) => !isSymbol(token, '('));
  const word = first?.kind === 'name' ? first.text.toUpperCase() : '';
  if (!STATEMENTS.has(word)) {
    throw readonlyError(
      `${first?.text ?? 'nothing'} is not a read; analysts can SELECT, EXPLAIN, SHOW and DESCRIBE`,
    );
  }
  if (word === 'SHOW' && !SHOWN.has(second?.text.toUpperCase() ?? '')) {
    throw readonlyError(`SHOW ${second?.text ?? ''} is not for analysts`);
  }
  if (word === 'USE' && (second?.text !== database || more.length > 0)) {
    throw readonlyError(
      `USE of another database than ${database}, which the request is for, is not for analysts; ` +
        'name it in the URL (database=…) or in front of the table',
    );
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
    if (value === undefined || !isSymbol(end, '}') || end === undefined) return [];
    return [{ start: token.start, end: end.end, text: identifier(value) }];
  });
  return edited(sql, edits);
}

/**
 * Throws unless the name of a function that is not on the list is a column of a table that the statement names, and
 * nothing in it takes functions: an identifier could be one there, whatever columns there are.
 */
async function checkColumn(
  connection: Connection,
  tokens: readonly SqlToken[],
  { name, refusal }: Doubt,
): Promise<void> {
  if (functionsAreHandedOver(tokens)) throw refusal;
  const tables = [...new Set(tokens.filter(isName).map(({ text }) => literal(text)))];
  const { bytes } = await connection.query(
    `SELECT count() FROM system.columns
     WHERE database != 'system' AND name = ${literal(name)} AND table IN (${tables.join(', ')})`,
    'TabSeparatedRaw',
  );
  if (bytes.toString().trim() === '0') throw refusal;
}
