import type { Command } from '../../operators/model/command.ts';
import type { Call } from '../../sinks/remote/caller.ts';
import type { AnswerValues } from '../../sinks/remote/fields.ts';
import {
  type CallFailure,
  type CallOutcome,
  placeOf,
  success,
} from '../../sinks/remote/outcome.ts';
import type {
  CommandInput,
  CommandObject,
  Gained,
  System,
  Verb,
} from '../../sinks/remote/system.ts';
import { type EntryHandle, failureOf, longestCall, pendingCall } from './attempt.ts';
import { type CommandEntry, isBegun } from './command-entry.ts';
import { type Settlement, settleCommand } from './command-reply.ts';
import type { StepResult, SystemContext } from './context.ts';
import { type HistoryLine, withHistory } from './entry.ts';
import type { StatusLog } from './status-log.ts';

/** What every step of carrying commands out needs. */
export type CommandContext = SystemContext & {
  readonly system: System;
  /** Where replies are published. */
  readonly log: StatusLog;
  /** The object of a command is looked at from now on. Before that is certain, its reply is not sent. */
  readonly watch: (id: string) => Promise<void>;
};

export type CommandDelivery = {
  readonly command: Command;
  /** A person asked for it: whatever the ledger knows of the remote object is looked up anew. */
  readonly resend: boolean;
  /** A later command takes this one back, or stands in its place. What was not begun is not begun any more. */
  readonly end: 'undone' | 'superseded' | null;
  /** What became of the command that this one undoes. */
  readonly undone: CommandEntry | undefined;
};

/** One try, with what it has gathered so far. */
type Try = {
  readonly delivery: CommandDelivery;
  readonly verb: Verb;
  readonly handle: EntryHandle<CommandEntry>;
  readonly context: CommandContext;
  gives: AnswerValues;
  names: AnswerValues;
};

/**
 * Tries once to carry out one command. It may be killed at any point: what is about to happen is in the ledger before it
 * happens, and nothing is created before a search found nothing.
 */
export async function deliverCommand(
  delivery: CommandDelivery,
  handle: EntryHandle<CommandEntry>,
  context: CommandContext,
): Promise<StepResult> {
  const { command } = delivery;
  const verb = context.system.verbs.get(command.verb);
  if (verb === undefined) {
    const note = context.system.without(command.verb);
    return settleCommand(handle, context, { outcome: 'rejected', note });
  }
  const pending = await pendingCall(handle, context);
  if (pending > 0) return { kind: 'again', atLeast: pending };
  const over = isBegun(handle.entry) ? null : await notBegunAnyMore(delivery, context);
  if (over !== null) return settleCommand(handle, context, over);
  const { values: gives, names } = handle.entry;
  const attempt: Try = { delivery, verb, handle, context, gives, names };

  for (const ask of verb.ask) {
    const answer = await ask(subjectOf(attempt, handle.entry.remote), callOf(attempt));
    if (answer.kind !== 'ok') return fail(attempt, 'ask', answer);
    gain(attempt, answer.value);
  }
  if (verb.kind === 'query') return succeed(attempt, null);
  const object = await objectOf(attempt);
  if (object.kind !== 'object') return object.step;
  // What is about to be undone need not be completed.
  if (delivery.end === 'undone') return succeed(attempt, object.remote);
  return (await changeObject(attempt, object.remote)) ?? succeed(attempt, object.remote);
}

/** Why a command that has had no effect is not begun any more; null while it may be. */
async function notBegunAnyMore(
  { command, resend, end, undone }: CommandDelivery,
  { log }: Pick<CommandContext, 'log'>,
): Promise<Settlement | null> {
  if (resend) return null;
  if (end !== null) return { outcome: 'cancelled', note: `${end} before it was begun` };
  if (undone !== undefined && undone.remote === null) {
    const note = `nothing to undo: ${undone.verb} ${undone.id} is ${undone.outcome}`;
    return { outcome: 'cancelled', note };
  }
  const { not_after, asset } = command;
  if (not_after === null || (await log.time(asset)) * 1_000 <= not_after) return null;
  return { outcome: 'expired', note: 'not begun before not_after' };
}

type ObjectStep =
  | { readonly kind: 'object'; readonly remote: string | null }
  | { readonly kind: 'step'; readonly step: StepResult };

/** The object that the command is about: known, found by its key, or made now. */
async function objectOf(attempt: Try): Promise<ObjectStep> {
  const { delivery, verb, handle } = attempt;
  const { command, resend, undone } = delivery;
  const step = (one: StepResult): ObjectStep => ({ kind: 'step', step: one });
  if (verb.create === undefined) {
    const named = command.payload.remote;
    const remote = undone?.remote ?? (typeof named === 'string' ? named : null);
    return { kind: 'object', remote };
  }
  const known = resend ? null : handle.entry.remote;
  if (known !== null) return { kind: 'object', remote: known };
  const subject = subjectOf(attempt, null);
  const found = await (verb.search?.(subject, callOf(attempt)) ?? success([]));
  if (found.kind !== 'ok') return step(await fail(attempt, 'search', found));
  const [first] = found.value;
  if (first !== undefined) return keepObject(attempt, 'search', first, found.value);

  const { context } = attempt;
  // The search has settled what an earlier call came to: nothing.
  const over = await notBegunAnyMore(delivery, context);
  if (over !== null) return step(await settleCommand(handle, context, over));
  if (tooManyFaults(attempt)) return step(await giveUp(attempt));
  const created = await verb.create(subject, effectOf(attempt, 'create'));
  if (created.kind !== 'ok') return step(await fail(attempt, 'create', created));
  return keepObject(attempt, 'create', created.value, [created.value]);
}

/** Notes the object before anything is done with it. */
async function keepObject(
  attempt: Try,
  what: 'search' | 'create',
  object: CommandObject,
  all: readonly CommandObject[],
): Promise<ObjectStep> {
  const { delivery, handle, context } = attempt;
  const { id, n, system } = delivery.command;
  if (all.length > 1) {
    const remotes = all.map(({ remote }) => remote);
    context.record({ kind: 'command-doubled', system, id, remotes });
  }
  gain(attempt, object);
  const outcome = what === 'search' ? 'found' : 'created';
  const line = { time: context.now(), revision: n, what, outcome, note: object.remote };
  await handle.save({
    ...withHistory(handle.entry, line),
    ...{ remote: object.remote, values: attempt.gives, names: attempt.names },
    ...{ sending: null, faults: 0, made: 0 },
  });
  return { kind: 'object', remote: object.remote };
}

/** Makes the calls about the object that were not made yet. Undefined when all are made. */
async function changeObject(attempt: Try, remote: string | null): Promise<StepResult | undefined> {
  const { verb, handle } = attempt;
  for (const [at, change] of verb.changes.entries()) {
    if (change.changes && at < handle.entry.made) continue;
    const subject = subjectOf(attempt, remote);
    const made = await (change.wasMade?.(subject, callOf(attempt)) ?? success(false));
    if (made.kind !== 'ok') return fail(attempt, 'search', made);
    if (!made.value) {
      if (change.changes && tooManyFaults(attempt)) return giveUp(attempt);
      const call = change.changes ? effectOf(attempt, `then ${at + 1}`) : callOf(attempt);
      const answer = await change.make(subject, call);
      if (answer.kind !== 'ok') return fail(attempt, change.changes ? 'write' : 'ask', answer);
      gain(attempt, answer.value);
    }
    if (change.changes) await keepChange(attempt, at + 1);
  }
  return undefined;
}

async function keepChange({ handle, gives, names }: Try, made: number): Promise<void> {
  await handle.save({ values: gives, names, made, sending: null, faults: 0 });
}

function gain(attempt: Try, { gives, names }: Gained): void {
  attempt.gives = { ...attempt.gives, ...gives };
  attempt.names = { ...attempt.names, ...names };
}

function subjectOf({ delivery, gives, names }: Try, remote: string | null): CommandInput {
  return { command: delivery.command, remote, values: { ...names, ...gives } };
}

/** A call that changes nothing. */
function callOf({ delivery, context }: Try): Call {
  const priority = delivery.command.priority === 'urgent' ? 'urgent' : 'delivery';
  return { priority, signal: context.signal };
}

/** A call that may change something: before it leaves, the ledger knows of it. */
function effectOf(attempt: Try, what: string): Call {
  const { handle, context } = attempt;
  return {
    ...callOf(attempt),
    sending: () =>
      handle.save({
        sending: { what, until: context.now() + longestCall(context.timing) },
        attempts: handle.entry.attempts + 1,
      }),
  };
}

function tooManyFaults({ handle, context }: Try): boolean {
  return handle.entry.faults >= context.timing.faults;
}

function giveUp({ handle, context }: Try): Promise<StepResult> {
  const note = `no clear answer in ${context.timing.faults} attempts`;
  return settleCommand(handle, context, { outcome: 'rejected', note });
}

async function succeed(attempt: Try, remote: string | null): Promise<StepResult> {
  const { verb, delivery, handle, context, gives, names } = attempt;
  const { id } = delivery.command;
  if (verb.state !== undefined && delivery.end !== 'undone') await context.watch(id);
  return settleCommand(handle, context, { outcome: 'done', note: null, remote, gives, names });
}

async function fail(
  { delivery, handle, context }: Try,
  what: HistoryLine['what'],
  outcome: CallFailure & CallOutcome<never>,
): Promise<StepResult> {
  const { id, n: revision, system } = delivery.command;
  const effect = what === 'create' || what === 'write';
  const failure = failureOf(handle.entry, { what, revision, effect, outcome }, context);
  if (failure.kind === 'refused') {
    const { note } = failure;
    return settleCommand(handle, context, { outcome: 'rejected', note });
  }
  await handle.save(failure.changes);
  if (outcome.kind !== 'rejected') {
    const { kind, note } = outcome;
    const place = placeOf(outcome);
    const delayed = { system, id, outcome: kind, place, note, after: failure.wait };
    context.record({ kind: 'command-delayed', ...delayed });
  }
  return { kind: 'again', atLeast: failure.wait };
}
