import type { DetectorRule } from '../model/detector-rule.ts';
import { zoned } from './iso-boundaries.ts';
import { type Baselines, learnt, type Milestone, type Mode, modeName } from './modes.ts';
import { robust } from './robust.ts';
import { deadbandOf, type Hearing, short, type Verdict } from './verdict.ts';

type ChangeRule = Extract<DetectorRule, { kind: 'iso20816-change' }>;

/** With fewer there is no saying what is usual. */
const LEAST = 5;

/**
 * Criterion II of ISO 20816-3: a change of the velocity by more than 25 % (`share`) of the B/C boundary from its
 * reference is significant, up or down, even inside zone B. The reference is the median of the mode's first `learn`
 * samples; it is used as soon as there are five, so that there is cover from the first day. A sample that changed too much
 * is not learnt. Levels: `up`, `down`.
 */
export function iso20816Change(
  memory: Baselines,
  rule: ChangeRule,
  hearing: Hearing,
  show: (milestone: Milestone) => void,
): Verdict | undefined {
  const found = zoned(rule, hearing);
  if (found === undefined) return undefined;
  const { group, support, boundaries, velocity: value } = found;
  const [, boundary] = boundaries;
  const most = rule.share * boundary;
  const name = modeName(rule, hearing);
  const mode = Object.hasOwn(memory.modes, name) ? memory.modes[name] : undefined;
  const reference = mode === undefined ? undefined : referenceOf(mode);
  const isBreach = reference !== undefined && Math.abs(value - reference) > most;
  if (mode?.status !== 'ready' && !isBreach) learnt(memory, rule, { ...hearing, value }, show);
  if (mode === undefined || reference === undefined) return undefined;
  const change = value - reference;
  const side = change < 0 ? 'down' : 'up';
  const limit = reference + (change < 0 ? -most : most);
  return {
    level: isBreach ? side : '',
    calm: Math.abs(change) > most - deadbandOf(rule, most) ? side : '',
    value,
    unit: 'mm/s',
    limit,
    score: Math.abs(change) / most,
    text: () =>
      `${short(Math.abs(change))} mm/s ${change < 0 ? 'below' : 'above'} its reference of ${short(reference)} mm/s (criterion II: ${short(most)} mm/s, ${short(100 * rule.share)} % of the B/C boundary ${boundary} mm/s of group ${group} ${support})`,
    evidence: () => ({
      edition: rule.edition,
      group,
      support,
      reference,
      change,
      samples: mode.count,
      mode: name,
    }),
  };
}

/** While it learns, the median of what there is; undefined for too little. */
function referenceOf({ samples, kept, median }: Mode): number | undefined {
  if (samples === null) return median;
  return kept < LEAST ? undefined : robust(samples.slice(0, kept)).median;
}
