import type { Stage, StageId } from '../flow/flow.ts';
import { type Keyed, keyed, type Out } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import { canonicalJson, identity } from '../model/canonical.ts';
import { type AssetKey, fits, plantOf } from '../model/key.ts';
import { type Knowledge, rulesOf } from '../model/knowledge.ts';
import {
  type MachineEvent,
  type RequestStatus,
  requestStatusOf,
  systemOrderOf,
  type WorkOrderData,
} from '../model/machine-event.ts';
import { NOTICE_STEP } from '../model/notify-rule.ts';
import { lookup } from '../model/plain.ts';
import type { Request, WorkInput } from '../model/request.ts';
import type { Rules } from '../model/rules.ts';
import { type EventTime, fromMilliseconds } from '../model/time.ts';
import type { WorkflowRule, WorkflowSubject } from '../model/workflow-rule.ts';
import { advanceWork, endUnbegun, onStepTimer } from './advance.ts';
import { landRunChange } from './commands.ts';
import { compileWorkflow, holds } from './expressions.ts';
import { kindOf, requestFacts, type SaidOfWork } from './facts.ts';
import {
  noticeAcknowledged,
  noticeReply,
  noticeRevision,
  noticeStatus,
  notifyRoles,
} from './notices.ts';
import { applyDecision, applyReply, readDecision, readReply, undo } from './replies.ts';
import {
  type AssetWorks,
  dropUnusedDefinitions,
  type Ending,
  forget,
  isIdle,
  type KeptRevision,
  keptRevision,
  newStep,
  noWorks,
  type RunContext,
  stepOf,
  stepRuleOf,
  type WorkflowRun,
  workTimer,
} from './work.ts';

/**
 * Runs the workflow of each request, and of each work order that a maintenance system made itself: decides what systems are
 * asked to do, and what follows from their answers and their silence. Request revisions go on at once and as they are. It
 * knows one asset and append time: stock and labour are answers, and who else wants them is settled by the system that owns
 * them. Commands are rows; the epoch keeps them for the outbox.
 */
export function coordinate(states: States): Stage<WorkInput, Request> {
  return keyed(logic, states);
}

const logic: Keyed<AssetWorks, WorkInput, Request> = {
  id: 'coordinate' as StageId,
  version: 2,
  scope: 'log',
  open: noWorks,
  onEvent(state, event, knowledge, out) {
    const { value } = event;
    if (value.kind === 'request') {
      out.pass({ ...event, value });
      applyRevision(value, state, knowledge, out);
    } else {
      applyMachineEvent(value, state, knowledge, out);
    }
    notifyRoles(state, knowledge, out);
    closeIfEmpty(state, out);
  },
  onChange(state, knowledge, out, { value }) {
    if (value.kind !== 'rules' || value.plant !== plantOf(out.key)) return;
    if (value.migrate === true) migrateAll(value.rules, state, knowledge, out);
    notifyRoles(state, knowledge, out);
  },
  onTimer(state, due, knowledge, out, timer) {
    const [request = '', name = '', id = ''] = timer.split(' ');
    // Dealt with at its own time: how often the clock ticks does not matter.
    const context = contextOf(request, state, knowledge, out, due);
    if (context === undefined) return;
    const rule = stepRuleOf(context, id);
    if (name === 'forget') forgetIfOver(context);
    else if (!onStepTimer(name, id, rule, context)) return;
    if (state.works[request] !== undefined) advanceWork(context);
    notifyRoles(state, knowledge, out);
    closeIfEmpty(state, out);
  },
};

type Output = Out<Request>;

function migrateAll(rules: Rules, state: AssetWorks, knowledge: Knowledge, out: Output): void {
  for (const request of Object.keys(state.works)) {
    const context = contextOf(request, state, knowledge, out);
    const rule = rules.workflows.find(({ id }) => id === context?.work.workflow);
    if (context !== undefined && rule !== undefined) migrate(rule, context);
  }
  dropUnusedDefinitions(state);
}

/** The work of a request, with what it runs by. */
function contextOf(
  request: string,
  state: AssetWorks,
  knowledge: Knowledge,
  out: Output,
  now = out.now,
): RunContext | undefined {
  const work = lookup(state.works, request);
  const rule = work === undefined ? undefined : state.definitions[work.definition];
  if (work === undefined || rule === undefined) return undefined;
  return { state, work, rule, knowledge, out, now };
}

/** An asset without any work has no state. */
function closeIfEmpty({ works, finished, notices }: AssetWorks, out: Output): void {
  if ([works, notices, finished].every((each) => Object.keys(each).length === 0)) out.close();
}

function applyRevision(
  request: Request,
  state: AssetWorks,
  knowledge: Knowledge,
  out: Output,
): void {
  noticeRevision(request, state, knowledge, out);
  const known = contextOf(request.id, state, knowledge, out);
  const revision = keptRevision(request);
  const of = { on: 'request', revision, said: NOTHING_SAID } as const;
  const context = known ?? beginWork(of, state, knowledge, out);
  if (context === undefined) return;
  const { work } = context;
  work.revision = revision;
  if (request.action === 'withdraw') end('withdrawn', request.because, context);
  else if (request.action === 'close') end('closed', request.because, context);
  advanceWork(context);
}

/** What a work begins with. */
type Beginning = {
  readonly on: WorkflowSubject;
  readonly revision: KeptRevision;
  readonly said: SaidOfWork;
};

const NOTHING_SAID: SaidOfWork = { status: '', acknowledged: false, origin: '', remote: '' };

/** The first workflow that is for a request or order is its own, by the definition of this moment. */
function beginWork(
  begun: Beginning,
  state: AssetWorks,
  knowledge: Knowledge,
  out: Output,
): RunContext | undefined {
  const { revision, said } = begun;
  const { id, action } = revision;
  if (action === 'withdraw' || action === 'close' || state.finished.includes(id)) return undefined;
  const rules = rulesOf(knowledge, out.key)?.workflows ?? [];
  const rule = rules.find((one) => isFor(one, begun, out.key, knowledge));
  if (rule === undefined) return undefined;
  const definition = definitionOf(rule);
  const work: WorkflowRun = {
    ...{ request: id, workflow: rule.id, definition, revision, ...said },
    ...{ over: null, gave_up: false, changes: 0 },
    steps: Object.fromEntries(rule.steps.map((step) => [step.id, newStep()])),
  };
  state.works[id] = work;
  state.definitions[definition] = rule;
  const context = { state, work, rule, knowledge, out, now: out.now };
  landRunChange('begun', `revision ${revision.revision}: ${revision.because}`, context);
  return context;
}

const hashes = new WeakMap<WorkflowRule, string>();

/** The name of a definition, made from what it says. Derived, so no state. */
function definitionOf(rule: WorkflowRule): string {
  const known = hashes.get(rule);
  if (known !== undefined) return known;
  const made = identity([canonicalJson(rule)]);
  hashes.set(rule, made);
  return made;
}

function isFor(
  rule: WorkflowRule,
  { on, revision, said }: Beginning,
  key: AssetKey,
  knowledge: Knowledge,
): boolean {
  const kind = kindOf(key, knowledge);
  if (rule.mode === 'off' || rule.on !== on) return false;
  if (!rule.plants.some((pattern) => fits(pattern, kind.plant))) return false;
  if (!rule.classes.some((pattern) => fits(pattern, kind.class))) return false;
  const facts = requestFacts(revision, said, key, knowledge);
  const found = holds(compileWorkflow(rule).when, facts);
  return 'value' in found && found.value;
}

/** What systems and people say. Only what their subject attests counts as an answer or a decision. */
function applyMachineEvent(
  event: MachineEvent,
  state: AssetWorks,
  knowledge: Knowledge,
  out: Output,
): void {
  const about = (request: string) => contextOf(request, state, knowledge, out);
  const { type, attested, data } = event;
  if (type === 'request') {
    const status = requestStatusOf(event);
    if (status === undefined) return;
    noticeStatus(status, state);
    const context = about(status.id);
    if (context === undefined) return;
    context.work.remote = status.remote ?? context.work.remote;
    applyStatus(status.status, context);
  } else if (type === 'order' && attested?.kind === 'status') {
    refuse(applyOrder(event, attested.system, state, knowledge, out), event, out);
  } else if (type === 'acknowledged') {
    noticeAcknowledged(String(data.id ?? ''), attested, state);
    const context = about(String(data.id ?? ''));
    if (context === undefined) return;
    context.work.acknowledged = true;
    advanceWork(context);
  } else if (attested?.kind === 'status') {
    refuse(takeReply(event, about, state), event, out);
  } else if (attested?.kind === 'act') {
    refuse(takeDecision(event, about), event, out);
  }
}

/** What an order is that nothing is left to do for. One that is so when it is first heard of begins nothing. */
const OVER: ReadonlySet<RequestStatus> = new Set(['completed', 'closed', 'rejected', 'cancelled']);

/** A work order that a system made itself, or what became of it. Gives what is wrong with it. */
function applyOrder(
  event: MachineEvent,
  system: string,
  state: AssetWorks,
  knowledge: Knowledge,
  out: Output,
): string | undefined {
  const order = systemOrderOf(event);
  if ('problem' in order) return `expected a work order: ${order.problem}`;
  const known = contextOf(order.id, state, knowledge, out);
  if (known === undefined && OVER.has(order.status)) return undefined;
  const { revision: last, opened } = known?.work.revision ?? { revision: 0, opened: event.time };
  const revision = orderRevision(order, { system, revision: last + 1, opened });
  const { origin, remote, status } = order;
  const said = { ...NOTHING_SAID, origin, remote };
  const context = known ?? beginWork({ on: 'order', revision, said }, state, knowledge, out);
  if (context === undefined) return undefined;
  context.work.revision = revision;
  applyStatus(status, context);
  return undefined;
}

type SeenOrder = {
  readonly system: string;
  readonly revision: number;
  readonly opened: EventTime;
};

/** A work order in the words of a request, so that one workflow can read both. */
function orderRevision(order: WorkOrderData, seen: SeenOrder): KeptRevision {
  const { system, revision, opened } = seen;
  const { id, remote, origin, title, description, work, component, failure_mode } = order;
  const { priority, parts, duration, start, end } = order;
  const by = origin === '' ? '' : ` (${origin})`;
  return {
    ...{ id, revision, action: revision === 1 ? 'open' : 'update', round: 1, since: opened },
    ...{ opened, title, description, work, component, failure_mode, priority, duration },
    ...{ severity: 'notice', trigger: '', asset_name: '' },
    parts: parts.split('\n').filter((part) => part !== ''),
    slot:
      start === null
        ? null
        : {
            start: fromMilliseconds(start),
            end: fromMilliseconds(end ?? start),
            entry: '',
            kind: 'order',
          },
    current: { order: '', operation: '', product: '', due: null, end: null },
    because: `${system} has order ${remote}${by}`,
  };
}

type About = (request: string) => RunContext | undefined;

/** Gives what is wrong with a reply. */
function takeReply(event: MachineEvent, about: About, state: AssetWorks): string | undefined {
  const reply = readReply(event);
  if ('problem' in reply) return reply.problem;
  if (reply.step.startsWith(NOTICE_STEP)) return noticeReply(reply, event.attested, state);
  const context = about(reply.request);
  if (context === undefined) return `no workflow runs for request ${reply.request} of this asset`;
  const problem = applyReply(reply, event, context);
  if (problem === undefined) advanceWork(context);
  return problem;
}

function takeDecision(event: MachineEvent, about: About): string | undefined {
  const decision = readDecision(event);
  if ('problem' in decision) return decision.problem;
  const context = about(decision.request);
  if (context === undefined) return `no workflow runs for request ${decision.request}`;
  const problem = applyDecision(decision, event, context);
  if (problem === undefined) advanceWork(context);
  return problem;
}

function refuse(problem: string | undefined, { origin, data }: MachineEvent, out: Output): void {
  if (problem === undefined) return;
  out.deadLetter('refused', `message ${origin.sequence} of ${origin.subject}: ${problem}`, data);
}

/** What became of the request in the CMMS: a no undoes what was done for it, unless it becomes a yes. */
function applyStatus(status: RequestStatus, context: RunContext): void {
  const { work } = context;
  work.status = status;
  switch (status) {
    case 'rejected':
    case 'cancelled':
      end('refused', `it was ${status}`, context);
      break;
    case 'completed':
    case 'closed':
      end('closed', `it was ${status}`, context);
      break;
    default:
      reopen(`it is ${status}`, context);
  }
  advanceWork(context);
}

/** The request came to its end. What was done for one that is not to be is undone, the last first. */
function end(ending: Ending, because: string, context: RunContext): void {
  const { work, rule, out } = context;
  if (work.over === 'withdrawn' || work.over === 'refused' || work.over === ending) return;
  work.over = ending;
  landRunChange(ending, because, context);
  if (ending === 'closed') return;
  for (const [id, step] of Object.entries(work.steps)) {
    endUnbegun(id, 'withdrawn', because, context);
    out.cancelTimer(workTimer(work, 'settle', id));
    if (step.undo !== null) step.undo.again = false;
  }
  for (const step of rule.steps.toReversed())
    undo(step, `the request is ${ending}: ${because}`, context);
}

/** Somebody took the no or the end back: what was undone is done again. */
function reopen(because: string, context: RunContext): void {
  const { work, rule } = context;
  const { action } = work.revision;
  if (work.over === null || action === 'withdraw' || action === 'close') return;
  work.over = null;
  landRunChange('reopened', because, context);
  for (const { id } of rule.steps) {
    const step = stepOf(context, id);
    if (step.undo !== null) step.undo.again = true;
    else if (step.state === 'withdrawn' || step.state === 'undone') step.state = 'waiting';
  }
}

/** A work that is under way goes on by another definition. What that has no more is taken back, if its own rule says how. */
function migrate(rule: WorkflowRule, before: RunContext): void {
  const { work, state } = before;
  const definition = definitionOf(rule);
  if (work.over !== null || work.definition === definition) return;
  const because = `migrated to definition ${definition}`;
  for (const gone of before.rule.steps.toReversed()) {
    if (rule.steps.some(({ id }) => id === gone.id)) continue;
    const step = stepOf(before, gone.id);
    if (step.undo !== null) step.undo.again = false;
    endUnbegun(gone.id, 'withdrawn', because, before);
    undo(gone, because, before);
  }
  work.definition = definition;
  state.definitions[definition] = rule;
  for (const { id } of rule.steps) work.steps[id] ??= newStep();
  const context = { ...before, rule };
  landRunChange('migrated', because, context);
  advanceWork(context);
}

function forgetIfOver(context: RunContext): void {
  const { work } = context;
  if (work.over === null || !isIdle(work)) return;
  for (const id of Object.keys(work.steps)) {
    endUnbegun(id, 'skipped', 'it was not begun before the end', context);
  }
  landRunChange('ended', 'nothing is left to do', context);
  forget(context);
}
