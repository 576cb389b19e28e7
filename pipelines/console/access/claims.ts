/** What the claims of a provider mean here: who it is, and which roles they have. What is not in the table gives nothing. */

import { createHmac } from 'node:crypto';
import { parseHeldRole } from '../../base/api-roles.ts';
import type { OpenIdSettings } from '../../base/console-settings.ts';
import type { HeldRole } from './visitor.ts';

export type Claims = Readonly<Record<string, unknown>>;
type RoleTable = OpenIdSettings['roles'];

/** The names under which a claim is found: one, or several that lead into objects. */
function pathOf({ claim }: RoleTable[number]): readonly [string, ...string[]] {
  return (typeof claim === 'string' ? [claim] : claim) as [string, ...string[]];
}

/** The roles that the table gives to these claims. None: this person gets in nowhere. */
export function rolesByClaims(claims: Claims, table: RoleTable): readonly HeldRole[] {
  const given = table.filter(
    (row) =>
      isVouchedFor(claims, row) && valuesOf(valueAt(claims, pathOf(row))).includes(row.value),
  );
  return [...new Set(given.map(({ role }) => role))].flatMap((role) => parseHeldRole(role) ?? []);
}

const [EMAIL, VERIFIED] = ['email', 'email_verified'];

/** People write their address themselves at many providers: it counts once the provider has verified it. */
function isVouchedFor(claims: Claims, row: RoleTable[number]): boolean {
  return pathOf(row)[0] !== EMAIL || valueAt(claims, [VERIFIED]) === true;
}

/** The claims that the table looks at, as people write them. */
export function claimsOfTable(table: RoleTable): readonly string[] {
  return [...new Set(table.map((row) => pathOf(row).join('.')))];
}

/** Whether some claim of the table is not among these: then the provider is asked for more. */
export function lacksClaims(claims: Claims, table: RoleTable): boolean {
  return table.some((row) => {
    const [name] = pathOf(row);
    const needed = name === EMAIL ? [EMAIL, VERIFIED] : [name];
    return needed.some((each) => !Object.hasOwn(claims, each));
  });
}

/** Own fields alone: `constructor` is no claim. */
function valueAt(claims: Claims, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => {
    const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
    return isObject ? (value as Claims)[name] : undefined;
  }, claims);
}

/** Texts alone: nothing is turned into a text that might be one of the table. */
function valuesOf(value: unknown): readonly string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((each): each is string => typeof each === 'string');
}

/** The name of a person as their provider says it, without what would not be seen. */
export function nameByClaims(claims: Claims, id: string): string {
  for (const claim of ['name', 'preferred_username', 'email']) {
    const value = claims[claim];
    const name = typeof value === 'string' ? visible(value) : '';
    if (name !== '') return name;
  }
  return id;
}

/** Control and format characters (Cc, Cf: changes of direction among them) and what is left of halved ones (Cs) go. */
function visible(text: string): string {
  const shown = text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, ' ')
    .replaceAll(/ {2,}/g, ' ');
  return [...shown.trim()].slice(0, 64).join('').trim();
}

/**
 * The opaque id of whom an issuer calls `subject`: always the same. Subjects can be guessed (numbers of staff, addresses),
 * so without the key of this installation nothing leads from an id to one.
 */
export function subjectId(key: Buffer, issuer: string, subject: string): string {
  const digest = createHmac('sha256', key)
    .update(JSON.stringify([issuer, subject]))
    .digest('hex');
  // 128 bits in base 36 are at most 25 signs.
  return BigInt(`0x${digest.slice(0, 32)}`).toString(36);
}
