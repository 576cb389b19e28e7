import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  runPatternExample,
  runRulesExample,
} from '../../../../pipelines/rules/examples/examples.ts';

import { readRulesFile } from '../../../../pipelines/rules/rules.ts';

const folder = fileURLToPath(new URL('../../../../examples/patterns/', import.meta.url));
const gallery = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

test('the gallery has ten patterns or more', () => {
  expect(gallery.length).toBeGreaterThanOrEqual(10);
});

describe.each(gallery)('examples/patterns/%s', (name) => {
  test('tells its story, is right and wise, and has a trigger', async () => {
    expect(readFileSync(`${folder}${name}`, 'utf8')).toMatch(/^(# .{40,}\n){2}/);
    const { rules, warnings } = await readRulesFile(`${folder}${name}`);
    expect(warnings).toEqual([]);
    expect(rules.patterns.map(({ id }) => `${id}.yaml`)).toContain(name);
    expect(rules.triggers.map(({ on }) => on)).toContain(name.replace('.yaml', ''));
  });

  test('does what its examples say: at least one match, and one that is none', async () => {
    const { patterns } = (await readRulesFile(`${folder}${name}`)).rules;
    for (const rule of patterns) {
      const outcomes = rule.examples.map((example) => runPatternExample(rule, example));
      expect(outcomes.filter(({ passed }) => !passed)).toEqual([]);
      expect(outcomes.some(({ found }) => found.length > 0)).toBe(true);
      expect(outcomes.some(({ found }) => found.length === 0 || found.length > 1)).toBe(true);
    }
  });

  test('makes of readings and facts what its examples of the whole say', async () => {
    const { raw, rules } = await readRulesFile(`${folder}${name}`);
    for (const example of rules.examples) {
      expect(runRulesExample(raw, example)).toMatchObject({ passed: true });
    }
  });
});
