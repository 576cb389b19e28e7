/** A piece of an SQL text. `text` of a name or a string is without its quotes; `start` and `end` are offsets. */
export type SqlToken = {
  readonly kind: 'name' | 'quoted-name' | 'string' | 'number' | 'symbol';
  readonly text: string;
  readonly start: number;
  readonly end: number;
};

const BLANKS_AND_COMMENTS = /(?:\s|--[^\n]*|#[! ][^\n]*|\/\*[\s\S]*?\*\/)+/y;
const PIECES: readonly (readonly [SqlToken['kind'], RegExp])[] = [
  ['name', /[A-Za-z_][A-Za-z0-9_]*/y],
  ['number', /[0-9][A-Za-z0-9_.]*/y],
  ['string', /'(?:[^'\\]|''|\\[\s\S])*'/y],
  ['string', /\$([A-Za-z0-9_]*)\$[\s\S]*?\$\1\$/y],
  ['quoted-name', /`(?:[^`\\]|``|\\[\s\S])*`/y],
  ['quoted-name', /"(?:[^"\\]|""|\\[\s\S])*"/y],
  ['symbol', /[\s\S]/y],
];

/**
 * The tokens of an SQL text, one after the other, as ClickHouse's lexer cuts them. For looking at statements (which
 * kind, how many, which functions and settings they name); what they mean is the engine's business.
 */
export function* sqlTokens(sql: string): Generator<SqlToken> {
  for (let at = 0; ; ) {
    BLANKS_AND_COMMENTS.lastIndex = at;
    at += BLANKS_AND_COMMENTS.exec(sql)?.[0].length ?? 0;
    if (at >= sql.length) return;
    const token = pieceAt(sql, at);
    yield token;
    at = token.end;
  }
}

function pieceAt(sql: string, start: number): SqlToken {
  for (const [kind, pattern] of PIECES) {
    pattern.lastIndex = start;
    const found = pattern.exec(sql)?.[0];
    if (found === undefined) continue;
    const quoted = kind === 'quoted-name' || (kind === 'string' && found.startsWith("'"));
    const text = quoted ? unquoted(found) : found;
    return { kind, text, start, end: start + found.length };
  }
  throw new RangeError(`no token at ${start}`);
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
