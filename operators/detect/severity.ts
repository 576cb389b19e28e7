import { type DetectorRule, SEVERITIES, type Severity } from '../model/detector-rule.ts';

/** Zones of ISO 20816-3 that are breaches, unless the rule says otherwise. */
const ZONES: Readonly<Record<string, Severity>> = { C: 'warning', D: 'alarm' };

/** The rank of a level under a rule: 0 for none, 1 (notice) to 4 (danger). */
export function rankOf(rule: DetectorRule, level: string): number {
  if (level === '') return 0;
  const said = rule.raise.severity;
  if (rule.kind === 'iso20816') {
    const zones = typeof said === 'object' ? said : ZONES;
    const zone = zones[level];
    if (zone === undefined) return 0;
    return SEVERITIES.indexOf(typeof said === 'string' ? said : zone) + 1;
  }
  const severity = typeof said === 'object' ? said[level] : said;
  return SEVERITIES.indexOf(severity ?? 'warning') + 1;
}

export function severityOf(rank: number): Severity {
  return SEVERITIES[rank - 1] ?? 'notice';
}
