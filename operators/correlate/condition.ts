import type { ASTNode } from '@marcbachmann/cel-js';
import {
  createExpressionEnvironment,
  type Expression,
  type ExpressionProblem,
  parseExpression,
  typeOfExpression,
} from '../model/expression.ts';
import {
  namesUsed,
  quickCondition,
  type RequiredValues,
  requiredValues,
} from './condition-tree.ts';
import {
  type EventFields,
  eventFields,
  type FieldReader,
  fieldReader,
  MISSING_FIELDS,
  NUMBER_FIELDS,
  type PatternEvent,
  TEXT_FIELDS,
} from './event-fields.ts';
import type { Captures } from './transitions.ts';

/** A compiled `where` or `until` of a stage: the values that it requires, and whether an event meets it. */
export type PatternCondition = {
  readonly kinds: RequiredValues;
  readonly signals: RequiredValues;
  readonly types: RequiredValues;
  /** It names the phase of anomalies itself; otherwise it sees them only when they are raised. */
  readonly namesPhase: boolean;
  /** It depends on nothing but the event. */
  readonly eventOnly: boolean;
  readonly accepts: (event: PatternEvent, captures: Captures<PatternEvent>) => boolean;
};

/** Compiles one condition, or says in a sentence what is wrong with it. `stages`: the names it may ask about. */
export function compilePatternCondition(
  text: string,
  stages: readonly string[],
): PatternCondition | ExpressionProblem {
  const expression = parse(text);
  if ('problem' in expression) {
    return { problem: `expected a CEL expression: ${expression.problem}` };
  }
  const checked = typeOfExpression(expression);
  if ('problem' in checked) {
    return { problem: `expected a CEL expression that fits the fields: ${checked.problem}` };
  }
  const { type } = checked;
  if (type !== 'bool' && type !== 'dyn') {
    return { problem: `expected a condition that is true or false, found one of type ${type}` };
  }
  const tree = expression.ast;
  const kinds = requiredValues(tree, 'kind');
  const problem = unknownName(tree, kinds, stages);
  if (problem !== undefined) return { problem };
  const { offsets, calls } = namesUsed(tree);
  const [signals, types] = [requiredValues(tree, 'signal'), requiredValues(tree, TYPE)];
  return {
    ...{ kinds, signals, types },
    namesPhase: offsets.has('phase'),
    eventOnly: !calls.some(([name]) => CAPTURE_FUNCTIONS.has(name)),
    accepts: acceptor(expression, { kinds, signals, types }),
  };
}

type Required = Pick<PatternCondition, 'kinds' | 'signals' | 'types'>;

/** Evaluates a condition in the cheapest way that can answer: without CEL where the tree and the event allow it. */
function acceptor(
  expression: Expression,
  { kinds, signals, types }: Required,
): PatternCondition['accepts'] {
  const quick = quickCondition(expression.ast, (name) => (name === TYPE ? 'type' : name));
  return (event, captures) => {
    const answer = quick?.(event);
    if (answer !== undefined) return answer;
    if (lacks(kinds, event, readKind)) return false;
    if (lacks(signals, event, readSignal) || lacks(types, event, readType)) return false;
    const context = contextOf(eventFields(event));
    currentCaptures = captures;
    try {
      return expression(context) === true;
    } catch {
      // It asks for what this event or this partial match does not have: then it is not met.
      return false;
    } finally {
      currentCaptures = undefined;
    }
  };
}

const [readKind, readSignal, readType] = [
  fieldReader('kind'),
  fieldReader('signal'),
  fieldReader('type'),
];

function lacks(required: RequiredValues, event: PatternEvent, read: FieldReader): boolean {
  return required !== undefined && !required.has(String(read(event) ?? ''));
}

/** The value that keeps the matches of one pattern apart; undefined: the event has none. */
export type KeyFunction = (event: PatternEvent) => string | undefined;

/**
 * Compiles the key of a pattern, or says in a sentence what is wrong with it. It may ask for nothing but the event;
 * `eventsOnly`: the pattern reads machine events only, so the fields of their data can be named.
 */
export function compileKey(text: string, eventsOnly: boolean): KeyFunction | ExpressionProblem {
  const expression = parse(text);
  if ('problem' in expression) {
    return { problem: `expected asset, line or a CEL expression: ${expression.problem}` };
  }
  const checked = typeOfExpression(expression);
  if ('problem' in checked) {
    return { problem: `expected an expression that fits the fields: ${checked.problem}` };
  }
  const problem = unknownName(expression.ast, eventsOnly ? EVENTS : undefined, []);
  if (problem !== undefined) return { problem };
  return (event) => {
    try {
      const value: unknown = expression(contextOf(eventFields(event)));
      return value === '' || value === null || value === undefined ? undefined : String(value);
    } catch {
      // It asks for what this event does not have.
      return undefined;
    }
  };
}

const EVENTS: RequiredValues = new Set(['event']);

/** `type` is a function of CEL, so the field of that name has another one inside. */
const TYPE = 'event_type';

function parse(text: string): Expression | ExpressionProblem {
  const expression = parseExpression(environment, text);
  if ('problem' in expression) return expression;
  const offsets = namesUsed(expression.ast).offsets.get('type') ?? [];
  if (offsets.length === 0) return expression;
  const renamed = [...offsets]
    .sort((a, b) => b - a)
    .reduce((rest, start) => {
      return rest.slice(0, start) + TYPE + rest.slice(start + 'type'.length);
    }, text);
  return parseExpression(environment, renamed);
}

/** The captures of the condition under evaluation. CEL hands its functions nothing but their arguments. */
let currentCaptures: Captures<PatternEvent> | undefined;

const CAPTURE_FUNCTIONS = new Set(['first', 'last', 'count', 'sum']);

const environment = createExpressionEnvironment({
  texts: TEXT_FIELDS.map((name) => (name === 'type' ? TYPE : name)),
  numbers: NUMBER_FIELDS,
  open: true,
})
  .registerFunction('first(string): dyn', (stage) => fieldsOrNone(currentCaptures?.first(stage)))
  .registerFunction('last(string): dyn', (stage) => fieldsOrNone(currentCaptures?.last(stage)))
  .registerFunction('count(string): int', (stage) =>
    BigInt(currentCaptures?.all(stage).length ?? 0),
  )
  .registerFunction('sum(string, string): double', (stage, field) =>
    (currentCaptures?.all(stage) ?? []).reduce((total, event) => {
      const value = eventFields(event)[field];
      return typeof value === 'number' ? total + value : total;
    }, 0),
  );

function fieldsOrNone(event: PatternEvent | undefined): EventFields {
  return event === undefined ? {} : eventFields(event);
}

/** Not frozen: an object cannot be given a property that its prototype has and forbids to write. */
const EMPTY_CONTEXT: EventFields = { ...MISSING_FIELDS, [TYPE]: '' };
const contexts = new WeakMap<EventFields, EventFields>();

function contextOf(fields: EventFields): EventFields {
  const known = contexts.get(fields);
  if (known !== undefined) return known;
  const context: EventFields = Object.assign(Object.create(EMPTY_CONTEXT), fields, {
    [TYPE]: fields.type ?? '',
  });
  contexts.set(fields, context);
  return context;
}

const OPEN_FIELDS = [/^vibration_[a-z0-9_]+$/, /^p\d+(_\d+)?$/];

function unknownName(
  tree: ASTNode,
  kinds: RequiredValues,
  stages: readonly string[],
): string | undefined {
  const { offsets, calls } = namesUsed(tree);
  const eventData = kinds?.size === 1 && kinds.has('event');
  for (const name of offsets.keys()) {
    if (name === TYPE || Object.hasOwn(MISSING_FIELDS, name) || eventData) continue;
    if (OPEN_FIELDS.some((open) => open.test(name))) continue;
    return `unknown field ${name}: expected one of ${[...TEXT_FIELDS, ...NUMBER_FIELDS].join(', ')}, vibration_…, or, after kind == 'event', a field of the event's data`;
  }
  for (const [name, stage] of calls) {
    if (!CAPTURE_FUNCTIONS.has(name)) continue;
    if (stage !== undefined && stages.includes(stage)) continue;
    return `${name}('${stage ?? '…'}') asks for a stage that has taken nothing yet: expected one of ${stages.join(', ') || '(none before this one)'}`;
  }
  return undefined;
}
