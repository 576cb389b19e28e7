/** The `while:` of detector rules: CEL over situation and asset. */

import {
  createExpressionEnvironment,
  parseExpression,
  typeOfExpression,
} from '../model/expression.ts';
import type { Situation } from '../model/observation.ts';
import type { Asset } from '../model/plant-model.ts';

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
/** `next_stop`: minutes, compares false where the schedule knows of none. `due`: epoch milliseconds, likewise. */
const NUMBERS = ['next_stop', 'due'] as const;
const NAMES = [...TEXTS, ...NUMBERS];
const environment = createExpressionEnvironment({ texts: TEXTS, numbers: NUMBERS });

/** Whether the `while:` of a rule holds in a situation of an asset. */
export type SituationCondition = (situation: Situation, asset: Asset) => boolean;

/** Compiles a `while:`, or returns what is wrong with it in one sentence. */
export function compileSituationCondition(
  text: string,
): SituationCondition | { readonly problem: string } {
  const refused = (problem: string) => {
    return { problem: `${problem} in "${text}"; a condition may use ${NAMES.join(', ')}` };
  };
  const evaluate = parseExpression(environment, text);
  if ('problem' in evaluate) return refused(evaluate.problem);
  const checked = typeOfExpression(evaluate);
  if ('problem' in checked) return refused(checked.problem);
  if (checked.type !== 'bool') {
    const found = `found one of type ${checked.type}: "${text}"`;
    return { problem: `expected a condition that is true or false, ${found}` };
  }
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
