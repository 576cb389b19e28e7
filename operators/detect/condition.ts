import { Environment } from '@marcbachmann/cel-js';
import type { Asset } from '../model/plant-model.ts';
import type { Situation } from '../model/situation.ts';

/** What a `while:` may name: parts of the situation and of the asset, all of them texts. */
const NAMES = [
  'state',
  'mode',
  'order',
  'product',
  'shift',
  'planned',
  'asset',
  'class',
  'criticality',
] as const;

const environment = new Environment();
for (const name of NAMES) environment.registerVariable(name, 'string');

export type Condition = (situation: Situation, asset: Asset) => boolean;

/** @throws an error of the CEL compiler, when the text is no condition over the names above. */
export function compileCondition(text: string): Condition {
  const problem = conditionProblem(text);
  if (problem !== undefined) throw new Error(problem);
  const evaluate = environment.parse(text);
  return ({ state, mode, order, product, shift, planned }, { id, class: kind, criticality }) => {
    const names = { state, mode, order, product, shift, planned, asset: id, class: kind };
    const answer: unknown = evaluate({ ...names, criticality });
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
