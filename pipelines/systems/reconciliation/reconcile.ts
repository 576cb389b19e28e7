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

/** How far a loop is. */
type Progress = {
  /** When it tried last to compare. */
  begun: number;
  /** Undefined until it was read; null: there is none. */
  last: ReconcileReport | null | undefined;
  /** What was compared and has not landed, the oldest first. */
  readonly pending: ReconcileReport[];
  /** Nothing is done sooner, after trouble. */
  resting: number;
};

/** Milliseconds of rest. */
const AFTER_TROUBLE = 5_000;
/** So many reports wait for the warehouse. */
const MOST_PENDING = 48;

/** Runs beside a loop until it is stopped. Trouble is recorded; the next time of the timetable is soon enough. */
export function startReconciling(options: ReconcileOptions): () => Promise<void> {
  const { record, signal, system } = options;
  const stopping = new AbortController();
  const all = { ...options, signal: AbortSignal.any([signal, stopping.signal]) };
  const progress: Progress = { begun: options.now(), last: undefined, pending: [], resting: 0 };
  let working: Promise<void> | undefined;
  const tick = () => {
    if (performance.now() < progress.resting) return;
    working ??= serve(all, progress)
      .then(() => landPending(all, progress))
      .catch((error: unknown) => {
        if (all.signal.aborted) return;
        progress.resting = performance.now() + AFTER_TROUBLE;
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
  const { pending } = progress;
  const ask = await book.asked();
  if (progress.last === undefined) {
    progress.last = (await book.last()) ?? null;
    // Killed before it landed.
    if (land !== undefined && progress.last?.landed === false) pending.push(progress.last);
  }
  const { begun, last } = progress;
  if (ask === undefined && now() - Math.max(begun, last?.begun ?? 0) < timing.every) return;
  progress.begun = now();
  const report = await compareAndKeep(options, ask, last ?? undefined);
  progress.last = report;
  if (land === undefined) return;
  // The whole of it: what is kept has an end.
  pending.push(report);
  if (pending.length > MOST_PENDING) pending.shift();
}

async function compareAndKeep(
  options: ReconcileOptions,
  ask: ReconcileAsk | undefined,
  last: ReconcileReport | undefined,
): Promise<ReconcileReport> {
  const { book } = options;
  await book.taken();
  try {
    const report = await reconcile(options, ask, last);
    await book.keep(report);
    return report;
  } catch (error) {
    // Somebody waits for it.
    if (ask !== undefined) await book.askAgain(ask);
    throw error;
  }
}

/** A warehouse that is away keeps nobody from comparing. */
async function landPending(options: ReconcileOptions, progress: Progress): Promise<void> {
  const { book, land, signal } = options;
  const { pending } = progress;
  if (land === undefined) return;
  for (let report = pending[0]; report !== undefined; report = pending[0]) {
    await land(report, signal);
    pending.shift();
    if (pending.length === 0) await book.keep({ ...report, landed: true });
  }
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
  // A report of an earlier version does not say it.
  const readBegun = last?.read_begun ?? last?.begun ?? 0;
  const since = (full ? 0 : Math.max(0, readBegun - OVERLAP) * 1_000) as EventTime;
  const compared: ReconcileReport['sides'][number][] = [];
  const differences: (SystemDifference & { readonly mended: boolean })[] = [];
  const unread: string[] = [];
  for (const side of sides) {
    const found = await compare(side, { since, now, grace, late: timing.late, signal });
    const { verb, ours, theirs, read, unseen } = found;
    if (!read) unread.push(`${verb}: ${unseen}`);
    compared.push({ verb, ours, theirs, unseen });
    for (const difference of found.differences) {
      const mended = ask?.mend === true && difference.safe && (await mend(difference));
      differences.push({ ...difference, mended });
    }
  }
  const counts = countDifferences(differences);
  const isRead = unread.length === 0;
  const whole = full && isRead;
  for (const kind of DIFFERENCE_KINDS) {
    // What only changed objects show would hide what the last full comparison found. What is late shows each one.
    if (!whole && kind !== 'late') continue;
    record({ kind: 'difference-count', system, lane, difference: kind, count: counts[kind] });
  }
  for (const { kind, text, mended } of differences.slice(0, MOST_TOLD)) {
    record({ kind: 'difference', system, difference: kind, text, mended });
  }
  const ended = now();
  const objects = compared.reduce((sum, { theirs }) => sum + theirs, 0);
  if (isRead) {
    record({ kind: 'reconciled', system, lane, objects, found: differences.length, ended });
  } else {
    const error = new Error(`not read: ${unread.join('; ')}`);
    record({ kind: 'maintenance-trouble', where: `comparison with ${system}`, error });
  }
  const id = ask?.id ?? randomUUID();
  return {
    ...{ id, system, lane, begun, ended, full: whole, sides: compared, counts, differences },
    full_begun: whole ? begun : (last?.full_begun ?? 0),
    read_begun: isRead ? begun : readBegun,
    ...{ left_off: 0, landed: false },
  };
}

/** So many lines of a log are enough; the report has all. */
const MOST_TOLD = 50;
