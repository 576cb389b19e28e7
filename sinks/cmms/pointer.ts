/** Reads a JSON pointer (RFC 6901) of a parsed JSON value; undefined where nothing is. The empty pointer is the whole. */
export function at(value: unknown, pointer: string): unknown {
  if (pointer === '') return value;
  let found = value;
  for (const token of pointer.slice(1).split('/')) {
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) {
      return undefined;
    }
    found = Reflect.get(found, name);
  }
  return found;
}

/** The text of a string or number that a pointer leads to; undefined for anything else. */
export function textAt(value: unknown, pointer: string): string | undefined {
  const found = at(value, pointer);
  if (typeof found === 'string') return found === '' ? undefined : found;
  return typeof found === 'number' ? String(found) : undefined;
}
