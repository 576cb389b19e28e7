/** How the steps of a work go on: which may begin, what they ask for, what becomes of those that are not answered. */

import { canonicalJson } from '../model/canonical.ts';
import type { Json } from '../model/command.ts';
import { lookup } from '../model/plain.ts';
import { type Duration, formatDuration, later, plus } from '../model/time.ts';
import { escalatorsOf, stepModeOf, type WorkflowStep } from '../model/workflow-rule.ts';
import { armEvery, ask, change, note, takeBack } from './commands.ts';
import { compileWorkflow, evaluateCel, holds, payloadOf } from './expressions.ts';
import { workFacts } from './facts.ts';
import { noticeCause } from './notices.ts';
import {
  isSettled,
  keepForNow,
  noticesOf,
  type RunContext,
  type StepState,
  type StepStateName,
  stepOf,
  stepRuleOf,
  workTimer,
} from './work.ts';

/** Lets every step go on that can, in the order of the workflow, until none can. */
export function advanceWork(context: RunContext): void {
  const { steps } = context.rule;
  do {
    while (steps.some((step) => advanceStep(step, context)));
  } while (steps.some((step) => askAgain(step, context)));
  keepForNow(context);
}

/** Gives whether the step is another now. */
function advanceStep(rule: WorkflowStep, context: RunContext): boolean {
  const step = stepOf(context, rule.id);
  if (step.state === 'pending') return endWaiting(rule, context);
  if (step.state !== 'waiting' || !mayBegin(rule, step, context)) return false;
  begin(rule, step, context);
  return true;
}

function mayBegin(rule: WorkflowStep, step: StepState, context: RunContext): boolean {
  const { over } = context.work;
  if (over === 'withdrawn' || over === 'refused' || !areSettled(rule.after, context)) return false;
  const escalators = escalatorsOf(context.rule, rule.id);
  const wanted = escalators.some(({ id }) => stepOf(context, id).escalated);
  return step.n > 0 || escalators.length === 0 || wanted;
}

function areSettled(ids: readonly string[], context: RunContext): boolean {
  return ids.every((id) => isSettled(stepOf(context, id)));
}

function begin(rule: WorkflowStep, step: StepState, context: RunContext): void {
  const { work, out, now } = context;
  if (refreshStale(rule, context)) return;
  const stale = staleSteps(rule, context);
  const plan =
    stale.length === 0
      ? planOf(rule, context)
      : { skip: `what ${stale.join(', ')} said is too old, and no newer answer came` };
  if ('skip' in plan) {
    step.asked = now;
    change(rule.id, 'skipped', plan.skip, context);
  } else if (rule.do !== undefined) {
    ask(rule, plan.payload, reasonOf(rule, step, context), context);
  } else {
    const until = plus(now, rule.deadline);
    out.setTimer(until, workTimer(work, 'deadline', rule.id), true);
    const question = questionOf(rule, context);
    change(rule.id, 'pending', question ?? `until ${rule.until}`, context);
    if (question === undefined) return;
    note(rule.id, 'ask', question, context);
    noticeCause(noticesOf(context), 'exception', `${rule.id}: ${question}`);
  }
}

/** What a person is asked; undefined where nobody is. What cannot be put into words is asked as it stands in the rules. */
function questionOf({ id, decide }: WorkflowStep, context: RunContext): string | undefined {
  if (decide === undefined) return undefined;
  const { work, out, knowledge } = context;
  const compiled = compileWorkflow(context.rule).steps.get(id)?.decide;
  if (compiled === undefined) return decide;
  const found = evaluateCel(compiled, workFacts(work, out.key, knowledge));
  return 'problem' in found ? `${decide} (${found.problem})` : String(found.value);
}

/** What a step would do now: ask with this payload, or nothing, and why. */
type Plan = { readonly payload: Readonly<Record<string, Json>> } | { readonly skip: string };

function planOf(rule: WorkflowStep, context: RunContext): Plan {
  const { work, out, knowledge } = context;
  const compiled = compileWorkflow(context.rule).steps.get(rule.id);
  if (compiled === undefined || stepModeOf(context.rule, rule) === 'off') {
    return { skip: 'it is switched off' };
  }
  const facts = workFacts(work, out.key, knowledge);
  const condition = holds(compiled.when, facts);
  if ('problem' in condition) return { skip: `${rule.when}: ${condition.problem}` };
  if (!condition.value) return { skip: `not the case: ${rule.when}` };
  const payload = payloadOf(compiled, facts);
  if ('problem' in payload) return { skip: `its payload cannot be told: ${payload.problem}` };
  return { payload: payload.value };
}

/** The steps before it that were last asked longer ago than its `fresh` allows: no answer can be newer than its question. */
function staleSteps({ fresh }: WorkflowStep, context: RunContext): readonly string[] {
  return Object.entries(fresh)
    .filter(([id, most]) => {
      const { asked, state } = stepOf(context, id);
      return asked !== null && state !== 'skipped' && plus(asked, most) < context.now;
    })
    .map(([id]) => id);
}

/**
 * Asks those of them again that have answered before. Gives whether there were any: then their answers are waited for. An
 * answer that this step asked for like this, and that was too old when it came, is not asked for again before another
 * revision: the next would be, too. Its system may be faster by then.
 */
function refreshStale(rule: WorkflowStep, context: RunContext): boolean {
  if (stepModeOf(context.rule, rule) === 'off') return false;
  const { revision } = context.work.revision;
  let asking = false;
  for (const id of staleSteps(rule, context)) {
    const other = stepRuleOf(context, id);
    const step = stepOf(context, id);
    const { state, command } = step;
    if (other === undefined || (state !== 'done' && state !== 'done-late')) continue;
    const { refreshed_in = 0, refreshed_for = {} } = command ?? {};
    const isTried = lookup(refreshed_for, rule.id) === revision;
    if (isTried && refreshed_in > (rule.fresh[id] ?? 0)) continue;
    const plan = planOf(other, context);
    if ('skip' in plan) continue;
    ask(other, plan.payload, `${rule.id} must not rest on an older answer`, context);
    if (step.command !== null) {
      step.command.refreshed_in = 0 as Duration;
      step.command.refreshed_for = { ...refreshed_for, [rule.id]: revision };
    }
    asking = true;
  }
  return asking;
}

function reasonOf({ after }: WorkflowStep, { n }: StepState, context: RunContext): string {
  const before = after.map((id) => `${id} is ${stepOf(context, id).state}`).join(', ');
  const { id, revision, because } = context.work.revision;
  const first = before === '' ? `revision ${revision} of request ${id}: ${because}` : before;
  return n === 0 ? first : `asked anew: ${first}`;
}

/** A step that waits is done once what it waits for is so. */
function endWaiting({ id, until }: WorkflowStep, context: RunContext): boolean {
  const { work, out, knowledge } = context;
  if (until === undefined) return false;
  const compiled = compileWorkflow(context.rule).steps.get(id);
  const found = holds(compiled?.until, workFacts(work, out.key, knowledge));
  if ('problem' in found || !found.value) return false;
  out.cancelTimer(workTimer(work, 'deadline', id));
  change(id, 'done', `${until}`, context);
  return true;
}

/** A timer of a step fired. Gives whether anything came of it: what did not happen puts off no end of a work that is over. */
export function onStepTimer(
  name: string,
  id: string,
  rule: WorkflowStep | undefined,
  context: RunContext,
): boolean {
  if (name === 'every') return rule !== undefined && askEvery(rule, context);
  if (name === 'deadline') onDeadline(id, rule, context);
  return true;
}

/** A step with `every` is asked again, whatever it was answered. It is not while an answer is waited for, or the work is over. */
function askEvery(rule: WorkflowStep, context: RunContext): boolean {
  const { over, gave_up } = context.work;
  const { state } = stepOf(context, rule.id);
  const may = over === null && !gave_up && state !== 'asked' && REPEATABLE.has(state);
  const plan = may ? planOf(rule, context) : undefined;
  if (plan === undefined || 'skip' in plan) {
    armEvery(rule, context);
    return false;
  }
  ask(rule, plan.payload, 'what it says is kept fresh', context);
  return true;
}

/** The deadline of a step passed: what it was to do is unknown, or not so. */
function onDeadline(id: string, rule: WorkflowStep | undefined, context: RunContext): void {
  const { state } = stepOf(context, id);
  if (state !== 'asked' && state !== 'pending') return;
  if (rule === undefined) {
    // A migration took its rule away: nothing follows from it.
    change(id, 'overdue', 'no answer came', context);
    return;
  }
  const waited = rule.decide === undefined ? `it was not so: ${rule.until}` : 'nobody decided';
  const what = state === 'asked' ? `${rule.do} did not answer` : waited;
  settle(rule, 'overdue', `${what} within ${formatDuration(rule.deadline)}`, context);
}

/** A step is settled; one that failed has the consequence that its rule says. */
export function settle(
  rule: WorkflowStep,
  state: StepStateName,
  because: string,
  context: RunContext,
): void {
  const { work, out } = context;
  out.cancelTimer(workTimer(work, 'deadline', rule.id));
  change(rule.id, state, because, context);
  if (state === 'rejected') noticeCause(noticesOf(context), 'exception', `${rule.id}: ${because}`);
  if (state === 'done' || work.over === 'withdrawn' || work.over === 'refused') return;
  if (rule.otherwise === 'escalate') escalateStep(rule, because, context);
  if (rule.otherwise === 'give-up') giveUp(rule.id, because, context);
}

/** The steps that are there for this case may begin. */
export function escalateStep(
  { id, escalate: to }: WorkflowStep,
  because: string,
  context: RunContext,
): void {
  const step = stepOf(context, id);
  if (step.escalated || to.length === 0) return;
  step.escalated = true;
  note(id, 'escalated', because, context);
  noticeCause(noticesOf(context), 'escalation', `${id}: ${because}`);
}

function giveUp(id: string, because: string, context: RunContext): void {
  const { work } = context;
  work.gave_up = true;
  for (const other of Object.keys(work.steps)) {
    endUnbegun(other, 'given-up', `${id} gave up: ${because}`, context);
  }
}

/** A step that has not begun, or only waits, does so no more. */
export function endUnbegun(
  id: string,
  state: StepStateName,
  because: string,
  context: RunContext,
): void {
  const { out, work } = context;
  const step = stepOf(context, id);
  if (step.state !== 'waiting' && step.state !== 'pending') return;
  out.cancelTimer(workTimer(work, 'deadline', id));
  change(id, state, because, context);
}

/** What may be asked again when its inputs changed: what was asked for, or was not the case. */
const REPEATABLE: ReadonlySet<StepStateName> = new Set([
  ...(['asked', 'done', 'done-late', 'rejected', 'expired', 'cancelled', 'overdue'] as const),
  ...(['skipped', 'shadow'] as const),
]);

/** Asks a step again when its inputs changed, at most once in `settle`. Gives whether the step is another now. */
function askAgain(rule: WorkflowStep, context: RunContext): boolean {
  const { work, out, now } = context;
  const step = stepOf(context, rule.id);
  const changed = changeOf(rule, step, context);
  const timer = workTimer(work, 'settle', rule.id);
  if (changed === undefined) {
    out.cancelTimer(timer);
    return false;
  }
  const due = later(now, plus(step.asked ?? now, context.rule.settle));
  if (due > now) {
    out.setTimer(due, timer);
    return false;
  }
  if (refreshStale(rule, context)) return true;
  const { plan, because } = changed;
  // To take back rests on no answer, to ask does.
  if (!('skip' in plan) && staleSteps(rule, context).length > 0) return false;
  const doing = step.command !== null && step.state !== 'skipped' && isPerhapsDone(step);
  if (rule.undo !== undefined && doing) takeBack(rule.id, rule.undo, true, because, context);
  else if (!('skip' in plan)) ask(rule, plan.payload, because, context);
  return true;
}

/** How the inputs of a step differ from what it was last asked for with; undefined: they do not. */
function changeOf(
  rule: WorkflowStep,
  step: StepState,
  context: RunContext,
): { readonly plan: Plan; readonly because: string } | undefined {
  const { over, gave_up } = context.work;
  if (!rule.again || gave_up || over !== null || !REPEATABLE.has(step.state)) return undefined;
  if (!areSettled(rule.after, context)) return undefined;
  const plan = planOf(rule, context);
  if (step.state === 'skipped' || step.command === null) {
    return 'skip' in plan ? undefined : { plan, because: 'it is the case now' };
  }
  if ('skip' in plan) {
    const undoable = rule.undo !== undefined && isPerhapsDone(step);
    return undoable ? { plan, because: plan.skip } : undefined;
  }
  const [before, after] = [step.command.payload, plan.payload];
  if (canonicalJson(before) === canonicalJson(after)) return undefined;
  return { plan, because: `what it is told changed: ${differenceText(before, after)}` };
}

/** Whether its last command did something, or may have done or do so. */
export function isPerhapsDone({ state, command }: StepState): boolean {
  if (command === null) return false;
  const { outcome } = command;
  return state === 'asked' || state === 'overdue' || state === 'shadow' || outcome === 'done';
}

function differenceText(
  before: Readonly<Record<string, Json>>,
  after: Readonly<Record<string, Json>>,
): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const short = (value: Json | undefined) => (canonicalJson(value ?? null) ?? '').slice(0, 40);
  return names
    .filter((name) => canonicalJson(before[name] ?? null) !== canonicalJson(after[name] ?? null))
    .map((name) => `${name} ${short(before[name])} → ${short(after[name])}`)
    .join(', ');
}
