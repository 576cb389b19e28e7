// The form of an analyst's statement, as the engine writes it: which signs it has, and what stands between its words. What
// the engine keeps as it was written (the types of parameters) has a grammar of its own. A reader of ours could take
// comments, odd quotes and foreign letters otherwise than the engine's: they have no place here.

import { isName, isSymbol, isWord, type SqlToken, sqlTokens } from '../sql-tokens.ts';
import type { Edit, EngineFacts } from './analyst-system.ts';
import { clickHouseError, readonlyError } from './engine.ts';

const SIGNS: ReadonlySet<string> = new Set('()[],.+-*/%=!<>:^'.split(''));
const NUMBER = /^[0-9][0-9.]*(?:e[0-9]*)?$/;
/** The texts within a type: time zones, names of enumerations. */
const TEXT_IN_TYPE = /^[A-Za-z0-9_/+:. -]*$/;
const WITHOUT_SCHEMA = /^(?!capnproto|protobuf|template|avroconfluent)/;

/** The tokens of a statement, its parameters left out. Throws if it has what the engine would not write. */
export function checkGrammar(sql: string, facts: EngineFacts): readonly SqlToken[] {
  const kept: SqlToken[] = [];
  const all = [...sqlTokens(sql)];
  let end = 0;
  for (let at = 0; at < all.length; ) {
    const token = all[at];
    if (token === undefined) break;
    if (isSymbol(token, '{')) {
      let close = at + 1;
      while (close < all.length && !isSymbol(all[close], '}')) close += 1;
      const last = all[close];
      if (last === undefined) throw odd('{');
      checkGaps(sql, end, all.slice(at, close + 1));
      checkParameter(all.slice(at + 1, close), facts);
      end = last.end;
      at = close + 1;
      continue;
    }
    checkGaps(sql, end, [token]);
    checkToken(token);
    kept.push(token);
    end = token.end;
    at += 1;
  }
  if (sql.slice(end).trim() !== '') throw odd(sql.slice(end));
  checkFormat(kept, facts);
  return kept;
}

/** Between two words there is a blank or nothing: no comment, no foreign space. */
function checkGaps(sql: string, from: number, tokens: readonly SqlToken[]): void {
  let end = from;
  for (const token of tokens) {
    const gap = sql.slice(end, token.start);
    if (!/^ *$/.test(gap)) throw odd(gap);
    end = token.end;
  }
}

function checkToken(token: SqlToken): void {
  if (isSymbol(token, ';')) {
    throw clickHouseError(62, 'SYNTAX_ERROR', 'Multi-statements are not allowed');
  }
  if (token.kind === 'symbol' && !SIGNS.has(token.text)) throw odd(token.text);
  if (token.kind === 'number' && !NUMBER.test(token.text)) throw odd(token.text);
  if (token.kind === 'name' && token.text.includes('$')) throw odd(token.text);
  // A text between dollar signs is longer in the statement than its quotes.
  if (token.kind === 'string' && token.text.startsWith('$') && token.text.endsWith('$')) {
    if (token.end - token.start === token.text.length) throw odd(token.text);
  }
}

/** What stands in `{name:Type}`. */
function checkParameter(tokens: readonly SqlToken[], { types }: EngineFacts): void {
  const [name, colon, ...type] = tokens;
  if (name?.kind !== 'name' || !isSymbol(colon, ':') || type.length === 0) throw oddType(tokens);
  let depth = 0;
  type.forEach((token, at) => {
    const called = isSymbol(type[at + 1], '(');
    if (token.kind === 'name') {
      const known = types.has(token.text.toLowerCase()) || token.text === 'Identifier';
      if ((at === 0 || called) && !known) throw oddType(tokens);
      return;
    }
    if (isSymbol(token, '(')) depth += 1;
    if (isSymbol(token, ')')) depth -= 1;
    const plain =
      (token.kind === 'symbol' && ['(', ')', ',', '=', '-'].includes(token.text)) ||
      (token.kind === 'number' && NUMBER.test(token.text)) ||
      (token.kind === 'string' && TEXT_IN_TYPE.test(token.text) && !token.text.includes('--'));
    if (!plain || at === 0 || depth < 0) throw oddType(tokens);
  });
  if (depth !== 0) throw oddType(tokens);
}

/** The format that a statement names, if it does, is one that needs no other file. */
function checkFormat(tokens: readonly SqlToken[], { formats }: EngineFacts): void {
  const [word, name] = tokens.slice(-2);
  if (isWord(word, 'FORMAT') && isName(name)) checkFormatName(name.text, formats);
}

/** Throws if a format is not one that the engine writes by itself: names of formats are put into statements. */
export function checkFormatName(name: string, formats: ReadonlySet<string>): void {
  const lower = name.toLowerCase();
  if (formats.has(lower) && WITHOUT_SCHEMA.test(lower)) return;
  throw clickHouseError(73, 'UNKNOWN_FORMAT', `Unknown format ${JSON.stringify(name)}`);
}

/**
 * The settings at the end of a statement, and their place; the engine would refuse every one of them on a connection that
 * only reads. Throws if they stand elsewhere.
 */
export function takeSettings(tokens: readonly SqlToken[]): {
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
      if (value.kind === 'symbol') break;
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

function odd(found: string): Error {
  const shown = JSON.stringify(found.slice(0, 40));
  return readonlyError(
    `${shown} is not for analysts: a statement has names, texts, numbers, signs`,
  );
}

function oddType(tokens: readonly SqlToken[]): Error {
  const shown = JSON.stringify(
    tokens
      .map(({ text }) => text)
      .join(' ')
      .slice(0, 60),
  );
  return readonlyError(
    `the parameter ${shown} is not for analysts: expected a name and a type of the engine, as in {asset:String}`,
  );
}
