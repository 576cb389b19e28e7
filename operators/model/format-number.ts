/** A number for a sentence: four significant digits, and no exponent unless it is huge or tiny. */
export function formatNumber(value: number): string {
  return String(Number(value.toPrecision(4)));
}
