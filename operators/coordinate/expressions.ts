/** The CEL of workflows: compiled once for a definition, and evaluated over what is known of a work. */

import type { Json } from '../model/command.ts';
import {
  beginSteps,
  createExpressionEnvironment,
  type Expression,
  parseExpression,
} from '../model/expression.ts';
import type { WorkflowRule, WorkflowStep } from '../model/workflow-rule.ts';
import type { Facts } from './facts.ts';

/** All names are looked up when it is evaluated: what they mean is data of the plant and of its systems. */
const environment = createExpressionEnvironment({ texts: [], numbers: [], open: true });

/** A value, or why there is none: a name that says nothing yet, a text where a number was meant. */
export type Evaluated<T> = { readonly value: T } | { readonly problem: string };

type Condition = Pick<Expression, 'evaluate'>;

type CompiledStep = {
  readonly when: Condition | undefined;
  readonly until: Condition | undefined;
  /** The question to a person. */
  readonly decide: Condition | undefined;
  /** What its system is told: expressions, and what stands there as it is. */
  readonly payload: readonly (readonly [name: string, Condition | { readonly literal: Json }])[];
};

type CompiledWorkflow = {
  readonly when: Condition | undefined;
  readonly steps: ReadonlyMap<string, CompiledStep>;
};

/** Derived, so no state. */
const compiled = new WeakMap<WorkflowRule, CompiledWorkflow>();

export function compileWorkflow(rule: WorkflowRule): CompiledWorkflow {
  let found = compiled.get(rule);
  if (found === undefined) {
    found = {
      when: compile(rule.when),
      steps: new Map(rule.steps.map((step) => [step.id, compileStep(step)])),
    };
    compiled.set(rule, found);
  }
  return found;
}

function compileStep({ when, until, decide, with: told }: WorkflowStep): CompiledStep {
  const payload = Object.entries(told).map(([name, value]) => {
    if (typeof value === 'object' && value !== null)
      return [name, { literal: value.text }] as const;
    if (typeof value !== 'string') return [name, { literal: value }] as const;
    return [name, compile(value)] as const;
  });
  return { when: compile(when), until: compile(until), decide: compile(decide), payload };
}

/** Rules that come by the log were checked by whoever applied them: what is no expression is never met. */
function compile(text: string): Condition;
function compile(text: string | undefined): Condition | undefined;
function compile(text: string | undefined): Condition | undefined {
  if (text === undefined) return undefined;
  const parsed = readExpression(text);
  if (!('problem' in parsed)) return parsed;
  return {
    evaluate() {
      throw new Error(parsed.problem);
    },
  };
}

const conditions = new WeakMap<object, { readonly condition: Condition | undefined }>();

/** The `when` of a rule that has no steps. */
export function compileCondition(rule: {
  readonly when?: string | undefined;
}): Condition | undefined {
  const known = conditions.get(rule) ?? { condition: compile(rule.when) };
  conditions.set(rule, known);
  return known.condition;
}

/** An expression of a workflow, or why it is none. */
export function readExpression(text: string): ReturnType<typeof parseExpression> {
  const parsed = parseExpression(environment, text);
  if ('problem' in parsed) return parsed;
  return 'problem' in parsed.checked ? parsed.checked : parsed;
}

/** Whether a condition holds. What it names and nobody knows yet makes it untrue, and is told. */
export function holds(condition: Condition | undefined, facts: Facts): Evaluated<boolean> {
  if (condition === undefined) return { value: true };
  const found = evaluateCel(condition, facts);
  if ('problem' in found) return found;
  if (typeof found.value === 'boolean') return { value: found.value };
  return { problem: `expected true or false, found ${JSON.stringify(found.value)}` };
}

/** What an expression comes to. */
export function evaluateCel(expression: Condition, facts: Facts): Evaluated<Json> {
  beginSteps();
  try {
    return { value: toJson(expression.evaluate(facts)) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { problem: message.split('\n')[0] ?? message };
  }
}

/** What a system is told by a step. */
export function payloadOf(
  { payload }: Pick<CompiledStep, 'payload'>,
  facts: Facts,
): Evaluated<Readonly<Record<string, Json>>> {
  const told: [string, Json][] = [];
  for (const [name, value] of payload) {
    if ('literal' in value) {
      told.push([name, value.literal]);
      continue;
    }
    const found = evaluateCel(value, facts);
    if ('problem' in found) return { problem: `${name}: ${found.problem}` };
    told.push([name, found.value]);
  }
  return { value: Object.fromEntries(told) };
}

/** CEL counts in 64-bit integers, and has times and types that JSON has not. */
function toJson(value: unknown): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map(toJson);
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([name, each]) => [String(name), toJson(each)]));
  }
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, toJson(each)]));
  }
  throw new Error(
    `expected a text, number, true, false, null, list or map, found ${String(value)}`,
  );
}
