/** Files that carry their own sha256, so that a torn or changed one is recognised: binary, and JSON. */

import { createHash } from 'node:crypto';
import { Packr } from 'msgpackr';
import { z } from 'zod';

const packr = new Packr({ useRecords: false, mapsAsObjects: true });
const DIGEST_BYTES = 32;
const LENGTH = 4;

/** What a sealed file holds: something small, and bytes that are written and read without being copied. */
export type Content = { readonly head: unknown; readonly blobs: readonly Uint8Array[] };

type Sealed = {
  /** What to write, one after the other; the digest is the last. */
  readonly parts: readonly Uint8Array[];
  readonly digest: Uint8Array;
  /** Of all parts. */
  readonly bytes: number;
};

/**
 * Content with the sha256 of all its bytes behind it. The same content gives the same bytes: the length of the packed
 * head (32 bits, little endian), the head with the lengths of the blobs, the blobs.
 */
export function seal({ head, blobs }: Content): Sealed {
  const lengths = blobs.map(({ length }) => length);
  const packed = packr.pack({ head, lengths });
  const prefix = Buffer.alloc(LENGTH);
  prefix.writeUInt32LE(packed.length);
  const body = [prefix, packed, ...blobs];
  const hash = createHash('sha256');
  for (const part of body) hash.update(part);
  const digest = hash.digest();
  const bytes = body.reduce((sum, { length }) => sum + length, DIGEST_BYTES);
  return { parts: [...body, digest], digest, bytes };
}

/** The digest that a sealed file claims to have. */
export function digestOf(sealed: Uint8Array): Uint8Array {
  return sealed.subarray(Math.max(0, sealed.length - DIGEST_BYTES));
}

/** Whether the file is as it was written: not torn, not changed. */
export function isWhole(sealed: Uint8Array): boolean {
  if (sealed.length <= DIGEST_BYTES + LENGTH) return false;
  const bytes = sealed.subarray(0, sealed.length - DIGEST_BYTES);
  return createHash('sha256').update(bytes).digest().equals(digestOf(sealed));
}

/** The content, its blobs as views of the file; undefined when the file is not whole. */
export function unseal(sealed: Uint8Array): Content | undefined {
  if (!isWhole(sealed)) return undefined;
  const view = new DataView(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  let at = LENGTH + view.getUint32(0, true);
  // Sealed by `seal`: the digest vouches for the shape.
  const { head, lengths } = packr.unpack(sealed.subarray(LENGTH, at)) as {
    head: unknown;
    lengths: readonly number[];
  };
  const blobs = lengths.map((length) => {
    at += length;
    return sealed.subarray(at - length, at);
  });
  return { head, blobs };
}

const DIGEST_FIELD = 'sha256';
const digestSchema = z.looseObject({ [DIGEST_FIELD]: z.string() });

/** An object as JSON that says its own sha256: a digit that was changed on disk is still a number. */
export function sealJson(value: Readonly<Record<string, unknown>>): Buffer {
  const text = JSON.stringify(value);
  return Buffer.from(JSON.stringify({ ...value, [DIGEST_FIELD]: hexDigestOf(text) }));
}

/** What was written, digest and all; undefined when the bytes are torn or changed. */
export function unsealJson(bytes: Uint8Array): unknown {
  try {
    const value = digestSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
    const { [DIGEST_FIELD]: digest, ...rest } = value;
    return digest === hexDigestOf(JSON.stringify(rest)) ? rest : undefined;
  } catch {
    return undefined;
  }
}

function hexDigestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
