import type { PatternRule, PatternStageRule } from '../model/pattern-rule.ts';
import type { Rules } from '../model/rules.ts';
import type { PatternIssue } from './conditions-of-rule.ts';
import { LIMITS } from './matcher.ts';

type Path = readonly (string | number)[];

/**
 * Patterns that run, but can grow or hold their matches back without bound, each with why and what to write instead.
 * Only limits end what nothing else ends: then the oldest partial match is dropped.
 */
export function boundlessPatterns(rules: Rules): readonly PatternIssue[] {
  return rules.patterns.flatMap((rule, index) => {
    if (rule.within !== undefined) return [];
    return ofLine(rule, rule.pattern, ['patterns', index, 'pattern']);
  });
}

function ofLine(
  rule: PatternRule,
  line: readonly PatternStageRule[],
  at: Path,
): readonly PatternIssue[] {
  return line.flatMap((stage, index) => {
    const path = [...at, index];
    const message = growth(rule, stage) ?? holdUp(rule, stage);
    const inside = ofLine(rule, stage.stages ?? [], [...path, 'stages']);
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
