import { clickHouseError } from './engine.ts';
import type { ReaderRole } from './secret.ts';

/** What readers of a role may take of the machine. */
export type ReaderShare = {
  /** Statements at a time. */
  readonly statements: number;
  /** Of each statement, and the part of the engine's memory. */
  readonly threads: number;
  readonly memory: number;
};

/**
 * Analysts and the console have half of the cores between them: one thread for the console, whose questions are short, and
 * the rest for one statement of analysts or two, whatever they ask. With fewer than four cores there is one thread for each
 * of the two, which is more than half. Threads are all that bounds what heeds no limit, and the engine gives nobody precedence.
 * Two fifths of the memory stay for the writer, too.
 */
export function readerShares(cores: number): Readonly<Record<ReaderRole, ReaderShare>> {
  const left = Math.max(1, Math.floor(cores / 2) - 1);
  const statements = Math.min(2, left);
  const threads = Math.floor(left / statements);
  return {
    analyst: { statements, threads, memory: 0.2 },
    console: { statements: 1, threads: 1, memory: 0.1 },
  };
}

/** Settings that an analyst may choose for a query. */
const ALLOWED: ReadonlySet<string> = new Set([
  'allow_deprecated_error_prone_window_functions',
  'cast_string_to_dynamic_use_inference',
  'count_distinct_implementation',
  'date_time_input_format',
  'date_time_output_format',
  'decimal_trailing_zeros',
  'distinct_overflow_mode',
  'extremes',
  'final',
  'group_by_overflow_mode',
  'group_by_use_nulls',
  'interval_output_format',
  'join_algorithm',
  'join_use_nulls',
  'limit',
  'max_block_size',
  'offset',
  'prefer_column_name_to_alias',
  'read_overflow_mode',
  'result_overflow_mode',
  'session_timezone',
  'timeout_overflow_mode',
  'totals_mode',
  'transform_null_in',
  'union_default_mode',
  'use_query_cache',
]);
/** Not what takes threads beside those of the statement. */
const ALLOWED_PREFIX = /^output_format_(?!schema|[a-z_]*parallel)/;

/** Limits that hold for every analyst. */
const LIMITS: Readonly<Record<string, number>> = {
  max_execution_time: 60,
  max_result_bytes: 4_000_000_000,
  max_temporary_data_on_disk_size_for_query: 4_000_000_000,
  allow_introspection_functions: 0,
  output_format_parallel_formatting: 0,
  output_format_parquet_parallel_encoding: 0,
};

/** Limits that an analyst may make stricter. Clients send them of their own accord; a looser one changes nothing. */
const STRICTER =
  /^max_(?:execution_time|memory_usage|threads|columns_to_read|result_(?:rows|bytes)|(?:rows|bytes)_(?:to|in)_[a-z_]+)$/;

/**
 * What database tools send with every statement and what means nothing for a read within our limits: it is not heeded.
 * All others could loosen a limit or read what is not an analyst's, and are refused by name.
 */
const IGNORED = new RegExp(
  `^(?:${[
    'readonly|priority|load_balancing|mutations_sync|alter_sync|select_sequential_consistency|enable_http_compression',
    'log_[a-z_]+|http_[a-z_]+|send_[a-z_]+|receive_[a-z_]+|connect_timeout[a-z_]*|network_[a-z_]+|distributed_[a-z_]+',
    'insert_[a-z_]+|async_insert[a-z_]*|wait_for_async_insert[a-z_]*|max_insert_[a-z_]+|input_format_(?!schema)[a-z_]+',
    'max_query_size|max_ast_[a-z_]+|max_parser_[a-z_]+|max_memory_usage_for_[a-z_]+|max_bytes_before_[a-z_]+',
    'max_parallel_replicas|max_concurrent_[a-z_]+|max_network_[a-z_]+|min_[a-z_]+|(?:allow|enable)_experimental_[a-z_]+',
    'optimize_[a-z_]+|compile_[a-z_]+|output_format_[a-z_]*parallel[a-z_]*|query_profiler_[a-z_]+|connections_with_failover_max_tries|idle_connection_timeout',
  ].join('|')})$`,
);

/**
 * Settings for an analyst's statement: what they asked for as far as they may, and the limits. `memory` in bytes, of the
 * whole engine. Throws for a setting that an analyst may not choose.
 */
export function analystSettings(
  asked: Iterable<readonly [string, string]>,
  memory: number,
  share: ReaderShare,
): Map<string, string> {
  const settings = new Map<string, string>();
  const limits: Readonly<Record<string, number>> = {
    ...LIMITS,
    max_threads: share.threads,
    max_memory_usage: Math.floor(memory * share.memory),
  };
  for (const [name, value] of asked) {
    if (STRICTER.test(name)) {
      const limit = stricter(value, limits[name]);
      if (limit !== undefined) settings.set(name, String(limit));
    } else if (ALLOWED.has(name) || ALLOWED_PREFIX.test(name)) {
      settings.set(name, value);
    } else if (!IGNORED.test(name)) {
      throw clickHouseError(164, 'READONLY', `Cannot modify '${name}' setting in readonly mode`);
    }
  }
  for (const [name, limit] of Object.entries(limits)) {
    if (!settings.has(name)) settings.set(name, String(limit));
  }
  return settings;
}

/**
 * A limit as asked for, in whole units; the own one, if there is one, for all that is no stricter limit. Only what is
 * written in plain digits is a number here: the engine reads a small fraction as 0, which is no limit, and nobody has
 * listed what else it reads otherwise than JavaScript.
 */
function stricter(asked: string, own: number | undefined): number | undefined {
  if (!/^[0-9]{1,15}(?:\.[0-9]{1,15})?$/.test(asked)) return own;
  const whole = Math.ceil(Number(asked));
  return whole === 0 ? own : Math.min(whole, own ?? Number.POSITIVE_INFINITY);
}
