import { z } from 'zod';
import { severitySchema } from '../../operators/model/detector-rule.ts';
import type { AssetKey } from '../../operators/model/key.ts';
import type { Request } from '../../operators/model/request.ts';
import type { EventTime } from '../../operators/model/time.ts';
import { prioritySchema } from '../../operators/model/trigger-rule.ts';

const time = z
  .number()
  .int()
  .transform((microseconds) => microseconds as EventTime);

/** A request revision as the outbox holds it. Unknown fields are left out: a newer sender may know more. */
export const requestSchema: z.ZodType<Request> = z.object({
  kind: z.literal('request'),
  id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  revision: z.number().int().min(1),
  action: z.enum(['open', 'update', 'withdraw', 'close']),
  asset: z
    .string()
    .regex(/^[A-Za-z0-9_-]+\/[A-Za-z0-9_-]+\/[A-Za-z0-9_-]+$/, 'expected plant/line/asset')
    .transform((key) => key as AssetKey),
  asset_name: z.string(),
  component: z.string(),
  failure_mode: z.string(),
  work: z.string(),
  severity: severitySchema,
  priority: prioritySchema,
  title: z.string(),
  description: z.string(),
  parts: z.array(z.string()),
  duration: z.number().nullable(),
  slot: z.object({ start: time, end: time, entry: z.string(), kind: z.string() }).nullable(),
  // Revisions of earlier versions have neither.
  current: z
    .object({
      ...{ order: z.string(), operation: z.string(), product: z.string() },
      ...{ due: time.nullable(), end: time.nullable() },
    })
    .default({ order: '', operation: '', product: '', due: null, end: null }),
  stop: z
    .object({
      ...{ cost: z.number().nullable(), cost_in_slot: z.number().nullable() },
      ...{ currency: z.string(), done: time.nullable(), late: z.boolean().nullable() },
    })
    .default({ cost: null, cost_in_slot: null, currency: '', done: null, late: null }),
  round: z.number().int(),
  opened: time,
  time,
  trigger: z.string(),
  because: z.string(),
  incidents: z.array(z.string()),
  anomalies: z.array(z.string()),
  evidence: z.array(
    z.object({ stage: z.string(), time, kind: z.string(), about: z.string(), text: z.string() }),
  ),
  state: z.string(),
  order: z.string(),
  product: z.string(),
  ids: z.record(z.string(), z.string()),
});
