import type { ASTNode } from '@marcbachmann/cel-js';
import {
  createExpressionEnvironment,
  type Expression,
  type ExpressionProblem,
  type OwnFunctions,
  parseExpression,
  spendSteps,
  stepsExceeded,
} from '../model/expression.ts';
import { isNode } from '../model/expression-cost.ts';
import { PACKML_STATES } from '../model/machine-event.ts';
import { lookup } from '../model/plain.ts';
import {
  membersOf,
  namesUsed,
  type QuickReader,
  quickCondition,
  type RequiredValues,
  requiredValues,
} from './condition-tree.ts';
import {
  dataFields,
  type EventFields,
  eventFields,
  type FieldReader,
  fieldReader,
  isEventField,
  MACHINE_FIELDS,
  MISSING_FIELDS,
  machineFields,
  memberReader,
  NUMBER_FIELDS,
  type PatternEvent,
  TEXT_FIELDS,
} from './event-fields.ts';
import { type Captures, NO_CAPTURES } from './transitions.ts';

/** A compiled `where` or `until` of a stage: the values that it requires, and whether an event meets it. */
export type PatternCondition = {
  readonly kinds: RequiredValues;
  readonly signals: RequiredValues;
  readonly types: RequiredValues;
  /** It names the phase of anomalies itself; otherwise it sees them only when they are raised. */
  readonly namesPhase: boolean;
  /** It reads machine events and nothing else, so bare names can be fields of their data. */
  readonly namesData: boolean;
  /** It depends on nothing but the event. */
  readonly eventOnly: boolean;
  readonly accepts: (event: PatternEvent, captures: Captures<PatternEvent>) => boolean;
};

/**
 * Compiles one condition, or says in a sentence what is wrong with it. `stages`: the names it may ask about. `readsOf`:
 * what the condition of such a stage reads; undefined: what this one reads.
 */
export function compilePatternCondition(
  text: string,
  stages: readonly string[],
  readsOf: (stage: string) => ConditionReads | undefined = () => undefined,
): PatternCondition | ExpressionProblem {
  const expression = parse(text);
  if ('problem' in expression) {
    return { problem: `expected a CEL expression: ${expression.problem}` };
  }
  const { checked } = expression;
  if ('problem' in checked) {
    return { problem: `expected a CEL expression that fits the fields: ${checked.problem}` };
  }
  const { type } = checked;
  if (type !== 'bool' && type !== 'dyn') {
    return { problem: `expected a condition that is true or false, found one of type ${type}` };
  }
  const tree = expression.ast;
  const kinds = requiredValues(tree, 'kind');
  const [signals, types] = [requiredValues(tree, 'signal'), requiredValues(tree, TYPE)];
  const namesData = kinds?.size === 1 && kinds.has('event');
  const own: ConditionReads = { namesData, types };
  const problem =
    unknownName(tree, namesData, stages) ??
    ambiguousName(tree, own, (stage) => readsOf(stage) ?? own);
  if (problem !== undefined) return { problem };
  const { offsets, calls } = namesUsed(tree);
  return {
    ...{ kinds, signals, types, namesData },
    namesPhase: offsets.has('phase'),
    eventOnly: !calls.some(([name]) => CAPTURE_FUNCTIONS.has(name)),
    accepts: acceptor(expression, { kinds, signals, types, namesData }),
  };
}

type Required = Pick<PatternCondition, 'kinds' | 'signals' | 'types' | 'namesData'>;

/** Evaluates a condition in the cheapest way that can answer: without CEL where the tree and the event allow it. */
function acceptor(
  expression: Expression,
  { kinds, signals, types, namesData }: Required,
): PatternCondition['accepts'] {
  const quick = quickCondition(expression.ast, (node) => quickReader(node, namesData));
  const readSignal = fieldReader('signal', namesData);
  return (event, captures) => {
    const answer = quick?.(event, captures);
    if (answer !== undefined) return answer && !stepsExceeded();
    if (lacks(kinds, event, readKind)) return false;
    if (lacks(signals, event, readSignal) || lacks(types, event, readType)) return false;
    const context = contextOf(event, namesData);
    currentCaptures = captures;
    try {
      // CEL goes on past an error where `||` decides: not past the last step.
      return expression.evaluate(context) === true && !stepsExceeded();
    } catch {
      // It asks for what this event or this partial match does not have: then it is not met.
      return false;
    } finally {
      currentCaptures = undefined;
    }
  };
}

const [readKind, readType] = [fieldReader('kind'), fieldReader('type')];

function quickReader(node: ASTNode, namesData: boolean): QuickReader | undefined {
  if (node.op === 'id') {
    const name = node.args === TYPE ? 'type' : node.args;
    const [read, missing] = [fieldReader(name, namesData), lookup(MISSING_FIELDS, name)];
    return (event) => read(event) ?? missing;
  }
  if (node.op !== '.') return undefined;
  const [of, name] = node.args;
  if (of.op === 'call') return takenReader(of.args[0], of.args[1][0], name);
  if (of.op !== 'id') return undefined;
  if (of.args === 'data') return memberReader('data', name);
  return of.args === ASSET ? memberReader('asset', name) : undefined;
}

/** `first('stage').name` and `last('stage').name`. */
function takenReader(
  call: string,
  stage: ASTNode | undefined,
  name: string,
): QuickReader | undefined {
  if ((call !== 'first' && call !== 'last') || stage?.op !== 'value') return undefined;
  // Not of one name: they are all the data, and all that is known of the machine.
  if (name === 'data' || name === ASSET || typeof stage.args !== 'string') return undefined;
  const of = stage.args;
  const read = fieldReader(name);
  return (_, taken) => {
    spendSteps(STEPS_OF_FIELDS + taken.size());
    const event = call === 'first' ? taken.first(of) : taken.last(of);
    return event === undefined ? undefined : read(event);
  };
}

function lacks(required: RequiredValues, event: PatternEvent, read: FieldReader): boolean {
  return required !== undefined && !required.has(String(read(event) ?? ''));
}

/** The value that keeps the matches of one pattern apart; undefined: the event has none. */
export type KeyFunction = (event: PatternEvent) => string | undefined;

/**
 * Compiles the key of a pattern, or says in a sentence what is wrong with it. It may ask for nothing but the event;
 * `eventsOnly`: the pattern reads machine events only, of these types, so the fields of their data can be named.
 */
export function compileKey(
  text: string,
  eventsOnly: boolean,
  types?: RequiredValues,
): KeyFunction | ExpressionProblem {
  const expression = parse(text);
  if ('problem' in expression) {
    return { problem: `expected asset, line or a CEL expression: ${expression.problem}` };
  }
  const { checked } = expression;
  if ('problem' in checked) {
    return { problem: `expected an expression that fits the fields: ${checked.problem}` };
  }
  const own: ConditionReads = { namesData: eventsOnly, types };
  const problem =
    unknownName(expression.ast, eventsOnly, []) ??
    ambiguousName(expression.ast, own, () => undefined);
  if (problem !== undefined) return { problem };
  return (event) => {
    try {
      const value = expression.evaluate(contextOf(event, eventsOnly));
      return value === '' || value === null || value === undefined ? undefined : String(value);
    } catch {
      // It asks for what this event does not have.
      return undefined;
    }
  };
}

/** `type` is a function of CEL, so the field of that name has another one inside. */
const TYPE = 'event_type';
/** The name of the asset is `asset`, so what is known of it has another one inside. */
const ASSET = 'asset_fields';

function parse(text: string): Expression | ExpressionProblem {
  const expression = parseExpression(environment, text, OWN);
  if ('problem' in expression) return expression;
  const types = namesUsed(expression.ast).offsets.get('type') ?? [];
  const renamed = [
    ...types.map((start) => ({ start, name: 'type', by: TYPE })),
    ...membersOf(expression.ast, 'asset').map(({ start }) => ({ start, name: 'asset', by: ASSET })),
  ];
  if (renamed.length === 0) return expression;
  const inside = renamed
    .sort((a, b) => b.start - a.start)
    .reduce((rest, { start, name, by }) => {
      return rest.slice(0, start) + by + rest.slice(start + name.length);
    }, text);
  return parseExpression(environment, inside, OWN);
}

/** The captures of the condition under evaluation. CEL hands its functions nothing but their arguments. */
let currentCaptures: Captures<PatternEvent> | undefined;

/** All that a match has taken is looked through, and the fields of an event are put together. */
const STEPS_OF_FIELDS = 50;
const captures = (): Captures<PatternEvent> => {
  const current = currentCaptures ?? NO_CAPTURES;
  spendSteps(STEPS_OF_FIELDS + current.size());
  return current;
};

const OWN = {
  first: (stage: string) => fieldsOrNone(captures().first(stage)),
  last: (stage: string) => fieldsOrNone(captures().last(stage)),
  count: (stage: string) => BigInt(captures().all(stage).length),
  sum: (stage: string, field: string) =>
    captures()
      .all(stage)
      .reduce((total, event) => {
        const value = field.startsWith('data.')
          ? dataFields(event)[field.slice('data.'.length)]
          : eventFields(event)[field];
        return typeof value === 'number' ? total + value : total;
      }, 0),
} satisfies OwnFunctions;

const CAPTURE_FUNCTIONS: ReadonlySet<string> = new Set(Object.keys(OWN));

const environment = createExpressionEnvironment({
  texts: TEXT_FIELDS.map((name) => (name === 'type' ? TYPE : name)),
  numbers: NUMBER_FIELDS,
  open: true,
})
  .registerFunction('first(string): dyn', OWN.first)
  .registerFunction('last(string): dyn', OWN.last)
  .registerFunction('count(string): int', OWN.count)
  .registerFunction('sum(string, string): double', OWN.sum);

const NOTHING_TAKEN = {};
const takenFields = new WeakMap<PatternEvent, object>();

/** What `first` and `last` give. Many matches ask for the same event, so it is put together once. */
function fieldsOrNone(event: PatternEvent | undefined): object {
  if (event === undefined) return NOTHING_TAKEN;
  const known = takenFields.get(event);
  if (known !== undefined) return known;
  const fields = { ...eventFields(event), ...dataAndMachine(event) };
  takenFields.set(event, fields);
  return fields;
}

function dataAndMachine(event: PatternEvent) {
  return { data: dataFields(event), [ASSET]: machineFields(event) };
}

/** Not frozen: an object cannot be given a property that its prototype has and forbids to write. */
const EMPTY_CONTEXT: EventFields = { ...MISSING_FIELDS, [TYPE]: '' };
const contexts = [
  new WeakMap<PatternEvent, object>(),
  new WeakMap<PatternEvent, object>(),
] as const;

/** What CEL evaluates over. Without `namesData` bare names mean nothing of a machine event's data. */
function contextOf(event: PatternEvent, namesData: boolean): object {
  const own = namesData || event.value.kind !== 'event';
  const known = contexts[own ? 1 : 0].get(event);
  if (known !== undefined) return known;
  const fields = own ? eventFields(event) : withoutData(event);
  const more = { [TYPE]: fields.type ?? '', ...dataAndMachine(event) };
  const context: object = Object.assign(Object.create(EMPTY_CONTEXT), fields, more);
  contexts[own ? 1 : 0].set(event, context);
  return context;
}

function withoutData(event: PatternEvent): EventFields {
  const fields = Object.entries(eventFields(event));
  return Object.fromEntries(fields.filter(([name]) => isEventField(name)));
}

const OF_MACHINE: ReadonlySet<string> = new Set(['plant', 'line', ...MACHINE_FIELDS]);
const OPEN_FIELDS = [/^vibration_[a-z0-9_]+$/, /^p\d+(_\d+)?$/];

function unknownName(
  tree: ASTNode,
  namesData: boolean,
  stages: readonly string[],
): string | undefined {
  const { offsets, calls } = namesUsed(tree);
  for (const name of offsets.keys()) {
    if (name === 'data' || name === ASSET || name === TYPE) continue;
    if (Object.hasOwn(MISSING_FIELDS, name) || namesData) continue;
    if (OPEN_FIELDS.some((open) => open.test(name))) continue;
    return `unknown field ${name}: expected one of ${[...TEXT_FIELDS, ...NUMBER_FIELDS].join(', ')}, vibration_…, data.${name} for a field of a machine event's data (after kind == 'event' also without data.), or asset.… for what is known of the machine`;
  }
  const unknown = membersOf(tree, ASSET).find(({ field }) => !OF_MACHINE.has(field));
  if (unknown !== undefined) {
    return `unknown field asset.${unknown.field}: expected one of ${[...OF_MACHINE].join(', ')}`;
  }
  for (const [name, stage] of calls) {
    if (!CAPTURE_FUNCTIONS.has(name)) continue;
    if (stage !== undefined && stages.includes(stage)) continue;
    return `${name}('${stage ?? '…'}') asks for a stage that has taken nothing yet: expected one of ${stages.join(', ') || '(none before this one)'}`;
  }
  return undefined;
}

/** What a condition is known to read: with `namesData` machine events and nothing else, of these types. */
type ConditionReads = { readonly namesData: boolean; readonly types: RequiredValues };

/**
 * A bare name that both the data of a machine event and what is known of its machine can have, with both ways to write
 * it; undefined: there is none. `readsOf`: what the condition of an earlier stage reads.
 */
function ambiguousName(
  root: ASTNode,
  own: ConditionReads,
  readsOf: (stage: string) => ConditionReads | undefined,
): string | undefined {
  let problem: string | undefined;
  const check = (name: string, reads: ConditionReads | undefined, isState: boolean, at: string) => {
    if (problem !== undefined || !isAmbiguous(name, reads) || (name === 'state' && isState)) return;
    problem = `${at}${name} can be what the event says or what is known of its machine: expected ${at}data.${name} or ${at}asset.${name}`;
  };
  const visit = (part: unknown, parent: ASTNode | undefined): void => {
    if (Array.isArray(part)) for (const item of part) visit(item, parent);
    if (!isNode(part)) return;
    if (part.op === 'id') check(part.args, own, comparesState(parent, part), '');
    const asked = askedOf(part);
    if (asked !== undefined) {
      const { call, stage, name } = asked;
      check(name, readsOf(stage), comparesState(parent, part), call);
    }
    visit(part.args, part);
  };
  visit(root, undefined);
  return problem;
}

/** `last('a').product` or `sum('a', 'due')`. */
function askedOf(node: ASTNode) {
  if (node.op === '.') {
    const [of, name] = node.args;
    const [call = '', [stage] = []] = of.op === 'call' ? of.args : [];
    if ((call !== 'first' && call !== 'last') || stage?.op !== 'value') return undefined;
    return { call: `${call}('${String(stage.args)}').`, stage: String(stage.args), name };
  }
  if (node.op !== 'call' || node.args[0] !== 'sum') return undefined;
  const [stage, field] = node.args[1];
  if (stage?.op !== 'value' || field?.op !== 'value') return undefined;
  return { call: '', stage: String(stage.args), name: String(field.args) };
}

/** A state event sets what is known of the machine to what it says: there both are one. */
const SET_BY_STATE: ReadonlySet<string> = new Set(['state', 'mode', 'product', 'order']);

function isAmbiguous(name: string, reads: ConditionReads | undefined): boolean {
  if (reads?.namesData !== true || !MACHINE_FIELDS.has(name)) return false;
  const ofState = reads.types?.size === 1 && reads.types.has('state');
  return !(ofState && SET_BY_STATE.has(name));
}

const STATES: ReadonlySet<unknown> = new Set(PACKML_STATES);

/** Compared with states of the standard it is the state of the machine: those words are for nothing else. */
function comparesState(parent: ASTNode | undefined, node: ASTNode): boolean {
  if (parent?.op === 'in') {
    const [name, list] = parent.args;
    return name === node && list.op === 'list' && list.args.every(isState);
  }
  if (parent?.op !== '==' && parent?.op !== '!=') return false;
  const [left, right] = parent.args;
  return isState(left === node ? right : left);
}

function isState(node: ASTNode): boolean {
  return node.op === 'value' && STATES.has(node.args);
}
