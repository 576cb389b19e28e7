import { hash } from 'node:crypto';

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
