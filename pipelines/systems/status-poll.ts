import type { RequestStatus, RequestStatusData } from '../../operators/model/machine-event.ts';
import type { Call } from '../../sinks/remote/caller.ts';
import type { AnswerValues } from '../../sinks/remote/fields.ts';
import type { CallOutcome } from '../../sinks/remote/outcome.ts';
import type { RemoteStatus } from '../../sinks/remote/status.ts';
import type { Attempted, EntryHandle } from './attempt.ts';
import type { DeliveryContext, StepResult, SystemContext } from './context.ts';
import { isFinal, type LedgerEntry, withHistory } from './entry.ts';
import { nextStatusNumber, publishStatus, type StatusLog } from './status-log.ts';

/**
 * Asks the remote system what became of a request and publishes a change into the log, once: number, time and words of
 * the change are in the ledger before it is published, so a repeat is the same message, and `validate` knows it as such.
 *
 * An object that is not there any more ends its request for good. So `isGone` has to confirm it: "not found" is also what
 * a gateway says that has lost its way.
 */
export async function pollStatus(
  handle: EntryHandle<LedgerEntry>,
  context: DeliveryContext,
  log: StatusLog,
  isGone: () => Promise<boolean>,
): Promise<StepResult> {
  const { cmms, timing, now, record } = context;
  await report(handle, context, log);
  const { id, remote, status, revision } = handle.entry;
  if (remote === null || isFinal(status) || cmms.status === undefined) return { kind: 'done' };
  const read = cmms.status;
  const changed = await pollObject<LedgerEntry, RequestStatus>(handle, context, {
    ...{ read: (call) => read(id, remote, call), known: status, revision, isGone },
    unmapped: (word) => record({ kind: 'status-unmapped', id, word }),
    changes: async (seen, note) => ({
      status: seen,
      reports: nextStatusNumber(handle.entry, now()),
      unreported: { status: seen, note, time: await log.time(handle.entry.asset) },
    }),
  });
  const again: StepResult = { kind: 'again', atLeast: timing.every };
  if (changed === null) return again;
  await report(handle, context, log);
  record({ kind: 'request-status', id, status: changed });
  return isFinal(handle.entry.status) ? { kind: 'done' } : again;
}

/** A look at one object. `known`: the state that its entry has. */
type Look<E, S extends string> = {
  readonly read: (call: Call) => Promise<CallOutcome<RemoteStatus<S>>>;
  readonly known: S | null;
  /** For the history. */
  readonly revision: number;
  readonly isGone: () => Promise<boolean>;
  readonly unmapped: (word: string) => void;
  /** What the entry becomes by a new state; the report that is not in the log yet is in it. */
  readonly changes: (seen: S, note: string | null, gives: AnswerValues) => Promise<Partial<E>>;
};

/** Looks once and saves what is new. Gives the new state; null when there is none. */
export async function pollObject<
  E extends Attempted<{ until: number }> & { readonly word: string | null },
  S extends string,
>(
  handle: EntryHandle<E>,
  { now, signal }: Pick<SystemContext, 'now' | 'signal'>,
  { read, known, revision, isGone, unmapped, changes }: Look<E, S>,
): Promise<S | null> {
  const seen = await read({ priority: 'poll', signal });
  if (seen.kind !== 'ok') {
    if (seen.kind === 'rejected') {
      const line = { time: now(), revision, outcome: 'rejected', note: seen.note };
      const history = withHistory(handle.entry, { ...line, what: 'status' });
      await handle.save(history as Partial<E>);
    }
    return null;
  }
  const { word, note, gone, status } = seen.value;
  if (gone === true && !(await isGone())) return null;
  if (status === null || status === known) {
    if (word === handle.entry.word) return null;
    await handle.save({ word } as Partial<E>);
    if (status === null && word !== '') unmapped(word);
    return null;
  }
  await handle.save({ ...(await changes(status, note, seen.value.gives ?? {})), word });
  return status;
}

async function report(
  handle: EntryHandle<LedgerEntry>,
  { cmms, partitions }: DeliveryContext,
  log: StatusLog,
): Promise<void> {
  const { unreported, id, asset, remote, reports } = handle.entry;
  if (unreported === null) return;
  const { status, note, time } = unreported;
  const data: RequestStatusData = {
    id,
    status,
    ...(remote === null ? {} : { remote: remote.slice(0, 256) }),
    ...(note === null ? {} : { note: note.slice(0, 4_096) }),
  };
  const about = { system: cmms.name, asset, producer: `maintenance/${id}`, number: reports };
  await publishStatus(log, { ...about, body: { time, type: 'request', data } }, partitions);
  await handle.save({ unreported: null });
}
