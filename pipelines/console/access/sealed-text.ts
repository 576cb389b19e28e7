/** Values that only who has a secret can read, and nobody can change (AES-256-GCM); and the secret of an installation. */

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT, Problem } from '../../base/problem.ts';

/** Bytes, as NIST SP 800-38D recommends them for GCM. */
const NONCE = 12;
const TAG = 16;
/** Bytes of the secret of an installation. */
const KEY_BYTES = 32;

/** `purpose` keeps what is sealed for one thing from being read as another. */
export function sealValue(secret: string | Buffer, purpose: string, value: unknown): string {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', keyOf(secret, purpose), nonce);
  const body = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url');
}

/** Undefined where the secret, the purpose or a single bit is another. */
export function openValue(secret: string | Buffer, purpose: string, sealed: string): unknown {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < NONCE + TAG) return undefined;
  const options = { authTagLength: TAG };
  const nonce = bytes.subarray(0, NONCE);
  const decipher = createDecipheriv('aes-256-gcm', keyOf(secret, purpose), nonce, options);
  decipher.setAuthTag(bytes.subarray(NONCE, NONCE + TAG));
  try {
    const body = Buffer.concat([decipher.update(bytes.subarray(NONCE + TAG)), decipher.final()]);
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** HKDF (RFC 5869): the secrets are random, so nothing slower is needed. */
function keyOf(secret: string | Buffer, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', `andon ${purpose}`, 32));
}

/**
 * The key of this installation: ids of people are made with it, so it is kept as long as their acts, and cookies of
 * sign-ins that are under way are sealed by it.
 *
 * @throws Problem where the file is something else
 */
export async function openIdentityKey(directory: string): Promise<Buffer> {
  const path = join(directory, 'identity.key');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const made = randomBytes(KEY_BYTES).toString('base64url');
  // Of two consoles that start at once the second one takes what the first one made.
  await writeFile(path, made, { flag: 'wx', mode: 0o600 }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  });
  const key = Buffer.from(await readFile(path, 'latin1'), 'base64url');
  if (key.length === KEY_BYTES) return key;
  throw new Problem({
    where: path,
    expected: `a key of ${KEY_BYTES} bytes`,
    found: `${key.length} bytes`,
    remedy:
      'Restore the file. Without it people get other ids: remove it only where nobody acted yet.',
    exit: EXIT.input,
  });
}
