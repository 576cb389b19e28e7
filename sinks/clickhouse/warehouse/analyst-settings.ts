import { clickHouseError } from './engine.ts';

/** Settings that an analyst may choose for a query. All others could loosen a limit or read what is not theirs. */
const ALLOWED: ReadonlySet<string> = new Set([
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
  'max_rows_to_group_by',
  'offset',
  'prefer_column_name_to_alias',
  'read_overflow_mode',
  'result_overflow_mode',
  'session_timezone',
  'totals_mode',
  'transform_null_in',
  'union_default_mode',
  'use_query_cache',
  // Java's driver says this with every statement; it means nothing for a read.
  'async_insert',
  'wait_for_async_insert',
]);
const ALLOWED_PREFIX = /^output_format_(?!schema)/;

/**
 * Limits that hold for every analyst, and the part of the engine's memory that one statement may use: three at a time
 * leave two fifths to whoever writes.
 */
const LIMITS: Readonly<Record<string, number>> = {
  max_execution_time: 60,
  max_result_bytes: 4_000_000_000,
  max_temporary_data_on_disk_size_for_query: 4_000_000_000,
  allow_introspection_functions: 0,
};
const MEMORY_SHARE = 0.2;

/** Limits that an analyst may make stricter. Clients send them of their own accord; a looser one changes nothing. */
const STRICTER: ReadonlySet<string> = new Set([
  'max_execution_time',
  'max_result_bytes',
  'max_result_rows',
  'max_bytes_to_read',
  'max_rows_to_read',
  'max_threads',
]);

/** Settings for an analyst's statement: what they asked for as far as they may, and the limits. `memory` in bytes. */
export function analystSettings(
  asked: Iterable<readonly [string, string]>,
  memory: number,
): Map<string, string> {
  const settings = new Map<string, string>();
  for (const [name, value] of asked) {
    checkAnalystSetting(name);
    settings.set(name, value);
  }
  const limits = { ...LIMITS, max_memory_usage: Math.floor(memory * MEMORY_SHARE) };
  for (const [name, limit] of Object.entries(limits)) {
    const wanted = STRICTER.has(name) ? Number(settings.get(name)) : 0;
    settings.set(name, String(wanted > 0 && wanted < limit ? wanted : limit));
  }
  return settings;
}

/** Throws if an analyst may not choose this setting. */
export function checkAnalystSetting(name: string): void {
  if (ALLOWED.has(name) || STRICTER.has(name) || ALLOWED_PREFIX.test(name)) return;
  throw clickHouseError(164, 'READONLY', `Cannot modify '${name}' setting in readonly mode`);
}
