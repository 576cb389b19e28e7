/** Lists of the API: a page of them, and the cursor that the next one goes on from. */

import { z } from 'zod';
import { ApiProblem } from './api-problem.ts';

const MOST = 500;

/** The parameters of each list. */
export const pageParameters = {
  limit: z.coerce.number().int().min(1).max(MOST).default(100).describe('Entries of a page.'),
  cursor: z.string().max(500).optional().describe('`next` of the page before.'),
};

/** A page of something. */
export function pageSchemaOf<T extends z.ZodType>(entry: T) {
  return z.object({
    entries: z.array(entry),
    next: z.string().nullable().describe('The cursor of the next page; null at the end.'),
  });
}

/** Where a page begins: the sort keys of the last entry before it, its time as ClickHouse reads it. */
export type Position = { readonly time: string; readonly id: string };

const positionSchema = z.object({
  time: z.string().regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?$/),
  id: z.string().max(300),
});

/** Behind everything: a list that goes back in time begins there. */
const BEGINNING: Position = { time: '2299-12-31 00:00:00', id: '' };

/** The position that a cursor stands for. @throws ApiProblem if nobody gave that cursor */
export function positionOf(cursor: string | undefined): Position {
  if (cursor === undefined) return BEGINNING;
  try {
    return positionSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch {
    throw new ApiProblem(
      'bad-request',
      'query.cursor: expected `next` of a page, found another text',
    );
  }
}

/**
 * A page of rows that were asked for with one more than the limit, newest first. `position` gives the sort keys of a row,
 * its time as the API says it.
 */
export function toPage<Row>(
  rows: readonly Row[],
  limit: number,
  position: (row: Row) => Position,
): { readonly entries: readonly Row[]; readonly next: string | null } {
  const entries = rows.slice(0, limit);
  const last = entries.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { entries, next: more ? cursorOf(position(last)) : null };
}

function cursorOf({ time, id }: Position): string {
  const position: Position = { time: time.replace('T', ' ').replace('Z', ''), id };
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}
