/** Texts that come again and again as bytes: decoded once for as long as no other takes their place, and one string. */
export interface TextCache {
  textOf(bytes: Uint8Array, from: number, to: number): string;
}

type Entry = { readonly bytes: Uint8Array; readonly text: string };

/**
 * Places of the cache, a power of two. Each text has one, by its hash, and takes it from whatever stands there: memory
 * stays bounded whatever comes. Above some thousand texts more and more share a place and are decoded each time.
 */
const PLACES = 8_192;
/** Longer texts are decoded each time. */
const LONGEST = 256;

/** `made`: what is made of a text when it is decoded. */
export function createTextCache(made: (text: string) => string = (text) => text): TextCache {
  const entries: (Entry | undefined)[] = new Array(PLACES).fill(undefined);
  return {
    textOf(bytes, from, to) {
      if (to - from > LONGEST) return made(decodeSlice(bytes, from, to));
      let hash = 0;
      for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
      const place = (hash ^ (hash >>> 15)) & (PLACES - 1);
      const known = entries[place];
      if (known !== undefined && isSame(known.bytes, bytes, from, to)) return known.text;
      const text = made(decodeSlice(bytes, from, to));
      // A copy: the bytes belong to a whole packet.
      entries[place] = { bytes: new Uint8Array(bytes.subarray(from, to)), text };
      return text;
    },
  };
}

function isSame(known: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (known.length !== to - from) return false;
  for (let at = 0; at < known.length; at += 1) if (known[at] !== bytes[from + at]) return false;
  return true;
}

/** As the client does it: what is no UTF-8 becomes U+FFFD. */
export function decodeSlice(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString();
}
