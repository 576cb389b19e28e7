/** Vibration velocity by ISO 20816-3: zones (criterion I) and change from a reference (criterion II). */

import { formatNumber } from '../model/canonical.ts';
import { ISO_BOUNDARIES, zoneOf } from '../model/detector-bounds.ts';
import type { DetectorRule } from '../model/detector-rule.ts';
import { lookup } from '../model/plain.ts';
import {
  type BaselineMode,
  type Baselines,
  learnSample,
  medianAndMad,
  modeName,
} from './baseline-modes.ts';
import { type DetectorInput, deadbandOf, type Evaluation } from './evaluation.ts';

type ZoneRule = Extract<DetectorRule, { kind: 'iso20816' }>;
type ChangeRule = Extract<DetectorRule, { kind: 'iso20816-change' }>;
const TO_MM_PER_S: Readonly<Record<string, number>> = {
  '': 1,
  'mm/s': 1,
  'm/s': 1_000,
  'in/s': 25.4,
};

/** With fewer samples there is no saying what is usual. */
const LEAST_SAMPLES = 5;

/** Which zone a velocity is in. A value on a boundary belongs to the better zone. Levels: the zones. */
export function iso20816(rule: ZoneRule, input: DetectorInput): Evaluation | undefined {
  const { edition } = rule;
  const found = velocityAndZones(rule, input);
  if (found === undefined) return undefined;
  const { group, support, boundaries, velocity: value } = found;
  const zone = zoneOf(value, boundaries, () => 0);
  const limit = boundaries[Math.max(0, zone.charCodeAt(0) - 'B'.charCodeAt(0))] ?? boundaries[0];
  return {
    level: zone,
    levelWithDeadband: zoneOf(value, boundaries, (boundary) => deadbandOf(rule, boundary)),
    value,
    unit: 'mm/s',
    limit,
    score: value / limit,
    text: () =>
      `in zone ${zone} of ${edition}, group ${group} ${support} (boundary ${formatNumber(limit)} mm/s)`,
    evidence: () => ({ edition, zone, group, support }),
  };
}

/**
 * Criterion II of ISO 20816-3: a change of the velocity by more than 25 % (`share`) of the B/C boundary from its
 * reference is significant, up or down, even inside zone B. The reference is the median of the mode's first `learn`
 * samples; it is used as soon as there are five, so that there is cover from the first day. A sample that changed too much
 * is not learnt. Levels: `up`, `down`.
 */
export function iso20816Change(
  memory: Baselines,
  rule: ChangeRule,
  input: DetectorInput,
): Evaluation | undefined {
  const found = velocityAndZones(rule, input);
  if (found === undefined) return undefined;
  const { group, support, boundaries, velocity: value } = found;
  const [, boundary] = boundaries;
  const most = rule.share * boundary;
  const name = modeName(rule, input);
  const mode = lookup(memory.modes, name);
  const reference = mode === undefined ? undefined : referenceOf(mode);
  const isBreach = reference !== undefined && Math.abs(value - reference) > most;
  if (mode?.status !== 'ready' && !isBreach) learnSample(memory, rule, { ...input, value });
  if (mode === undefined || reference === undefined) return undefined;
  const change = value - reference;
  const side = change < 0 ? 'down' : 'up';
  const limit = reference + (change < 0 ? -most : most);
  return {
    level: isBreach ? side : '',
    levelWithDeadband: Math.abs(change) > most - deadbandOf(rule, most) ? side : '',
    value,
    unit: 'mm/s',
    limit,
    score: Math.abs(change) / most,
    text: () =>
      `${formatNumber(Math.abs(change))} mm/s ${change < 0 ? 'below' : 'above'} its reference of ${formatNumber(reference)} mm/s (criterion II: ${formatNumber(most)} mm/s, ${formatNumber(100 * rule.share)} % of the B/C boundary ${boundary} mm/s of group ${group} ${support})`,
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

/** The zone boundaries of a machine, and a velocity of it in mm/s. Undefined, and refused, where there are none. */
function velocityAndZones(
  rule: ZoneRule | ChangeRule,
  { asset, sample, value, refuse }: DetectorInput,
) {
  if (asset.iso === undefined) {
    return refuse(
      `asset ${asset.id} has no iso group and support in the plant model, so it has no zones`,
    );
  }
  const { group, support } = asset.iso;
  const row = `${group}-${support}`;
  const boundaries = (rule.table ?? ISO_BOUNDARIES)[row];
  if (boundaries === undefined) return refuse(`the rule's table has no row "${row}"`);
  const factor = lookup(TO_MM_PER_S, sample.unit);
  if (factor === undefined) {
    return refuse(`zones are for velocities in mm/s, found the unit "${sample.unit}"`);
  }
  return { group, support, boundaries, velocity: value * factor };
}

/** While it learns, the median of what there is; undefined for too little. */
function referenceOf({ samples, filled, median }: BaselineMode): number | undefined {
  if (samples === null) return median;
  return filled < LEAST_SAMPLES ? undefined : medianAndMad(samples.slice(0, filled)).median;
}
