import type { Brand } from './time.ts';

const MAX_MEMOIZED = 100_000;

/** What state is kept by: a subject for stages on source time, a path below for stages on line time. */
export type Key = Brand<string, 'Key'>;

/** `plant/line/asset`: the key of an asset, unique in the company. */
export type AssetKey = Key;

export function assetKey(plant: string, line: string, asset: string): AssetKey {
  return `${plant}/${line}/${asset}` as Key;
}

export function lineKey(plant: string, line: string): Key {
  return `${plant}/${line}` as Key;
}

/** The line that a path belongs to; a line is its own line. */
export const lineOf = memoized((key): Key => {
  const first = key.indexOf('/');
  const second = first < 0 ? -1 : key.indexOf('/', first + 1);
  return (second < 0 ? key : key.slice(0, second)) as Key;
});

export const plantOf = memoized((key): string => {
  const first = key.indexOf('/');
  return first < 0 ? key : key.slice(0, first);
});

/**
 * Asked several times for every message. A cut out piece of text is hashed anew wherever it is looked up, a memoized
 * one is not. Keys that somebody makes up cannot fill the memory.
 */
function memoized<T>(find: (key: Key) => T): (key: Key) => T {
  const known = new Map<Key, T>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    if (known.size >= MAX_MEMOIZED) known.clear();
    const made = find(key);
    known.set(key, made);
    return made;
  };
}

/** The last token of an asset's path. */
export function nameOf(key: Key): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

/** An asset's path as the columns of a row. */
export type Located = { readonly plant: string; readonly line: string; readonly asset: string };

/** `plant/line/asset` taken apart. */
export const locate = memoized((asset): Located => {
  return { plant: plantOf(asset), line: nameOf(lineOf(asset)), asset: nameOf(asset) };
});

/** Whether a name fits a pattern in which `*` stands for any characters, none included. */
export function fits(pattern: string, name: string): boolean {
  if (!pattern.includes('*')) return name === pattern;
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop();
  if (tail === undefined) return name === pattern;
  if (!name.startsWith(head)) return false;
  let at = head.length;
  for (const piece of rest) {
    const found = name.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return name.length - tail.length >= at && name.endsWith(tail);
}

/**
 * Of many lists of patterns, the positions of those that have one for a name, in their order. Names without `*` are looked
 * up: a plant can list each of its ten thousand signals, and then each of them is asked for.
 */
export function indexPatterns(
  lists: readonly (readonly string[])[],
): (name: string) => readonly number[] {
  const byName = new Map<string, number[]>();
  const open: [position: number, patterns: readonly string[]][] = [];
  lists.forEach((patterns, position) => {
    for (const name of new Set(patterns)) {
      const known = byName.get(name);
      if (known !== undefined) known.push(position);
      else byName.set(name, [position]);
    }
    const wide = patterns.filter((pattern) => pattern.includes('*'));
    if (wide.length > 0) open.push([position, wide]);
  });
  return (name) => {
    const found = new Set(byName.get(name));
    for (const [position, patterns] of open) {
      if (patterns.some((pattern) => fits(pattern, name))) found.add(position);
    }
    return [...found].sort((a, b) => a - b);
  };
}

/** Patterns that are names, and those that have a `*`. */
type Patterns = { readonly names: ReadonlySet<string>; readonly wide: readonly string[] };

const patternsOf = new WeakMap<readonly string[], Patterns>();

/** Whether a name fits any of some patterns. The list is read once. */
export function fitsAny(patterns: readonly string[], name: string): boolean {
  let known = patternsOf.get(patterns);
  if (known === undefined) {
    known = { names: new Set(patterns), wide: patterns.filter((one) => one.includes('*')) };
    patternsOf.set(patterns, known);
  }
  return known.names.has(name) || known.wide.some((pattern) => fits(pattern, name));
}
