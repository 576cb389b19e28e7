import type { DetectorRule } from '../model/detector-rule.ts';
import { deadbandOf, type Hearing, scoreOf, short, type Verdict } from './verdict.ts';

type LimitRule = Extract<DetectorRule, { kind: 'limit' }>;

/** Breached strictly beyond a limit: a value on it is allowed. Levels: `above`, `below`. */
export function limit(rule: LimitRule, { value, sample: { unit } }: Hearing): Verdict {
  const { above, below } = rule;
  const isUnder = below !== undefined && (above === undefined || below - value > value - above);
  const bound = (isUnder ? below : above) ?? 0;
  const side = isUnder ? 'below' : 'above';
  const beyond = isUnder ? bound - value : value - bound;
  return {
    level: beyond > 0 ? side : '',
    calm: beyond > -deadbandOf(rule, bound) ? side : '',
    value,
    unit,
    limit: bound,
    score: scoreOf(beyond, bound),
    text: () => `${beyond > 0 ? side : 'not beyond'} the limit of ${short(bound)} ${unit}`.trim(),
  };
}
