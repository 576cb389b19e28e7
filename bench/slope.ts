/** The slope of a line through these points by least squares, in y per x; 0 where there are fewer than two. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (of: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean(([each]) => each), mean(([, each]) => each)];
  let over = 0;
  let under = 0;
  for (const [px, py] of points) {
    over += (px - x) * (py - y);
    under += (px - x) ** 2;
  }
  return under === 0 ? 0 : over / under;
}
