/**
 * Rules whose file breaks the schema in some entries, so that all that is wrong can be said in one pass: the names in
 * the other entries are checked as if the broken ones were right.
 */

import type { z } from 'zod';
import { type Rules, rulesSchema } from '../../operators/model/rules.ts';
import type { FileIssue } from '../base/zod-expectations.ts';

type Path = readonly PropertyKey[];

/** What stands for an entry that cannot be read: it keeps its id, so that others can name it, and nothing more. */
const STAND_INS = {
  windows: (id: string) => ({ id, kind: 'tumbling', size: '1m' }),
  detectors: (id: string) => ({ id, kind: 'limit', signal: '*', above: 0 }),
  patterns: (id: string) => ({ id, pattern: [{ name: 'any', where: 'true' }], on_timeout: {} }),
  triggers: (id: string) => ({ id, on: id, request: {} }),
  workflows: (id: string) => ({ id, steps: [{ id: 'any', until: 'true' }] }),
  notify: (id: string) => ({ id, role: 'any' }),
} as const;

function isList(name: PropertyKey | undefined): name is keyof typeof STAND_INS {
  return typeof name === 'string' && Object.hasOwn(STAND_INS, name);
}

export type PartialRules = {
  readonly rules: Rules;
  /** Without those about an entry that stands in for a broken one. */
  readonly without: (issues: readonly FileIssue[]) => readonly FileIssue[];
};

/** The rules without what `error` is about; undefined: it is about the file as a whole. */
export function partialRules(data: unknown, error: z.ZodError): PartialRules | undefined {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return undefined;
  const broken = new Set<string>();
  let repaired: Record<string, unknown> = { ...data };
  let rest: z.ZodError | undefined = error;
  // What stands in for an entry can make another fault visible: two entries of one id.
  for (let turn = 0; rest !== undefined && turn < 3; turn += 1) {
    for (const issue of rest.issues) repaired = repair(repaired, issue, broken);
    const parsed = rulesSchema.safeParse(repaired);
    if (parsed.success) return { rules: parsed.data, without: withoutThose(broken) };
    rest = parsed.error;
  }
  return undefined;
}

function withoutThose(broken: ReadonlySet<string>): PartialRules['without'] {
  return (issues) => issues.filter(({ path }) => !broken.has(path.slice(0, 2).join('.')));
}

function repair(
  data: Record<string, unknown>,
  issue: z.core.$ZodIssue,
  broken: Set<string>,
): Record<string, unknown> {
  const [name, at]: Path = issue.path;
  const copy = { ...data };
  if (name === undefined) {
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys : [];
    for (const key of unknown) delete copy[key];
    return copy;
  }
  const list = copy[String(name)];
  if (!isList(name) || !Array.isArray(list)) {
    delete copy[String(name)];
    return copy;
  }
  const entries: unknown[] = [...list];
  const seen = new Set<string>();
  for (const [index, entry] of entries.entries()) {
    const id = idOf(entry);
    const isDouble = at === undefined && id !== undefined && seen.has(id);
    if (index === at || isDouble) {
      broken.add(`${name}.${index}`);
      // An id that two entries have is that of the first.
      entries[index] = STAND_INS[name](isDouble || id === undefined ? `_${index}` : id);
    }
    if (id !== undefined) seen.add(id);
  }
  copy[String(name)] = entries;
  return copy;
}

/** The id of an entry, if it is one that others can name. */
function idOf(entry: unknown): string | undefined {
  const id: unknown = typeof entry === 'object' && entry !== null ? Reflect.get(entry, 'id') : '';
  return typeof id === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(id) ? id : undefined;
}
