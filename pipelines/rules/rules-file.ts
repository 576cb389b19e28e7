import { type PlantModel, plantFileSchema } from '../../operators/model/plant-model.ts';
import { type Rules, rulesSchema } from '../../operators/model/rules.ts';
import type { Overlay } from '../base/environment.ts';
import { openYamlFile, type Remark, type YamlFile } from '../base/yaml-file.ts';
import { RULES_CHECKS, RULES_WARNINGS, type RulesCheck } from './rules-checks.ts';
import { ambiguousNames, duplicatesIn, type Finding } from './rules-findings.ts';

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
  const names = parsed.success ? ambiguousNames(parsed.data) : [];
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

function timeZones(plant: PlantModel, index: number): readonly Finding[] {
  try {
    new Intl.DateTimeFormat('en', { timeZone: plant.time_zone });
    return [];
  } catch {
    const path = ['plants', index, 'time_zone'];
    return [{ path, expected: 'a time zone such as Europe/Vienna' }];
  }
}
