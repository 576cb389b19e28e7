import { incidentRulesOf } from '../../operators/model/pattern-rule.ts';
import type { Rules } from '../../operators/model/rules.ts';

/** Something wrong at one place of a file, in words of its own. */
export type Issue = { readonly path: readonly (string | number)[]; readonly message: string };

/** What was expected at one place of a file. What was found is read from the file. */
export type Finding = {
  readonly path: readonly (string | number)[];
  readonly expected: string;
  /** It is the field itself that is wrong, not its value. */
  readonly atKey?: boolean;
};

/** Entries whose id an earlier entry of the same list has. */
export function duplicatesIn(list: unknown, at: readonly (string | number)[]): readonly Finding[] {
  if (!Array.isArray(list)) return [];
  const seen = new Set<unknown>();
  const findings: Finding[] = [];
  for (const [index, entry] of list.entries()) {
    const id = typeof entry === 'object' && entry !== null && 'id' in entry ? entry.id : undefined;
    if (id !== undefined && seen.has(id)) {
      findings.push({ path: [...at, index, 'id'], expected: 'each id once' });
    }
    seen.add(id);
  }
  return findings;
}

/** A trigger names a pattern or a detector, so these share their names. */
export function ambiguousNames(rules: Rules): readonly Finding[] {
  const detectors = new Set(rules.detectors.map(({ id }) => id));
  const patterns = new Set(rules.patterns.map(({ id }) => id));
  return rules.patterns.flatMap((rule, index) => {
    const path = ['patterns', index, 'id'];
    const [id = '', timeout] = incidentRulesOf(rule);
    if (detectors.has(id)) {
      return [{ path, expected: 'an id that no detector has: triggers name both' }];
    }
    if (timeout === undefined || !(detectors.has(timeout) || patterns.has(timeout))) return [];
    return [{ path, expected: `no other rule ${timeout}: so on_timeout names its incidents` }];
  });
}
