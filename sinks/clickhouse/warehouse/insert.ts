import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isWord, literal, type SqlToken, sqlTokens } from '../sql-tokens.ts';
import type { Connection } from './engine.ts';

/** An INSERT with data behind its format, as the bytes came: the statement up to the format, and what follows it. */
export type DataInsert = {
  /** `INSERT INTO table (columns)`. */
  readonly target: string;
  /** `SETTINGS … FORMAT Native`. */
  readonly rest: string;
  readonly data: readonly Uint8Array[];
};

/** Enough of a request to find the statement in, when data follows it. */
const STATEMENT_LENGTH = 262_144;

/**
 * Takes an INSERT apart, whether its statement is in the URL, in the body, or in both. Undefined if no data follows a
 * format: `INSERT … SELECT`, `… VALUES`, `… FROM INFILE`.
 */
export function dataInsert(statement: string, body: Buffer): DataInsert | undefined {
  // One character a byte, so that offsets in the text are offsets in the bytes.
  const given = Buffer.from(statement);
  const [first, ...more] = statement.trim() === '' ? [body] : [given, body];
  const text = first.toString('latin1', 0, STATEMENT_LENGTH);
  let depth = 0;
  let rest: number | undefined;
  let before: SqlToken | undefined;
  for (const token of sqlTokens(text)) {
    if (token.text === '(' && token.kind === 'symbol') depth += 1;
    if (token.text === ')' && token.kind === 'symbol') depth -= 1;
    if (depth === 0) {
      if (isWord(before, 'FORMAT')) {
        const start = rest ?? 0;
        const from = dataStart(text, token.end);
        return {
          target: first.toString('utf8', 0, start),
          rest: first.toString('utf8', start, token.end),
          data: [first.subarray(from), ...more].filter((piece) => piece.length > 0),
        };
      }
      if (['SELECT', 'WITH', 'VALUES', 'INFILE'].some((word) => isWord(token, word)))
        return undefined;
      if (isWord(token, 'SETTINGS') || isWord(token, 'FORMAT')) rest ??= token.start;
    }
    before = token;
  }
  return undefined;
}

/** Behind the format ClickHouse skips blanks and one line break. What follows is data, whatever it looks like. */
function dataStart(text: string, end: number): number {
  return end + (/^[ \t\f]*(?:;?[ \t]*\r?\n)?/.exec(text.slice(end, end + 64))?.[0].length ?? 0);
}

/**
 * Inserts by way of a file. Data in the text of a statement, which is what chDB's own inserts do, ends at the first
 * empty line, and what follows is run as SQL: no binary format survives that, and rows of text formats get lost.
 */
export async function insertData(
  connection: Connection,
  { target, rest, data }: DataInsert,
  folder: string,
): Promise<{ written: number; bytes: number }> {
  const file = join(folder, randomUUID());
  try {
    await writeFile(file, data.length === 1 ? (data[0] ?? '') : Buffer.concat(data));
    // Without the word `none` the engine guesses a compression from the name.
    const source = `FROM INFILE ${literal(file)} COMPRESSION 'none'`;
    return await connection.insert(`${target} ${source} ${rest}`);
  } finally {
    await rm(file, { force: true });
  }
}
