import type { Request } from '../../operators/model/request.ts';
import type { Call } from '../../sinks/cmms/caller.ts';
import type { Written } from '../../sinks/cmms/cmms.ts';
import type { Failure } from '../../sinks/cmms/outcome.ts';
import type { Cell, Step, World } from './context.ts';
import { type HistoryLine, type LedgerEntry, noted } from './entry.ts';

/** How a revision came to be in the CMMS. */
type Settled = 'created' | 'found' | Written;

export type Delivery = {
  readonly request: Request;
  /** A person asked for it: whatever the ledger knows of the remote object is looked up anew. */
  readonly resend: boolean;
};

/**
 * Tries once to bring one revision into the CMMS. It may be killed at any point: what is about to happen is in the
 * ledger before it happens, and nothing is created before a search found nothing.
 */
export async function deliver(
  { request, resend }: Delivery,
  cell: Cell,
  world: World,
): Promise<Step> {
  const { cmms, timing, now, signal } = world;
  const { revision, action } = request;
  const { sending } = cell.entry;
  const longest = timing.timeout + timing.settle;
  const pending = (sending?.until ?? 0) - now();
  if (sending !== null && pending > longest) {
    // The clock was set back since: nothing is waited for that long.
    await cell.save({ sending: { ...sending, until: now() + longest } });
    return { kind: 'again', atLeast: longest };
  }
  if (pending > 0) return { kind: 'again', atLeast: pending };

  const looking: Call = { turn: 'delivery', signal };
  const effect = (what: 'create' | 'write'): Call => ({
    ...looking,
    sending: () => {
      const until = now() + longest;
      return cell.save({
        sending: { revision, what, until },
        attempts: cell.entry.attempts + 1,
        delivery: 'waiting',
      });
    },
  });
  const tired = () =>
    reject(request, cell, world, 'write', `no clear answer in ${timing.faults} attempts`);

  let remote = resend ? null : cell.entry.remote;
  if (remote === null) {
    const found = await cmms.search(request, looking);
    if (found.kind !== 'ok') return fail(request, cell, world, 'search', found);
    if (found.value.length > 1) {
      world.record({ kind: 'request-doubled', id: request.id, remotes: found.value });
    }
    remote = found.value[0] ?? null;
    if (remote === null) {
      if (action === 'withdraw' || action === 'close') {
        return settle(request, cell, world, 'search', 'passed-over', null);
      }
      if (cell.entry.faults >= timing.faults) return tired();
      const created = await cmms.create(request, effect('create'));
      if (created.kind !== 'ok') return fail(request, cell, world, 'create', created);
      return settle(request, cell, world, 'create', 'created', created.value);
    }
    // What carries the key was made by an earlier attempt of the first revision, with this very content.
    if (revision === 1 && !resend) return settle(request, cell, world, 'search', 'found', remote);
  }
  if (cell.entry.faults >= timing.faults) return tired();
  const written = await cmms.write(request, remote, effect('write'));
  if (written.kind !== 'ok') return fail(request, cell, world, 'write', written);
  return settle(request, cell, world, 'write', written.value, remote);
}

/** Writes a revision off that is not even a request, or that the CMMS refuses. Later revisions are tried all the same. */
export async function reject(
  { id, revision }: Pick<Request, 'id' | 'revision'>,
  cell: Cell,
  { record, now }: World,
  what: HistoryLine['what'],
  note: string,
): Promise<Step> {
  await cell.save({
    ...dealtWith(cell.entry, revision),
    ...noted(cell.entry, { time: now(), revision, what, outcome: 'rejected', note }),
    delivery: 'rejected',
  });
  record({ kind: 'request-rejected', id, revision, note });
  return { kind: 'done' };
}

async function settle(
  { id, revision }: Request,
  cell: Cell,
  { record, now }: World,
  what: HistoryLine['what'],
  how: Settled,
  remote: string | null,
): Promise<Step> {
  const note = remote === null ? 'the CMMS has nothing of it' : remote;
  await cell.save({
    ...dealtWith(cell.entry, revision),
    ...noted(cell.entry, { time: now(), revision, what, outcome: how, note }),
    delivered: remote === null ? cell.entry.delivered : revision,
    delivery: 'sent',
    remote,
    // Another object: what the former one had come to says nothing of it.
    ...(how === 'created' ? { status: null, word: null } : {}),
  });
  record({ kind: 'request-settled', id, revision, how, remote });
  return { kind: 'done' };
}

async function fail(
  request: Request,
  cell: Cell,
  world: World,
  what: 'search' | 'create' | 'write',
  outcome: Failure,
): Promise<Step> {
  const { timing, now, record } = world;
  const { id, revision } = request;
  const { kind, note } = outcome;
  if (kind === 'rejected') return reject(request, cell, world, what, note);
  const answered = kind === 'unknown' && outcome.answered;
  const faults = cell.entry.faults + (answered ? 1 : 0);
  if (what === 'search' && faults >= timing.faults) {
    return reject(request, cell, world, what, `${note} (${faults} times)`);
  }
  // An answer, of whatever kind, ends the call over there. Without one it may go on for a while.
  const settling = answered || what === 'search' ? 0 : timing.settle;
  const wait = kind === 'retryable' ? (outcome.after ?? 0) : settling;
  const { sending } = cell.entry;
  await cell.save({
    ...noted(cell.entry, { time: now(), revision, what, outcome: kind, note }),
    faults,
    delivery: 'waiting',
    sending:
      what === 'search' || sending === null
        ? sending
        : kind === 'retryable'
          ? null
          : { ...sending, until: now() + wait },
  });
  record({ kind: 'request-delayed', id, revision, outcome: kind, note, after: wait });
  return { kind: 'again', atLeast: wait };
}

function dealtWith(
  entry: LedgerEntry,
  revision: number,
): Pick<LedgerEntry, 'revision' | 'sending' | 'faults'> {
  return { revision: Math.max(entry.revision, revision), sending: null, faults: 0 };
}
