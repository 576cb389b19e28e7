/** Who is signed in. */

import { signal } from '@preact/signals';
import type { Operations } from '../api/operations.ts';

export type Me = Operations['getMe']['answer'];

/** Undefined: not known yet; null: nobody. */
export const me = signal<Me | null | undefined>(undefined);
/** What acts have to show. */
export const csrf = signal<string | null>(null);

export function signedIn(now: Me | null): void {
  me.value = now;
  csrf.value = now?.csrf ?? null;
}

/** Whether somebody may do an act at a line: else there is no button for it. */
export function may(act: string, plant: string, line: string): boolean {
  const right = me.value?.rights.find((each) => each.act === act);
  if (right === undefined) return false;
  return (
    right.everywhere || right.plants.includes(plant) || right.lines.includes(`${plant}/${line}`)
  );
}

/** Whether somebody may do an act anywhere at all: for what belongs to no line. */
export function mayAnywhere(act: string): boolean {
  return me.value?.rights.some((each) => each.act === act) ?? false;
}
