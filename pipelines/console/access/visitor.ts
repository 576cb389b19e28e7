/** Who asks, and how far what they may do reaches. */

import { z } from 'zod';
import {
  API_ACTS,
  API_GRANTS,
  API_ROLES,
  type ApiAct,
  type ApiRole,
} from '../../base/api-roles.ts';

const roleNames = Object.keys(API_ROLES) as [ApiRole, ...ApiRole[]];

/** A role that an account has: everywhere, in one plant, or at one line of it. */
export const heldRoleSchema = z
  .object({
    role: z.enum(roleNames),
    plant: z.string().optional(),
    line: z.string().optional(),
  })
  .refine(
    ({ plant, line }) => line === undefined || plant !== undefined,
    'expected the plant of the line',
  );

export type HeldRole = z.infer<typeof heldRoleSchema>;

/** Somebody who is signed in. `id` is opaque: it is what the log has of a person. */
export type Visitor = {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly HeldRole[];
  /** A program with a key of its own; it has no session. */
  readonly isProgram: boolean;
  /** A provider vouches for them: there is no local account. */
  readonly isVouched?: boolean;
};

/** A set of lines: all, whole plants, and single lines (`plant/line`). */
export type LineReach = {
  readonly everywhere: boolean;
  readonly plants: ReadonlySet<string>;
  readonly lines: ReadonlySet<string>;
};

export const NOWHERE: LineReach = { everywhere: false, plants: new Set(), lines: new Set() };

/** Where somebody may do something. */
export function reachOf(roles: readonly HeldRole[], act: ApiAct): LineReach {
  const plants = new Set<string>();
  const lines = new Set<string>();
  let everywhere = false;
  for (const { role, plant, line } of roles) {
    const scope = API_GRANTS[role][act];
    if (scope === undefined) continue;
    if (scope === 'installation' || plant === undefined) everywhere = true;
    else if (scope === 'plant' || line === undefined) plants.add(plant);
    else lines.add(`${plant}/${line}`);
  }
  return { everywhere, plants, lines };
}

/** The roles in which somebody may do something at a line. */
export function rolesFor(
  roles: readonly HeldRole[],
  act: ApiAct,
  plant: string,
  line: string,
): readonly ApiRole[] {
  const held = roles.filter((one) => isWithinReach(reachOf([one], act), plant, line));
  return [...new Set(held.map(({ role }) => role))];
}

/** Those that the console attests with an act of theirs. A program attests for nobody. */
export function attestedRoles(
  { roles, isProgram }: Pick<Visitor, 'roles' | 'isProgram'>,
  act: ApiAct,
  plant: string,
  line: string,
): readonly ApiRole[] {
  return isProgram ? [] : rolesFor(roles, act, plant, line);
}

export function isNowhere({ everywhere, plants, lines }: LineReach): boolean {
  return !everywhere && plants.size === 0 && lines.size === 0;
}

export function isSameReach(one: LineReach, other: LineReach): boolean {
  const spelled = ({ everywhere, plants, lines }: LineReach) =>
    JSON.stringify([everywhere, [...plants].sort(), [...lines].sort()]);
  return spelled(one) === spelled(other);
}

/** Whether a line is within reach. */
export function isWithinReach(
  { everywhere, plants, lines }: LineReach,
  plant: string,
  line: string,
): boolean {
  return everywhere || plants.has(plant) || lines.has(`${plant}/${line}`);
}

/** Whether anything of a plant is within reach. */
export function reachesInto({ everywhere, plants, lines }: LineReach, plant: string): boolean {
  if (everywhere || plants.has(plant)) return true;
  return [...lines].some((line) => line.startsWith(`${plant}/`));
}

/** As parameters of a statement: see `WITHIN_REACH`. */
export function reachParameters({ everywhere, plants, lines }: LineReach) {
  return {
    reach_all: everywhere ? 1 : 0,
    reach_plants: [...plants],
    reach_lines: [...lines],
  };
}

/** The condition on `plant` and `line` that leaves what is within reach. */
export function withinReach(table = ''): string {
  const of = table === '' ? '' : `${table}.`;
  return (
    `({reach_all:UInt8} = 1 OR has({reach_plants:Array(String)}, ${of}plant) ` +
    `OR has({reach_lines:Array(String)}, concat(${of}plant, '/', ${of}line)))`
  );
}

/** What somebody may do anywhere, for a page that shows no buttons in vain. */
export function rightsOf(roles: readonly HeldRole[]): readonly {
  readonly act: ApiAct;
  readonly everywhere: boolean;
  readonly plants: readonly string[];
  readonly lines: readonly string[];
}[] {
  return (Object.keys(API_ACTS) as ApiAct[]).flatMap((act) => {
    const reach = reachOf(roles, act);
    if (isNowhere(reach)) return [];
    const { everywhere, plants, lines } = reach;
    return [{ act, everywhere, plants: [...plants], lines: [...lines] }];
  });
}
