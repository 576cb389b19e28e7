import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import type { Captured, Fields } from './captured.ts';
import type { Captures } from './captures.ts';
import { fieldsOf, LACKING, NUMBER_FIELDS, TEXT_FIELDS } from './fields.ts';
import { type Need, namesIn, needOf } from './needs.ts';
import { quickCondition } from './quick-condition.ts';
import { type Read, readerOf } from './read-field.ts';

/** A condition made ready: what it needs at least, and whether an event meets it. */
export type Condition = {
  readonly kinds: Need;
  readonly signals: Need;
  readonly types: Need;
  /** It asks for the phase of anomalies itself; otherwise it sees them only when they are raised. */
  readonly phased: boolean;
  /** It asks for nothing but the event. */
  readonly alone: boolean;
  readonly accepts: (event: Captured, captures: Captures<Captured>) => boolean;
};

/** What the functions of the expression under evaluation answer from. CEL hands them nothing but their arguments. */
let asked: Captures<Captured> | undefined;

/** CEL itself means something by `type`, so that field has another name inside. */
const TYPE = 'event_type';

const environment = createEnvironment();

function createEnvironment(): Environment {
  const numbersOf = (stage: string, field: string) =>
    (asked?.all(stage) ?? []).flatMap((event) => {
      const value = fieldsOf(event)[field];
      return typeof value === 'number' ? [value] : [];
    });
  const created = new Environment({ unlistedVariablesAreDyn: true });
  for (const name of TEXT_FIELDS) created.registerVariable(inCel(name), 'string');
  for (const name of NUMBER_FIELDS) created.registerVariable(name, 'double');
  created
    .registerFunction('first(string): dyn', (stage) => fieldsOrNone(asked?.first(stage)))
    .registerFunction('last(string): dyn', (stage) => fieldsOrNone(asked?.last(stage)))
    .registerFunction('count(string): int', (stage) => BigInt(asked?.all(stage).length ?? 0))
    .registerFunction('sum(string, string): double', (stage, field) =>
      numbersOf(stage, field).reduce((total, value) => total + value, 0),
    );
  withMixedNumbers(created);
  return created;
}

function fieldsOrNone(event: Captured | undefined): Fields {
  return event === undefined ? {} : fieldsOf(event);
}

/** Lets an int stand beside a double: JSON and people write `price > 3` and `2 * value`. */
export function withMixedNumbers(created: Environment): void {
  // People write `score == 4` and `2 * value`: in strict CEL an int and a double have neither == nor arithmetic.
  const both: readonly (readonly [string, (a: number, b: number) => number])[] = [
    ['+', (a, b) => a + b],
    ['-', (a, b) => a - b],
    ['*', (a, b) => a * b],
    ['/', (a, b) => a / b],
  ];
  for (const [operator, apply] of both) {
    for (const types of [`double ${operator} int`, `int ${operator} double`]) {
      created.registerOperator(types, (a: number | bigint, b: number | bigint) =>
        apply(Number(a), Number(b)),
      );
    }
  }
  created.registerOperator(
    'double == int',
    (a: number | bigint, b: number | bigint) => Number(a) === Number(b),
  );
}

const OPEN_FIELDS = [/^vibration_[a-z0-9_]+$/, /^p\d+(_\d+)?$/];
const ASKS_STAGE = new Set(['first', 'last', 'count', 'sum']);

function inCel(name: string): string {
  return name === 'type' ? TYPE : name;
}

function parse(text: string): ReturnType<Environment['parse']> {
  const parsed = environment.parse(text);
  const places = namesIn(parsed.ast).places.get('type') ?? [];
  if (places.length === 0) return parsed;
  const renamed = [...places]
    .sort((a, b) => b - a)
    .reduce((rest, start) => {
      return rest.slice(0, start) + TYPE + rest.slice(start + 'type'.length);
    }, text);
  return environment.parse(renamed);
}

/** Compiles one condition, or says in a sentence what is wrong with it. `stages`: the names it may ask about. */
export function compileCondition(
  text: string,
  stages: readonly string[],
): Condition | { readonly problem: string } {
  let parsed: ReturnType<Environment['parse']>;
  try {
    parsed = parse(text);
  } catch (error) {
    return { problem: `expected a CEL expression: ${firstLine(error)}` };
  }
  const { valid, type, error } = parsed.check();
  if (!valid)
    return { problem: `expected a CEL expression that fits the fields: ${firstLine(error)}` };
  if (type !== 'bool' && type !== 'dyn') {
    return { problem: `expected a condition that is true or false, found one of type ${type}` };
  }
  const kinds = needOf(parsed.ast, 'kind');
  const problem = unknownName(parsed.ast, kinds, stages);
  if (problem !== undefined) return { problem };
  const { places, calls } = namesIn(parsed.ast);
  const [signals, types] = [needOf(parsed.ast, 'signal'), needOf(parsed.ast, TYPE)];
  const quick = quickCondition(parsed.ast, (name) => (name === TYPE ? 'type' : name));
  return {
    ...{ kinds, signals, types },
    phased: places.has('phase'),
    alone: !calls.some(([name]) => ASKS_STAGE.has(name)),
    accepts(event, captures) {
      const answer = quick?.(event);
      if (answer !== undefined) return answer;
      if (lacks(kinds, event, readKind)) return false;
      if (lacks(signals, event, readSignal) || lacks(types, event, readType)) return false;
      const context = contextOf(fieldsOf(event));
      asked = captures;
      try {
        return parsed(context) === true;
      } catch {
        // It asks for what this event or this partial match does not have: then it is not met.
        return false;
      } finally {
        asked = undefined;
      }
    },
  };
}

/** The value that keeps matches of one pattern apart; undefined where the event has none. */
export type KeyOf = (event: Captured) => string | undefined;

/**
 * Compiles the key of a pattern, or says in a sentence what is wrong with it. It may ask for nothing but the event;
 * `events`: the pattern reads machine events only, so the fields of their data can be asked for.
 */
export function compileKey(text: string, events: boolean): KeyOf | { readonly problem: string } {
  let parsed: ReturnType<Environment['parse']>;
  try {
    parsed = parse(text);
  } catch (error) {
    return { problem: `expected asset, line or a CEL expression: ${firstLine(error)}` };
  }
  const { valid, error } = parsed.check();
  if (!valid)
    return { problem: `expected an expression that fits the fields: ${firstLine(error)}` };
  const problem = unknownName(parsed.ast, events ? EVENTS : undefined, []);
  if (problem !== undefined) return { problem };
  return (event) => {
    try {
      const value: unknown = parsed(contextOf(fieldsOf(event)));
      return value === '' || value === null || value === undefined ? undefined : String(value);
    } catch {
      // It asks for what this event does not have.
      return undefined;
    }
  };
}

const EVENTS: Need = new Set(['event']);
const [readKind, readSignal, readType] = [readerOf('kind'), readerOf('signal'), readerOf('type')];

/** Cheap to ask, and reason enough not to ask the expression. */
function lacks(need: Need, event: Captured, read: Read): boolean {
  return need !== undefined && !need.has(String(read(event) ?? ''));
}

/** Not frozen: an object cannot be given a property that its prototype has and forbids to write. */
const CONTEXT: Fields = { ...LACKING, [TYPE]: '' };
const contexts = new WeakMap<Fields, Fields>();

function contextOf(fields: Fields): Fields {
  const known = contexts.get(fields);
  if (known !== undefined) return known;
  const context: Fields = Object.assign(Object.create(CONTEXT), fields, {
    [TYPE]: fields.type ?? '',
  });
  contexts.set(fields, context);
  return context;
}

function unknownName(ast: ASTNode, kinds: Need, stages: readonly string[]): string | undefined {
  const { places, calls } = namesIn(ast);
  const ownData = kinds?.size === 1 && kinds.has('event');
  for (const name of places.keys()) {
    if (
      name === TYPE ||
      Object.hasOwn(LACKING, name) ||
      ownData ||
      OPEN_FIELDS.some((open) => open.test(name))
    )
      continue;
    return `unknown field ${name}: expected one of ${[...TEXT_FIELDS, ...NUMBER_FIELDS].join(', ')}, vibration_…, or, late kind == 'event', a field of the event's data`;
  }
  for (const [name, stage] of calls) {
    if (!ASKS_STAGE.has(name)) continue;
    if (stage !== undefined && stages.includes(stage)) continue;
    return `${name}('${stage ?? '…'}') asks for a stage that has taken nothing yet: expected one of ${stages.join(', ') || '(none before this one)'}`;
  }
  return undefined;
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n')[0] ?? message;
}
