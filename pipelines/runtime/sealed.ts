import { createHash } from 'node:crypto';
import { Packr } from 'msgpackr';

const packr = new Packr({ useRecords: false, mapsAsObjects: true });
const DIGEST = 32;

/** Content as bytes with their sha256 behind them. The same content gives the same bytes. */
export function seal(content: unknown): {
  readonly bytes: Uint8Array;
  readonly digest: Uint8Array;
} {
  const bytes = Uint8Array.prototype.slice.call(packr.pack(content));
  return { bytes, digest: createHash('sha256').update(bytes).digest() };
}

/** The digest that a sealed file claims to have. */
export function digestOf(sealed: Uint8Array): Uint8Array {
  return sealed.subarray(Math.max(0, sealed.length - DIGEST));
}

/** Whether the file is as it was written: not torn, not changed. */
export function isWhole(sealed: Uint8Array): boolean {
  if (sealed.length <= DIGEST) return false;
  const bytes = sealed.subarray(0, sealed.length - DIGEST);
  return createHash('sha256').update(bytes).digest().equals(digestOf(sealed));
}

/** The content, or undefined when the file is not whole. */
export function unseal(sealed: Uint8Array): unknown {
  return isWhole(sealed) ? packr.unpack(sealed.subarray(0, sealed.length - DIGEST)) : undefined;
}
