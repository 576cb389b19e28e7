import type { Ask } from './ask.ts';

/** How a request is carried out, and how its answer is compressed. */
export type Way = {
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
/** Statements that GET may not carry: as in ClickHouse, what changes something must be POST. */
const CHANGES: ReadonlySet<string> = new Set(
  'ALTER ATTACH BACKUP CREATE DELETE DETACH DROP EXCHANGE GRANT INSERT KILL MOVE OPTIMIZE RENAME REPLACE RESTORE REVOKE SYSTEM TRUNCATE UNDROP UPDATE'.split(
    ' ',
  ),
);
/** In the order of our liking: the engine makes the last two, into a file. */
const OURS: readonly Encoding[] = ['gzip', 'deflate', 'br'];
const OF_ENGINE: readonly Encoding[] = ['zstd', 'lz4'];

/** Whether a statement that begins so changes something. */
export function changes(verb: string): boolean {
  return CHANGES.has(verb);
}

/** Chooses the way of a request. */
export function wayOf(ask: Ask): Way {
  const own = encodingOf(ask.accepts, OURS);
  if (ask.verb === 'INSERT' && ask.role === 'owner') return { kind: 'insert', encoding: own };
  if (!READS.has(ask.verb)) return { kind: 'whole', encoding: own };
  const format = ask.format.toLowerCase();
  // Native blocks of another revision are made of the engine's, block by block.
  const rewritten = format === 'native' && ask.revision > 0;
  const encoding =
    own === 'identity' && !ask.framed && !rewritten ? encodingOf(ask.accepts, OF_ENGINE) : own;
  const streams = STREAMABLE.has(format) && !OF_ENGINE.includes(encoding);
  return { kind: rewritten || (streams && !ask.waits) ? 'stream' : 'file', encoding };
}

function encodingOf(accepts: string, known: readonly Encoding[]): Encoding {
  const named = accepts.split(',').map((part) => part.replace(/;.*/, '').trim().toLowerCase());
  return known.find((encoding) => named.includes(encoding)) ?? 'identity';
}
