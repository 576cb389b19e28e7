/**
 * What became of a command and, later, of its object: noted in the ledger, then said to the log. Number, time and content of
 * a reply are in the ledger before it is published, so a repeat is the same message.
 */

import type { CommandOutcome } from '../../operators/model/command.ts';
import type { AnswerValues } from '../../sinks/remote/fields.ts';
import type { ObjectState } from '../../sinks/remote/system.ts';
import type { EntryHandle } from './attempt.ts';
import { type CommandEntry, replyOf } from './command-entry.ts';
import type { StepResult, SystemContext } from './context.ts';
import { withHistory } from './entry.ts';
import { nextStatusNumber, publishStatus, type StatusLog } from './status-log.ts';
import { pollObject } from './status-poll.ts';

/** What a command came to. Without the other fields they are what the entry has. */
export type Settlement = {
  readonly outcome: CommandOutcome;
  /** Why, where that is no success. */
  readonly note: string | null;
  readonly remote?: string | null;
  readonly gives?: AnswerValues;
  readonly names?: AnswerValues;
};

type ReplyContext = Pick<SystemContext, 'record' | 'partitions' | 'now'> & {
  readonly log: StatusLog;
};

export async function settleCommand(
  handle: EntryHandle<CommandEntry>,
  context: ReplyContext,
  { outcome, note, remote, gives, names }: Settlement,
): Promise<StepResult> {
  const { entry } = handle;
  const time = context.now();
  const said = await context.log.time(entry.asset);
  const told = note ?? remote ?? '';
  const line = { time, revision: entry.n, what: 'settle', outcome, note: told } as const;
  const changes = {
    ...withHistory(entry, line),
    ...{ outcome, note, sending: null, faults: 0, reports: nextStatusNumber(entry, time) },
    remote: remote === undefined ? entry.remote : remote,
    values: gives ?? entry.values,
    names: names ?? entry.names,
  };
  const data = replyOf({ ...entry, ...changes });
  await handle.save({ ...changes, unreported: { time: said, data } });
  await reportReply(handle, context);
  const { id, system, verb } = entry;
  context.record({ kind: 'command-settled', system, id, verb, outcome, note: told });
  return { kind: 'done' };
}

/** Publishes the reply that is perhaps not in the log yet. */
export async function reportReply(
  handle: EntryHandle<CommandEntry>,
  { log, partitions }: Pick<ReplyContext, 'log' | 'partitions'>,
): Promise<void> {
  const { unreported, id, system, asset, reports } = handle.entry;
  if (unreported === null) return;
  const { time, data } = unreported;
  const about = { system, asset, producer: `systems/${system}/${id}`, number: reports };
  await publishStatus(log, { ...about, body: { time, type: 'command', data } }, partitions);
  await handle.save({ unreported: null });
}

/**
 * Looks once at what became of the object of a command, and says a change to the log. True when nothing more is
 * expected.
 */
export async function pollState(
  handle: EntryHandle<CommandEntry>,
  context: ReplyContext & Pick<SystemContext, 'signal'>,
  { read, final, taken }: ObjectState,
  isGone: () => Promise<boolean>,
): Promise<boolean> {
  const { now, record, log } = context;
  await reportReply(handle, context);
  const { id, system, remote, state, n } = handle.entry;
  if (remote === null) return true;
  if (state === null || !final.has(state)) {
    const seen = await pollObject<CommandEntry, string>(handle, context, {
      ...{ read: (call) => read(id, remote, call), known: state, revision: n, isGone },
      unmapped: (word) => record({ kind: 'state-unmapped', system, id, word }),
      changes: async (word, note, gives) => {
        const values = { ...handle.entry.values, ...gives };
        const data = replyOf({ ...handle.entry, state: word, note, values });
        const time = await log.time(handle.entry.asset);
        return {
          ...{ state: word, values, reports: nextStatusNumber(handle.entry, now()) },
          unreported: { time, data },
        };
      },
    });
    if (seen === null) return false;
    await reportReply(handle, context);
    record({ kind: 'command-state', system, id, state: seen });
    if (!final.has(seen)) return false;
  }
  await taken?.(remote);
  return true;
}
