/** Compares a system with what was decided, by the timetable of its profile and whenever somebody asks, and mends what is safe. */

import { randomUUID } from 'node:crypto';
import type { EventTime } from '../../../operators/model/time.ts';
import type { RecordEvent } from '../../observe/observe.ts';
import { errorOf } from '../context.ts';
import {
  countDifferences,
  type ReconcileAsk,
  type ReconcileBook,
  type ReconcileLane,
  type ReconcileReport,
} from './book.ts';
import { type Comparison, compare } from './compare.ts';
import { DIFFERENCE_KINDS, type SystemDifference } from './difference.ts';

export type ReconcileOptions = {
  readonly system: string;
  readonly lane: ReconcileLane;
  readonly sides: readonly Comparison[];
  readonly book: ReconcileBook;
  /** Milliseconds. */
  readonly timing: { readonly every: number; readonly full: number; readonly late: number };
  readonly grace: number;
  /** Mends one difference that is safe to mend; false when somebody else has been at it. */
  readonly mend: (difference: SystemDifference) => Promise<boolean>;
  /** Puts a report into the warehouse; rejects while that is away. Undefined where there is none. */
  readonly land: ((report: ReconcileReport, signal: AbortSignal) => Promise<void>) | undefined;
  readonly record: RecordEvent;
  readonly now: () => number;
  readonly signal: AbortSignal;
};

/** Looks for what somebody asks for so often: milliseconds. */
const TICK = 1_000;
/** Objects that changed so long before the last comparison are compared again. */
const OVERLAP = 300_000;

/** What a loop has compared and not landed, the oldest first. */
type Progress = {
  readonly begun: number;
  readonly pending: ReconcileReport[];
  /** Not sooner it is tried again to land them. */
  landing: number;
};

/** Milliseconds until it is tried again to land something; so many reports wait for the warehouse. */
const LAND_AGAIN = 5_000;
const MOST_PENDING = 48;

/** Runs beside a loop until it is stopped. Trouble is recorded; the next time of the timetable is soon enough. */
export function startReconciling(options: ReconcileOptions): () => Promise<void> {
  const { record, signal, system } = options;
  const stopping = new AbortController();
  const all = { ...options, signal: AbortSignal.any([signal, stopping.signal]) };
  const progress: Progress = { begun: options.now(), pending: [], landing: 0 };
  let working: Promise<void> | undefined;
  const tick = () => {
    working ??= serve(all, progress)
      .then(() => landPending(all, progress))
      .catch((error: unknown) => {
        if (all.signal.aborted) return;
        const where = `comparison with ${system}`;
        record({ kind: 'maintenance-trouble', where, error: errorOf(error) });
      })
      .finally(() => {
        working = undefined;
      });
  };
  const timer = setInterval(tick, TICK);
  return async () => {
    clearInterval(timer);
    stopping.abort();
    await working;
  };
}

/** Does what is asked for, or what is due. */
async function serve(options: ReconcileOptions, progress: Progress): Promise<void> {
  const { book, timing, now, land } = options;
  const { begun, pending } = progress;
  const ask = await book.asked();
  const last = await book.last();
  // Killed before it landed.
  if (land !== undefined && pending.length === 0 && last?.landed === false) pending.push(last);
  if (ask === undefined && now() - Math.max(begun, last?.begun ?? 0) < timing.every) return;
  await book.taken();
  const report = await reconcile(options, ask, last).catch(async (error: unknown) => {
    // Somebody waits for it: the next turn tries again.
    if (ask !== undefined) await book.askAgain(ask);
    throw error;
  });
  await book.keep(report);
  if (land === undefined) return;
  // The whole of it: what is kept has an end.
  pending.push(report);
  if (pending.length > MOST_PENDING) pending.shift();
}

/** A warehouse that is away keeps nobody from comparing. */
async function landPending(options: ReconcileOptions, progress: Progress): Promise<void> {
  const { book, land, signal } = options;
  const { pending } = progress;
  if (land === undefined || performance.now() < progress.landing) return;
  progress.landing = performance.now() + LAND_AGAIN;
  for (let report = pending[0]; report !== undefined; report = pending[0]) {
    await land(report, signal);
    pending.shift();
    if (pending.length === 0) await book.keep({ ...report, landed: true });
  }
  progress.landing = 0;
}

/** One comparison. What is asked for is always full. */
export async function reconcile(
  options: Omit<ReconcileOptions, 'book' | 'land'>,
  ask: ReconcileAsk | undefined,
  last: ReconcileReport | undefined,
): Promise<ReconcileReport> {
  const { system, lane, sides, timing, grace, mend, record, now, signal } = options;
  const begun = now();
  const full = ask !== undefined || last === undefined || begun - last.full_begun >= timing.full;
  const since = (full ? 0 : Math.max(0, last.begun - OVERLAP) * 1_000) as EventTime;
  const compared: ReconcileReport['sides'][number][] = [];
  const differences: (SystemDifference & { readonly mended: boolean })[] = [];
  for (const side of sides) {
    const found = await compare(side, { since, now, grace, late: timing.late, signal });
    const { verb, ours, theirs, unseen } = found;
    compared.push({ verb, ours, theirs, unseen });
    for (const difference of found.differences) {
      const mended = ask?.mend === true && difference.safe && (await mend(difference));
      differences.push({ ...difference, mended });
    }
  }
  const counts = countDifferences(differences);
  for (const kind of DIFFERENCE_KINDS) {
    record({ kind: 'difference-count', system, lane, difference: kind, count: counts[kind] });
  }
  for (const { kind, text, mended } of differences.slice(0, MOST_TOLD)) {
    record({ kind: 'difference', system, difference: kind, text, mended });
  }
  const ended = now();
  const objects = compared.reduce((sum, { theirs }) => sum + theirs, 0);
  record({ kind: 'reconciled', system, lane, objects, found: differences.length, ended });
  const id = ask?.id ?? randomUUID();
  return {
    ...{ id, system, lane, begun, ended, full, sides: compared, counts, differences },
    ...{ full_begun: full ? begun : last.full_begun, left_off: 0, landed: false },
  };
}

/** So many lines of a log are enough; the report has all. */
const MOST_TOLD = 50;
