/** What systems and people answer: replies to commands, in time, late or overtaken, and decisions of persons. */

import { z } from 'zod';
import { COMMAND_OUTCOMES, commandId } from '../model/command.ts';
import type { MachineEvent } from '../model/machine-event.ts';
import { lookup } from '../model/plain.ts';
import { between } from '../model/time.ts';
import type { WorkflowStep } from '../model/workflow-rule.ts';
import { escalateStep, isPerhapsDone, settle } from './advance.ts';
import { change, note, takeBack } from './commands.ts';
import { noticeCause } from './notices.ts';
import { noticesOf, type RunContext, type StepState, stepOf, stepRuleOf } from './work.ts';

const replySchema = z.object({
  id: z.string().max(64),
  request: z.string().max(64),
  step: z.string().max(64),
  n: z.number().int().min(1),
  verb: z.string().max(64),
  outcome: z.enum(COMMAND_OUTCOMES),
  remote: z.string().max(256).nullish(),
  note: z.string().max(4_096).nullish(),
  state: z.string().max(256).nullish(),
});
export type Reply = z.infer<typeof replySchema>;

const decisionSchema = z.object({
  request: z.string().max(64),
  step: z.string().max(64),
  decision: z.enum(['keep', 'undo', 'approve', 'refuse']),
  /** In which roles the person may decide there, as the console attests it. */
  roles: z.string().max(256).nullish(),
});
type Decision = z.infer<typeof decisionSchema>;

/** Data that is no reply, and why. */
type Misread = { readonly problem: string };

export function readReply(event: MachineEvent): Reply | Misread {
  const parsed = replySchema.safeParse(event.data);
  if (parsed.success) return parsed.data;
  return { problem: `expected the reply to a command: ${firstIssue(parsed.error)}` };
}

export function readDecision(event: MachineEvent): Decision | Misread {
  const parsed = decisionSchema.safeParse(event.data);
  if (parsed.success) return parsed.data;
  return {
    problem: `expected request, step and decision (keep, undo, approve, refuse): ${firstIssue(parsed.error)}`,
  };
}

function firstIssue({ issues: [issue] }: z.ZodError): string {
  return `${issue?.path.join('.')}: ${issue?.message}`;
}

/** What is no value of the verb, but of the reply or decision itself. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  ...Object.keys(replySchema.shape),
  ...Object.keys(decisionSchema.shape),
]);

/** Takes a reply in. Gives what is wrong with it, where it is none to a command of this work. */
export function applyReply(
  reply: Reply,
  { data, attested }: MachineEvent,
  context: RunContext,
): string | undefined {
  const step = lookup(context.work.steps, reply.step);
  const { request, n } = reply;
  if (
    step === undefined ||
    n > step.n ||
    reply.id !== commandId({ request, step: reply.step, n })
  ) {
    return `no command ${reply.id} (step ${reply.step}, ${n}) was decided for request ${request}`;
  }
  const system = attested?.kind === 'status' ? attested.system : '';
  const asked = step.command?.system ?? '';
  if (system !== asked)
    return `expected the reply of ${asked}, which was asked, found that of ${system}`;
  if (step.undo?.id === reply.id) applyUndone(reply, step, context);
  else if (step.command?.id !== reply.id) {
    note(
      reply.step,
      'superseded',
      `command ${n} is ${reply.outcome}, and another was asked for since`,
      context,
    );
  } else {
    learn(reply, data, step);
    applyOutcome(reply, step.command.outcome === '', step, context);
  }
  return undefined;
}

function learn(
  { remote, note: text, state }: Reply,
  data: MachineEvent['data'],
  step: StepState,
): void {
  keepValues(data, step);
  step.remote = remote ?? step.remote;
  step.note = text ?? step.note;
  step.remote_state = state ?? step.remote_state;
}

function keepValues(data: MachineEvent['data'], step: StepState): void {
  for (const [name, value] of Object.entries(data)) {
    if (!OWN_FIELDS.has(name)) step.values[name] = value;
  }
}

function applyOutcome(reply: Reply, first: boolean, step: StepState, context: RunContext): void {
  const { step: id, outcome } = reply;
  const rule = stepRuleOf(context, id);
  const { command } = step;
  if (command !== null && first) command.outcome = outcome;
  if (command?.refreshed_in !== undefined && first) {
    command.refreshed_in = between(step.asked ?? context.now, context.now);
  }
  const because = textOf(reply);
  if (first && step.state === 'asked') {
    // A migration took its rule away: nothing follows from it.
    if (rule === undefined) change(id, outcome, because, context);
    else settle(rule, outcome, because, context);
  } else if (first && step.state === 'overdue' && outcome === 'done') {
    change(id, 'done-late', `${because}, after its deadline`, context);
    applyLate(rule, step, context);
  } else note(id, 'news', because, context);
}

function textOf({ verb, outcome, remote, note: text, state }: Reply): string {
  const of = remote === undefined || remote === null ? '' : ` (${remote})`;
  const is = state === undefined || state === null ? '' : `, now ${state}`;
  const said = text === undefined || text === null || text === '' ? '' : `: ${text}`;
  return `${verb} is ${outcome}${of}${is}${said}`;
}

/** What was done after its deadline: its rule says whether it stays, is taken back, or a person is asked. */
function applyLate(rule: WorkflowStep | undefined, step: StepState, context: RunContext): void {
  const { over } = context.work;
  if (rule === undefined || over === 'withdrawn' || over === 'refused') return;
  if (rule.late === 'undo') undo(rule, 'it was done after its deadline', context);
  if (rule.late !== 'ask') return;
  step.asking = true;
  note(rule.id, 'ask', 'it was done after its deadline: a person says whether it stays', context);
  escalateStep(rule, 'it was done after its deadline', context);
  const question = `${rule.id}: it was done after its deadline, and a person says whether it stays`;
  noticeCause(noticesOf(context), 'exception', question);
}

/** Takes back what a step did or may have done, if its rule says how, and nobody is at it yet. */
export function undo(rule: WorkflowStep, because: string, context: RunContext): void {
  const step = stepOf(context, rule.id);
  if (rule.undo === undefined || step.undo !== null || !isPerhapsDone(step)) return;
  if (step.state === 'undone' || step.state === 'undo-refused') return;
  takeBack(rule.id, rule.undo, false, because, context);
}

/** The command that takes back was answered: `cancelled` too, since then neither was begun. */
function applyUndone(reply: Reply, step: StepState, context: RunContext): void {
  const { outcome, step: id } = reply;
  const again = step.undo?.again === true;
  const because = textOf(reply);
  const gone = outcome === 'done' || outcome === 'cancelled';
  if (gone && step.command !== null) step.command.outcome = 'cancelled';
  change(id, gone ? (again ? 'waiting' : 'undone') : 'undo-refused', because, context);
  step.undo = null;
}

/**
 * A person answers a question: what a step with `decide` waits for, or what becomes of something that was done late. Gives
 * what is wrong where nobody was asked, something else was, or somebody else. Whose subject is not of the console attests no role.
 */
export function applyDecision(
  { step: id, decision, request, roles }: Decision,
  { data, attested }: MachineEvent,
  context: RunContext,
): string | undefined {
  if (attested?.kind !== 'act') return 'expected an act of a person';
  const { user: who, via } = attested;
  const step = lookup(context.work.steps, id);
  const rule = stepRuleOf(context, id);
  const answers = decision === 'approve' || decision === 'refuse';
  const waits = step?.state === 'pending' && rule?.decide !== undefined;
  if (step === undefined || rule === undefined || !(answers ? waits : step.asking)) {
    const what = answers ? 'to approve or refuse' : 'to decide about';
    return `nobody was asked ${what} step ${id} of request ${request}`;
  }
  if (answers) {
    const held = via === 'console' ? (roles ?? '').split(' ') : [];
    if (rule.by !== undefined && !rule.by.some((role) => held.includes(role))) {
      const found =
        via === 'console'
          ? `${who} as ${roles ?? 'nobody'}`
          : `${who} by ${via}, which attests no role`;
      return `step ${id} of request ${request} is for ${rule.by.join(' or ')} to decide, found ${found}`;
    }
    keepValues(data, step);
    step.note = who;
    step.values.decision = decision;
    settle(rule, 'done', `${who}: ${decision}`, context);
    return undefined;
  }
  step.asking = false;
  if (decision === 'keep') note(id, 'kept', `${who} keeps it`, context);
  else if (rule.undo === undefined)
    note(id, 'kept', `${who} wants it undone, and it has no undo`, context);
  else undo(rule, `${who} wants it undone`, context);
  return undefined;
}
