/** What vibration is measured as. Factors lead to g, mm/s and mm. */
export type VibrationUnit = {
  readonly quantity: 'acceleration' | 'velocity' | 'displacement';
  readonly factor: number;
};

/** Standard gravity is exactly 9.80665 m/s² (3rd CGPM, 1901), so 1 g = 9806.65 mm/s². */
export const GRAVITY = 9_806.65;

const UNITS: Readonly<Record<string, VibrationUnit>> = {
  g: { quantity: 'acceleration', factor: 1 },
  mg: { quantity: 'acceleration', factor: 0.001 },
  'm/s2': { quantity: 'acceleration', factor: 1_000 / GRAVITY },
  'm/s^2': { quantity: 'acceleration', factor: 1_000 / GRAVITY },
  'm/s²': { quantity: 'acceleration', factor: 1_000 / GRAVITY },
  'mm/s2': { quantity: 'acceleration', factor: 1 / GRAVITY },
  'mm/s^2': { quantity: 'acceleration', factor: 1 / GRAVITY },
  'mm/s²': { quantity: 'acceleration', factor: 1 / GRAVITY },
  'mm/s': { quantity: 'velocity', factor: 1 },
  'm/s': { quantity: 'velocity', factor: 1_000 },
  'in/s': { quantity: 'velocity', factor: 25.4 },
  um: { quantity: 'displacement', factor: 0.001 },
  µm: { quantity: 'displacement', factor: 0.001 },
  mm: { quantity: 'displacement', factor: 1 },
};

/** What a unit's name means; undefined when it is none of a vibration. */
export function vibrationUnit(name: string): VibrationUnit | undefined {
  return Object.hasOwn(UNITS, name) ? UNITS[name] : undefined;
}

export const VIBRATION_UNITS = Object.keys(UNITS).join(', ');
