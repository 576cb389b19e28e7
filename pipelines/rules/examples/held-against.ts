import { formatDuration } from '../../../operators/model/duration.ts';
import type { Incident } from '../../../operators/model/incident.ts';
import type { ExpectedMatch, PatternExample } from '../../../operators/model/pattern-example.ts';
import { type PatternRule, timeoutRuleOf } from '../../../operators/model/pattern-rule.ts';
import { between, type Duration } from '../../../operators/model/time.ts';
import { createMatchStories, type PatternStory } from '../explain/match-stories.ts';
import { type Comparison, compared } from './comparison.ts';
import { EXAMPLE_BEGIN } from './example-events.ts';
import { playExample } from './play.ts';

/**
 * How an example came out: as expected, if `missing` and `surplus` are empty. Matches are in words; `why` says of those
 * that began and did not come true what ended them.
 */
export type Outcome = Comparison & {
  readonly pattern: string;
  readonly example: string;
  readonly passed: boolean;
  readonly why: readonly string[];
};

/** Plays an example and holds what came out against what was expected, in any order. */
export function heldAgainst(rule: PatternRule, example: PatternExample): Outcome {
  const stories = createMatchStories([rule.id]);
  const incidents = playExample(rule, example, stories.watch);
  const found = incidents.map((incident) => matchOf(rule, incident));
  const comparison = compared(example.expect, found, fits, inWords);
  return {
    pattern: rule.id,
    example: example.name,
    passed: comparison.missing.length === 0 && comparison.surplus.length === 0,
    ...comparison,
    why: stories.told().flatMap(reasonsOf),
  };
}

function reasonsOf({ began, open, endings }: PatternStory): readonly string[] {
  if (began === 0) return ['no event met the first stage'];
  const ended = endings.map(({ after, at, why, count }) => {
    return `${count} after ${after.join(', ')}, waiting at ${at}: ${why}`;
  });
  return open === 0 ? ended : [...ended, `${open} still under way at the end`];
}

function matchOf({ id }: PatternRule, { rule, evidence, time }: Incident): ExpectedMatch {
  const taken: Record<string, Duration[]> = {};
  for (const { stage, time: at } of evidence) {
    taken[stage] ??= [];
    taken[stage].push(between(EXAMPLE_BEGIN, at));
  }
  const at = between(EXAMPLE_BEGIN, time);
  return rule === timeoutRuleOf(id) && rule !== id ? { taken, timed_out: at } : { taken, at };
}

/** The expectation need not say when a match was complete. */
function fits(match: ExpectedMatch, expected: ExpectedMatch): boolean {
  const { at, timed_out } = expected;
  if (at !== undefined && at !== match.at) return false;
  if (timed_out !== match.timed_out) return false;
  return takenText(match.taken) === takenText(expected.taken);
}

function takenText(taken: ExpectedMatch['taken']): string {
  return Object.entries(taken)
    .map(([stage, times]) => `${stage} ${times.map(offsetText).join(' ')}`)
    .sort()
    .join(', ');
}

function inWords({ taken, at, timed_out }: ExpectedMatch): string {
  const parts = Object.entries(taken).map(([stage, times]) => {
    return `${stage} ${times.map(offsetText).join(' ')}`;
  });
  if (at !== undefined) parts.push(`complete at ${offsetText(at)}`);
  if (timed_out !== undefined) parts.push(`timed out at ${offsetText(timed_out)}`);
  return parts.join(', ');
}

function offsetText(offset: Duration): string {
  return `+${formatDuration(offset)}`;
}
