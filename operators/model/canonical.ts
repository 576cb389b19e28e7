import { hash } from 'node:crypto';

// The same value has the same bytes, and the same name: canonical JSON, and ids made from content.

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
export function quoted(text: string): string {
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

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const LENGTH = 20;

/** Two characters at a time, for ten bits: twenty single ones make a text that is dear to read. */
const PAIRS = [...ALPHABET].flatMap((first) => [...ALPHABET].map((second) => first + second));

/**
 * A name made from what it names: the first 100 bits of sha256 over the parts, as 20 base32 characters (RFC 4648,
 * lower case, so that it can be a subject token). The parts are framed as JSON: ['a', 'bc'] and ['ab', 'c'] differ.
 */
export function identity(parts: readonly (string | number)[]): string {
  // As text, a byte a character: a buffer for each costs more than half as much as the hash itself.
  const digest = hash('sha256', JSON.stringify(parts), 'binary');
  let text = '';
  let bits = 0;
  let held = 0;
  for (let at = 0; text.length < LENGTH; at += 1) {
    held = (held << 8) | digest.charCodeAt(at);
    bits += 8;
    if (bits < 10) continue;
    bits -= 10;
    text += PAIRS[held >> bits];
    held &= (1 << bits) - 1;
  }
  return text;
}

/** A number for a sentence: four significant digits, and no exponent unless it is huge or tiny. */
export function formatNumber(value: number): string {
  return String(Number(value.toPrecision(4)));
}
