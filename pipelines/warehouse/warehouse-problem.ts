import { ClickHouseError } from '@clickhouse/client';
import { SchemaError } from '../../sinks/clickhouse/schema-error.ts';
import { EXIT, Problem } from '../base/problem.ts';

/** UNKNOWN_TABLE, UNKNOWN_DATABASE: nobody has migrated yet, or there is a slip in a name. */
const MISSING: ReadonlySet<string> = new Set(['60', '81']);
/** READONLY, ACCESS_DENIED, REQUIRED_PASSWORD, AUTHENTICATION_FAILED */
const FORBIDDEN: ReadonlySet<string> = new Set(['164', '497', '194', '516']);

/** What went wrong between us and ClickHouse, for people: `url` says where. Other errors stay as they are. */
export function warehouseProblem(error: unknown, url: string): unknown {
  if (error instanceof SchemaError) {
    const { where, expected, found, remedy } = error;
    return new Problem({ where, expected, found, remedy, exit: EXIT.outside }, { cause: error });
  }
  if (error instanceof ClickHouseError) {
    const parts = {
      where: `ClickHouse at ${url}`,
      expected: 'an answer',
      found: `${error.message.trim()} (code ${error.code}, ${error.type ?? 'unknown'})`,
      remedy: remedyOf(error.code),
      exit: EXIT.input,
    };
    return new Problem(parts, { cause: error });
  }
  if (error instanceof Error && 'code' in error && isNetwork(String(error.code))) {
    const parts = {
      where: url,
      expected: 'ClickHouse to answer',
      found: error.message,
      remedy: 'Start it, or correct clickhouse.url (CLICKHOUSE_URL).',
      exit: EXIT.outside,
    };
    return new Problem(parts, { cause: error });
  }
  return error;
}

function remedyOf(code: string): string {
  if (MISSING.has(code)) {
    return 'Check the name (andon sql "SHOW TABLES"); a new database is made by andon migrate.';
  }
  if (FORBIDDEN.has(code)) return 'Ask for what this user may do, or use another user.';
  return 'Correct the statement.';
}

function isNetwork(code: string): boolean {
  return /^E(?:CONN|HOST|NET|PIPE|TIMEDOUT|AI_)|^ENOTFOUND$/.test(code);
}
