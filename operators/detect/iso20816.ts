import type { DetectorRule } from '../model/detector-rule.ts';
import { type Boundaries, zoned } from './iso-boundaries.ts';
import { deadbandOf, type Hearing, short, type Verdict } from './verdict.ts';

type IsoRule = Extract<DetectorRule, { kind: 'iso20816' }>;

/** Which zone a velocity is in. A value on a boundary belongs to the better zone. Levels: the zones. */
export function iso20816(rule: IsoRule, hearing: Hearing): Verdict | undefined {
  const { edition } = rule;
  const found = zoned(rule, hearing);
  if (found === undefined) return undefined;
  const { group, support, boundaries, velocity: value } = found;
  const zone = zoneOf(value, boundaries, () => 0);
  const limit = boundaries[Math.max(0, zone.charCodeAt(0) - 'B'.charCodeAt(0))] ?? boundaries[0];
  return {
    level: zone,
    calm: zoneOf(value, boundaries, (boundary) => deadbandOf(rule, boundary)),
    value,
    unit: 'mm/s',
    limit,
    score: value / limit,
    text: () =>
      `in zone ${zone} of ${edition}, group ${group} ${support} (boundary ${short(limit)} mm/s)`,
    evidence: () => ({ edition, zone, group, support }),
  };
}

function zoneOf(value: number, boundaries: Boundaries, relief: (boundary: number) => number) {
  const passed = boundaries.filter((boundary) => value > boundary - relief(boundary)).length;
  return String.fromCharCode('A'.charCodeAt(0) + passed);
}
