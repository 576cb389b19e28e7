import { describe, expect, test } from 'vitest';
import { assetSchema } from '../../../operators/model/plant-model.ts';
import {
  BEARINGS,
  bearingNamed,
  bearingOrders,
  bearingsNamed,
} from '../../../operators/spectrum/bearing.ts';

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

describe('the bearing of a point in plant.yaml', () => {
  const bearingOf = (bearing: object) => {
    const { points } = assetSchema.parse({ id: 'pump', points: [{ id: 'drive', bearing }] });
    return points[0]!.bearing!;
  };

  test.for([
    { bpfo: 3.585, bpfi: 5.415 },
    { bpfo: 3.585, ftf: 0.3983 },
    { bpfi: 5.415, balls: 9 },
    { bpfo: 3.585, bpfi: 5.415, bsf: 2.357 },
    { name: '6205', balls: 9, ball_diameter: 7.94, pitch_diameter: 39.04 },
  ])('%j has the defect frequencies of a 6205', (bearing) => {
    const orders = bearingOrders(bearingOf(bearing));
    expect(orders.outer_race).toBeCloseTo(3.585, 2);
    expect(orders.inner_race).toBeCloseTo(5.415, 2);
    expect(orders.cage).toBeCloseTo(0.3983, 3);
  });

  test('the spin of a rolling element counts where it is said', () => {
    // A 7205 B has a contact angle: its balls spin more slowly than those of the same races at 0°.
    const orders = bearingOrders(bearingOf({ bpfo: 3.585, bpfi: 5.415, bsf: 2.2 }));
    expect(orders.rolling_element).toBeCloseTo(4.4, 3);
  });

  test.for([
    [{ bpfo: 3.59 }, 'expected bpfi, ftf or balls beside bpfo'],
    [{ bpfo: 3.585, bpfi: 4.9 }, 'add up to the number of rolling elements'],
    [{ bpfo: 3.585, bpfi: 5.415, bsf: 4.714 }, 'a spin (BSF) of at most 2.3'],
    [{ bpfo: 3.585, bpfi: 5.415, pitch_diameter: 39 }, 'either a geometry or multiples'],
    [{ balls: 9, ball_diameter: 7.94 }, 'balls, ball_diameter and pitch_diameter, or multiples'],
  ] as const)('%j is refused', ([bearing, message]) => {
    expect(() => bearingOf(bearing)).toThrow(message);
  });
});

describe('the table of bearings', () => {
  test.for([
    ['6205-2RS', '6205'],
    ['SKF 6205-2RS JEM', '6205'],
    ['6308ZZ', '6308'],
    ['6310/C3', '6310'],
    ['za-2115', 'ZA-2115'],
    ['FAG 6205.2RSR', '6205'],
    ['NSK 6205DDU', '6205'],
    ['62052RS', '6205'],
    ['skf6205-2z/c3', '6205'],
    ['NU 206 ECP', 'NU206'],
    ['NJ206-E-XL-TVP2', 'NU206'],
    ['N 204', 'NU204'],
    ['NUP2205', 'NU2205'],
    ['UCP 206', '6206'],
    ['MB ER16K', 'ER-16K'],
    ['22205 E1 K C3', '22205'],
  ] as const)('%s is found as %s', ([designation, name]) => {
    expect(bearingNamed(designation)?.name).toBe(name);
  });

  test.for(['16205', '620', '62055', '62205', 'NU2206', 'toString', ''])(
    '%j is not in it',
    (designation) => {
      expect(bearingNamed(designation)).toBeUndefined();
    },
  );

  test('makers differ: a 6306 has 8 balls or 7', () => {
    expect(bearingsNamed('SKF 6306').map(({ balls }) => balls)).toEqual([8, 7]);
    expect(bearingsNamed('6205')).toHaveLength(1);
  });

  test('there are at least 60, roller bearings among them, and each has its source', () => {
    expect(new Set(BEARINGS.map(({ name }) => name)).size).toBeGreaterThanOrEqual(60);
    expect(
      ['NU204', 'NU205', 'NU206', 'NU2205', '22205', '30204'].flatMap(bearingsNamed),
    ).toHaveLength(6);
    for (const { source, kind, tolerance = 0 } of BEARINGS) {
      expect(source.length).toBeGreaterThan(10);
      expect(tolerance > 0).toBe(kind === 'typical');
    }
  });

  // f0 of ISO 76, table 1, at d/D of 0, 0.01 …; linear between.
  const F0 =
    '14.7 14.9 15.1 15.3 15.5 15.7 15.9 16.1 16.3 16.5 16.4 16.1 15.9 15.6 15.4 15.2 14.9 14.7 14.4 14.2 14 13.7 13.5 13.2 13 12.8 12.5 12.3 12.1 11.8 11.6 11.4 11.2 10.9 10.7 10.5 10.3'
      .split(' ')
      .map(Number);
  // Static load ratings in kN as makers list them (SKF, and NSK where two are given).
  const RATINGS: Readonly<Record<string, string>> = {
    6000: '1.96 6000 2.36 6001 2.85 6002 3.25 6003 5 6004 5.85|6.55 6005 8.3 6006 10.2 6007 11.6 6008 14.6 6009 16 6010 21.2 6011 23.2 6012 25 6013 31 6014 33.5 6015 40 6016',
    6200: '2.36 6200 3.1 6201 3.75 6202 6.55 6204 11.2 6206 15.3 6207 17.8 6208 20.4|21.6 6209 23.2 6210 29 6211 36 6212 40.5 6213 45 6214 49 6215 55 6216 64 6217 73.5 6218 81.5 6219 93 6220',
    6300: '3.4 6300 4.15 6301 5.4 6302 6.55 6303 7.8 6304 11.6 6305 16 6306 19 6307 24 6308 31.5 6309 38 6310 45 6311 52 6312 60 6313 68 6314 76.5 6315 86.5 6316 96.5 6317 108 6318 118 6319 140 6320',
  };

  test('typical ones carry what makers say that they carry', () => {
    const ratings = new Map(
      Object.values(RATINGS).flatMap((line) => {
        return [...line.matchAll(/([\d.|]+) (\d{4})/g)].map(([, loads = '', name = '']) => {
          return [name, loads.split('|').map(Number)] as const;
        });
      }),
    );
    const typical = BEARINGS.filter(({ kind }) => kind === 'typical');
    expect(typical.length).toBeGreaterThan(55);
    for (const { name, balls, ball_diameter: ball, pitch_diameter: pitch } of typical) {
      const place = (100 * ball) / pitch;
      const low = F0[Math.floor(place)]!;
      const f0 = low + (place % 1) * (F0[Math.floor(place) + 1]! - low);
      const load = (f0 * balls * ball ** 2) / 1_000;
      const off = Math.min(...ratings.get(name)!.map((each) => Math.abs(load / each - 1)));
      expect(off, `${name} with ${balls}: ${load.toFixed(2)} kN`).toBeLessThan(0.05);
    }
  });

  // Timken, Ball Bearing Housed Units, table A-9: BPFO and BPFI of 9104, 202K … as multiples of the speed.
  test.for([
    ['6004', 3.578, 5.422],
    ['6005', 3.574, 5.426],
    ['6006', 4.588, 6.412],
    ['6202', 3.125, 4.875],
    ['6204', 3.052, 4.948],
    ['6206', 3.568, 5.432],
    ['6207', 3.565, 5.435],
    ['6208', 3.547, 5.453],
    ['6209', 3.621, 5.379],
    ['6210', 4.093, 5.907],
    ['6211', 4.078, 5.922],
    ['6212', 4.066, 5.934],
    ['6213', 4.099, 5.901],
    ['6214', 4.104, 5.896],
    ['6303', 2.545, 4.455],
    ['6304', 2.574, 4.426],
    ['6306', 2.574, 4.426],
    ['6307', 3.006, 4.994],
    ['6308', 3.023, 4.977],
    ['6309', 3.037, 4.963],
    ['6310', 3.047, 4.953],
    ['6311', 3.057, 4.943],
    ['6312', 3.064, 4.936],
    ['6314', 3.076, 4.924],
    ['6315', 3.081, 4.919],
    ['6316', 3.086, 4.914],
    ['6318', 3.093, 4.907],
    // NTN, as the authors of a data set of pumps list it.
    ['6201', 2.62, 4.38],
    // Schaeffler, Schaeffler, SKF.
    ['NU206', 5.24, 7.76],
    ['22205', 6.1852, 8.8148],
    ['6319', 3.096, 4.904],
  ] as const)("a maker's multiples of a %s are within its tolerance", ([name, outer, inner]) => {
    const off = bearingsNamed(name).map((bearing) => {
      const orders = bearingOrders(bearing);
      const worst = Math.max(
        Math.abs(orders.outer_race / outer - 1),
        Math.abs(orders.inner_race / inner - 1),
      );
      return worst - (bearing.tolerance ?? 0.001);
    });
    expect(Math.min(...off)).toBeLessThan(0);
  });

  test('each has balls that fit on its pitch circle', () => {
    for (const { balls, ball_diameter, pitch_diameter } of BEARINGS) {
      expect(balls * Math.asin(ball_diameter / pitch_diameter)).toBeLessThan(Math.PI);
    }
  });
});
