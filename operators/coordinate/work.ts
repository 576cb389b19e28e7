/** What `coordinate` remembers of an asset: the workflow of each of its requests, and how far each step is. Plain state. */

import type { Out } from '../flow/keyed.ts';
import type { CommandOutcome, Json } from '../model/command.ts';
import type { Severity } from '../model/detector-rule.ts';
import type { Knowledge } from '../model/knowledge.ts';
import type { EventData, RequestStatus } from '../model/machine-event.ts';
import { lookup } from '../model/plain.ts';
import type { Request } from '../model/request.ts';
import { DAY, type Duration, type EventTime, plus } from '../model/time.ts';
import type { WorkflowRule, WorkflowStep } from '../model/workflow-rule.ts';

/**
 * How far a step is. `waiting`: for the steps before it. `pending`: for its `until`. `asked`: a system was asked and has not
 * answered. `undoing`: it was asked to take it back. The others are settled. `overdue`: no answer by the deadline.
 * `done-late`: carried out after it. `given-up`: a step before it gave up. `withdrawn`: not begun before the request was over.
 */
export const STEP_STATES = [
  ...(['waiting', 'pending', 'asked', 'undoing'] as const),
  ...(['done', 'rejected', 'expired', 'cancelled', 'overdue', 'done-late'] as const),
  ...(['skipped', 'shadow', 'given-up', 'withdrawn', 'undone', 'undo-refused'] as const),
] as const;
export type StepStateName = (typeof STEP_STATES)[number];

const UNSETTLED: ReadonlySet<StepStateName> = new Set([
  ...(['waiting', 'pending', 'asked', 'undoing'] as const),
]);

export function isSettled({ state }: Pick<StepState, 'state'>): boolean {
  return !UNSETTLED.has(state);
}

/** The last command of a step that was to do something. */
export type SentCommand = {
  readonly id: string;
  readonly n: number;
  readonly system: string;
  readonly verb: string;
  readonly payload: Readonly<Record<string, Json>>;
  readonly sent: boolean;
  /** What its system answered first; '' while it has not. */
  outcome: CommandOutcome | '';
  /** Of one that was sent since an older answer was too old: how long the answer took, 0 while there is none. */
  refreshed_in?: Duration;
  /** The steps that it, or one before it, was sent anew for, and the revision that each of them was at. */
  refreshed_for?: Readonly<Record<string, number>>;
};

export type StepState = {
  state: StepStateName;
  /** How many commands it had: those that undo are counted with the others. */
  n: number;
  /** When it was last asked for. */
  asked: EventTime | null;
  command: SentCommand | null;
  /** The command that takes `command` back, while it is open. `again`: then the step begins anew. */
  undo: { readonly id: string; again: boolean } | null;
  escalated: boolean;
  /** It was carried out late, and a person is to say whether it stays. */
  asking: boolean;
  /** What the answers of its system gave, the newest of each name. */
  values: Record<string, EventData[string]>;
  /** Id of the object in its system, the last word on the state of that, and what people or the system noted. */
  remote: string;
  remote_state: string;
  note: string;
};

/** What is kept of the last revision of a request, or of what is known of a work order: what expressions and commands need of it. */
export type KeptRevision = Pick<
  Request,
  'id' | 'revision' | 'action' | 'component' | 'failure_mode' | 'work' | 'severity' | 'priority'
> &
  Pick<Request, 'title' | 'description' | 'parts' | 'duration' | 'slot' | 'current' | 'round'> &
  Pick<Request, 'since' | 'opened' | 'trigger' | 'because' | 'asset_name'>;

/**
 * Why a work is over: its request was withdrawn, refused by whoever plans, or came to its end. What was done for the first
 * two is undone; the steps of the third go on.
 */
export type Ending = 'withdrawn' | 'refused' | 'closed';

/** The workflow of one request or work order. */
export type WorkflowRun = {
  /** Its id, or that of the work order. */
  readonly request: string;
  readonly workflow: string;
  /** Hash of the definition that it runs by: the one it began with, until a migration. */
  definition: string;
  revision: KeptRevision;
  status: RequestStatus | '';
  /** Of a work order that its system made itself: what it came from there. '' for a request. */
  readonly origin: string;
  /** Its id in the maintenance system; '' while nobody said. */
  remote: string;
  acknowledged: boolean;
  over: Ending | null;
  /** A step gave up: none begins any more, and none is asked again. */
  gave_up: boolean;
  /** How many of its changes have landed. */
  changes: number;
  steps: Record<string, StepState>;
};

/** What roles were told of a request: what they know, by the rule that says so. */
export type RequestNotices = {
  revision: KeptRevision;
  status: RequestStatus | '';
  /** The last answer, and what it covers. */
  answer: {
    readonly how: string;
    readonly by: string;
    readonly severity: Severity;
    readonly failure_mode: string;
    readonly component: string;
    readonly causes: number;
  } | null;
  /** How often somebody answered. */
  answers: number;
  over: boolean;
  /** Why a step escalated last, what a system refused last; '' while neither is so. And how often either was so. */
  escalation: string;
  exception: string;
  causes: number;
  /** Counts whatever was said of it: what is told carries the number, so that it has an order. */
  words: number;
  told: Record<
    string,
    { n: number; system: string; sent: boolean; payload: Readonly<Record<string, Json>> }
  >;
};

/** The state of the stage for one asset. */
export type AssetWorks = {
  /** By request. */
  notices: Record<string, RequestNotices>;
  works: Record<string, WorkflowRun>;
  /** The definitions that its works run by, by hash. */
  definitions: Record<string, WorkflowRule>;
  /** The latest requests whose work is over and forgotten: another revision of them begins nothing. */
  finished: string[];
};

/** What a step of a work needs to go on: of which asset, at what append time, and where the outcome goes. */
export type RunContext = {
  readonly state: AssetWorks;
  readonly work: WorkflowRun;
  readonly rule: WorkflowRule;
  readonly knowledge: Knowledge;
  readonly out: Out<Request>;
  /** Append time. */
  readonly now: EventTime;
};

export function noWorks(): AssetWorks {
  return { notices: {}, works: {}, definitions: {}, finished: [] };
}

export function newStep(): StepState {
  return {
    ...{ state: 'waiting', n: 0, asked: null, command: null, undo: null },
    ...{ escalated: false, asking: false, values: {}, remote: '', remote_state: '', note: '' },
  };
}

export function keptRevision(request: Request): KeptRevision {
  const { id, revision, action, component, failure_mode, work, severity, priority } = request;
  const { title, description, parts, duration, slot, current, round } = request;
  const { since, opened, trigger, because, asset_name } = request;
  return {
    ...{ id, revision, action, component, failure_mode, work, severity, priority },
    ...{ title, description, parts, duration, slot, current, round },
    ...{ since, opened, trigger, because, asset_name },
  };
}

/** The rule of a step; undefined where a migration took it out of the workflow. */
export function stepRuleOf({ rule }: RunContext, id: string): WorkflowStep | undefined {
  return rule.steps.find((step) => step.id === id);
}

/** The state of a step that the workflow has. */
export function stepOf({ work }: Pick<RunContext, 'work'>, id: string): StepState {
  const step = work.steps[id];
  if (step === undefined) throw new Error(`work of ${work.request} without step ${id}`);
  return step;
}

/** What roles were told of the request of a work. */
export function noticesOf({ state, work }: RunContext): RequestNotices | undefined {
  return lookup(state.notices, work.request);
}

/** Whether nobody is waited for: nothing is asked, and nothing waits by itself. */
export function isIdle({ steps }: WorkflowRun): boolean {
  return Object.values(steps).every(
    ({ state, asking }) =>
      !asking && state !== 'asked' && state !== 'undoing' && state !== 'pending',
  );
}

/** The timers of a work; `forget` has no step. Of two that are due at once the first of these names fires first. */
export const WORK_TIMERS = ['deadline', 'every', 'forget', 'settle'] as const;
export type WorkTimer = (typeof WORK_TIMERS)[number];

export function workTimer({ request }: WorkflowRun, timer: WorkTimer, step = ''): string {
  return `${request} ${timer} ${step}`;
}

/** So long a work that is over is kept: for replies that come late, and for a planner who changes his mind. */
const KEPT = DAY;
const MOST_FINISHED = 200;

/** Looks at a work that is over again when it may be forgotten. Begins anew with everything that happens to it. */
export function keepForNow({ work, out, now }: RunContext): void {
  const timer = workTimer(work, 'forget');
  if (work.over === null || !isIdle(work)) out.cancelTimer(timer);
  else out.setTimer(plus(now, KEPT), timer);
}

/** Drops what nobody needs any more of a work. */
export function forget({ state, work, out }: RunContext): void {
  delete state.works[work.request];
  state.finished = [...state.finished, work.request].slice(-MOST_FINISHED);
  for (const timer of WORK_TIMERS) {
    for (const step of ['', ...Object.keys(work.steps)])
      out.cancelTimer(workTimer(work, timer, step));
  }
  dropUnusedDefinitions(state);
}

/** A definition is kept for as long as a work runs by it. */
export function dropUnusedDefinitions(state: AssetWorks): void {
  const used = new Set(Object.values(state.works).map(({ definition }) => definition));
  for (const hash of Object.keys(state.definitions)) {
    if (!used.has(hash)) delete state.definitions[hash];
  }
}
