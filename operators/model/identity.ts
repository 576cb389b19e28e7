import { hash } from 'node:crypto';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const LENGTH = 20;

/**
 * A name made from what it names: the first 100 bits of sha256 over the parts, as 20 base32 characters (RFC 4648,
 * lower case, so that it can be a subject token). The parts are framed as JSON: ['a', 'bc'] and ['ab', 'c'] differ.
 */
export function identity(parts: readonly (string | number)[]): string {
  const digest = hash('sha256', JSON.stringify(parts), 'buffer');
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of digest) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5 && text.length < LENGTH) {
      bits -= 5;
      text += ALPHABET[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
    if (text.length === LENGTH) break;
  }
  return text;
}
