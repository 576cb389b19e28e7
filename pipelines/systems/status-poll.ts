import { headers, type MsgHdrs } from '@nats-io/transport-node';
import type { RequestStatusData } from '../../operators/model/machine-event.ts';
import { partitionedSubject } from '../nats/partition.ts';
import type { DeliveryContext, EntryHandle, StepResult } from './context.ts';
import { isFinal, type LedgerEntry, withHistory } from './entry.ts';

/** The log of a partition, as somewhere to publish into. A message id that it has seen is not taken again. */
export interface StatusLog {
  publish(
    subject: string,
    payload: string,
    options: { readonly headers: MsgHdrs; readonly msgID: string },
  ): Promise<unknown>;
}

/**
 * Asks the remote system what became of a request and publishes a change into the log, once: number, time and words of
 * the change are in the ledger before it is published, so a repeat is the same message and known as such.
 *
 * An object that is not there any more ends its request for good. So `isGone` has to confirm it: "not found" is also what
 * a gateway says that has lost its way.
 */
export async function pollStatus(
  handle: EntryHandle,
  context: DeliveryContext,
  log: StatusLog,
  isGone: () => Promise<boolean>,
): Promise<StepResult> {
  const { cmms, timing, now, record, signal } = context;
  await report(handle, context, log);
  const { id, remote, status } = handle.entry;
  if (remote === null || isFinal(status) || cmms.status === undefined) return { kind: 'done' };
  const seen = await cmms.status(id, remote, { priority: 'poll', signal });
  const again: StepResult = { kind: 'again', atLeast: timing.every };
  if (seen.kind !== 'ok') {
    if (seen.kind === 'rejected') {
      const { revision } = handle.entry;
      const line = { time: now(), revision, what: 'status', outcome: 'rejected', note: seen.note };
      await handle.save(withHistory(handle.entry, { ...line, what: 'status' }));
    }
    return again;
  }
  const { word, note, gone } = seen.value;
  if (gone === true && !(await isGone())) return again;
  if (seen.value.status === null || seen.value.status === status) {
    if (word === handle.entry.word) return again;
    await handle.save({ word });
    if (seen.value.status === null && word !== '') record({ kind: 'status-unmapped', id, word });
    return again;
  }
  await handle.save({
    word,
    status: seen.value.status,
    reports: nextReport(handle.entry, now()),
    unreported: { status: seen.value.status, note, time: now() },
  });
  await report(handle, context, log);
  record({ kind: 'request-status', id, status: seen.value.status });
  return isFinal(handle.entry.status) ? { kind: 'done' } : again;
}

/**
 * The number of the next report. By the clock, so that a ledger that was lost and begun anew goes on above the numbers
 * that it has forgotten: a lower one would be taken for a repeat.
 */
function nextReport({ reports }: LedgerEntry, now: number): number {
  return Math.max(reports + 1, Math.floor(now));
}

async function report(
  handle: EntryHandle,
  { partitions }: DeliveryContext,
  log: StatusLog,
): Promise<void> {
  const { unreported } = handle.entry;
  if (unreported === null) return;
  await log.publish(...statusMessage(handle.entry, unreported, partitions));
  await handle.save({ unreported: null });
}

/** `event.<plant>.<line>.<asset>`: a fact like any other that reaches the line. */
function statusMessage(
  { id, asset, remote, reports }: LedgerEntry,
  { status, note, time }: NonNullable<LedgerEntry['unreported']>,
  partitions: number,
) {
  const data: RequestStatusData = {
    id,
    status,
    ...(remote === null ? {} : { remote: remote.slice(0, 256) }),
    ...(note === null ? {} : { note: note.slice(0, 4_096) }),
  };
  const header = headers();
  header.set('Content-Type', 'application/json');
  header.set('Andon-Producer', `maintenance/${id}`);
  header.set('Andon-Sequence', String(reports));
  const subject = `event.${asset.replaceAll('/', '.')}`;
  return [
    partitions === 1 ? subject : partitionedSubject(subject, partitions),
    JSON.stringify({ time, type: 'request', data }),
    { headers: header, msgID: `maintenance/${id}/${reports}` },
  ] as const;
}
