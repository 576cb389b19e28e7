/** What is wrong with the detector rules of a file beyond their shape. */

import type { DetectorRule } from '../model/detector-rule.ts';
import type { Rules } from '../model/rules.ts';
import { fits } from '../model/wildcard.ts';
import { compileSituationCondition } from './condition.ts';
import { type BandedSignal, bandedSignalsOf, SHAFT_SPEED } from './gate.ts';
import { isStatistic } from './sample.ts';

/** What is wrong with a rule file beyond its shape, and where: `path` leads to the place in the file. */
export type RuleIssue = { readonly path: readonly (string | number)[]; readonly message: string };

/** Checks the detectors' conditions (CEL), and that the windows and statistics they name exist. */
export function checkDetectors(rules: Rules): RuleIssue[] {
  return rules.detectors.flatMap((rule, index) => {
    return problemsOf(rule, rules).map(({ path, message }) => {
      return { path: ['detectors', index, ...path], message };
    });
  });
}

function problemsOf(rule: DetectorRule, rules: Rules): RuleIssue[] {
  const issues: RuleIssue[] = [];
  const condition = rule.while === undefined ? undefined : compileSituationCondition(rule.while);
  if (typeof condition === 'object') issues.push({ path: ['while'], message: condition.problem });
  const window = rules.windows.find(({ id }) => id === rule.window);
  if (rule.window !== undefined && window === undefined) {
    const ids = rules.windows.map(({ id }) => id).join(', ') || 'none';
    const message = `expected the id of a window rule (there are: ${ids}), found "${rule.window}"`;
    issues.push({ path: ['window'], message });
  } else if (window !== undefined) {
    const signals = rule.kind === 'multivariate' ? rule.signals : [rule.signal];
    for (const signal of signals.filter((each) => !each.includes('*'))) {
      if (window.signals.some((name) => fits(name, signal))) continue;
      const message = `expected a window over "${signal}"; "${window.id}" is over ${window.signals.join(', ')}`;
      issues.push({ path: ['window'], message });
    }
  }
  issues.push(...bandProblems(rule, rules));
  if ('of' in rule && !isStatistic(rule.of)) {
    const message = `expected a statistic of a window such as mean, max or p95, found "${rule.of}"`;
    issues.push({ path: ['of'], message });
  }
  return issues;
}

/** A signal that no window is over never has a value, so nothing would ever be evaluated. */
function bandProblems(rule: DetectorRule, rules: Rules): RuleIssue[] {
  const { within, bands } = bandedSignalsOf(rule);
  const isUnknown = ({ signal }: BandedSignal) => {
    if (signal === SHAFT_SPEED) return false;
    return !rules.windows.some(({ signals }) => signals.some((name) => fits(name, signal)));
  };
  const problem =
    (path: readonly string[]) =>
    ({ signal }: BandedSignal) => {
      const message = `expected a signal that a window is over, or rpm, found "${signal}"`;
      return { path: [...path, signal], message };
    };
  return [
    ...within.filter(isUnknown).map(problem(['when', 'within'])),
    ...bands.filter(isUnknown).map(problem(['bands'])),
  ];
}
