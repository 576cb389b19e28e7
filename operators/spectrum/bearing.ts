/** Geometry of a rolling bearing: diameters in one unit of length, the contact angle in degrees. */
export type BearingGeometry = {
  readonly balls: number;
  readonly ball_diameter: number;
  readonly pitch_diameter: number;
  readonly contact_angle: number;
  /** Share by which its true multiples may differ from these, beside slip: makers differ inside. Without it 0. */
  readonly tolerance?: number;
};

/** Multiples of the shaft speed at which a defect of each part is over-rolled, outer ring at rest. */
export type BearingOrders = {
  readonly outer_race: number;
  readonly inner_race: number;
  readonly rolling_element: number;
  readonly cage: number;
};

export const BEARING_PARTS = ['outer_race', 'inner_race', 'rolling_element', 'cage'] as const;
export type BearingPart = (typeof BEARING_PARTS)[number];

/**
 * Defect frequencies over shaft speed, for n balls of diameter d on a pitch circle D at contact angle a, without slip
 * (Randall & Antoni, Rolling element bearing diagnostics, MSSP 25 (2011) 485, equations 1 to 4). With q = d/D · cos a:
 *
 *     outer race BPFO = n/2 (1 − q)      inner race BPFI = n/2 (1 + q)
 *     cage FTF = ½ (1 − q)               rolling element 2·BSF = D/d (1 − q²)
 *
 * The rolling element is taken twice per spin, because its defect strikes both races.
 */
export function bearingOrders(bearing: BearingGeometry): BearingOrders {
  const { balls, ball_diameter: ball, pitch_diameter: pitch, contact_angle: angle } = bearing;
  const ratio = (ball / pitch) * Math.cos((angle * Math.PI) / 180);
  return {
    outer_race: (balls / 2) * (1 - ratio),
    inner_race: (balls / 2) * (1 + ratio),
    rolling_element: (pitch / ball) * (1 - ratio * ratio),
    cage: (1 - ratio) / 2,
  };
}

export type KnownBearing = BearingGeometry & {
  readonly name: string;
  /** `published` with the bearing's data or records; `typical`: by the rules of design, and makers differ. */
  readonly kind: 'published' | 'typical';
  readonly source: string;
};

/**
 * Deep groove ball bearings as most makers build them: number and diameter of the balls, bore and outer diameter of ISO 15.
 * The pitch is the mean of the two, the balls are of standard sizes (ISO 3290). Where the static load rating that ISO 76
 * gives for them (C₀ = f₀ · n · d²) is that of makers' catalogues to a few percent, number and size cannot be others. Timken
 * publishes multiples of 27 of them (Ball Bearing Housed Units, table A-9: 9104 to 9106, 202 to 214, 303 to 318; its row 305
 * contradicts itself), SKF of 6319: they agree to 2.6 %. Two rows of one name: makers differ in the number of balls.
 */
const DEEP_GROOVE: readonly (readonly [
  name: string,
  n: number,
  d: number,
  bore: number,
  outer: number,
])[] = [
  ...([
    ['6000', 7, 4.762, 10, 26],
    ['6001', 8, 4.762, 12, 28],
    ['6002', 9, 4.762, 15, 32],
    ['6003', 10, 4.762, 17, 35],
    ['6004', 9, 6.35, 20, 42],
    ['6005', 10, 6.35, 25, 47],
    ['6005', 9, 7.144, 25, 47],
    ['6006', 11, 7.144, 30, 55],
    ['6007', 11, 7.938, 35, 62],
    ['6008', 12, 7.938, 40, 68],
    ['6009', 12, 8.731, 45, 75],
    ['6009', 13, 8.731, 45, 75],
    ['6010', 13, 8.731, 50, 80],
    ['6010', 14, 8.731, 50, 80],
    ['6011', 13, 10.319, 55, 90],
    ['6012', 14, 10.319, 60, 95],
    ['6013', 15, 10.319, 65, 100],
    ['6014', 14, 11.906, 70, 110],
    ['6015', 15, 11.906, 75, 115],
    ['6016', 14, 13.494, 80, 125],
  ] as const),
  ...([
    ['6200', 8, 4.762, 10, 30],
    ['6201', 7, 5.953, 12, 32],
    ['6202', 8, 5.953, 15, 35],
    ['6204', 8, 7.938, 20, 47],
    ['6206', 9, 9.525, 30, 62],
    ['6207', 9, 11.112, 35, 72],
    ['6208', 9, 11.906, 40, 80],
    ['6209', 9, 12.7, 45, 85],
    ['6209', 10, 12.303, 45, 85],
    ['6210', 10, 12.7, 50, 90],
    ['6211', 10, 14.288, 55, 100],
    ['6212', 10, 15.875, 60, 110],
    ['6213', 10, 16.669, 65, 120],
    ['6214', 10, 17.462, 70, 125],
    ['6215', 11, 17.462, 75, 130],
    ['6216', 10, 19.05, 80, 140],
    ['6217', 10, 20.638, 85, 150],
    ['6218', 10, 22.225, 90, 160],
    ['6219', 10, 23.812, 95, 170],
    ['6220', 10, 25.4, 100, 180],
  ] as const),
  ...([
    ['6300', 7, 6.35, 10, 35],
    ['6301', 6, 7.938, 12, 37],
    ['6302', 7, 7.938, 15, 42],
    ['6303', 7, 8.731, 17, 47],
    ['6304', 7, 9.525, 20, 52],
    ['6305', 7, 11.509, 25, 62],
    ['6306', 8, 12.303, 30, 72],
    ['6306', 7, 13.494, 30, 72],
    ['6307', 8, 13.494, 35, 80],
    ['6308', 8, 15.081, 40, 90],
    ['6309', 8, 17.462, 45, 100],
    ['6310', 8, 19.05, 50, 110],
    ['6311', 8, 20.638, 55, 120],
    ['6312', 8, 22.225, 60, 130],
    ['6313', 8, 23.812, 65, 140],
    ['6314', 8, 25.4, 70, 150],
    ['6315', 8, 26.988, 75, 160],
    ['6316', 8, 28.575, 80, 170],
    ['6317', 8, 30.162, 85, 180],
    ['6318', 8, 31.75, 90, 190],
    ['6319', 8, 33.338, 95, 200],
    ['6320', 8, 36.512, 100, 215],
  ] as const),
];
const DEEP_GROOVE_SOURCE =
  'standard balls on the mean of bore and outer diameter; checked by the static load rating (ISO 76) of makers';
/** Timken's multiples of 27 sizes differ from these by up to 2.5 %, NTN's of 6201 by 2.6 %. */
const MAKERS_DIFFER = 0.026;

type PublishedRow = readonly [string, number, number, number, number, source: string];

/** Ball bearings and roller bearings of test rigs whose data are published, in mm and degrees. */
const PUBLISHED: readonly PublishedRow[] = [
  [
    '1205',
    12,
    7.12,
    38.09,
    10.2,
    'SKF 1205 ETN9: University of Ferrara, Arpa et al. 2024, table 2',
  ],
  [
    '22205',
    15,
    6.907,
    38.5,
    12.25,
    'FAG 22205-E1-K, from the multiples of Schaeffler: Sensors 20 (2020) 3493, table 1',
  ],
  ['30204', 15, 6.2, 35.8, 12.6, 'University of Seoul, data of compound faults, table 2'],
  ['61806', 19, 3.18, 35.5, 0, 'Paderborn University, run-to-failure tests, table 1'],
  ['6203', 8, 6.746, 28.499, 0, 'Bearing Data Center, Case Western Reserve University'],
  ['6205', 9, 7.94, 39.04, 0, 'Bearing Data Center, Case Western Reserve University'],
  ['6804', 13, 3.5, 25.6, 0, 'PRONOSTIA, FEMTO-ST, IEEE PHM 2012'],
  ['ER-10K', 8, 7.938, 33.503, 0, 'MB ER-10K: PHM Society, data challenge 2009'],
  ['ER-12K', 8, 7.938, 33.38, 0, 'from the multiples of MB: Tecnalia, machinery fault simulator'],
  ['ER-16K', 9, 7.94, 38.52, 0, 'MB ER-16K: University of Ottawa, Huang and Baddour 2018'],
  ['NICE', 8, 5.969, 31.623, 0, 'MFPT Society, bearing fault data'],
  ['NU204', 11, 7.5, 34, 0, 'University of Seoul, data of compound faults, table 2 (N204, NJ204)'],
  [
    'NU205',
    13,
    7.5,
    39,
    0,
    'FAG NU2205-E: Lenze, motor bearings; raceways of 31.5 and 46.5 mm as in all NU 205 E',
  ],
  [
    'NU206',
    13,
    9,
    46.5,
    0,
    'NU206-E-XL-TVP2, with the multiples of Schaeffler: Saarland University, Schnur et al. 2025',
  ],
  ['NU2205', 13, 7.5, 39, 0, 'FAG NU2205-E-XL-TVP2: Lenze, motor bearings'],
  [
    'QJ212',
    15,
    15.87,
    85.15,
    35,
    'FAG QJ212TVP: German Aerospace Center, Ismail et al. 2023, table 1',
  ],
  ['UER204', 8, 7.92, 34.55, 0, 'LDK UER204: XJTU-SY bearing data sets'],
  ['ZA-2115', 16, 8.407, 71.501, 15.17, 'Rexnord ZA-2115: IMS, Qiu et al. 2006'],
];

export const BEARINGS: readonly KnownBearing[] = [
  ...PUBLISHED.map(([name, balls, ball_diameter, pitch_diameter, contact_angle, source]) => {
    return {
      name,
      balls,
      ball_diameter,
      pitch_diameter,
      contact_angle,
      kind: 'published' as const,
      source,
    };
  }),
  ...DEEP_GROOVE.map(([name, balls, ball_diameter, bore, outer]) => {
    const pitch = { pitch_diameter: (bore + outer) / 2, contact_angle: 0 };
    const origin = {
      kind: 'typical' as const,
      source: DEEP_GROOVE_SOURCE,
      tolerance: MAKERS_DIFFER,
    };
    return { name, balls, ball_diameter, ...pitch, ...origin };
  }),
].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));

/**
 * The bearings of a designation, several where makers differ in the number of rolling elements. Maker, seals, clearance, cage
 * and how it is spelled make no difference: `SKF 6205-2RS JEM`, `6205DDU` and `62052RS` are a 6205, `NJ 205 ECP` an NU205,
 * and `UCP 205`, a housing with an insert, has the balls of a 6205.
 */
export function bearingsNamed(designation: string): readonly KnownBearing[] {
  const plain = designation
    .toUpperCase()
    .replaceAll(/[\s_./-]+/g, ' ')
    .trim();
  const insert = /(?:^|[^A-Z])UC[A-Z]{0,3} ?2(\d\d)(?!\d)/.exec(plain)?.[1];
  const wanted = insert === undefined ? plain : `62${insert}`;
  return BEARINGS.filter(({ name }) => patternOf(name).test(wanted));
}

function patternOf(name: string): RegExp {
  const cylindrical = /^NU(\d+)$/.exec(name)?.[1];
  if (cylindrical !== undefined) return new RegExp(`(^|[^A-Z])N(U|J|UP|F)? ?${cylindrical}(?!\\d)`);
  const spelled = name.replaceAll(/-|(?<=[A-Z])(?=\d)/g, ' ?');
  // Seals may follow without a sign between: 62052RS.
  if (/^\d+$/.test(name))
    return new RegExp(`(^|\\D)${name}(?!\\d)|(^|\\D)${name}(?=2(RS|Z|LS|NSE))`);
  return new RegExp(`(^|[^A-Z])${spelled}(?!\\d)`);
}

/** The first of the bearings of a designation. */
export function bearingNamed(designation: string): KnownBearing | undefined {
  return bearingsNamed(designation)[0];
}
