import type { RulesCheck } from './rules-file.ts';

/** What rules are checked for beyond their shape, wherever they are read. */
export const RULES_CHECKS: readonly RulesCheck[] = [];
