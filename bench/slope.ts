/** The slope of a line through these points by least squares, in y per x; 0 where there are fewer than two. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const [x, y] = [meanOf(points.map(([each]) => each)), meanOf(points.map(([, each]) => each))];
  let over = 0;
  let under = 0;
  for (const [px, py] of points) {
    over += (px - x) * (py - y);
    under += (px - x) ** 2;
  }
  return under === 0 ? 0 : over / under;
}

/** A slope, and how much of it may be chance: its standard error. */
export type Slope = { readonly slope: number; readonly error: number };

/**
 * The slope of samples that saw up and down (garbage waits to be collected), by least squares over the means of stretches
 * of `width` of x: neighbouring samples say the same, so they may not count as many. The error is that of a regression,
 * s / sqrt(Sxx) with n - 2 degrees of freedom; NaN below three stretches.
 */
export function steadySlope(
  points: readonly (readonly [x: number, y: number])[],
  width: number,
): Slope {
  const stretches = new Map<number, (readonly [number, number])[]>();
  for (const point of points) {
    const stretch = Math.floor(point[0] / width);
    const known = stretches.get(stretch);
    if (known === undefined) stretches.set(stretch, [point]);
    else known.push(point);
  }
  const means = [...stretches.values()].map((own) => {
    return [meanOf(own.map(([x]) => x)), meanOf(own.map(([, y]) => y))] as const;
  });
  const slope = slopeOf(means);
  const [x, y] = [meanOf(means.map(([own]) => own)), meanOf(means.map(([, own]) => own))];
  const left = means.reduce((sum, [px, py]) => sum + (py - y - slope * (px - x)) ** 2, 0);
  const spread = means.reduce((sum, [px]) => sum + (px - x) ** 2, 0);
  const freedom = means.length - 2;
  return { slope, error: freedom < 1 ? Number.NaN : Math.sqrt(left / freedom / spread) };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
