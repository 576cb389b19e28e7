/** The texts of one LowCardinality column of one block, in the order in which they first came. */
export interface Dictionary {
  readonly keys: readonly string[];
  indexOf(text: string): number;
  clear(): void;
}

/** Makes a dictionary; `first` are the keys that it has from the start, and after every `clear`. */
export function createDictionary(first: readonly string[] = []): Dictionary {
  let keys: string[] = [];
  const indexes = new Map<string, number>();

  function indexOf(text: string): number {
    const known = indexes.get(text);
    if (known !== undefined) return known;
    const index = keys.length;
    keys.push(text);
    indexes.set(text, index);
    return index;
  }

  function clear(): void {
    // A new array: the block that was just made may still hold the old one.
    keys = [];
    indexes.clear();
    for (const text of first) indexOf(text);
  }

  clear();
  return {
    get keys() {
      return keys;
    },
    indexOf,
    clear,
  };
}
