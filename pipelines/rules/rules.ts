import {
  checkPatternConditions,
  findUnboundedPatterns,
} from '../../operators/correlate/check-patterns.ts';
import { checkAttributes, checkDetectors } from '../../operators/detect/check-detectors.ts';
import { incidentRulesOf } from '../../operators/model/pattern-rule.ts';
import { type PlantModel, plantFileSchema } from '../../operators/model/plant-model.ts';
import { type Rules, rulesSchema } from '../../operators/model/rules.ts';
import { type Duration, formatDuration } from '../../operators/model/time.ts';
import { type Overlay, openYamlFile, type Remark, type YamlFile } from '../base/yaml-file.ts';
import type { FileIssue, UnmetExpectation } from '../base/zod-expectations.ts';

/** A plant as its file has it (`raw`: what is published, durations still text) and as it is understood. */
export type PlantEntry = { readonly raw: unknown; readonly model: PlantModel };

/** Rules as their file has them, and as they are understood; and what is right but unwise in them, with its place. */
export type RulesEntry = {
  readonly raw: unknown;
  readonly rules: Rules;
  readonly warnings: readonly Remark[];
};

/**
 * Reads and checks `plant.yaml`. Rejects with a `Problem` that lists everything that is wrong, each with file, line
 * and column, what was expected and what was found.
 */
export async function readPlantFile(path: string): Promise<readonly PlantEntry[]> {
  const file = openYamlFile(path);
  const parsed = plantFileSchema.safeParse(file.data);
  const findings = [
    ...plantLists(file.data).flatMap(([list, at]) => duplicatesIn(list, at)),
    ...(parsed.success ? parsed.data.plants.flatMap(timeZones) : []),
  ];
  file.report(parsed.error, findings);
  const plants = parsed.success ? parsed.data.plants : [];
  return plants.map((model, index) => ({ raw: rawAt(file, ['plants', index]), model }));
}

/**
 * Reads and checks `rules.yaml`, its conditions too, with other values laid over what it says. Rejects like
 * `readPlantFile`.
 */
export async function readRulesFile(
  path: string,
  checks: readonly RulesCheck[] = RULES_CHECKS,
  overlays: readonly Overlay[] = [],
): Promise<RulesEntry> {
  const file = openYamlFile(path, overlays);
  const parsed = rulesSchema.safeParse(file.data ?? {});
  const doubles = LISTS.flatMap((name) => duplicatesIn(rawAt(file, [name]), [name]));
  const names = parsed.success ? ambiguousRuleNames(parsed.data) : [];
  const issues = parsed.success ? checks.flatMap((check) => check(parsed.data)) : [];
  file.report(parsed.error, [...doubles, ...names], issues);
  const rules = parsed.success ? parsed.data : rulesSchema.parse({});
  const warnings = RULES_WARNINGS.flatMap((check) => file.remarks(check(rules)));
  return { raw: file.data ?? {}, rules, warnings };
}

const LISTS = ['windows', 'detectors', 'patterns', 'triggers'] as const;

function rawAt(file: YamlFile, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((value, step) => childOf(value, step), file.data);
}

function childOf(value: unknown, step: string | number): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([name]) => name === String(step))?.[1];
}

/** Every list of a plant file whose entries have ids, with its path. */
function plantLists(data: unknown): [unknown, (string | number)[]][] {
  const found: [unknown, (string | number)[]][] = [];
  const visit = (value: unknown, at: (string | number)[], names: readonly string[]) => {
    const [name, ...deeper] = names;
    if (name === undefined) return;
    const list = childOf(value, name);
    found.push([list, [...at, name]]);
    if (!Array.isArray(list)) return;
    for (const [index, entry] of list.entries()) visit(entry, [...at, name, index], deeper);
  };
  visit(data, [], ['plants', 'lines', 'assets', 'points']);
  return found;
}

function timeZones(plant: PlantModel, index: number): readonly UnmetExpectation[] {
  try {
    new Intl.DateTimeFormat('en', { timeZone: plant.time_zone });
    return [];
  } catch {
    const path = ['plants', index, 'time_zone'];
    return [{ path, expected: 'a time zone such as Europe/Vienna' }];
  }
}

/** More that can be wrong with rules than their shape: conditions that do not compile, windows that are not there. */
type RulesCheck = (rules: Rules) => readonly FileIssue[];

/** What rules are checked for beyond their shape, wherever they are read. */
export const RULES_CHECKS: readonly RulesCheck[] = [checkDetectors, checkPatternConditions];

/** The same, and whether the plants have the attributes that the rules name as limits. */
export function checksFor(plants: readonly PlantEntry[]): readonly RulesCheck[] {
  const models = plants.map(({ model }) => model);
  return [...RULES_CHECKS, (rules) => checkAttributes(rules, models)];
}

/** What is right but unwise: a warning of `apply`, and no reason to refuse. */
const RULES_WARNINGS: readonly RulesCheck[] = [findUnboundedPatterns, findHoles];

function findHoles({ windows }: Rules): readonly FileIssue[] {
  return windows.flatMap((rule, index) => {
    if (rule.kind !== 'hopping' || rule.hop <= rule.size) return [];
    const hole = formatDuration((rule.hop - rule.size) as Duration);
    const message = `the hop is longer than the size: readings of ${hole} between two windows are in none. Write a hop of at most ${formatDuration(rule.size)} if that is not meant`;
    return [{ path: ['windows', index, 'hop'], message }];
  });
}

/** Entries whose id an earlier entry of the same list has. */
function duplicatesIn(
  list: unknown,
  at: readonly (string | number)[],
): readonly UnmetExpectation[] {
  if (!Array.isArray(list)) return [];
  const seen = new Set<unknown>();
  const findings: UnmetExpectation[] = [];
  for (const [index, entry] of list.entries()) {
    const id = typeof entry === 'object' && entry !== null && 'id' in entry ? entry.id : undefined;
    if (id !== undefined && seen.has(id)) {
      findings.push({ path: [...at, index, 'id'], expected: 'each id once' });
    }
    seen.add(id);
  }
  return findings;
}

/** A trigger names a pattern or a detector, so these share their names. */
export function ambiguousRuleNames(rules: Rules): readonly UnmetExpectation[] {
  const detectors = new Set(rules.detectors.map(({ id }) => id));
  const patterns = new Set(rules.patterns.map(({ id }) => id));
  return rules.patterns.flatMap((rule, index) => {
    const path = ['patterns', index, 'id'];
    const [id = '', timeout] = incidentRulesOf(rule);
    if (detectors.has(id)) {
      return [{ path, expected: 'an id that no detector has: triggers name both' }];
    }
    if (timeout === undefined || !(detectors.has(timeout) || patterns.has(timeout))) return [];
    return [{ path, expected: `no other rule ${timeout}: so on_timeout names its incidents` }];
  });
}
