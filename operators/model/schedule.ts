import { z } from 'zod';
import type { Key } from './key.ts';
import { canBeWritten, type EventTime, fromMilliseconds } from './time.ts';

export const SCHEDULE_KINDS = ['order', 'changeover', 'planned-stop', 'maintenance'] as const;

const time = z
  .number()
  .refine(canBeWritten, 'expected epoch milliseconds between the years 1900 and 2299')
  .transform((milliseconds): EventTime => fromMilliseconds(milliseconds));

/** One entry of a line's production schedule on the wire (ISA-95 operations schedule). Times are epoch milliseconds. */
export const scheduleEntrySchema = z
  .object({
    // Ids become properties of plain state.
    id: z
      .string()
      .min(1)
      .max(128)
      .refine((id) => id !== '__proto__', 'expected another id'),
    kind: z.enum(SCHEDULE_KINDS),
    start: time,
    end: time,
    order: z.string().max(128).optional(),
    product: z.string().max(128).optional(),
    due: time.optional(),
    quantity: z.number().optional(),
    /** Only these assets of the line; all of them without it. */
    assets: z.array(z.string()).optional(),
    cancelled: z.boolean().optional(),
  })
  .refine((entry) => entry.end > entry.start, { message: 'expected end after start' });

export const scheduleMessageSchema = z.object({
  entries: z.array(scheduleEntrySchema).max(10_000),
});

export type ScheduleEntry = z.infer<typeof scheduleEntrySchema>;

/** A change of a line's schedule: each entry replaces the one with the same id. */
export type Schedule = {
  readonly kind: 'schedule';
  /** `plant/line` */
  readonly line: Key;
  readonly entries: readonly ScheduleEntry[];
};
