import { randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const NAME = 'secret';
/** A client that says no user is `default`: without a password it may read. */
const ANALYSTS: ReadonlySet<string> = new Set(['default', 'analyst', 'readonly']);

/** Who asks: the owner may everything, an analyst may read. */
export type Role = 'owner' | 'analyst';

/** The password of the owner of a warehouse, made when there is none yet. Only the user who runs it can read the file. */
export function makeSecret(directory: string): string {
  const file = join(directory, NAME);
  mkdirSync(directory, { recursive: true });
  try {
    writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    chmodSync(file, 0o600);
  }
  return readFileSync(file, 'utf8');
}

/** The password of the owner, for who may read it; empty, which is an analyst's, for who may not. */
export async function warehousePassword(directory: string): Promise<string> {
  return readFile(join(directory, NAME), 'utf8').catch(() => '');
}

/** Who that is; undefined if the password is wrong, or the user is nobody. */
export function roleOf(user: string, password: string, secret: string): Role | undefined {
  if (password === '') return ANALYSTS.has(user) ? 'analyst' : undefined;
  const given = Buffer.from(password);
  const wanted = Buffer.from(secret);
  const right = given.length === wanted.length && timingSafeEqual(given, wanted);
  return user === 'default' && right ? 'owner' : undefined;
}
