import type { Request } from '../../operators/model/request.ts';
import type { Call } from '../../sinks/remote/caller.ts';
import { type CallFailure, placeOf } from '../../sinks/remote/outcome.ts';
import type { WriteResult } from '../../sinks/remote/remote.ts';
import { type EntryHandle, failureOf, longestCall, pendingCall } from './attempt.ts';
import type { DeliveryContext, StepResult } from './context.ts';
import { type HistoryLine, type LedgerEntry, withHistory } from './entry.ts';

/** How a revision came to be in the CMMS. */
type Settled = 'created' | 'found' | WriteResult;

export type RevisionDelivery = {
  readonly request: Request;
  /** A person asked for it: whatever the ledger knows of the remote object is looked up anew. */
  readonly resend: boolean;
};

/**
 * Tries once to bring one revision into the CMMS. It may be killed at any point: what is about to happen is in the
 * ledger before it happens, and nothing is created before a search found nothing.
 */
export async function deliverRevision(
  { request, resend }: RevisionDelivery,
  handle: EntryHandle<LedgerEntry>,
  context: DeliveryContext,
): Promise<StepResult> {
  const { cmms, timing, now, signal } = context;
  const { revision, action } = request;
  const pending = await pendingCall(handle, context);
  if (pending > 0) return { kind: 'again', atLeast: pending };

  const search: Call = { priority: request.priority === 'urgent' ? 'urgent' : 'delivery', signal };
  const effect = (what: 'create' | 'write'): Call => ({
    ...search,
    sending: () => {
      const until = now() + longestCall(timing);
      return handle.save({
        sending: { revision, what, until },
        attempts: handle.entry.attempts + 1,
        delivery: 'waiting',
      });
    },
  });
  const giveUp = () =>
    rejectRevision(
      request,
      handle,
      context,
      'write',
      `no clear answer in ${timing.faults} attempts`,
    );

  let remote = resend ? null : handle.entry.remote;
  if (remote === null) {
    const found = await cmms.search(request, search);
    if (found.kind !== 'ok') return fail(request, handle, context, 'search', found);
    if (found.value.length > 1) {
      context.record({ kind: 'request-doubled', id: request.id, remotes: found.value });
    }
    remote = found.value[0] ?? null;
    if (remote === null) {
      if (action === 'withdraw' || action === 'close') {
        return finish(request, handle, context, 'search', 'passed-over', null);
      }
      if (handle.entry.faults >= timing.faults) return giveUp();
      const created = await cmms.create(request, effect('create'));
      if (created.kind !== 'ok') return fail(request, handle, context, 'create', created);
      return finish(request, handle, context, 'create', 'created', created.value);
    }
    // What carries the key was made by an earlier attempt of the first revision, with this very content.
    if (revision === 1 && !resend)
      return finish(request, handle, context, 'search', 'found', remote);
  }
  if (handle.entry.faults >= timing.faults) return giveUp();
  const written = await cmms.write(request, remote, effect('write'));
  if (written.kind !== 'ok') return fail(request, handle, context, 'write', written);
  return finish(request, handle, context, 'write', written.value, remote);
}

/** Writes a revision off that is not even a request, or that the CMMS refuses. Later revisions are tried all the same. */
export async function rejectRevision(
  { id, revision }: Pick<Request, 'id' | 'revision'>,
  handle: EntryHandle<LedgerEntry>,
  { cmms, record, now }: DeliveryContext,
  what: HistoryLine['what'],
  note: string,
): Promise<StepResult> {
  await handle.save({
    ...dealtWith(handle.entry, revision),
    ...withHistory(handle.entry, { time: now(), revision, what, outcome: 'rejected', note }),
    delivery: 'rejected',
  });
  record({ kind: 'request-rejected', system: cmms.name, id, revision, note });
  return { kind: 'done' };
}

async function finish(
  { id, revision }: Request,
  handle: EntryHandle<LedgerEntry>,
  { cmms, record, now }: DeliveryContext,
  what: HistoryLine['what'],
  how: Settled,
  remote: string | null,
): Promise<StepResult> {
  const note = remote === null ? 'the CMMS has nothing of it' : remote;
  await handle.save({
    ...dealtWith(handle.entry, revision),
    ...withHistory(handle.entry, { time: now(), revision, what, outcome: how, note }),
    delivered: remote === null ? handle.entry.delivered : revision,
    delivery: 'sent',
    remote,
    // Another object: what the former one had come to says nothing of it.
    ...(how === 'created' ? { status: null, word: null } : {}),
  });
  record({ kind: 'request-settled', system: cmms.name, id, revision, how, remote });
  return { kind: 'done' };
}

async function fail(
  request: Request,
  handle: EntryHandle<LedgerEntry>,
  context: DeliveryContext,
  what: 'search' | 'create' | 'write',
  outcome: CallFailure,
): Promise<StepResult> {
  const { id, revision } = request;
  const call = { what, revision, effect: what !== 'search', outcome };
  const failure = failureOf(handle.entry, call, context);
  if (failure.kind === 'refused') {
    return rejectRevision(request, handle, context, what, failure.note);
  }
  await handle.save({ ...failure.changes, delivery: 'waiting' });
  if (outcome.kind !== 'rejected') {
    const { kind, note } = outcome;
    context.record({
      ...{ kind: 'request-delayed', system: context.cmms.name, id, revision, outcome: kind, note },
      place: placeOf(outcome),
      after: failure.wait,
    });
  }
  return { kind: 'again', atLeast: failure.wait };
}

function dealtWith(
  entry: LedgerEntry,
  revision: number,
): Pick<LedgerEntry, 'revision' | 'sending' | 'faults'> {
  return { revision: Math.max(entry.revision, revision), sending: null, faults: 0 };
}
