import { Environment } from '@marcbachmann/cel-js';
import type { Asset } from '../model/plant-model.ts';
import type { Situation } from '../model/situation.ts';

/** What a `while:` may name: parts of the situation and of the asset. */
const TEXTS = [
  'state',
  'mode',
  'order',
  'operation',
  'product',
  'shift',
  'planned',
  'asset',
  'class',
  'criticality',
] as const;

const environment = new Environment();
for (const name of TEXTS) environment.registerVariable(name, 'string');
/** `next_stop`: minutes, compares false where the schedule knows of none. `due`: epoch milliseconds, likewise. */
const NUMBERS = ['next_stop', 'due'] as const;
for (const name of NUMBERS) environment.registerVariable(name, 'double');
// People write `next_stop == 0`: in strict CEL an int and a double have no ==.
environment.registerOperator(
  'double == int',
  (a: number | bigint, b: number | bigint) => Number(a) === Number(b),
);
const NAMES = [...TEXTS, ...NUMBERS];

export type Condition = (situation: Situation, asset: Asset) => boolean;

/** @throws an error of the CEL compiler, when the text is no condition over the names above. */
export function compileCondition(text: string): Condition {
  const problem = conditionProblem(text);
  if (problem !== undefined) throw new Error(problem);
  const evaluate = environment.parse(text);
  return (situation, { id, class: kind, criticality }) => {
    const { state, mode, order, operation, product, shift, planned } = situation;
    const answer: unknown = evaluate({
      ...{ state, mode, order, operation, product, shift, planned },
      ...{ asset: id, class: kind, criticality },
      next_stop: situation.next_stop ?? Number.NaN,
      due: situation.due === null ? Number.NaN : situation.due / 1_000,
    });
    return answer === true;
  };
}

/** What is wrong with a condition, in one sentence; undefined when nothing is. */
export function conditionProblem(text: string): string | undefined {
  const { valid, type, error } = environment.check(text);
  if (!valid) {
    const summary = error?.summary ?? 'it is no CEL';
    return `${summary} in "${text}"; a condition may use ${NAMES.join(', ')}`;
  }
  if (type === 'bool') return undefined;
  return `expected a condition that is true or false, found one of type ${type}: "${text}"`;
}
