import { z } from 'zod';
import { canonicalJson } from './canonical.ts';
import { type Severity, severitySchema } from './detector-rule.ts';
import type { Evidence } from './incident.ts';
import { type AssetKey, locate } from './key.ts';
import type { MachineEvent } from './machine-event.ts';
import type { Standstill, Work } from './machine-plan.ts';
import { isRecordName } from './plain.ts';
import type { RequestRow } from './tables.ts';
import type { EventTime } from './time.ts';
import { type Priority, prioritySchema } from './trigger-rule.ts';

/**
 * `open`: revision 1. `update`: something that a planner wants to know changed; also that all is well again, where the
 * trigger does not say `withdraw: true`. `withdraw`: the problem went away before anyone accepted the request, by itself,
 * by a stop that was planned after all, by an edit or with its asset. `close`: it is over after its request was answered.
 */
export type RequestAction = 'open' | 'update' | 'withdraw' | 'close';

/** A proposed slot: when the line stands anyway. */
export type Slot = Standstill;

/** What a stop for the work means, by the figures of the plant model and the schedule. Null where one is missing. */
export type StopImpact = {
  /** Of a stop while it produces: `stop_cost` by the working time, in the plant's currency. */
  readonly cost: number | null;
  /** Of a stop in the proposed slot: 0, the machine stands anyway. Null without a slot. */
  readonly cost_in_slot: number | null;
  readonly currency: string;
  /** When the current order would be done if the machine stopped for the work while it runs. */
  readonly done: EventTime | null;
  /** That is after it is due. */
  readonly late: boolean | null;
};

/**
 * One revision of the one request of a problem. It carries its evidence in itself, so that it can be sent while
 * the warehouse is away.
 */
export type Request = {
  readonly kind: 'request';
  /** 20 base32 characters of sha256(plant, line, asset, scope of the episode, its start, round): `requestId`. */
  readonly id: string;
  /** From 1, dense. The same id and revision always has the same content. */
  readonly revision: number;
  readonly action: RequestAction;
  readonly asset: AssetKey;
  readonly asset_name: string;
  readonly component: string;
  readonly failure_mode: string;
  /** `inspection`, `repair`, `replacement` or `calibration`. */
  readonly work: string;
  readonly severity: Severity;
  readonly priority: Priority;
  readonly title: string;
  readonly description: string;
  readonly parts: readonly string[];
  /** Hours. */
  readonly duration: number | null;
  readonly slot: Slot | null;
  /** What the machine works on when the revision is made. */
  readonly current: Work;
  readonly stop: StopImpact;
  readonly round: number;
  /** When the problem began to show, whichever round this is. */
  readonly since: EventTime;
  /** When the request of this round was opened: the time of its revision 1. */
  readonly opened: EventTime;
  readonly time: EventTime;
  readonly trigger: string;
  /** Why this revision was made, for people. */
  readonly because: string;
  readonly incidents: readonly string[];
  readonly anomalies: readonly string[];
  readonly evidence: readonly Evidence[];
  /** What the machine was doing when this round of the problem began. */
  readonly state: string;
  readonly order: string;
  readonly product: string;
  /** Ids of the asset in other systems. */
  readonly ids: Readonly<Record<string, string>>;
};

/**
 * What reaches the coordinate stage: every revision of every request, and what systems and people say of requests (statuses,
 * replies to commands, acknowledgements, each with the `id` of its request, and decisions).
 */
export type WorkInput = Request | MachineEvent;

/** The row of a revision; it has the whole of it as JSON. */
export function requestRow(request: Request): RequestRow {
  const { asset, id, revision, action, component, failure_mode, priority, title } = request;
  const { since, opened, time, incidents, anomalies, slot, current, stop } = request;
  return {
    ...locate(asset),
    ...{ id, revision, action, component, failure_mode, priority, title },
    ...{ since, opened, time, incidents, anomalies },
    ...{ order: current.order, operation: current.operation, product: current.product },
    ...{ due: current.due, slot_start: slot?.start ?? null, slot_end: slot?.end ?? null },
    ...{ slot_entry: slot?.entry ?? '', slot_kind: slot?.kind ?? '' },
    ...{ stop_cost: stop.cost, order_late: stop.late },
    request: canonicalJson(request),
  };
}

const time = z
  .number()
  .int()
  .transform((microseconds) => microseconds as EventTime);

/** What led to an incident or a request, in its order. */
export const evidenceSchema = z.array(
  z.object({ stage: z.string(), time, kind: z.string(), about: z.string(), text: z.string() }),
);

/** A request revision as the outbox holds it. Unknown fields are left out: a newer sender may know more. */
export const requestSchema: z.ZodType<Request> = z.object({
  kind: z.literal('request'),
  id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/)
    .refine(isRecordName, 'expected an id of a request'),
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
  current: z.object({
    ...{ order: z.string(), operation: z.string(), product: z.string() },
    ...{ due: time.nullable(), end: time.nullable() },
  }),
  stop: z.object({
    ...{ cost: z.number().nullable(), cost_in_slot: z.number().nullable() },
    ...{ currency: z.string(), done: time.nullable(), late: z.boolean().nullable() },
  }),
  round: z.number().int(),
  since: time,
  opened: time,
  time,
  trigger: z.string(),
  because: z.string(),
  incidents: z.array(z.string()),
  anomalies: z.array(z.string()),
  evidence: evidenceSchema,
  state: z.string(),
  order: z.string(),
  product: z.string(),
  ids: z.record(z.string(), z.string()),
});
