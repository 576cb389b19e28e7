// Who may ask the embedded warehouse: a password for each role, made at the first start, in files of whoever runs it.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Who asks: the owner may everything, an analyst may read. So may the console, which no analyst can keep waiting. */
export type Role = 'owner' | ReaderRole;
export type ReaderRole = 'analyst' | 'console';
export type Passwords = Readonly<Record<Role, string>>;

const FILES: Readonly<Record<Role, string>> = {
  owner: 'secret',
  analyst: 'reader-secret',
  console: 'console-secret',
};
const USERS: Readonly<Record<Role, ReadonlySet<string>>> = {
  owner: new Set(['default']),
  // A client that says no user is `default`.
  analyst: new Set(['default', 'analyst', 'readonly']),
  console: new Set(['console']),
};

/** The passwords of a warehouse, made where there are none yet. Only the user who runs it can read the files. */
export function makePasswords(directory: string): Passwords {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const made = (role: Role) => madePassword(directory, role);
  return { owner: made('owner'), analyst: made('analyst'), console: made('console') };
}

function madePassword(directory: string, role: Role): string {
  const file = passwordFile(directory, role);
  try {
    writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    chmodSync(file, 0o600);
  }
  const password = readFileSync(file, 'utf8').trim();
  if (password !== '') return password;
  throw new Error(
    `${file}: expected a password, found nothing. Delete the file: a new one is made.`,
  );
}

/** Where a password stands. */
export function passwordFile(directory: string, role: Role): string {
  return join(directory, FILES[role]);
}

/**
 * As whom this process may ask: as the owner if it may read the secret, else as an analyst. Without a password if it may
 * read neither; then the warehouse refuses.
 */
export async function warehouseLogin(
  directory: string,
): Promise<{ readonly user: string; readonly password: string }> {
  const read = async (role: Role) =>
    (await readFile(passwordFile(directory, role), 'utf8').catch(() => '')).trim();
  const owner = await read('owner');
  if (owner !== '') return { user: 'default', password: owner };
  return { user: 'analyst', password: await read('analyst') };
}

/** Who that is; undefined if the password is wrong or missing, or the user is nobody. */
export function roleOf(user: string, password: string, passwords: Passwords): Role | undefined {
  const given = digest(password);
  const is = (role: Role) =>
    timingSafeEqual(given, digest(passwords[role])) && USERS[role].has(user) ? role : undefined;
  return is('owner') ?? is('analyst') ?? is('console');
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
