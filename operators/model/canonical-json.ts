/** Text that JSON shows as it is: nothing to escape. */
const AS_IT_IS = /^[ !#-[\]-~]*$/;

/**
 * JSON with the names of every object in code point order and without blanks: the same value has the same bytes,
 * whatever way it was built. `undefined` properties are left out; numbers must be finite.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number' && Number.isFinite(value)) return `${value}`;
  if (Array.isArray(value))
    return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = value as Readonly<Record<string, unknown>>;
    let text = '';
    for (const name of inOrder(Object.keys(fields))) {
      const field = fields[name];
      if (field === undefined) continue;
      text += `${text === '' ? '' : ','}${quoted(name)}:${canonicalJson(field)}`;
    }
    return `{${text}}`;
  }
  return JSON.stringify(value);
}

/** A text as JSON. Most need no escape, and to see that is cheaper than to ask for it. */
function quoted(text: string): string {
  return AS_IT_IS.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** Most objects are small and built in order already: to see that is cheaper than to sort. */
function inOrder(names: string[]): string[] {
  for (let at = 1; at < names.length; at += 1) {
    const [before = '', name = ''] = [names[at - 1], names[at]];
    if (before > name) return names.sort();
  }
  return names;
}
