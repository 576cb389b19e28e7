/** Geometry of a rolling bearing: diameters in one unit of length, the contact angle in degrees. */
export type BearingGeometry = {
  readonly balls: number;
  readonly ball_diameter: number;
  readonly pitch_diameter: number;
  readonly contact_angle: number;
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

type KnownBearing = BearingGeometry & {
  readonly name: string;
  /** `published` with the records of a test rig, or `typical`: makers differ inside by a percent or two. */
  readonly source: 'published' | 'typical';
};

/** Millimetres and degrees. Typical ones have the mean of bore and outer diameter as pitch, as deep groove bearings do. */
const TYPICAL: readonly (readonly [name: string, balls: number, ball: number, pitch: number])[] = [
  ['6201', 7, 5.953, 22],
  ['6202', 8, 5.953, 25],
  ['6204', 8, 7.938, 33.5],
  ['6206', 9, 9.525, 46],
  ['6207', 9, 11.112, 53.5],
  ['6208', 9, 11.906, 60],
  ['6210', 10, 12.7, 70],
  ['6211', 10, 14.288, 77.5],
  ['6212', 10, 15.875, 85],
  ['6304', 7, 9.525, 36],
  ['6305', 7, 11.509, 43.5],
  ['6306', 8, 12.303, 51],
  ['6307', 8, 13.494, 57.5],
  ['6308', 8, 15.081, 65],
  ['6309', 8, 17.462, 72.5],
  ['6310', 8, 19.05, 80],
  ['6311', 8, 20.638, 87.5],
  ['6312', 8, 22.225, 95],
  ['6314', 8, 25.4, 110],
];

/** 6203 and 6205: Case Western Reserve University; ZA-2115: NASA IMS; 6804: PRONOSTIA; UER204: XJTU-SY; NICE: MFPT. */
const PUBLISHED: readonly (readonly [string, number, number, number, number])[] = [
  ['6203', 8, 6.746, 28.499, 0],
  ['6205', 9, 7.94, 39.04, 0],
  ['6804', 13, 3.5, 25.6, 0],
  ['ZA-2115', 16, 8.407, 71.501, 15.17],
  ['UER204', 8, 7.92, 34.55, 0],
  ['NICE', 8, 5.969, 31.623, 0],
];

export const BEARINGS: readonly KnownBearing[] = [
  ...PUBLISHED.map(([name, balls, ball_diameter, pitch_diameter, contact_angle]) => {
    return {
      name,
      balls,
      ball_diameter,
      pitch_diameter,
      contact_angle,
      source: 'published' as const,
    };
  }),
  ...TYPICAL.map(([name, balls, ball_diameter, pitch_diameter]) => {
    return {
      name,
      balls,
      ball_diameter,
      pitch_diameter,
      contact_angle: 0,
      source: 'typical' as const,
    };
  }),
].sort((a, b) => (a.name < b.name ? -1 : 1));

/** The bearing of a designation; maker, seals, clearance and cage make no difference: `SKF 6205-2RS JEM` is a 6205. */
export function bearingNamed(designation: string): KnownBearing | undefined {
  const wanted = designation.toUpperCase();
  const words = wanted.split(/[^A-Z0-9]+/);
  return BEARINGS.find(({ name }) => {
    if (name.includes('-')) return wanted.includes(name);
    return words.some((word) => word.replace(/^(\d{4})[A-Z].*$/, '$1') === name);
  });
}
