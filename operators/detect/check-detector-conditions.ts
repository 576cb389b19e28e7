import type { DetectorRule } from '../model/detector-rule.ts';
import type { Rules } from '../model/rules.ts';
import { fits } from '../model/wildcard.ts';
import { conditionProblem } from './condition.ts';
import { type Gauge, gaugesOf } from './gauge.ts';
import { isStatistic } from './statistic.ts';

/** What is wrong with a rule file beyond its shape, and where: `path` leads to the place in the file. */
export type RuleIssue = { readonly path: readonly (string | number)[]; readonly message: string };

/** Checks the detectors' conditions (CEL), and that the windows and statistics they name exist. */
export function checkDetectorConditions(rules: Rules): RuleIssue[] {
  return rules.detectors.flatMap((rule, index) => {
    return problemsOf(rule, rules).map(({ path, message }) => {
      return { path: ['detectors', index, ...path], message };
    });
  });
}

function problemsOf(rule: DetectorRule, rules: Rules): RuleIssue[] {
  const issues: RuleIssue[] = [];
  const problem = rule.while === undefined ? undefined : conditionProblem(rule.while);
  if (problem !== undefined) issues.push({ path: ['while'], message: problem });
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
  issues.push(...gaugeProblems(rule, rules));
  if ('of' in rule && !isStatistic(rule.of)) {
    const message = `expected a statistic of a window such as mean, max or p95, found "${rule.of}"`;
    issues.push({ path: ['of'], message });
  }
  return issues;
}

/** A signal that no window is over is never heard, so nothing would ever be judged. */
function gaugeProblems(rule: DetectorRule, rules: Rules): RuleIssue[] {
  const { within, bands } = gaugesOf(rule);
  const isHeard = ({ signal }: Gauge) => {
    if (signal === 'rpm') return true;
    return rules.windows.some(({ signals }) => signals.some((name) => fits(name, signal)));
  };
  const problem = (path: readonly string[]) => (gauge: Gauge) => {
    const message = `expected a signal that a window is over, or rpm, found "${gauge.signal}"`;
    return { path: [...path, gauge.signal], message };
  };
  return [
    ...within.filter((gauge) => !isHeard(gauge)).map(problem(['when', 'within'])),
    ...bands.filter((gauge) => !isHeard(gauge)).map(problem(['bands'])),
  ];
}
