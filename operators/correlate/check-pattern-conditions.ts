import { incidentRulesOf } from '../model/pattern-rule.ts';
import type { Rules } from '../model/rules.ts';
import { compiledRules } from './compiled-rules.ts';
import type { PatternIssue } from './conditions-of-rule.ts';

/** What `apply` must refuse: patterns that cannot run, and triggers on what does not exist. */
export function checkPatternConditions(rules: Rules): readonly PatternIssue[] {
  const known = new Set([
    ...rules.patterns.flatMap(incidentRulesOf),
    ...rules.detectors.map(({ id }) => id),
  ]);
  const triggers = rules.triggers.flatMap(({ on }, index): PatternIssue[] => {
    if (known.has(on)) return [];
    const expected = [...known].join(', ') || '(the rules have none)';
    const message = `expected the id of a pattern or detector (${expected}), found "${on}"`;
    return [{ path: ['triggers', index, 'on'], message }];
  });
  return [...compiledRules(rules).issues, ...triggers];
}
