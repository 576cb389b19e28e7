/** The name that somebody may have meant: the one that takes the fewest changes, if that is less than half of it. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((each) => ({ each, distance: distance(name, each) }))
    .sort((a, b) => a.distance - b.distance);
  const [first] = ranked;
  if (first !== undefined && first.distance <= Math.max(1, Math.floor(name.length / 3)))
    return first.each;
  return name.length < 3 ? undefined : names.find((each) => each.includes(name));
}

/** Levenshtein's: single letters that are inserted, left out or exchanged. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
