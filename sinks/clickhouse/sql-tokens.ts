/** A piece of an SQL text. `text` of a name or a string is without its quotes; `start` and `end` are offsets. */
export type SqlToken = {
  readonly kind: 'name' | 'quoted-name' | 'string' | 'number' | 'symbol';
  readonly text: string;
  readonly start: number;
  readonly end: number;
};

const BLANKS = /\s+/y;
const NAME = /[A-Za-z_][A-Za-z0-9_$]*/y;
const NUMBER = /[0-9][A-Za-z0-9_.]*/y;
const HEREDOC = /\$[A-Za-z0-9_]*\$/y;

/**
 * The tokens of an SQL text, one after the other, as ClickHouse's lexer cuts them. For looking at statements (which
 * kind, how many, which functions and settings they name); what they mean is the engine's business. Linear in the length
 * of the text, whatever is in it: what is opened and never closed is one symbol, up to the end.
 */
export function* sqlTokens(sql: string): Generator<SqlToken> {
  for (let at = 0; ; ) {
    at = behindBlanks(sql, at);
    if (at >= sql.length) return;
    const token = tokenAt(sql, at);
    yield token;
    at = token.end;
  }
}

/** Where the next token begins: behind blanks and whole comments. */
function behindBlanks(sql: string, start: number): number {
  for (let at = start; ; ) {
    const blank = at + lengthAt(BLANKS, sql, at);
    const end = commentEnd(sql, blank);
    if (end === undefined) return blank;
    at = end;
  }
}

function commentEnd(sql: string, at: number): number | undefined {
  const two = sql.slice(at, at + 2);
  if (two === '--' || two === '#!' || two === '# ') {
    const line = sql.indexOf('\n', at);
    return line < 0 ? sql.length : line;
  }
  if (two !== '/*') return undefined;
  const end = sql.indexOf('*/', at + 2);
  return end < 0 ? undefined : end + 2;
}

function tokenAt(sql: string, start: number): SqlToken {
  const token = (kind: SqlToken['kind'], end: number, text = sql.slice(start, end)) => ({
    kind,
    text,
    start,
    end,
  });
  const name = lengthAt(NAME, sql, start);
  if (name > 0) return token('name', start + name);
  const number = lengthAt(NUMBER, sql, start);
  if (number > 0) return token('number', start + number);
  const first = sql.charAt(start);
  if (first === "'" || first === '`' || first === '"') {
    const end = quotedEnd(sql, start, first);
    if (end === undefined) return token('symbol', sql.length);
    const text = unquoted(sql.slice(start, end));
    return token(first === "'" ? 'string' : 'quoted-name', end, text);
  }
  const mark = sql.slice(start, start + lengthAt(HEREDOC, sql, start));
  if (mark !== '') {
    const end = sql.indexOf(mark, start + mark.length);
    return end < 0 ? token('symbol', sql.length) : token('string', end + mark.length);
  }
  return token('symbol', sql.startsWith('/*', start) ? sql.length : start + 1);
}

function lengthAt(pattern: RegExp, sql: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(sql)?.[0].length ?? 0;
}

/** Behind the quote that closes the one at `start`; a doubled one and one behind a backslash do not. */
function quotedEnd(sql: string, start: number, quote: string): number | undefined {
  for (let at = start + 1; at < sql.length; at += 1) {
    const sign = sql.charAt(at);
    if (sign === '\\') at += 1;
    else if (sign === quote) {
      if (sql.charAt(at + 1) !== quote) return at + 1;
      at += 1;
    }
  }
  return undefined;
}

function unquoted(quoted: string): string {
  const quote = quoted.charAt(0);
  return quoted
    .slice(1, -1)
    .replaceAll(quote + quote, quote)
    .replace(/\\([\s\S])/g, '$1');
}

/** Whether a token is this word (given in upper case), not quoted. */
export function isWord(token: SqlToken | undefined, word: string): boolean {
  return token?.kind === 'name' && token.text.toUpperCase() === word;
}

/** Whether a token is this sign, not quoted. */
export function isSymbol(token: SqlToken | undefined, text: string): boolean {
  return token?.kind === 'symbol' && token.text === text;
}

/** Whether a token is a name, quoted or not. */
export function isName(token: SqlToken | undefined): token is SqlToken {
  return token?.kind === 'name' || token?.kind === 'quoted-name';
}

/** The statements of a script, without the semicolons between them. */
export function sqlStatements(script: string): readonly string[] {
  const statements: string[] = [];
  let start: number | undefined;
  let end = 0;
  for (const token of sqlTokens(script)) {
    if (isSymbol(token, ';')) {
      if (start !== undefined) statements.push(script.slice(start, end));
      start = undefined;
      continue;
    }
    start ??= token.start;
    end = token.end;
  }
  if (start !== undefined) statements.push(script.slice(start, end));
  return statements;
}

/** A text as a string literal. */
export function literal(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

/** A name in backquotes. */
export function identifier(name: string): string {
  return `\`${name.replace(/[\\`]/g, '\\$&')}\``;
}
