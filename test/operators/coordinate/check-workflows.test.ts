import { expect, test } from 'vitest';
import { checkWorkflows } from '../../../operators/coordinate/check-workflows.ts';
import { rulesSchema } from '../../../operators/model/rules.ts';

/** What is wrong with a workflow of these steps, with its path. */
function wrong(steps: readonly object[], more: object = {}): string[] {
  const rules = rulesSchema.parse({ workflows: [{ id: 'w', steps, ...more }] });
  return checkWorkflows(rules).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

const stock = { id: 'stock', do: 'erp.check-stock' };

test('a right workflow has nothing wrong', () => {
  const reserve = {
    ...{ id: 'reserve', after: ['stock'], do: 'erp.reserve' },
    when: "steps.stock.short == 0 && request.parts.exists(p, p == '6205') && has(slot.start)",
    with: {
      parts: 'request.parts.map(p, p)',
      who: "asset.ids['cmms']",
      limit: 'asset.attributes.hot',
    },
  };
  const wait = { id: 'ok', until: "steps.reserve.state == 'picked' && order.due != null" };
  expect(wrong([stock, reserve, wait], { when: "request.severity == 'alarm'" })).toEqual([]);
});

test('steps that are not there, and steps that wait for themselves', () => {
  expect(wrong([{ ...stock, after: ['stok'] }])).toEqual([
    'workflows.0.steps.0.after.0: expected a step of the workflow (stock), found "stok"',
  ]);
  const a = { id: 'a', do: 'erp.a', after: ['b'] };
  const b = { id: 'b', do: 'erp.b', after: ['a'] };
  expect(wrong([a, b])).toEqual([
    'workflows.0.steps.0.after: expected no circle: step a waits for itself by way of b',
    'workflows.0.steps.1.after: expected no circle: step b waits for itself by way of a',
  ]);
  const up = { id: 'up', do: 'erp.up', otherwise: 'escalate', escalate: ['up'] };
  expect(wrong([up])).toEqual([
    'workflows.0.steps.0.escalate: expected no circle: step up waits for itself',
  ]);
});

test('names that nobody knows, each at its place', () => {
  expect(wrong([{ ...stock, when: 'requst.severity == 1' }])[0]).toBe(
    'workflows.0.steps.0.when: expected a name that workflows know (request, asset, order, slot, steps), found "requst"',
  );
  expect(wrong([{ ...stock, with: { a: 'request.sevrity' } }])[0]).toMatch(
    /^workflows\.0\.steps\.0\.with\.a: expected a field of request \(id, .*\), found "sevrity"$/,
  );
  expect(wrong([stock], { when: "asset.klass == 'x'" })[0]).toMatch(/^workflows\.0\.when: .*klass/);
  expect(wrong([stock], { when: 'steps.stock.short > 0' })[0]).toMatch(
    /expected a step that is settled before/,
  );
});

test('of steps only those that are settled before', () => {
  const other = { id: 'other', do: 'erp.x', when: 'steps.stock.short > 0' };
  expect(wrong([stock, other])).toEqual([
    'workflows.0.steps.1.when: expected a step that is settled before (there is none), found "stock": nothing is known of it here, so name it in after',
  ]);
  expect(wrong([stock, { ...other, when: 'steps.stok.short > 0' }])[0]).toMatch(
    /expected a step of the workflow/,
  );
});

test('what is no expression', () => {
  expect(wrong([{ ...stock, when: 'request.severity ==' }])[0]).toMatch(
    /^workflows\.0\.steps\.0\.when: /,
  );
});

test('shapes that mean nothing are refused with the schema', () => {
  const parse = (step: object) =>
    rulesSchema.safeParse({ workflows: [{ id: 'w', steps: [step] }] });
  for (const step of [
    { id: 'a' },
    { id: 'a', do: 'erp.x', until: 'true' },
    { id: 'a', until: 'true', undo: 'x' },
    { id: 'a', do: 'erp.x', late: 'undo' },
    { id: 'a', do: 'erp.x', escalate: ['b'] },
    { id: 'a', do: 'erp.x', otherwise: 'escalate' },
    { id: 'a-b', do: 'erp.x' },
    { id: 'a', do: 'erp' },
  ]) {
    expect(parse(step).success, JSON.stringify(step)).toBe(false);
  }
});
