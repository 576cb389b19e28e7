import { z } from 'zod';
import type { AssetKey, Key } from './key.ts';
import { canBeWritten, type EventTime, fromMilliseconds } from './time.ts';

/** Kinds in which a machine works, and kinds in which it stands. */
const WORKING = ['order', 'operation'] as const;
const STANDING = ['changeover', 'planned-stop', 'maintenance'] as const;
export const SCHEDULE_KINDS = [...WORKING, ...STANDING] as const;

const time = z
  .number()
  .refine(canBeWritten, 'expected epoch milliseconds between the years 1900 and 2299')
  .transform((milliseconds): EventTime => fromMilliseconds(milliseconds));
const text = z.string().max(128);

/** One entry of a line's production schedule on the wire (ISA-95 operations schedule). Times are epoch milliseconds. */
export const scheduleEntrySchema = z
  .object({
    // Ids become properties of plain state.
    id: z
      .string()
      .min(1)
      .max(128)
      .refine((id) => id !== '__proto__', 'expected another id')
      .describe('Of the entry: a later entry with the same id replaces it.'),
    kind: z
      .enum(SCHEDULE_KINDS)
      .describe('In ISA-95: order is an operations request, operation a segment requirement.'),
    start: time.describe('Epoch milliseconds.'),
    end: time.describe('Epoch milliseconds, after start.'),
    order: text
      .optional()
      .describe('Number of the order. Of an order its id without it; an operation needs it.'),
    segment: text
      .optional()
      .describe('Process segment of an operation, such as grinding; its id without it.'),
    product: text
      .optional()
      .describe(
        'What is made; of a changeover what it changes to. An operation has that of its order.',
      ),
    due: time.optional().describe('When the order must be done. Epoch milliseconds.'),
    quantity: z.number().optional(),
    assets: z
      .array(z.string())
      .optional()
      .describe('Only these assets of the line; all of them without it.'),
    cancelled: z.boolean().optional().describe('The entry is taken back.'),
  })
  .refine((entry) => entry.end > entry.start, {
    message: 'expected end after start',
    path: ['end'],
  })
  .refine((entry) => entry.kind !== 'operation' || entry.order !== undefined, {
    message: 'expected the order that the operation belongs to',
    path: ['order'],
  });

export const scheduleMessageSchema = z
  .object({ entries: z.array(scheduleEntrySchema).max(10_000) })
  .describe('Entries of the schedule of a line: those that are new, changed or cancelled.');

export type ScheduleEntry = z.infer<typeof scheduleEntrySchema>;

/** A change of a line's schedule: each entry replaces the one with the same id. */
export type Schedule = {
  readonly kind: 'schedule';
  /** `plant/line` */
  readonly line: Key;
  readonly entries: readonly ScheduleEntry[];
};

/** The machine works in it; otherwise it stands. */
export function isWork({ kind }: Pick<ScheduleEntry, 'kind'>): boolean {
  return kind === 'order' || kind === 'operation';
}

/** The order that an entry is or belongs to; '' for a stop without one. */
export function orderOf({ id, kind, order }: ScheduleEntry): string {
  return order ?? (kind === 'order' ? id : '');
}

/**
 * Something that happened in the schedule of one machine. `begun` and `ended` come when the line's time reaches the
 * start or end of an entry, as the schedule is then; the others when a message changes the schedule, at the time
 * that the line has reached by then.
 */
export type ScheduleEvent = {
  readonly kind: 'schedule';
  readonly asset: AssetKey;
  readonly time: EventTime;
  readonly type: 'begun' | 'ended' | 'added' | 'changed' | 'cancelled';
  /** As it stands after the change; a cancelled one as it stood before. */
  readonly entry: ScheduleEntry;
};
