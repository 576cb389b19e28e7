import { isName, isSymbol, isWord, literal, type SqlToken, sqlTokens } from '../sql-tokens.ts';

/** Where the format stands in a statement as the engine writes it: behind the query, ahead of settings or the end. */
function formatClause(sql: string): number | undefined {
  const tokens = [...sqlTokens(sql)];
  for (let at = tokens.length - 2; at > 0; at -= 1) {
    const [word, name, behind] = tokens.slice(at, at + 3);
    if (word === undefined || name === undefined || !isWord(word, 'FORMAT')) continue;
    if (!isName(name) || isOrder(name) || !endsOperand(tokens[at - 1])) continue;
    if (behind === undefined || isWord(behind, 'SETTINGS')) return word.start;
  }
  return undefined;
}

/** `ORDER BY format ASC` names a column. */
function isOrder(token: SqlToken): boolean {
  return isWord(token, 'ASC') || isWord(token, 'DESC');
}

function endsOperand(token: SqlToken | undefined): boolean {
  return token?.kind !== 'symbol' || [')', ']', '}', '*'].some((sign) => isSymbol(token, sign));
}

export type Outfile = {
  readonly path: string;
  /** Of a result whose statement names none. */
  readonly format: string;
  /** `none`, `zstd` or `lz4`. */
  readonly compression: string;
};

/**
 * A query, as the engine writes it, whose result goes into a new file. The engine writes any format there whole, with head and foot, in
 * constant memory; asked for the bytes, it would hold them all.
 */
export function intoOutfile(sql: string, { path, format, compression }: Outfile): string {
  const outfile = ` INTO OUTFILE ${literal(path)} COMPRESSION ${literal(compression)} `;
  const clause = formatClause(sql);
  if (clause === undefined) return `${sql}${outfile}FORMAT ${format}`;
  return sql.slice(0, clause) + outfile + sql.slice(clause);
}
