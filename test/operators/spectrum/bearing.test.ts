import { describe, expect, test } from 'vitest';
import { BEARINGS, bearingNamed, bearingOrders } from '../../../operators/spectrum/bearing.ts';

describe('defect frequencies', () => {
  // Multiples of the shaft speed as the Bearing Data Center of Case Western Reserve University lists them.
  test.for([
    ['6205 drive end', 9, 0.3126, 1.537, 3.5848, 5.4152, 4.7135, 0.39828],
    ['6203 fan end', 8, 0.2656, 1.122, 3.053, 4.9469, 3.9874, 0.3817],
  ] as const)('%s', ([, balls, ball_diameter, pitch_diameter, outer, inner, element, cage]) => {
    const orders = bearingOrders({ balls, ball_diameter, pitch_diameter, contact_angle: 0 });
    expect(orders.outer_race).toBeCloseTo(outer, 2);
    expect(orders.inner_race).toBeCloseTo(inner, 2);
    expect(orders.rolling_element).toBeCloseTo(element, 2);
    expect(orders.cage).toBeCloseTo(cage, 3);
  });

  test('a ZA-2115 at 2000 rpm: 236.4 Hz, 296.9 Hz and 14.8 Hz', () => {
    // 16 rollers of 0.331 in on 2.815 in at 15.17°. By hand: q = 0.11758 · 0.96516 = 0.11349; 8 · 0.88651 · 33.333 = 236.4.
    const orders = bearingOrders(bearingNamed('Rexnord ZA-2115')!);
    const shaft = 2_000 / 60;
    expect(orders.outer_race * shaft).toBeCloseTo(236.4, 1);
    expect(orders.inner_race * shaft).toBeCloseTo(296.9, 1);
    expect(orders.cage * shaft).toBeCloseTo(14.8, 1);
  });

  test('both races together are over-rolled once a ball and turn, and the outer n times a turn of the cage', () => {
    for (const bearing of BEARINGS) {
      const orders = bearingOrders(bearing);
      expect(orders.outer_race + orders.inner_race).toBeCloseTo(bearing.balls, 9);
      expect(orders.outer_race).toBeCloseTo(bearing.balls * orders.cage, 9);
    }
  });
});

describe('the table of bearings', () => {
  test.for([
    ['6205-2RS', '6205'],
    ['SKF 6205-2RS JEM', '6205'],
    ['6308ZZ', '6308'],
    ['6310/C3', '6310'],
    ['za-2115', 'ZA-2115'],
  ] as const)('%s is found as %s', ([designation, name]) => {
    expect(bearingNamed(designation)?.name).toBe(name);
  });

  test.for(['16205', '620', '62055', 'toString', ''])('%j is not in it', (designation) => {
    expect(bearingNamed(designation)).toBeUndefined();
  });

  test('each has balls that fit on its pitch circle', () => {
    for (const { balls, ball_diameter, pitch_diameter } of BEARINGS) {
      expect(balls * Math.asin(ball_diameter / pitch_diameter)).toBeLessThan(Math.PI);
    }
  });
});
