import { z } from 'zod';

/** What a user of this CMMS sends. Unknown fields are kept out, as real systems do. */
export const newWorkRequestSchema = z.object({
  title: z.string().min(1).max(200),
  description: z.string().max(20_000).default(''),
  priority: z.enum(['LOW', 'MEDIUM', 'HIGH', 'EMERGENCY']).default('MEDIUM'),
  asset: z.string().max(200).default(''),
  external_key: z.string().max(64).default(''),
  /** What it comes from, where nobody outside asked for it: `plan`, `planner`, `technician`. */
  origin: z.string().max(64).default(''),
  failure_code: z.string().max(64).default(''),
  parts: z.array(z.string()).default([]),
  /** What is known of them elsewhere. */
  parts_note: z.string().max(2_000).default(''),
  hours: z.number().nullable().default(null),
  planned_start: z.string().nullable().default(null),
  planned_end: z.string().nullable().default(null),
  production_order: z.string().max(128).default(''),
  order_due: z.string().nullable().default(null),
  /** Of a stop while the machine produces. */
  stop_cost: z.number().nullable().default(null),
  revision: z.number().int().nullable().default(null),
  /** Who does it; and what it came to, when it is done. */
  assignee: z.string().max(128).default(''),
  actual_hours: z.number().min(0).nullable().default(null),
  used: z.array(z.object({ part: z.string(), quantity: z.number().positive() })).default([]),
});
export const changesSchema = newWorkRequestSchema.partial();

export const WORK_STATUSES = [
  'NEW',
  'ACCEPTED',
  'PLANNED',
  'IN_PROGRESS',
  'DONE',
  'CLOSED',
  'REFUSED',
  'WITHDRAWN',
] as const;
export type WorkStatus = (typeof WORK_STATUSES)[number];

export type WorkRequest = z.infer<typeof newWorkRequestSchema> & {
  readonly id: string;
  readonly status: WorkStatus;
  readonly status_note: string;
  readonly comments: readonly string[];
  readonly created: string;
  readonly changed: string;
};

/** What each action does, and from where. */
export const ACTIONS = {
  accept: { from: ['NEW'], to: 'ACCEPTED' },
  plan: { from: ['NEW', 'ACCEPTED'], to: 'PLANNED' },
  start: { from: ['ACCEPTED', 'PLANNED'], to: 'IN_PROGRESS' },
  complete: { from: ['IN_PROGRESS'], to: 'DONE' },
  close: { from: ['NEW', 'ACCEPTED', 'PLANNED', 'IN_PROGRESS', 'DONE'], to: 'CLOSED' },
  reject: { from: ['NEW'], to: 'REFUSED' },
  withdraw: { from: ['NEW', 'ACCEPTED', 'PLANNED'], to: 'WITHDRAWN' },
} as const satisfies Record<string, { from: readonly WorkStatus[]; to: WorkStatus }>;
export type WorkAction = keyof typeof ACTIONS;

export function isAction(text: string): text is WorkAction {
  return Object.hasOwn(ACTIONS, text);
}
