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
