import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkPatternConditions } from '../../../operators/correlate/check-patterns.ts';
import { checkDetectors } from '../../../operators/detect/check-detectors.ts';
import { patternRuleSchema } from '../../../operators/model/pattern-rule.ts';
import { plantFileSchema } from '../../../operators/model/plant-model.ts';
import { rulesSchema } from '../../../operators/model/rules.ts';

function example(name: string): unknown {
  return parse(readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8'));
}

/** The YAML blocks of a page. */
function blocks(page: string): string[] {
  const text = readFileSync(new URL(`../../../${page}`, import.meta.url), 'utf8');
  return [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block]) => block ?? '');
}

describe('the examples', () => {
  it('are a valid plant and valid rules, conditions too', () => {
    expect(plantFileSchema.safeParse(example('examples/plant.yaml')).error).toBeUndefined();
    const rules = rulesSchema.parse(example('examples/rules.yaml'));
    expect(checkPatternConditions(rules)).toEqual([]);
    expect(checkDetectors(rules)).toEqual([]);
  });

  it('of the page on rules are valid too, each block for itself', () => {
    const all = blocks('docs/rules.md');
    expect(all.length).toBeGreaterThan(4);
    for (const block of all) {
      const found = rulesSchema.safeParse(parse(block));
      expect(found.error, block).toBeUndefined();
      if (!found.success) continue;
      const about = checkPatternConditions(found.data).filter(({ path }) => path[0] !== 'triggers');
      expect(about, block).toEqual([]);
    }
  });
});

describe('a pattern that cannot mean anything is refused with a sentence', () => {
  const a = { name: 'a', where: 'level > 1' };
  it.each([
    [
      'a first stage that follows',
      [{ ...a, follows: 'relaxed' }],
      {},
      /the first: a match begins with it/,
    ],
    [
      'a stage that says neither',
      [a, { ...a, name: 'b' }],
      {},
      /needs either follows .* or absent/,
    ],
    ['a name that stands twice', [a, { ...a, follows: 'strict' }], {}, /expected each name once/],
    [
      'an absence at the end without within',
      [a, { ...a, name: 'b', absent: 'relaxed' }],
      {},
      /give the pattern a within/,
    ],
    [
      'a gap longer than the whole',
      [a, { ...a, name: 'b', follows: 'strict', within_previous: '2m' }],
      { within: '1m' },
      /longer than within/,
    ],
    [
      'a number of times that is none',
      [{ ...a, times: 'often' }],
      {},
      /expected how often: 3, 2\.\.5/,
    ],
    [
      'a repetition that is not declared',
      [{ ...a, repeats: 'strict' }],
      {},
      /not how often it repeats: give it times/,
    ],
    ['a stage of nothing', [{ name: 'a' }], {}, /needs either where .* or stages/],
    [
      'a name that stands twice in a group',
      [a, { name: 'g', follows: 'relaxed', stages: [a] }],
      {},
      /expected each name once/,
    ],
    ['a strategy that skips nowhere', [a], { skip: 'to-first' }, /expected past-last-event/],
  ])('%s', (_, pattern, more, sentence) => {
    const found = patternRuleSchema.safeParse({ id: 'p', pattern, ...more });
    expect(found.error?.issues.map(({ message }) => message).join()).toMatch(sentence);
  });

  it.each([
    [
      'an absence after what may be missing',
      [
        a,
        { ...a, name: 'b', follows: 'relaxed', optional: true },
        { ...a, name: 'c', absent: 'strict' },
      ],
      /write two patterns/,
    ],
    [
      'a greedy group',
      [{ name: 'g', times: 2, greedy: true, stages: [a] }],
      /only a single stage can be/,
    ],
    [
      'a group that repeats nothing',
      [{ name: 'g', times: '1+', stages: [{ ...a, optional: true }] }],
      /repeat for ever without an event/,
    ],
    ['an end to what ends itself', [{ ...a, times: 3, until: 'level > 2' }], /has an until/],
    [
      'a question about what comes later',
      [
        { ...a, where: "count('b') > 1" },
        { ...a, name: 'b', follows: 'relaxed' },
      ],
      /asks for a stage that has taken nothing yet/,
    ],
  ])('by correlate: %s', (_, pattern, sentence) => {
    const rules = rulesSchema.parse({ patterns: [{ id: 'p', pattern }] });
    expect(
      checkPatternConditions(rules)
        .map(({ message }) => message)
        .join(),
    ).toMatch(sentence);
  });

  it('and so is a trigger on nothing', () => {
    const rules = rulesSchema.parse({ triggers: [{ id: 't', on: 'ghost', request: {} }] });
    expect(checkPatternConditions(rules)).toMatchObject([{ path: ['triggers', 0, 'on'] }]);
  });
});
