import { isWord, sqlTokens } from '../sql-tokens.ts';
import { type QueryRequest, verbOf } from './request.ts';

/** How a statement is executed, and how its answer is compressed. */
export type ResponsePlan = {
  readonly kind: 'insert' | 'stream' | 'file' | 'whole';
  readonly encoding: Encoding;
};
export type Encoding = 'identity' | 'gzip' | 'deflate' | 'br' | 'zstd' | 'lz4';

/** Formats whose pieces can be strung together: no header, no footer, no state between them. */
const STREAMABLE: ReadonlySet<string> = new Set([
  'csv',
  'jsoncompacteachrow',
  'jsoneachrow',
  'jsonlines',
  'jsonstringseachrow',
  'native',
  'ndjson',
  'rowbinary',
  'tabseparated',
  'tabseparatedraw',
  'tsv',
  'tsvraw',
]);
const READS: ReadonlySet<string> = new Set(['SELECT', 'WITH', 'FROM']);
/** Statements that GET and HEAD may carry. */
const ONLY_READS: ReadonlySet<string> = new Set([
  '',
  ...READS,
  ...'EXPLAIN SHOW DESCRIBE DESC EXISTS'.split(' '),
]);
/** In the order of preference. The engine compresses while it writes the file of a result. */
const BY_NODE: readonly Encoding[] = ['gzip', 'deflate', 'br'];
const BY_ENGINE: readonly Encoding[] = ['zstd', 'lz4'];

/** Whether a statement only reads, by the words in it: a column named `insert` makes it look as if it did not. */
export function onlyReads({ verb, statement }: Pick<QueryRequest, 'verb' | 'statement'>): boolean {
  if (!ONLY_READS.has(verb)) return false;
  for (const token of sqlTokens(statement)) {
    if (isWord(token, 'INSERT') || isWord(token, 'OUTFILE')) return false;
  }
  return true;
}

/** The same for a statement that no request has brought. */
export function statementOnlyReads(statement: string): boolean {
  return onlyReads({ verb: verbOf(statement), statement });
}

/** Chooses how a statement is executed. */
export function planResponse(query: QueryRequest): ResponsePlan {
  const own = encodingOf(query.accepts, BY_NODE);
  if (query.verb === 'INSERT' && query.role === 'owner') return { kind: 'insert', encoding: own };
  if (!READS.has(query.verb)) return { kind: 'whole', encoding: own };
  const format = query.format.toLowerCase();
  // Native blocks of another revision are made of the engine's, block by block.
  const rewritten = format === 'native' && query.revision > 0;
  const encoding =
    own === 'identity' && !query.framed && !rewritten ? encodingOf(query.accepts, BY_ENGINE) : own;
  const streams = STREAMABLE.has(format) && !BY_ENGINE.includes(encoding);
  const inPieces = rewritten || (streams && !query.waits);
  return { kind: inPieces && beginsAtOnce(query) ? 'stream' : 'file', encoding };
}

/**
 * Whether a stream can be trusted to begin at once. The engine begins it on the thread that asks, which serves everybody
 * else: there it works out what is constant, and each query within the query whose result is one value.
 */
function beginsAtOnce({ role, statement, body }: QueryRequest): boolean {
  if (role !== 'owner') return false;
  const words = [...sqlTokens(`${statement}\n${body.toString()}`)];
  return words.filter((token) => isWord(token, 'SELECT')).length === 1;
}

function encodingOf(accepts: string, known: readonly Encoding[]): Encoding {
  const named = accepts.split(',').map((part) => part.replace(/;.*/, '').trim().toLowerCase());
  return known.find((encoding) => named.includes(encoding)) ?? 'identity';
}
