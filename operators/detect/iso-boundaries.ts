import type { DetectorRule } from '../model/detector-rule.ts';
import type { Hearing } from './verdict.ts';

export type Boundaries = readonly [ab: number, bc: number, cd: number];
type ZonedRule = Extract<DetectorRule, { kind: 'iso20816' | 'iso20816-change' }>;

/**
 * Zone boundaries A/B, B/C, C/D in mm/s rms, broadband 10 to 1000 Hz (2 to 1000 Hz below 600 rpm), by machine group
 * and support. Group 1: above 300 kW, or electric machines with a shaft height from 315 mm; group 2: 15 to 300 kW,
 * or 160 to 315 mm. These are the numbers of ISO 10816-3:2009; the 2022 edition of ISO 20816-3 is said to merge
 * zones A and B, which changes no boundary that raises an anomaly here. Rules may bring a table of their own.
 */
export const ISO_BOUNDARIES: Readonly<Record<string, Boundaries>> = {
  '1-rigid': [2.3, 4.5, 7.1],
  '1-flexible': [3.5, 7.1, 11],
  '2-rigid': [1.4, 2.8, 4.5],
  '2-flexible': [2.3, 4.5, 7.1],
};

const TO_MM_PER_S: Readonly<Record<string, number>> = {
  '': 1,
  'mm/s': 1,
  'm/s': 1_000,
  'in/s': 25.4,
};

/** What a velocity is judged by: its machine's boundaries, and its value in mm/s. Undefined, refused, where there are none. */
export function zoned(rule: ZonedRule, { asset, sample, value, refuse }: Hearing) {
  if (asset.iso === undefined) {
    return refuse(
      `asset ${asset.id} has no iso group and support in the plant model, so it has no zones`,
    );
  }
  const { group, support } = asset.iso;
  const row = `${group}-${support}`;
  const boundaries = (rule.table ?? ISO_BOUNDARIES)[row];
  if (boundaries === undefined) return refuse(`the rule's table has no row "${row}"`);
  const factor = TO_MM_PER_S[sample.unit];
  if (factor === undefined) {
    return refuse(`zones are for velocities in mm/s, found the unit "${sample.unit}"`);
  }
  return { group, support, boundaries, velocity: value * factor };
}
