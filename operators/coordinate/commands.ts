/** The rows of workflows: every command, and every change of a step. */

import { canonicalJson } from '../model/canonical.ts';
import { type Command, commandId, commandKey, type Json } from '../model/command.ts';
import { type Located, locate } from '../model/key.ts';
import type { CommandRow, WorkflowStepRow } from '../model/tables.ts';
import { later, plus } from '../model/time.ts';
import { stepModeOf, targetOf, type WorkflowStep } from '../model/workflow-rule.ts';
import {
  isSettled,
  type RunContext,
  type StepState,
  type StepStateName,
  stepOf,
  workTimer,
} from './work.ts';

/**
 * Asks a system to do a step: the next command of it. One that is open is superseded by it, if it was not begun. A step in
 * shadow is settled at once, since nobody is asked who could answer.
 */
export function ask(
  rule: WorkflowStep,
  payload: Readonly<Record<string, Json>>,
  because: string,
  context: RunContext,
): void {
  const { out, now, work } = context;
  const step = stepOf(context, rule.id);
  const { system, verb } = targetOf(rule.do ?? '');
  const sent = stepModeOf(context.rule, rule) === 'on';
  const until = plus(now, rule.deadline);
  const command = land(
    { step: rule.id, system, verb, payload, not_after: until, undoes: null, because },
    sent,
    context,
  );
  step.asked = now;
  step.command = { id: command.id, n: command.n, system, verb, payload, sent, outcome: '' };
  step.remote = '';
  step.remote_state = '';
  step.asking = false;
  if (sent) out.setTimer(until, workTimer(work, 'deadline', rule.id), true);
  if (sent) armEvery(rule, context);
  change(rule.id, sent ? 'asked' : 'shadow', because, context);
}

/** When a step with `every` is due again. A workflow's `settle` holds for it, too. */
export function armEvery({ id, every }: WorkflowStep, { work, rule, out, now }: RunContext): void {
  if (every === undefined) return;
  const due = later(plus(now, every), plus(now, rule.settle));
  out.setTimer(due, workTimer(work, 'every', id), true);
}

/** Asks to take back what the last command of a step did, or may have done. `again`: the step then begins anew. */
export function takeBack(
  id: string,
  verb: string,
  again: boolean,
  because: string,
  context: RunContext,
): void {
  const { out, work } = context;
  const step = stepOf(context, id);
  const undone = step.command;
  if (undone === null) return;
  const { system, payload, sent } = undone;
  const about = { step: id, system, verb, payload, not_after: null, undoes: undone.id, because };
  const command = land(about, sent, context);
  out.cancelTimer(workTimer(work, 'deadline', id));
  step.asking = false;
  if (sent) step.undo = { id: command.id, again };
  else undone.outcome = 'cancelled';
  change(id, sent ? 'undoing' : again ? 'waiting' : 'undone', because, context);
}

type About = Pick<
  Command,
  'step' | 'system' | 'verb' | 'payload' | 'not_after' | 'undoes' | 'because'
>;

/** The next command of a step: a row, which the epoch keeps for the outbox where it is to be sent. */
function land(about: About, sent: boolean, context: RunContext): Command {
  const { work, out, now } = context;
  const step = stepOf(context, about.step);
  step.n += 1;
  const asked = { request: work.request, step: about.step, n: step.n };
  const command: Command = {
    kind: 'command',
    id: commandId(asked),
    asset: out.key,
    workflow: work.workflow,
    ...asked,
    key: commandKey({ ...asked, verb: about.verb }),
    priority: work.revision.priority,
    time: now,
    ...about,
  };
  out.land('commands', commandRow(command, sent));
  return command;
}

export function commandRow(command: Command, sent: boolean): CommandRow {
  const { asset, id, request, workflow, step, n, system, verb, key } = command;
  const { not_after, undoes, priority, because, time } = command;
  return {
    ...locate(asset),
    ...{ id, request, workflow, step, n, system, verb, key, mode: sent ? 'on' : 'shadow' },
    ...{ not_after, undoes: undoes ?? '', priority, because, time },
    command: canonicalJson(command),
  };
}

/** A step is something else now: it lands with why. */
export function change(
  id: string,
  state: StepStateName,
  because: string,
  context: RunContext,
): void {
  const step = stepOf(context, id);
  step.state = state;
  landStepChange(id, step, state, because, context);
}

/** Something happened to a step that changes nothing of how far it is. */
export function note(id: string, word: StepWord, because: string, context: RunContext): void {
  landStepChange(id, stepOf(context, id), word, because, context);
}

/** What rows say of a step beside its states: of what came late or too late, of a person's answer, of its object. */
type StepWord = StepStateName | 'superseded' | 'ask' | 'kept' | 'escalated' | 'news';

function landStepChange(
  id: string,
  step: StepState,
  word: StepWord,
  because: string,
  context: RunContext,
): void {
  const { n, values, remote, remote_state, undo, command } = step;
  landChange(context, {
    ...{ step: id, n, state: word, because, settled: isSettled(step) },
    ...{ command: undo?.id ?? command?.id ?? '', system: command?.system ?? '' },
    ...{ remote, remote_state, values: canonicalJson(values) },
  });
}

/** The work as a whole begins, ends, or goes on by another definition. */
export function landRunChange(word: string, because: string, context: RunContext): void {
  landChange(context, {
    ...{ step: '', n: 0, state: word, because, settled: context.work.over !== null },
    ...{ command: '', system: '', remote: '', remote_state: '', values: '{}' },
  });
}

type Change = Omit<
  WorkflowStepRow,
  keyof Located | 'request' | 'workflow' | 'definition' | 'position' | 'time'
>;

function landChange({ work, out, now }: RunContext, content: Change): void {
  const { request, workflow, definition } = work;
  work.changes += 1;
  const about = { request, workflow, definition, position: work.changes };
  out.land('workflow_steps', { ...locate(out.key), ...about, time: now, ...content });
}
