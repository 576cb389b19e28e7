/** What is wrong with the workflows of a rule file beyond their shape. */

import { pathsIn } from '../model/expression.ts';
import type { Rules } from '../model/rules.ts';
import type { WorkflowRule, WorkflowStep } from '../model/workflow-rule.ts';
import { readExpression } from './expressions.ts';
import { FACT_FIELDS } from './facts.ts';

type Path = readonly (string | number)[];

/** `path` leads to the place in the file. */
type WorkflowIssue = { readonly path: Path; readonly message: string };

/**
 * Checks that steps name steps that are there, that none waits for itself, and that expressions can be read and name what
 * is known: of steps only those that are settled before.
 */
export function checkWorkflows({ workflows, notify }: Rules): readonly WorkflowIssue[] {
  const ofWorkflows = workflows.flatMap((rule, index) =>
    problemsOf(rule).map(({ path, message }) => ({ path: ['workflows', index, ...path], message })),
  );
  const ofNotices = notify.flatMap(({ when }, index) => {
    if (when === undefined) return [];
    return namesProblems(when, { steps: [] }, new Set()).map(at(['notify', index, 'when']));
  });
  return [...ofWorkflows, ...ofNotices];
}

function problemsOf(rule: WorkflowRule): readonly WorkflowIssue[] {
  const before = stepsBefore(rule);
  const steps = rule.steps.flatMap((step, index) => {
    const found = [
      ...unknownSteps(rule, step),
      ...circleProblems(step, before),
      ...freshProblems(rule, step),
      ...expressionProblems(rule, step, before.get(step.id) ?? new Set()),
    ];
    return found.map(({ path, message }) => ({ path: ['steps', index, ...path], message }));
  });
  const when =
    rule.when === undefined ? [] : namesProblems(rule.when, rule, new Set()).map(at(['when']));
  return [...when, ...steps];
}

const at = (path: Path) => (message: string) => ({ path, message });

function unknownSteps({ steps }: WorkflowRule, step: WorkflowStep): readonly WorkflowIssue[] {
  const ids = steps.map(({ id }) => id);
  const expected = `expected a step of the workflow (${ids.join(', ')})`;
  return (['after', 'escalate'] as const).flatMap((field) =>
    step[field].flatMap((id, index) => {
      if (ids.includes(id)) return [];
      return [{ path: [field, index], message: `${expected}, found "${id}"` }];
    }),
  );
}

/** What is asked again must change nothing: a step that has an undo does. */
function freshProblems({ steps }: WorkflowRule, { fresh }: WorkflowStep): readonly WorkflowIssue[] {
  return Object.keys(fresh).flatMap((id) => {
    const other = steps.find((step) => step.id === id);
    if (other === undefined || (other.do !== undefined && other.undo === undefined)) return [];
    const message = `expected steps that ask a system and have no undo, found "${id}"`;
    return [{ path: ['fresh', id], message }];
  });
}

/** The steps that come before each step: those it is `after`, those that escalate to it, and all that come before them. */
function stepsBefore({ steps }: WorkflowRule): ReadonlyMap<string, ReadonlySet<string>> {
  const direct = new Map(steps.map(({ id, after }) => [id, new Set<string>(after)]));
  for (const { id, escalate } of steps) for (const to of escalate) direct.get(to)?.add(id);
  const allBefore = (id: string): ReadonlySet<string> => {
    const found = new Set<string>();
    const left = [...(direct.get(id) ?? [])];
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      if (found.has(next)) continue;
      found.add(next);
      left.push(...(direct.get(next) ?? []));
    }
    return found;
  };
  return new Map(steps.map(({ id }) => [id, allBefore(id)]));
}

function circleProblems(
  { id, after, escalate }: WorkflowStep,
  before: ReadonlyMap<string, ReadonlySet<string>>,
): readonly WorkflowIssue[] {
  const others = before.get(id);
  if (others?.has(id) !== true) return [];
  const circle = [...others].filter((other) => other !== id && before.get(other)?.has(id) === true);
  const message = `expected no circle: step ${id} waits for itself${circle.length === 0 ? '' : ` by way of ${circle.sort().join(', ')}`}`;
  const field = after.length > 0 || escalate.length === 0 ? 'after' : 'escalate';
  return [{ path: [field], message }];
}

function expressionProblems(
  rule: WorkflowRule,
  step: WorkflowStep,
  before: ReadonlySet<string>,
): readonly WorkflowIssue[] {
  const { when, until, decide, with: told } = step;
  const all = new Set(rule.steps.map(({ id }) => id).filter((id) => id !== step.id));
  return [
    ...(when === undefined ? [] : namesProblems(when, rule, before).map(at(['when']))),
    ...(until === undefined ? [] : namesProblems(until, rule, all).map(at(['until']))),
    ...(decide === undefined ? [] : namesProblems(decide, rule, before).map(at(['decide']))),
    ...Object.entries(told).flatMap(([name, value]) => {
      if (typeof value !== 'string') return [];
      return namesProblems(value, rule, before).map(at(['with', name]));
    }),
  ];
}

/** What is wrong with an expression: `steps` are those that it may name. */
function namesProblems(
  text: string,
  rule: Pick<WorkflowRule, 'steps'>,
  steps: ReadonlySet<string>,
): readonly string[] {
  const parsed = readExpression(text);
  if ('problem' in parsed) return [parsed.problem];
  const sentences = pathsIn(parsed.ast).flatMap((path) => pathProblem(path, rule, steps) ?? []);
  return [...new Set(sentences)];
}

function pathProblem(
  [name = '', field]: readonly string[],
  rule: Pick<WorkflowRule, 'steps'>,
  steps: ReadonlySet<string>,
): string | undefined {
  if (!Object.hasOwn(FACT_FIELDS, name)) {
    const known = Object.keys(FACT_FIELDS).join(', ');
    return `expected a name that workflows know (${known}), found "${name}"`;
  }
  if (field === undefined) return undefined;
  if (name === 'steps') return stepProblem(field, rule, steps);
  const fields = FACT_FIELDS[name];
  if (fields === null || fields === undefined || fields.includes(field)) return undefined;
  return `expected a field of ${name} (${fields.join(', ')}), found "${field}"`;
}

function stepProblem(
  id: string,
  rule: Pick<WorkflowRule, 'steps'>,
  steps: ReadonlySet<string>,
): string | undefined {
  if (steps.has(id)) return undefined;
  const known = rule.steps.some((step) => step.id === id);
  const allowed = steps.size === 0 ? 'there is none' : [...steps].sort().join(', ');
  return known
    ? `expected a step that is settled before (${allowed}), found "${id}": nothing is known of it here, so name it in after`
    : `expected a step of the workflow (${rule.steps.map((step) => step.id).join(', ')}), found "${id}"`;
}
