import { z } from 'zod';
import { identity } from './canonical.ts';
import { severitySchema } from './detector-rule.ts';
import type { AssetKey } from './key.ts';
import type { Origin } from './message.ts';
import { isRecordName } from './plain.ts';
import type { EventTime } from './time.ts';
import { prioritySchema } from './trigger-rule.ts';

/** ISA-TR88.00.02 (PackML) states, in the spelling of the standard's state model. */
export const PACKML_STATES = [
  'UNDEFINED',
  'CLEARING',
  'STOPPED',
  'STARTING',
  'IDLE',
  'SUSPENDED',
  'EXECUTE',
  'STOPPING',
  'ABORTING',
  'ABORTED',
  'HOLDING',
  'HELD',
  'UNHOLDING',
  'SUSPENDING',
  'UNSUSPENDING',
  'RESETTING',
  'COMPLETING',
  'COMPLETE',
] as const;
export type PackmlState = (typeof PACKML_STATES)[number];

const STARTING: ReadonlySet<string> = new Set<PackmlState>([
  ...(['STARTING', 'CLEARING', 'RESETTING', 'UNHOLDING', 'UNSUSPENDING'] as const),
]);

/** A machine in such a state is starting up. */
export function isStarting(state: string): boolean {
  return STARTING.has(state);
}

/** What became of a request, in the terms that every CMMS is mapped to. */
export const REQUEST_STATUSES = [
  'requested',
  'accepted',
  'scheduled',
  'started',
  'completed',
  'closed',
  'rejected',
  'cancelled',
] as const;
export type RequestStatus = (typeof REQUEST_STATUSES)[number];

const stateData = z.object({
  state: z.enum(PACKML_STATES),
  mode: z.string().max(64).optional(),
  product: z.string().max(128).optional(),
  order: z.string().max(128).optional(),
});

const requestData = z.object({
  id: z.string().max(64).refine(isRecordName, 'expected an id of a request'),
  status: z.enum(REQUEST_STATUSES),
  remote: z.string().max(256).optional(),
  note: z.string().max(4_096).optional(),
});

const reportData = z.object({
  text: z.string().min(1).max(4_096),
  component: z.string().max(64).default(''),
  failure_mode: z.string().max(64).default(''),
  severity: severitySchema.optional(),
  priority: prioritySchema.optional(),
  /** Of the reporting system: reports of one `ref` are about one problem. */
  ref: z.string().min(1).max(128).optional(),
  /** Where a picture of it is shown. */
  photo: z.string().min(1).max(512).optional(),
  /** When it is over by itself, in epoch milliseconds. */
  until: z.number().optional(),
});

/** Epoch milliseconds, of this century. */
const instant = z.number().int().min(0).max(4_102_444_800_000).nullable().default(null);

const orderData = z.object({
  id: z.string().max(64),
  /** Its number in the system that made it. */
  remote: z.string().min(1).max(256),
  status: z.enum(REQUEST_STATUSES),
  /** What it came from there: a plan, a planner, a technician. */
  origin: z.string().max(64).default(''),
  title: z.string().max(1_024).default(''),
  description: z.string().max(4_096).default(''),
  work: z.string().max(64).default(''),
  component: z.string().max(64).default(''),
  failure_mode: z.string().max(64).default(''),
  priority: prioritySchema.default('medium'),
  /** One a line. */
  parts: z.string().max(4_096).default(''),
  /** Hours. */
  duration: z.number().nullable().default(null),
  /** When it is planned for, in epoch milliseconds. */
  start: instant,
  end: instant,
});

/** A work order that its system made itself: data of an `order` event on `status.<system>.…`. */
export type WorkOrderData = z.infer<typeof orderData>;

/** The name of a work order that nobody asked for: of its system and its number there. */
export function orderId(system: string, remote: string): string {
  return identity([system, remote]);
}

/** The work order that an event of the type `order` brings, or what is wrong with it: a system speaks of its own alone. */
export function systemOrderOf(event: MachineEvent): WorkOrderData | { readonly problem: string } {
  const parsed = orderData.safeParse(event.data);
  if (!parsed.success) return { problem: firstProblem(parsed.error) };
  const { id, remote } = parsed.data;
  const system = event.attested?.kind === 'status' ? event.attested.system : '';
  const own = orderId(system, remote);
  return id === own
    ? parsed.data
    : { problem: `id: expected ${own}, for order ${remote} of ${system}` };
}

/** What an operator reports: data of a `report` event, which the trigger stage checks. */
export type ReportData = z.infer<typeof reportData>;

/** The types whose data the pipeline itself understands; any other type is free for patterns to use. */
export const knownEventData = {
  state: stateData,
  request: requestData,
} as const;

export type StateData = z.infer<typeof stateData>;
export type RequestStatusData = z.infer<typeof requestData>;
export type EventData = Readonly<Record<string, string | number | boolean | null>>;

/** Something that happened to an asset: a state change, an acknowledgement, a new status of a request. */
export type MachineEvent = {
  readonly kind: 'event';
  readonly origin: Origin;
  readonly asset: AssetKey;
  readonly time: EventTime;
  /** `state`, `acknowledged`, `request`, `order`, `repaired`, `sensor_changed`, or a name of the plant's own. */
  readonly type: string;
  readonly data: EventData;
  /** What its subject says of who said it; nothing for `event.…`. Payload and headers say nothing of that. */
  readonly attested?: Attested;
};

/**
 * Who said it, as the permissions of the log attest it: a person (`user`, an opaque id) by way of a console, a gateway
 * or a key of their own; a system that Andon works with; or an edge that evaluates by itself.
 */
export type Attested =
  | { readonly kind: 'act'; readonly via: string; readonly user: string }
  | { readonly kind: 'status'; readonly system: string }
  | { readonly kind: 'finding' };

/**
 * Acts of people (`act.…`), replies of systems (`status.…`) and what edges found (`finding.…`) take effect where they stand
 * in the log, whatever time they say.
 */
export function isInLogOrder({ attested }: MachineEvent): boolean {
  return attested !== undefined;
}

/** What systems say of requests, of work orders that they made themselves, and of commands. */
const REPLIES: ReadonlySet<string> = new Set(['request', 'order', 'command']);

/** What systems and people say of requests, whoever has judged the machine. */
export function isSaidOfWork({ type, attested }: MachineEvent): boolean {
  if (attested?.kind === 'status') return REPLIES.has(type);
  return attested?.kind === 'act' && type === 'decision';
}

/** What an edge found itself: nothing that happened to the machine. */
export function isEdgeFinding({ attested }: MachineEvent): boolean {
  return attested?.kind === 'finding';
}

/** Says up to where messages of an asset were sent again. */
export const RESENT_EVENT = 'sent-again';

/** It says something of the log, or of the way there, and nothing that happened to the machine. */
export function isNote({ type }: MachineEvent): boolean {
  return type === RESENT_EVENT;
}

export function stateOf(event: MachineEvent): StateData | undefined {
  return event.type === 'state' && !isEdgeFinding(event) ? stateData.parse(event.data) : undefined;
}

/** The report that an event of the type `report` brings, or what is wrong with it. */
export function reportOf(event: MachineEvent): ReportData | { readonly problem: string } {
  const parsed = reportData.safeParse(event.data);
  if (parsed.success) return parsed.data;
  return { problem: firstProblem(parsed.error) };
}

function firstProblem({ issues: [issue] }: z.ZodError): string {
  return `${issue?.path.join('.')}: ${issue?.message}`;
}

/** What became of a request, if a system says so (`status.…`). Whoever brings machine data cannot say it. */
export function requestStatusOf(event: MachineEvent): RequestStatusData | undefined {
  const isStatus = event.type === 'request' && event.attested?.kind === 'status';
  return isStatus ? requestData.safeParse(event.data).data : undefined;
}
