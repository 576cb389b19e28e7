import { incidentRulesOf, type PatternRule, type PatternStageRule } from '../model/pattern-rule.ts';
import type { Rules } from '../model/rules.ts';
import { compilePatterns, type PatternIssue } from './compile-patterns.ts';
import { LIMITS } from './matcher.ts';
import { MOST_KEYS } from './partial-matches.ts';

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
  return [...compilePatterns(rules).issues, ...triggers];
}

/**
 * What `apply` warns of: patterns that run, but can grow or hold their matches back without bound. Each issue says
 * why and what to write instead. Without a bound only the limits of the matcher help: they drop the oldest partial
 * match.
 */
export function findUnboundedPatterns(rules: Rules): readonly PatternIssue[] {
  return rules.patterns.flatMap((rule, index) => {
    if (rule.within !== undefined) return [];
    const path = ['patterns', index];
    const keys = keysWithoutEnd(rule);
    return [
      ...(keys === undefined ? [] : [{ path: [...path, 'key'], message: keys }]),
      ...unboundedStages(rule, rule.pattern, [...path, 'pattern']),
    ];
  });
}

/** A match of one stage is complete at once, and holds no key. */
function keysWithoutEnd({ key, pattern }: PatternRule): string | undefined {
  const [first, ...others] = pattern;
  const atOnce = others.length === 0 && first?.stages === undefined && first?.times === undefined;
  if (key === 'asset' || key === 'line' || atOnce) return undefined;
  return `matches are kept apart by ${key} without a within: what never comes again stays for ever, until the oldest are dropped at ${MOST_KEYS.toLocaleString('en')} values of the key per line. Give the pattern a within`;
}

function unboundedStages(
  rule: PatternRule,
  stages: readonly PatternStageRule[],
  at: PatternIssue['path'],
): readonly PatternIssue[] {
  return stages.flatMap((stage, index) => {
    const path = [...at, index];
    const message = growth(rule, stage) ?? holdUp(rule, stage);
    const inside = unboundedStages(rule, stage.stages ?? [], [...path, 'stages']);
    return message === undefined ? inside : [{ path, message }, ...inside];
  });
}

const LIMIT = LIMITS.partials.toLocaleString('en');

function growth({ skip }: PatternRule, stage: PatternStageRule): string | undefined {
  const { name, times, repeats, follows } = stage;
  if (times !== undefined && repeats === 'relaxed-any') {
    const more = times[1] === null ? 'doubles' : 'adds to';
    return `stage "${name}" repeats relaxed-any without a within: every further event ${more} the partial matches, until the oldest are dropped at ${LIMIT} per key. Give the pattern a within, or write repeats: relaxed`;
  }
  if (follows === 'relaxed-any' && skip === 'no-skip') {
    return `stage "${name}" follows relaxed-any without a within, and nothing is skipped: a match that has begun never ends and takes part in every later one, until the oldest are dropped at ${LIMIT} per key. Give the pattern a within, or write follows: relaxed`;
  }
  return undefined;
}

function holdUp({ skip }: PatternRule, { name, times }: PatternStageRule): string | undefined {
  if (times === undefined || times[1] !== null || skip === 'no-skip') return undefined;
  const how = typeof skip === 'string' ? skip : `${Object.keys(skip).join()} a stage`;
  return `stage "${name}" repeats without an upper bound, the pattern has no within, and skip is ${how}: a finished match is held back while one that began earlier is alive, which can be for ever. Give the pattern a within, or an upper bound (times: ${times[0]}..${times[0] + 8})`;
}
