import { z } from 'zod';
import { REQUEST_STATUSES } from '../../operators/model/machine-event.ts';
import type { Request } from '../../operators/model/request.ts';

/** One thing that was tried or seen. Repeats of the same fold into one line with a count. Times are epoch milliseconds. */
const lineSchema = z.object({
  time: z.number(),
  last: z.number(),
  count: z.number().int(),
  revision: z.number().int(),
  what: z.enum(['read', 'search', 'create', 'write', 'status', 'resend', 'ask', 'settle']),
  outcome: z.string(),
  note: z.string(),
  /** Where a call that failed is stuck. */
  place: z.enum(['gateway', 'target']).optional(),
});
export type HistoryLine = z.infer<typeof lineSchema>;

/** What every entry keeps of the calls that were made for it. Answers in a row that were neither a yes nor a no: faults. */
export const attemptFields = {
  faults: z.number().int(),
  attempts: z.number().int(),
  /** The number of the last report to the log. */
  reports: z.number().int(),
  history: z.array(lineSchema),
  /** Older lines that are no longer kept. */
  dropped: z.number().int(),
};

/** All that is known of the way of one request into the CMMS and back. */
export const entrySchema = z.object({
  id: z.string(),
  /** The CMMS that took it. Empty: it was alone, and nobody chose. */
  system: z.string().default(''),
  asset: z.string(),
  title: z.string(),
  priority: z.string(),
  /** Last revision that was dealt with, and the last one that the CMMS has. 0: none. */
  revision: z.number().int(),
  delivered: z.number().int(),
  remote: z.string().nullable(),
  delivery: z.enum(['waiting', 'sent', 'rejected']),
  /** Written before a call that has an effect: until then the CMMS may still be carrying it out. */
  sending: z
    .object({ revision: z.number().int(), what: z.enum(['create', 'write']), until: z.number() })
    .nullable(),
  ...attemptFields,
  /** What the CMMS said last: in our words, and in its own. */
  status: z.enum(REQUEST_STATUSES).nullable(),
  word: z.string().nullable(),
  /** The change of status that is perhaps not in the log yet. */
  unreported: z
    .object({ status: z.enum(REQUEST_STATUSES), note: z.string().nullable(), time: z.number() })
    .nullable(),
});
export type LedgerEntry = z.infer<typeof entrySchema>;

const value = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** What the log was told last of a work order that its system made itself. Kept while the order is open. */
export const orderEntrySchema = z.object({
  id: z.string(),
  asset: z.string(),
  /** Of asset and data: a look that finds the same says nothing. */
  digest: z.string(),
  /** The number of the last report to the log, and whether it is surely there. */
  reports: z.number().int(),
  sent: z.boolean(),
  time: z.number(),
  data: z.record(z.string(), value),
});
export type OrderEntry = z.infer<typeof orderEntrySchema>;

const KEPT_LINES = 50;

/** Before anything was tried. */
export const NO_ATTEMPTS = { faults: 0, attempts: 0, reports: 0, history: [], dropped: 0 };

export function newEntry(id: string, request: Request | undefined, system = ''): LedgerEntry {
  return {
    id,
    system,
    asset: request?.asset ?? '',
    title: request?.title ?? '',
    priority: request?.priority ?? '',
    revision: 0,
    delivered: 0,
    remote: null,
    delivery: 'waiting',
    sending: null,
    status: null,
    word: null,
    unreported: null,
    ...NO_ATTEMPTS,
  };
}

/**
 * An entry as the system sees it that has the request now. Of one that another system had, nothing is there yet: its last
 * revision is brought there as if it were new, so it is searched for by its key before it is made.
 */
export function seenFrom(system: string, entry: LedgerEntry): LedgerEntry {
  if (entry.system === '' || entry.system === system) return entry;
  const revision = Math.max(0, entry.revision - 1);
  return { ...entry, system, revision, delivered: 0, remote: null, word: null, faults: 0 };
}

/** What is over stays with the system that had it. */
export function isOverElsewhere(system: string, entry: LedgerEntry): boolean {
  return isFinal(entry.status) && entry.system !== '' && entry.system !== system;
}

/** Adds a line to the history; what happened before, just so, is counted. The oldest lines go, and are counted too. */
export function withHistory(
  entry: Pick<LedgerEntry, 'history' | 'dropped'>,
  line: Omit<HistoryLine, 'last' | 'count'>,
): Pick<LedgerEntry, 'history' | 'dropped'> {
  const last = entry.history.at(-1);
  const same =
    last !== undefined &&
    last.revision === line.revision &&
    last.what === line.what &&
    last.outcome === line.outcome &&
    last.note === line.note;
  const history = same
    ? [...entry.history.slice(0, -1), { ...last, last: line.time, count: last.count + 1 }]
    : [...entry.history, { ...line, last: line.time, count: 1 }];
  const excess = Math.max(0, history.length - KEPT_LINES);
  return { history: history.slice(excess), dropped: entry.dropped + excess };
}

/** Nothing more is expected from the CMMS. */
export function isFinal(status: LedgerEntry['status']): boolean {
  return status === 'closed' || status === 'rejected' || status === 'cancelled';
}
