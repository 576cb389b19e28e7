/** `governance.yaml`: plants, who owns which entity, where master data is copied from, and what a thing is called where. */

import { z } from 'zod';
import { nameSchema } from '../../operators/model/plant-model.ts';
import { positiveDurationSchema } from '../../operators/model/time.ts';
import { endingTables } from '../../sinks/clickhouse/ending-tables.ts';
import { changedObjectsSchema, pointerSchema } from '../../sinks/remote/call-config.ts';
import { openYamlFile } from '../base/yaml-file.ts';
import type { FileIssue } from '../base/zod-expectations.ts';
import { ENTITY_NAMES, type EntityName, fieldsOf, STATUS_WORDS } from './entities.ts';

/** What the plant model has. */
const MODELLED: ReadonlySet<string> = new Set(['plant', 'line', 'asset', 'component']);

/** Systems that are no systems of others: what telemetry has comes from the plant model, the rest from this file. */
export const OWN_SYSTEMS: readonly string[] = ['telemetry', 'governance'];

const entityName = z.enum(ENTITY_NAMES as readonly [EntityName, ...EntityName[]]);
const system = nameSchema.describe('Name of a system.');
const day = z.iso.date();

const plantSchema = z.strictObject({
  id: nameSchema,
  name: z.string(),
  owner: z.string().optional().describe('Who answers for the plant.'),
  codes: z
    .record(system, z.union([z.string().transform((one) => [one]), z.array(z.string()).min(1)]))
    .default({})
    .describe('What systems call it, by system.'),
  systems: z
    .array(system)
    .default([])
    .describe('Systems of this plant alone: what names no plant there is of this one.'),
});

/** Which systems hold an entity. */
const heldFields = {
  record: system.describe('System of record.'),
  also: z.array(system).default([]).describe('Systems that must have each of them too.'),
  fields: z
    .record(z.string(), system)
    .default({})
    .describe('Fields with a system of record, by name: another value elsewhere is a finding.'),
};

const periodSchema = z.strictObject({
  ...heldFields,
  from: day.optional().describe('First day.'),
  to: day.optional().describe('Last day.'),
});
export type RecordPeriod = z.output<typeof periodSchema>;

const ownershipSchema = z.strictObject({
  owner: z.string().min(1).describe('Who answers for it, and corrects what is wrong.'),
  ...heldFields,
  plants: z
    .record(nameSchema, z.union([periodSchema.transform((one) => [one]), z.array(periodSchema)]))
    .default({})
    .describe('Plants where other systems hold it, by id; a list where they are exchanged.'),
  fresh: positiveDurationSchema.optional().describe('A copy that is older is too old.'),
  monitored: z
    .array(z.string())
    .default([])
    .describe('Of assets: classes for maintenance that telemetry must know.'),
});

const csvSourceSchema = z.strictObject({
  csv: z.string().min(1).describe('File, from the folder of this one.'),
  delimiter: z.string().length(1).default(','),
  columns: z
    .record(z.string(), z.string())
    .default({})
    .describe('Headings by canonical names; without it they are named alike. `changed`: its time.'),
});
const listSourceSchema = z.strictObject({
  list: changedObjectsSchema
    .omit({ key: true })
    .describe('How the objects are listed, as `changes` of a profile (docs/systems.md).'),
  fields: z.record(z.string(), pointerSchema).describe('Where each field is in an object.'),
});
const sourceSchema = z.union([csvSourceSchema, listSourceSchema]);

const mappingSchema = z.strictObject({
  entity: entityName,
  id: z.string().min(1).describe('Canonical id; of a status the canonical word.'),
  system,
  remote: z.string().min(1).describe('What that system calls it.'),
  owner: z.string().optional().describe('Who answers for the mapping.'),
  from: day.default('1970-01-01').describe('First day.'),
  to: day.optional().describe('Last day.'),
  proposed: z.string().optional().describe('Who proposed it.'),
  approved: z.string().optional().describe('Who approved it; without that it is not in force.'),
});

const retentionSchema = z.strictObject({
  tables: z.array(z.string()).min(1).describe('Tables whose rows end.'),
  plants: z.array(nameSchema).default([]).describe('Plants it is for; without them all others.'),
  days: z.int().min(1).max(36_500).describe('Days from when a row landed.'),
});

export const governanceSchema = z.strictObject({
  plants: z.array(plantSchema).min(1),
  entities: z.partialRecord(entityName, ownershipSchema),
  model: z
    .union([z.string().transform((one) => [one]), z.array(z.string()).min(1)])
    .default([])
    .describe('plant.yaml, or several, from the folder of this file: what telemetry has.'),
  sources: z
    .record(system, z.partialRecord(entityName, sourceSchema))
    .default({})
    .describe('Where master data is copied from, by system and entity.'),
  mappings: z.array(mappingSchema).default([]).describe('Ids of one thing in several systems.'),
  retention: z
    .array(retentionSchema)
    .default([])
    .describe('How long rows are kept, by table and plant; the last that fits counts.'),
  four_eyes: z.boolean().default(true).describe('Nobody approves what they proposed.'),
});
export type Governance = z.output<typeof governanceSchema>;
export type MasterSource = z.output<typeof sourceSchema>;
export type CsvSource = z.output<typeof csvSourceSchema>;
export type ListSource = z.output<typeof listSourceSchema>;
export type Mapping = z.output<typeof mappingSchema>;

/** Reads and checks the file. Throws a `Problem` that lists everything that is wrong, with line and column. */
export function readGovernance(path: string): Governance {
  const yaml = openYamlFile(path);
  const parsed = governanceSchema.safeParse(yaml.data);
  const issues = parsed.success
    ? [
        ...plantIssues(parsed.data),
        ...ownerIssues(parsed.data),
        ...sourceIssues(parsed.data),
        ...parsed.data.mappings.flatMap((one, at) => mappingIssues(one, at, parsed.data)),
        ...retentionIssues(parsed.data),
      ]
    : [];
  yaml.report(parsed.error, [], issues);
  if (parsed.success) return parsed.data;
  throw parsed.error;
}

/** Everything that is copied, by system and entity. */
export function describedSources({ sources, model }: Governance) {
  const modelled = model.length === 0 ? [] : [...MODELLED];
  return [
    ...modelled.map((entity) => ({ system: 'telemetry', entity, source: model.join(', ') })),
    ...Object.entries(sources).flatMap(([of, lists]) =>
      Object.entries(lists).map(([entity, source]) => {
        return { system: of, entity, source: nameOfSource(source) };
      }),
    ),
  ];
}

export function nameOfSource(source: MasterSource): string {
  return 'csv' in source ? source.csv : source.list.path;
}

function plantIssues({ plants, sources }: Governance): readonly FileIssue[] {
  const ids = new Set<string>();
  const homes = new Map<string, string>();
  const codes = new Map<string, string>();
  return plants.flatMap((plant, at) => {
    const issues: FileIssue[] = [];
    if (ids.has(plant.id)) {
      issues.push({ path: ['plants', at, 'id'], message: 'expected each plant once' });
    }
    ids.add(plant.id);
    for (const [of, words] of Object.entries(plant.codes)) {
      for (const word of words) {
        const other = codes.get(`${of} ${word}`);
        codes.set(`${of} ${word}`, plant.id);
        if (other === undefined || other === plant.id) continue;
        const message = `expected a code of one plant, found that ${word} is ${other} too`;
        issues.push({ path: ['plants', at, 'codes', of], message });
      }
    }
    plant.systems.forEach((one, place) => {
      const home = homes.get(one);
      homes.set(one, plant.id);
      const wrong =
        home !== undefined
          ? `expected a system of one plant, found that ${one} is of ${home} too`
          : `expected one of ${Object.keys(sources).join(', ')}`;
      if (home !== undefined || !(one in sources)) {
        issues.push({ path: ['plants', at, 'systems', place], message: wrong });
      }
    });
    return issues;
  });
}

function ownerIssues(governance: Governance): readonly FileIssue[] {
  const known = new Set(governance.plants.map(({ id }) => id));
  return Object.entries(governance.entities).flatMap(([entity, owned]) => {
    const path = ['entities', entity];
    const plants = Object.entries(owned.plants).flatMap(([plant, periods]) => {
      const at = [...path, 'plants', plant];
      const unknown = { path: at, message: `expected one of ${[...known].join(', ')}` };
      return [
        ...(known.has(plant) ? [] : [unknown]),
        ...periods.flatMap((period) => heldIssues(entity, period, at, governance)),
        ...periodIssues(periods, at),
      ];
    });
    return [...heldIssues(entity, owned, path, governance), ...plants];
  });
}

function heldIssues(
  entity: string,
  held: Pick<RecordPeriod, 'record' | 'also' | 'fields'>,
  path: readonly string[],
  { sources, model }: Governance,
): readonly FileIssue[] {
  const known = new Set(fieldsOf(entity as EntityName));
  const of = Object.keys(sources).filter((each) => entity in (sources[each] ?? {}));
  const have = [...of, ...(model.length > 0 && MODELLED.has(entity) ? ['telemetry'] : [])];
  const named = [held.record, ...held.also, ...Object.values(held.fields)];
  const lacking = [...new Set(named)].filter((one) => !have.includes(one) && one !== 'governance');
  return [
    ...Object.keys(held.fields)
      .filter((field) => !known.has(field))
      .map((field) => ({
        path: [...path, 'fields', field],
        message: `expected a field of ${entity}: ${[...known].join(', ')}`,
      })),
    ...lacking.map((one) => ({
      path: [...path],
      message: `expected ${entity} under sources.${one}, which is named here; it is copied from ${have.join(', ') || 'nowhere'}`,
    })),
  ];
}

/** On each day one system is the system of record. */
function periodIssues(
  periods: readonly RecordPeriod[],
  path: readonly string[],
): readonly FileIssue[] {
  const days = periods
    .map(({ from = '0000-01-01', to = '9999-12-31' }) => ({ from, to }))
    .toSorted((a, b) => (a.from < b.from ? -1 : 1));
  return days.flatMap(({ from, to }, at) => {
    const next = days[at + 1]?.from;
    const wrong =
      to < from
        ? `expected a last day on or after ${from}, found ${to}`
        : next !== undefined && next <= to
          ? `expected one system of record on each day, found two on ${next}`
          : undefined;
    return wrong === undefined ? [] : [{ path: [...path], message: wrong }];
  });
}

/** Where a list has what a file has as columns. */
const LIST_OWN = '; id and time of an object are `remote` and `changed` of the list';

function sourceIssues({ sources, entities }: Governance): readonly FileIssue[] {
  return Object.entries(sources).flatMap(([of, lists]) => {
    const issues: FileIssue[] = OWN_SYSTEMS.includes(of)
      ? [{ path: ['sources', of], message: `expected another name: ${of} is taken` }]
      : [];
    for (const [entity, source] of Object.entries(lists)) {
      const path = ['sources', of, entity];
      if (!(entity in entities)) {
        const message = `expected an owner of ${entity} under entities: nothing is copied that nobody owns`;
        issues.push({ path, message });
      }
      const fields = fieldsOf(entity as EntityName);
      const { at, named, known, hint } =
        'csv' in source
          ? { at: 'columns', named: source.columns, known: ['id', 'changed', ...fields], hint: '' }
          : { at: 'fields', named: source.fields, known: fields, hint: LIST_OWN };
      for (const field of Object.keys(named)) {
        if (known.includes(field)) continue;
        const message = `expected a field of ${entity}: ${known.join(', ')}${hint}`;
        issues.push({ path: [...path, at, field], message });
      }
    }
    return issues;
  });
}

function mappingIssues(one: Mapping, at: number, { plants, four_eyes }: Governance): FileIssue[] {
  const issues: FileIssue[] = [];
  const note = (field: string, message: string) => {
    issues.push({ path: ['mappings', at, field], message });
  };
  const { entity, id, from, to, proposed, approved } = one;
  if (to !== undefined && to < from) note('to', `expected a day on or after ${from}`);
  if (entity === 'status' && !STATUS_WORDS.includes(id)) {
    note('id', `expected one of ${STATUS_WORDS.join(', ')}`);
  }
  if (entity === 'plant' && !plants.some((plant) => plant.id === id)) {
    note('id', `expected one of ${plants.map((plant) => plant.id).join(', ')}`);
  }
  if (four_eyes && approved !== undefined && approved === (proposed ?? approved)) {
    note('approved', 'expected somebody else than who proposed it (four_eyes)');
  }
  return issues;
}

function retentionIssues({ retention, plants }: Governance): readonly FileIssue[] {
  const ids = plants.map(({ id }) => id);
  const all = endingTables();
  return retention.flatMap((rule, at) => {
    const byPlant = rule.plants.length > 0;
    const known = all.filter((one) => one.byPlant || !byPlant).map(({ table }) => table);
    const kind = byPlant ? 'a table with rows of plants that end' : 'a table with rows that end';
    const issue = (field: string, place: number, message: string) => ({
      ...{ path: ['retention', at, field, place], message },
    });
    return [
      ...rule.tables.flatMap((table, place) =>
        known.includes(table)
          ? []
          : [issue('tables', place, `expected ${kind}: ${known.join(', ')}; found ${table}`)],
      ),
      ...rule.plants.flatMap((plant, place) =>
        ids.includes(plant) ? [] : [issue('plants', place, `expected one of ${ids.join(', ')}`)],
      ),
    ];
  });
}
