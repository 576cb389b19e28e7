/** Asks ClickHouse for the API: many pages that ask the same at the same time are one question. */

import { ClickHouseError } from '@clickhouse/client';
import { z } from 'zod';
import { Problem } from '../../base/problem.ts';
import type { WarehouseReader } from '../../warehouse/reader.ts';
import { ApiProblem } from '../api/api-problem.ts';

export interface Questions {
  /** Rows of a SELECT, each as the schema gives it. */
  ask<T extends z.ZodType>(
    schema: T,
    query: string,
    parameters?: Readonly<Record<string, unknown>>,
  ): Promise<z.output<T>[]>;
  /** Something landed: what was answered before is old. */
  forget(): void;
}

/** Milliseconds that an answer is good for, unless something lands: then one that was asked before it is old at once. */
const GOOD_FOR = 5_000;
/** Answers that are kept. */
const MOST = 300;

type Kept = { readonly asked: number; readonly rows: Promise<readonly unknown[]> };

/** `now` gives milliseconds of a clock. */
export function createQuestions(
  reader: Pick<WarehouseReader, 'rows'>,
  now: () => number = () => performance.now(),
): Questions {
  const kept = new Map<string, Kept>();
  let landed = Number.NEGATIVE_INFINITY;

  function isGood({ asked }: Kept): boolean {
    return asked > landed && now() - asked < GOOD_FOR;
  }

  function rowsOf(query: string, parameters: Readonly<Record<string, unknown>>) {
    const key = `${query}\n${JSON.stringify(parameters)}`;
    const known = kept.get(key);
    if (known !== undefined && isGood(known)) return known.rows;
    const rows = reader.rows(query, parameters);
    kept.delete(key);
    kept.set(key, { asked: now(), rows });
    // What failed is asked again by the next one.
    rows.catch(() => kept.delete(key));
    const [oldest] = kept.keys();
    if (kept.size > MOST && oldest !== undefined) kept.delete(oldest);
    return rows;
  }

  return {
    async ask(schema, query, parameters = {}) {
      try {
        return z.array(schema).parse(await rowsOf(query, parameters));
      } catch (error) {
        throw explained(error);
      }
    },
    forget() {
      landed = now();
    },
  };
}

/** TOO_MANY_SIMULTANEOUS_QUERIES, TIMEOUT_EXCEEDED, MEMORY_LIMIT_EXCEEDED, and UNKNOWN_TABLE, UNKNOWN_DATABASE: not yet. */
const LATER: ReadonlySet<string> = new Set(['202', '159', '241', '60', '81']);

function explained(error: unknown): unknown {
  if (error instanceof Problem) return new ApiProblem('away', error.message, { after: 5 });
  if (error instanceof ClickHouseError) {
    const detail = `expected an answer of ClickHouse, found ${error.message.trim().slice(0, 500)}`;
    return LATER.has(error.code) ? new ApiProblem('away', detail, { after: 5 }) : error;
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const silent = error instanceof Error && /timeout/i.test(error.message);
  if (!/^E[A-Z]+$/.test(code) && !silent) return error;
  const detail = 'expected ClickHouse to answer, found silence. The worker starts it again.';
  return new ApiProblem('away', detail, { after: 5 });
}
