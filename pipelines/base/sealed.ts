/** Files that say what they are (magic and version) and carry their own sha256: binary, and JSON. */

import { createHash } from 'node:crypto';
import { Packr } from 'msgpackr';
import { z } from 'zod';
import { EXIT, Problem } from './problem.ts';

/** What a file is. Its version changes when files of before cannot be read as they were any more. */
export type Format = { readonly name: string; readonly magic: string; readonly version: number };

/** All that a worker leaves in its directory. A magic is never used for anything else again. */
export const FORMATS = {
  epoch: { name: 'epoch', magic: 'ANDONE', version: 1 },
  checkpoint: { name: 'checkpoint', magic: 'ANDONC', version: 2 },
  cursor: { name: 'cursor', magic: 'andon-cursor', version: 1 },
  batches: { name: 'list of batches', magic: 'andon-batches', version: 1 },
  skipped: { name: 'list of skipped messages', magic: 'andon-skipped', version: 1 },
} as const satisfies Record<string, Format>;

const packr = new Packr({ useRecords: false, mapsAsObjects: true });
const DIGEST_BYTES = 32;
const LENGTH = 4;
/** Magic, and the version in 16 bits. */
const HEAD = 8;

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
 * Content with the sha256 of all its bytes behind it. The same content gives the same bytes: magic, version (16 bits,
 * little endian, as all numbers), the length of the packed head (32 bits), the head with the lengths of the blobs, the
 * blobs. Magic and version at the beginning and the sha256 at the end stay in all versions, so that a file of another
 * release is never taken for a damaged one.
 */
export function seal({ magic, version }: Format, { head, blobs }: Content): Sealed {
  const lengths = blobs.map(({ length }) => length);
  const packed = packr.pack({ head, lengths });
  const prefix = Buffer.alloc(HEAD + LENGTH);
  prefix.write(magic, 'latin1');
  prefix.writeUInt16LE(version, magic.length);
  prefix.writeUInt32LE(packed.length, HEAD);
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

/**
 * Whether the file is as it was written: not torn, not changed. `where`: its path, for people.
 *
 * @throws Problem when it is, and is of another release
 */
export function isWhole(format: Format, sealed: Uint8Array, where: string): boolean {
  if (sealed.length <= HEAD + LENGTH + DIGEST_BYTES) return false;
  const bytes = sealed.subarray(0, sealed.length - DIGEST_BYTES);
  if (!createHash('sha256').update(bytes).digest().equals(digestOf(sealed))) return false;
  const head = Buffer.from(sealed.buffer, sealed.byteOffset, HEAD);
  const known = head.toString('latin1', 0, format.magic.length) === format.magic;
  checkVersion(format, known ? head.readUInt16LE(format.magic.length) : undefined, where);
  return true;
}

/**
 * The content, its blobs as views of the file; undefined when the file is not whole.
 *
 * @throws Problem when it is of another release
 */
export function unseal(format: Format, sealed: Uint8Array, where: string): Content | undefined {
  if (!isWhole(format, sealed, where)) return undefined;
  const view = new DataView(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  const begin = HEAD + LENGTH;
  let at = begin + view.getUint32(HEAD, true);
  // Sealed by `seal`: the digest vouches for the shape.
  const { head, lengths } = packr.unpack(sealed.subarray(begin, at)) as {
    head: unknown;
    lengths: readonly number[];
  };
  const blobs = lengths.map((length) => {
    at += length;
    return sealed.subarray(at - length, at);
  });
  return { head, blobs };
}

const sealSchema = z.looseObject({
  format: z.string().optional(),
  version: z.number().int().optional(),
  sha256: z.string(),
});

/** An object as JSON that says what it is, and its own sha256: a digit that was changed on disk is still a number. */
export function sealJson(
  { magic, version }: Format,
  value: Readonly<Record<string, unknown>>,
): Buffer {
  const content = { format: magic, version, ...value };
  const sha256 = hexDigestOf(JSON.stringify(content));
  return Buffer.from(JSON.stringify({ ...content, sha256 }));
}

/**
 * What was written, magic and all; undefined when the bytes are torn or changed.
 *
 * @throws Problem when it is of another release
 */
export function unsealJson(format: Format, bytes: Uint8Array, where: string): unknown {
  const sealed = sealSchema.safeParse(parsedJson(bytes));
  if (!sealed.success) return undefined;
  const { sha256, ...content } = sealed.data;
  if (sha256 !== hexDigestOf(JSON.stringify(content))) return undefined;
  checkVersion(format, content.format === format.magic ? content.version : undefined, where);
  return content;
}

function parsedJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}

function hexDigestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** `found`: undefined in a file that does not say what it is, as those of 0.1.0. */
function checkVersion({ name, version }: Format, found: number | undefined, where: string): void {
  if (found === version) return;
  const newer = found !== undefined && found > version;
  throw new Problem({
    where,
    expected: `a file of the format ${name} ${version}`,
    found:
      found === undefined
        ? 'one that does not say what it is, as 0.1.0 wrote them'
        : `version ${found}, of ${newer ? 'a newer' : 'an older'} release`,
    remedy: newer
      ? 'Go on with the release that wrote it, or restore the directory as it was before the upgrade.'
      : 'Drain the release that wrote it, and begin a new run: another `run` and another `directory`.',
    exit: EXIT.outside,
  });
}
