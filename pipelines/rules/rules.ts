import { checkWorkflows } from '../../operators/coordinate/check-workflows.ts';
import {
  checkPatternConditions,
  findUnboundedPatterns,
} from '../../operators/correlate/check-patterns.ts';
import {
  checkAttributes,
  checkDetectors,
  checkPeers,
} from '../../operators/detect/check-detectors.ts';
import { incidentRulesOf } from '../../operators/model/pattern-rule.ts';
import { type PlantModel, plantFileSchema } from '../../operators/model/plant-model.ts';
import { type Rules, rulesSchema } from '../../operators/model/rules.ts';
import { type Duration, formatDuration } from '../../operators/model/time.ts';
import {
  bothProblems,
  FileProblem,
  type Overlay,
  openYamlFile,
  type Remark,
  type YamlFile,
} from '../base/yaml-file.ts';
import type { FileIssue, UnmetExpectation } from '../base/zod-expectations.ts';
import { partialRules } from './partial-rules.ts';
import { findUnreachable } from './unreachable/unreachable.ts';

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
  return plantsIn(openYamlFile(path));
}

/** The plants of a file that is open. */
export function plantsIn(file: YamlFile): readonly PlantEntry[] {
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
 * Reads and checks `rules.yaml`, its conditions and names too, with other values laid over what it says. Rejects like
 * `readPlantFile`; where the schema is broken in some entries, the names in the others are checked all the same.
 */
export async function readRulesFile(
  path: string,
  checks: RulesChecks = RULES_CHECKS,
  overlays: readonly Overlay[] = [],
): Promise<RulesEntry> {
  return rulesIn(openYamlFile(path, overlays), checks);
}

/** The rules of a file that is open. */
export function rulesIn(file: YamlFile, checks: RulesChecks): RulesEntry {
  const parsed = rulesSchema.safeParse(file.data ?? {});
  const doubles = LISTS.flatMap((name) => duplicatesIn(rawAt(file, [name]), [name]));
  const whole = { rules: rulesSchema.parse({}), without: (issues: readonly FileIssue[]) => issues };
  const { rules, without } = parsed.success
    ? { ...whole, rules: parsed.data }
    : (partialRules(file.data, parsed.error) ?? whole);
  const issuesOf = (all: readonly RulesCheck[]) => without(all.flatMap((check) => check(rules)));
  const warnings = file.remarks(issuesOf(checks.warned));
  file.report(
    parsed.error,
    [...doubles, ...ambiguousRuleNames(rules)],
    issuesOf(checks.refused),
    warnings,
  );
  return { raw: file.data ?? {}, rules, warnings };
}

/** A plant model and the rules for it, each checked whatever is wrong with the other. */
export type PlantAndRules = {
  readonly plants: readonly PlantEntry[];
  readonly rules: RulesEntry;
};

/** Reads both. Rejects with one `Problem` that lists what is wrong in either. */
export async function readPlantAndRules(plant: string, rules: string): Promise<PlantAndRules> {
  let plants: readonly PlantEntry[];
  try {
    plants = await readPlantFile(plant);
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    await readRulesFile(rules).catch((other: unknown) => {
      throw other instanceof FileProblem ? bothProblems(error, other) : other;
    });
    throw error;
  }
  return { plants, rules: await readRulesFile(rules, checksFor(plants)) };
}

const LISTS = ['windows', 'detectors', 'patterns', 'triggers', 'workflows'] as const;

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

/** `refused`: what is wrong. `warned`: what is right but unwise, and no reason to refuse. */
type RulesChecks = {
  readonly refused: readonly RulesCheck[];
  readonly warned: readonly RulesCheck[];
};

/** What rules are checked for beyond their shape, wherever they are read. */
export const RULES_CHECKS: RulesChecks = {
  refused: [checkDetectors, checkPatternConditions, checkWorkflows],
  warned: [findUnboundedPatterns, findHoles, (rules) => findUnreachable(rules)],
};

/** The same, and whether the plants have what the rules name. */
export function checksFor(plants: readonly PlantEntry[]): RulesChecks {
  const models = plants.map(({ model }) => model);
  return {
    refused: [
      ...RULES_CHECKS.refused,
      (rules) => checkAttributes(rules, models),
      (rules) => checkPeers(rules, models),
    ],
    warned: [findUnboundedPatterns, findHoles, (rules) => findUnreachable(rules, models)],
  };
}

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
