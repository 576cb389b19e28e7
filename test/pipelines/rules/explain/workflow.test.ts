import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { runRulesExample } from '../../../../pipelines/rules/examples/examples.ts';
import {
  workflowDiagram,
  workflowText,
} from '../../../../pipelines/rules/explain/workflow-text.ts';
import { readRulesFile } from '../../../../pipelines/rules/rules.ts';

const folder = fileURLToPath(new URL('../../../../examples/workflows/', import.meta.url));
const gallery = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

test('a workflow is told step by step, and drawn', async () => {
  const { workflows } = (await readRulesFile(`${folder}parts.yaml`)).rules;
  const [rule] = workflows;
  if (rule === undefined) throw new Error('the example has a workflow');
  expect(workflowText(rule).split('\n')).toEqual([
    'In shadow, so that nobody is asked: for requests where size(request.parts) > 0:',
    '  1. stock: asks erp to check-stock with part request.parts[0], quantity 1; without an answer in 10m, or refused, it goes on and escalates to storekeeper.',
    '  2. reserve (after stock, where steps.stock.short == 0): asks erp to reserve with part request.parts[0], quantity 1, order request.id; without an answer in 1d, or refused, it goes on without it; release takes it back.',
    expect.stringMatching(
      /^ {2}3\. requisition \(after stock, where steps\.stock\.short > 0\): asks erp/,
    ),
    expect.stringMatching(/^ {2}4\. storekeeper \(when stock escalates\): asks mail to notify/),
  ]);
  expect(workflowDiagram(rule)).toContain('  stock -.->|escalates| storekeeper\n');
});

describe.each(gallery)('examples/workflows/%s', (name) => {
  test('tells its story, is right and wise, and does what its examples say', async () => {
    expect(readFileSync(`${folder}${name}`, 'utf8')).toMatch(/^(# .{40,}\n){2}/);
    const { raw, rules, warnings } = await readRulesFile(`${folder}${name}`);
    expect(warnings).toEqual([]);
    expect(rules.workflows.map(({ id }) => `${id}.yaml`)).toContain(name);
    expect(rules.examples.length).toBeGreaterThan(2);
    for (const example of rules.examples) {
      expect(runRulesExample(raw, example)).toMatchObject({ missing: [], surplus: [] });
    }
  });

  test('fails where a command is expected that does not come', async () => {
    const { raw, rules } = await readRulesFile(`${folder}${name}`);
    const [example] = rules.examples;
    if (example === undefined) throw new Error('the file has examples');
    const expected = [...(example.expect.commands ?? []).toReversed(), { do: 'erp.paint' }];
    const wrong = { ...example, expect: { commands: expected } };
    expect(runRulesExample(raw, wrong)).toMatchObject({ passed: false });
    const turned = { ...example, expect: { commands: expected.slice(0, -1) } };
    expect(runRulesExample(raw, turned).passed).toBe(false);
  });
});
