/** Workflows in `rules.yaml`: what systems are asked to do for a request, in which order, and what then. */

import { z } from 'zod';
import { nameSchema } from './plant-model.ts';
import { type Duration, HOUR, MINUTE, positiveDurationSchema } from './time.ts';

/**
 * `off`: not there. `shadow`: commands are worked out and land, and nobody is asked. `on`: the systems are asked. A step is
 * at most what its workflow is.
 */
export const WORKFLOW_MODES = ['off', 'shadow', 'on'] as const;
const modeSchema = z.enum(WORKFLOW_MODES);
/** What a workflow is for: requests of Andon, or work orders that a maintenance system made itself. */
const subjectSchema = z.enum(['request', 'order']);
export type WorkflowSubject = z.infer<typeof subjectSchema>;

export type WorkflowMode = z.infer<typeof modeSchema>;

/** How long a system may take that no step says more of: so every workflow comes to an end. */
const DEADLINE = (24 * HOUR) as Duration;
const SETTLE = MINUTE;
const MOST_STEPS_OF_A_WORKFLOW = 32;

/** CEL over what is known: `request`, `asset`, `order`, `slot`, `steps`. */
const expression = z.string().min(1).max(4_096);

/** Expressions name steps as `steps.<id>`, so an id is a word of CEL. */
const stepIdSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,63}$/, 'expected small letters, digits and _, a letter first')
  .refine((name) => !(name in {}), 'expected a name that means nothing to the language');

const doSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9_-]{1,64}\.[A-Za-z0-9_-]{1,64}$/,
    'expected a system and what it is asked to do, such as erp.reserve',
  );

/** The roles of the API that may decide about work: those with `decide-work` in `pipelines/base/roles.ts`. */
export const DECIDING_ROLES = ['supervisor', 'planner', 'engineer'] as const;

/** One value of a payload: CEL, or a number, true, false or null as they are; `{ text: … }` is a text as it is. */
const payloadValueSchema = z.union(
  [expression, z.number(), z.boolean(), z.null(), z.strictObject({ text: z.string().max(8_192) })],
  {
    error:
      "expected CEL such as request.title or 'a text', a number, true, false, null, or { text: … }",
  },
);

const workflowStepSchema = z
  .strictObject({
    id: stepIdSchema,
    /** Asks a system: `<system>.<verb>`. */
    do: doSchema.optional(),
    /** Or waits, until this is true. */
    until: expression.optional(),
    /** Or waits until a person decides: the question, in words. */
    decide: expression.optional(),
    /** Whose word it is: one of these roles. Without it, that of whoever may decide. */
    by: z.array(z.enum(DECIDING_ROLES)).min(1).optional(),
    /** The steps that must be settled before it. */
    after: z.array(stepIdSchema).max(MOST_STEPS_OF_A_WORKFLOW).default([]),
    /** How old the answers of these steps may be when it is asked. What is older is asked for again first. */
    fresh: z.record(stepIdSchema, positiveDurationSchema).default({}),
    /** The step is skipped where this is not true. */
    when: expression.optional(),
    /** What the system is told. */
    with: z.record(nameSchema, payloadValueSchema).default({}),
    /** In append time, from when it is asked or begins to wait. */
    deadline: positiveDurationSchema.default(DEADLINE),
    /** When the deadline passed, or the system refused: go on without it, ask others for help, or begin no further step. */
    otherwise: z.enum(['continue', 'escalate', 'give-up']).default('continue'),
    /** The steps that begin only when this one escalates. */
    escalate: z.array(stepIdSchema).max(MOST_STEPS_OF_A_WORKFLOW).default([]),
    /** The verb of the same system that takes it back, when the request is withdrawn or refused, or its inputs change. */
    undo: nameSchema.optional(),
    /** It is asked again when what it is told changed, at most once in `settle`. */
    again: z.boolean().default(false),
    /** A question is asked again so long after it was asked last, until its work is over: what it says is kept fresh. */
    every: positiveDurationSchema.optional(),
    /** Carried out after the deadline: it stays, is taken back, or a person decides (and it stays until then). */
    late: z.enum(['keep', 'undo', 'ask']).default('keep'),
    mode: modeSchema.optional(),
  })
  .superRefine((step, context) => {
    for (const [path, message] of stepProblems(step)) {
      context.addIssue({ code: 'custom', path: [path], message });
    }
  });

type StepFields = {
  readonly after: readonly string[];
  readonly fresh: object;
  readonly do?: string | undefined;
  readonly until?: string | undefined;
  readonly decide?: string | undefined;
  readonly by?: readonly string[] | undefined;
  readonly every?: Duration | undefined;
  readonly with: object;
  readonly otherwise: string;
  readonly escalate: readonly string[];
  readonly undo?: string | undefined;
  readonly again: boolean;
  readonly late: string;
};

function stepProblems(step: StepFields): readonly (readonly [path: string, message: string])[] {
  const asks = step.do !== undefined;
  const problems: [string, string][] = [];
  const kinds = [step.do, step.until, step.decide].filter((kind) => kind !== undefined);
  if (kinds.length !== 1) {
    const message =
      'expected one of do (asks a system), until (waits) and decide (waits for a person)';
    problems.push(['do', message]);
  }
  if (step.by !== undefined && step.decide === undefined) {
    problems.push(['by', 'expected by where a person decides (decide)']);
  }
  if (step.every !== undefined && (!asks || step.undo !== undefined || step.again)) {
    const message = 'expected every where a system is asked what changes nothing: no undo or again';
    problems.push(['every', message]);
  }
  const stranger = Object.keys(step.fresh).find((id) => !step.after.includes(id));
  if (stranger !== undefined) {
    problems.push(['fresh', `expected steps that stand in after, found "${stranger}"`]);
  }
  if (!asks && Object.keys(step.fresh).length > 0) {
    problems.push(['fresh', 'expected no fresh where no system is asked']);
  }
  if (!asks && (step.undo !== undefined || step.again || Object.keys(step.with).length > 0)) {
    problems.push(['with', 'expected no with, undo or again where no system is asked']);
  }
  if (step.late === 'undo' && step.undo === undefined) {
    problems.push(['late', 'expected an undo beside late: undo, which says how it is taken back']);
  }
  const mayEscalate = step.otherwise === 'escalate' || step.late === 'ask';
  if (step.escalate.length > 0 && !mayEscalate) {
    problems.push(['escalate', 'expected otherwise: escalate, or late: ask, beside it']);
  }
  if (step.otherwise === 'escalate' && step.escalate.length === 0) {
    problems.push(['otherwise', 'expected escalate: [step] beside it, which says what is done']);
  }
  return problems;
}

/** One entry of `workflows:` in `rules.yaml`. The first that is for a request or work order is its workflow. */
export const workflowRuleSchema = z.strictObject({
  id: nameSchema,
  /** Nothing is sent that nobody has switched on. */
  mode: modeSchema.default('shadow'),
  on: subjectSchema.default('request'),
  /** Only for plants and classes of assets with these names (`*` for any characters). */
  plants: z.array(z.string().min(1)).min(1).default(['*']),
  classes: z.array(z.string().min(1)).min(1).default(['*']),
  /** CEL over `request`, `asset`, `order` and `slot`; without it, for every request. */
  when: expression.optional(),
  /** A step is asked again at most once in this time. */
  settle: positiveDurationSchema.default(SETTLE),
  steps: z
    .array(workflowStepSchema)
    .min(1)
    .max(MOST_STEPS_OF_A_WORKFLOW)
    .refine(
      (steps) => new Set(steps.map(({ id }) => id)).size === steps.length,
      'expected each id once',
    ),
});

export type WorkflowRule = z.infer<typeof workflowRuleSchema>;
export type WorkflowStep = WorkflowRule['steps'][number];

/** What a step may do: the lesser of its own mode and that of its workflow. */
export function stepModeOf(workflow: Pick<WorkflowRule, 'mode'>, step: WorkflowStep): WorkflowMode {
  const ranks = [workflow.mode, step.mode ?? workflow.mode].map((mode) =>
    WORKFLOW_MODES.indexOf(mode),
  );
  return WORKFLOW_MODES[Math.min(...ranks)] ?? 'off';
}

/** `erp.reserve` taken apart. */
export function targetOf(target: string): { readonly system: string; readonly verb: string } {
  const [system = '', verb = ''] = target.split('.');
  return { system, verb };
}

/** The steps that escalate to a step: it begins only when one of them does. */
export function escalatorsOf(
  { steps }: Pick<WorkflowRule, 'steps'>,
  id: string,
): readonly WorkflowStep[] {
  return steps.filter(({ escalate }) => escalate.includes(id));
}
