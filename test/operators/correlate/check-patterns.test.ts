import { describe, expect, it } from 'vitest';
import { findUnboundedPatterns } from '../../../operators/correlate/check-patterns.ts';
import { rulesSchema } from '../../../operators/model/rules.ts';

const a = { name: 'a', where: 'level > 1' };
const b = { name: 'b', follows: 'relaxed', where: 'level > 2' };

function warnings(pattern: readonly object[], more: object = {}) {
  return findUnboundedPatterns(rulesSchema.parse({ patterns: [{ id: 'p', pattern, ...more }] }));
}

describe('a pattern that can grow or hold back without bound is warned of', () => {
  it.each([
    ['every combination of a loop', [a, { ...b, times: '2+', repeats: 'relaxed-any' }], /doubles/],
    ['every combination of three', [a, { ...b, times: 3, repeats: 'relaxed-any' }], /adds to/],
    ['a loop under a skip strategy', [a, { ...b, times: '2+' }], /held back while one/],
  ])('%s, without a within', (_, pattern, sentence) => {
    const [warning, ...others] = warnings(pattern);
    expect(others).toEqual([]);
    expect(warning?.path).toEqual(['patterns', 0, 'pattern', 1]);
    expect(warning?.message).toMatch(sentence);
    expect(warning?.message).toMatch(/Give the pattern a within, or/);
    expect(warnings(pattern, { within: '1h' })).toEqual([]);
  });

  it('warns of a match that takes part in every later one: it never ends', () => {
    const pattern = [a, { ...b, follows: 'relaxed-any' }];
    expect(warnings(pattern)).toEqual([]);
    expect(warnings(pattern, { skip: 'no-skip' })[0]?.message).toMatch(/never ends/);
  });

  it('looks into groups, and leaves loops alone that nothing waits for', () => {
    const group = [{ name: 'g', times: 2, stages: [{ ...a, times: '1+' }] }];
    expect(warnings(group).map(({ path }) => path.join('.'))).toEqual([
      'patterns.0.pattern.0.stages.0',
    ]);
    expect(warnings(group, { skip: 'no-skip' })).toEqual([]);
  });
});
