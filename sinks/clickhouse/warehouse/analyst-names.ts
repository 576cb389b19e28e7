// Which names may stand in an analyst's statement, as the engine writes it: functions, called or only named, and tables.

import { isSymbol, isWord, type SqlToken } from '../sql-tokens.ts';
import { type EngineFunctions, isFunction, mayCall } from './analyst-functions.ts';
import { type EngineError, readonlyError } from './engine.ts';

/** The name of a function that is not on the list, where it may be a column's as well; and what is said if it is not. */
export type Doubt = { readonly name: string; readonly refusal: EngineError };

/**
 * What may stand in front of a parenthesis and is no function, as the engine writes it. None of these words is the name
 * of a function that is not on the list.
 */
const IN_FRONT: ReadonlySet<string> = new Set(
  `ALL AND ANTI ANY APPLY ARRAY AS ASC ASOF BETWEEN BY CASE COLUMNS CROSS CUBE DESC DISTINCT ELSE END EXCEPT EXISTS
   EXPLAIN FILL FILTER FINAL FROM GLOBAL GROUPING HAVING IF ILIKE IN INNER INTERPOLATE INTERSECT IS JOIN LEFT LIKE LIMIT
   NOT OFFSET ON OR ORDER OUTER OVER PLAN PIPELINE PREWHERE QUALIFY REPLACE RIGHT ROLLUP SAMPLE SELECT SEMI SETS SYNTAX
   THEN TABLE TO TOTALS TREE UNION USING WHEN WHERE WITH`.split(/\s+/),
);

/** What could lead out of the database by its name alone: the engine opens files for tables that it does not know. */
const PATH = /^[/\\~]|\.\.|:\/\/|\0/;

/** Tables that are not for analysts, in whatever database. */
const KEPT: ReadonlySet<string> = new Set(['audit']);

/** Throws if a name is not an analyst's. Gives what must be asked of the schema, if it depends on that. */
export function checkName(
  tokens: readonly SqlToken[],
  at: number,
  engine: EngineFunctions,
): Doubt | undefined {
  const [before, token, after] = [tokens[at - 1], tokens[at], tokens[at + 1]];
  if (token === undefined) return undefined;
  const name = token.text;
  if (PATH.test(name)) {
    throw readonlyError(
      `the name ${JSON.stringify(name)} is not for analysts: it looks like a path`,
    );
  }
  if (KEPT.has(name)) {
    throw readonlyError(`the table ${name} is not for analysts: it says who did what`);
  }
  const refusal = readonlyError(
    `function ${name} is not for analysts: it is not on the list of those that only work on what they are given`,
  );
  if (isSymbol(after, '(')) {
    if (token.kind === 'name' && IN_FRONT.has(name)) return undefined;
    if (!mayCall(name, engine)) throw refusal;
    checkArguments(name.toLowerCase(), tokens.slice(at + 2, at + 6));
    return undefined;
  }
  if (!isFunction(name, engine) || mayCall(name, engine)) return undefined;
  // Part of a longer name, or the name that something is given: no function is found by these.
  if (isSymbol(before, '.') || isSymbol(after, '.') || isWord(before, 'AS')) return undefined;
  return { name, refusal };
}

/** Whether a statement has something that takes functions: then an identifier may be one. */
export function functionsAreHandedOver(tokens: readonly SqlToken[]): boolean {
  return tokens.some(
    (token, at) =>
      isWord(token, 'APPLY') ||
      (isSymbol(token, '-') && isSymbol(tokens[at + 1], '>')) ||
      (/^(?:array|map)./i.test(token.text) && isSymbol(tokens[at + 1], '(')),
  );
}

function checkArguments(name: string, given: readonly SqlToken[]): void {
  if (name === 'merge') checkMerge(given);
  if (name === 'format' && given[0]?.kind !== 'string') {
    throw readonlyError('function format is for analysts with a pattern in quotes');
  }
}

/**
 * `merge` reads the tables of a database by a pattern: of the current one, or of one that is named plainly. The pattern has
 * only what means the same everywhere, and is of no table that is kept from analysts.
 */
function checkMerge([first, after, second, end]: readonly SqlToken[]): void {
  const named = first !== undefined && ['name', 'quoted-name', 'string'].includes(first.kind);
  const alone = isSymbol(after, ')');
  const plain = named && (alone || (isSymbol(after, ',') && isSymbol(end, ')')));
  const pattern = alone ? first : second;
  if (plain && first.text !== 'system' && pattern?.kind === 'string' && isOfOthers(pattern.text)) {
    return;
  }
  throw readonlyError(
    'function merge is for analysts with the plain name of a database of their own, and a pattern of ' +
      'letters, digits and ^ $ | . * + that is of none of these tables: audit',
  );
}

/** Whether a pattern can only be of tables that analysts may read. */
function isOfOthers(pattern: string): boolean {
  if (!/^[\w^$|.*+]+$/.test(pattern)) return false;
  try {
    const read = new RegExp(pattern);
    return [...KEPT].every((table) => !read.test(table));
  } catch {
    return false;
  }
}
