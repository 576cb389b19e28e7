import { addAbortSignal, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type ClickHouseClient, ClickHouseError } from '@clickhouse/client';
import { type Block, type EpochContent, RefusedError, type Sink, tokenOf } from '../sink.ts';

import { identifier, literal } from './sql-tokens.ts';

/**
 * Codes that say that a block itself is wrong (ClickHouse: src/Common/ErrorCodes.cpp). Everything else, a missing
 * table or database and a full disk too, can be put right outside, and is tried again.
 */
const WRONG_BLOCK: ReadonlySet<number> = new Set([
  6, // CANNOT_PARSE_TEXT
  10, // NOT_FOUND_COLUMN_IN_BLOCK
  16, // NO_SUCH_COLUMN_IN_TABLE
  25, // CANNOT_PARSE_ESCAPE_SEQUENCE
  26, // CANNOT_PARSE_QUOTED_STRING
  27, // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  32, // ATTEMPT_TO_READ_AFTER_EOF
  33, // CANNOT_READ_ALL_DATA
  38, // CANNOT_PARSE_DATE
  41, // CANNOT_PARSE_DATETIME
  43, // ILLEGAL_TYPE_OF_ARGUMENT
  44, // ILLEGAL_COLUMN
  53, // TYPE_MISMATCH
  62, // SYNTAX_ERROR
  69, // ARGUMENT_OUT_OF_BOUND
  70, // CANNOT_CONVERT_TYPE
  72, // CANNOT_PARSE_NUMBER
  117, // INCORRECT_DATA
  130, // CANNOT_READ_ARRAY_FROM_TEXT
  131, // TOO_LARGE_STRING_SIZE
  190, // SIZES_OF_ARRAYS_DONT_MATCH
  349, // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
  441, // CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING
  467, // CANNOT_PARSE_BOOL
  469, // VIOLATED_CONSTRAINT
  684, // UNKNOWN_FIELD of older servers
]);

export type ClickHouseSinkOptions = {
  /** Where the tables are. */
  readonly database: string;
  /** Milliseconds that one insert may take before it is tried again. Default 60,000. */
  readonly timeout?: number;
};

/**
 * The sink that lands epochs in ClickHouse. Each block is one INSERT with
 * its token, so that a second time changes nothing; one insert at a time, table after table. A block that ClickHouse
 * calls wrong does not hold up the others: they land first, then `RefusedError` names it.
 */
export function createClickHouseSink(
  client: ClickHouseClient,
  options: ClickHouseSinkOptions,
): Sink {
  const { database, timeout = 60_000 } = options;
  return {
    name: 'clickhouse',
    takesBatches: true,
    async write(content, signal) {
      const refused = new Map<string, ClickHouseError>();
      for (const block of content.blocks) {
        signal.throwIfAborted();
        try {
          await insert(
            client,
            insertStatement(database, content, block),
            block.data,
            AbortSignal.any([signal, AbortSignal.timeout(timeout)]),
          );
        } catch (error) {
          if (!(error instanceof ClickHouseError) || !WRONG_BLOCK.has(Number(error.code))) {
            throw error;
          }
          refused.set(block.table, error);
        }
      }
      if (refused.size === 0) return;
      const reasons = Array.from(refused, ([table, error]) => `${table}: ${error.message}`);
      throw new RefusedError(reasons.join('\n'), [...refused.keys()], {
        cause: [...refused.values()][0],
      });
    },
  };
}

async function insert(
  client: ClickHouseClient,
  query: string,
  data: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const values = Readable.from([data], { objectMode: false });
  const { stream } = await client.exec({ query, values, abort_signal: signal });
  // An answer that nobody reads keeps its socket for ever; and once it has begun, the client stops it no more.
  await buffer(addAbortSignal(signal, stream));
}

/**
 * All that decides over the insert stands in the statement: the defaults of the deduplication settings differ between
 * versions, and a field that the table does not know or a null for a text must be an error, never a silent default.
 */
function insertStatement(database: string, content: EpochContent, block: Block): string {
  const table = `${identifier(database)}.${identifier(block.table)}`;
  const settings = [
    'async_insert = 0',
    'insert_deduplicate = 1',
    'deduplicate_blocks_in_dependent_materialized_views = 1',
    `insert_deduplication_token = ${literal(tokenOf(content, block.table))}`,
    // A fast replay of years of recordings puts more days into one epoch than the default allows.
    'max_partitions_per_insert_block = 0',
    'input_format_skip_unknown_fields = 0',
    'input_format_null_as_default = 0',
  ];
  return `INSERT INTO ${table} SETTINGS ${settings.join(', ')} FORMAT ${block.format}`;
}
