import { boundlessPatterns } from '../../operators/correlate/boundless.ts';
import { checkPatternConditions } from '../../operators/correlate/check-pattern-conditions.ts';
import { checkDetectorConditions } from '../../operators/detect/check-detector-conditions.ts';
import type { Rules } from '../../operators/model/rules.ts';
import type { Issue } from './rules-findings.ts';

/** More that can be wrong with rules than their shape: conditions that do not compile, windows that are not there. */
export type RulesCheck = (rules: Rules) => readonly Issue[];

/** What rules are checked for beyond their shape, wherever they are read. */
export const RULES_CHECKS: readonly RulesCheck[] = [
  checkDetectorConditions,
  checkPatternConditions,
];

/** What is right but unwise: told at `apply`, and no reason to refuse. */
export const RULES_WARNINGS: readonly RulesCheck[] = [boundlessPatterns];
