/** Numbers that look random and are the same for the same seed and names. */
export type Random = {
  /** In [0, 1). */
  readonly next: () => number;
  /** In [low, high). */
  readonly between: (low: number, high: number) => number;
  /** Normal, mean 0, deviation 1. */
  readonly normal: () => number;
};

/**
 * A stream of its own for each name, so that one part of the plant cannot shift what another one draws. Names are hashed
 * with FNV-1a; the generator is mulberry32 (T. Ettinger, public domain), normals are by Box and Muller.
 */
export function randomOf(seed: number, ...names: readonly (string | number)[]): Random {
  let state = hashOf(`${seed} ${names.join(' ')}`);
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: (low, high) => low + (high - low) * next(),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  };
}

function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash >>> 0;
}
