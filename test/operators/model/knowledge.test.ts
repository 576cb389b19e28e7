import { expect, test } from 'vitest';
import type { Key } from '../../../operators/model/key.ts';
import {
  applyChange,
  assetOf,
  type ChangeValue,
  EMPTY_KNOWLEDGE,
  rulesOf,
} from '../../../operators/model/knowledge.ts';
import { plantModelSchema } from '../../../operators/model/plant-model.ts';
import { rulesSchema } from '../../../operators/model/rules.ts';

const PRESS = 'p/l/press' as Key;
const model: ChangeValue = {
  ...{ kind: 'model', id: 'm' },
  model: plantModelSchema.parse({ id: 'p', lines: [{ id: 'l', assets: [{ id: 'press' }] }] }),
};
const rules: ChangeValue = { kind: 'rules', id: 'r', plant: 'p', rules: rulesSchema.parse({}) };

test('a change gives new knowledge and leaves what was known before as it is', () => {
  const before = applyChange(EMPTY_KNOWLEDGE, model);
  const after = applyChange(before, rules);
  expect(assetOf(after, PRESS)?.id).toBe('press');
  expect(rulesOf(after, PRESS)).toBe(rules.kind === 'rules' ? rules.rules : undefined);
  expect(rulesOf(before, PRESS)).toBeUndefined();
  expect(EMPTY_KNOWLEDGE).toEqual({ models: {}, rules: {}, schedules: {} });
});

test('all stages that a change passes get the same knowledge', () => {
  const before = applyChange(EMPTY_KNOWLEDGE, model);
  expect(applyChange(before, rules)).toBe(applyChange(before, rules));
  expect(applyChange(EMPTY_KNOWLEDGE, rules)).not.toBe(applyChange(before, rules));
});
