/** The canonical entities of master data: what a thing of each kind has, by names that all systems are read into. */

import { z } from 'zod';
import { REQUEST_STATUSES } from '../../operators/model/machine-event.ts';

const id = z.string().min(1).describe('Its id in the system that says it.');
const name = z.string().describe('What people call it.');
const plant = z.string().describe('Plant, as that system calls it.');
const status = z
  .string()
  .describe('A word of that system; mappings of the entity status say it in ours.');
/** A field that is named like an entity refers to it, and `parent` to another one of its kind. */
const refers = (what: string) => z.string().optional().describe(`Id of the ${what}.`);
const text = (what: string) => z.string().optional().describe(what);

/**
 * By name. Levels of equipment are those of ISA-95 (IEC 62264-1). All values are texts as the system of record has them:
 * what is wrong with them is for the checks to find, and no reason to leave a thing out. What is not optional is asked for
 * in the system of record alone.
 */
export const ENTITIES = {
  plant: z.strictObject({ id, name }),
  location: z.strictObject({
    id,
    name,
    plant,
    parent: refers('location around it'),
    status: status.optional(),
  }),
  line: z.strictObject({ id, name, plant, location: refers('location') }),
  work_centre: z.strictObject({
    ...{ id, name, plant, line: refers('line'), cost_centre: refers('cost centre') },
    capacity: text('Hours a day.'),
    shifts: text('How many a day.'),
    status: status.optional(),
  }),
  asset: z.strictObject({
    ...{ id, name, plant, line: refers('line'), location: refers('location') },
    parent: refers('asset that it is a part of'),
    work_centre: refers('work centre'),
    maintenance_class: refers('class for maintenance'),
    cost_centre: refers('cost centre'),
    supplier: refers('supplier'),
    manufacturer: text('Who made it.'),
    model: text('Its type, as the manufacturer calls it.'),
    serial: text('Its serial number.'),
    criticality: text('How bad its loss is.'),
    status: status.optional(),
  }),
  component: z.strictObject({
    ...{ id, name: name.optional(), plant: plant.optional(), asset: refers('asset') },
    part: refers('spare part that replaces it'),
    manufacturer: text('Who made it.'),
    serial: text('Its serial number.'),
    status: status.optional(),
  }),
  maintenance_class: z.strictObject({ id, name, parent: refers('class above it') }),
  part: z.strictObject({
    ...{ id, name, plant: plant.optional(), supplier: refers('supplier') },
    manufacturer: text('Who makes it.'),
    manufacturer_part: text('Its number there.'),
    unit: text('What it is counted in.'),
    price: text('Of one unit.'),
    lead_time: text('Days from the order to the shelf.'),
    status: status.optional(),
  }),
  failure_mode: z.strictObject({
    ...{ id, name, maintenance_class: refers('class that it is of') },
    iso14224: text('Code of ISO 14224, annex B, where one fits.'),
    status: status.optional(),
  }),
  supplier: z.strictObject({
    id,
    name,
    tax_id: text('Number at the tax office.'),
    status: status.optional(),
  }),
  contractor: z.strictObject({
    ...{ id, name, supplier: refers('supplier that it is'), skill: refers('skill that it has') },
    status: status.optional(),
  }),
  cost_centre: z.strictObject({ id, name, plant: plant.optional(), status: status.optional() }),
  skill: z.strictObject({ id, name, status: status.optional() }),
  posting_rule: z.strictObject({
    ...{ id, plant: plant.optional(), maintenance_class: refers('class of the work') },
    cost_centre: refers('cost centre'),
    account: text('Account that is charged.'),
  }),
  /** The words that a system has for a state. */
  status: z.strictObject({ id, name: name.optional() }),
} as const;

export type EntityName = keyof typeof ENTITIES;
export const ENTITY_NAMES = Object.keys(ENTITIES) as readonly EntityName[];

/** Canonical words for the status of equipment, and of work orders as the log has them. */
export const STATUS_WORDS: readonly string[] = [
  ...['active', 'standby', 'retired', 'waiting'],
  ...REQUEST_STATUSES,
];

/** The fields of an entity beside its id. */
export function fieldsOf(entity: EntityName): readonly string[] {
  return Object.keys(ENTITIES[entity].shape).filter((field) => field !== 'id');
}

/** Fields that none may be without in the system of record. */
export function requiredOf(entity: EntityName): readonly string[] {
  const shape: Readonly<Record<string, z.ZodType>> = ENTITIES[entity].shape;
  return fieldsOf(entity).filter((field) => shape[field]?.safeParse(undefined).success === false);
}

/** A thing as one system has it. `fields`: by canonical names, without empty ones. */
export type MasterObject = {
  readonly remote: string;
  readonly fields: Readonly<Record<string, string>>;
  /** How often the system has this id. */
  readonly times: number;
  /** Epoch microseconds; null where nobody says. */
  readonly changed: number | null;
};

/** Objects by id: the first of each counts, the others are counted. */
export function collectObjects(): {
  add(object: Omit<MasterObject, 'times'>): void;
  all(): readonly MasterObject[];
} {
  const objects = new Map<string, MasterObject>();
  return {
    add(object) {
      const known = objects.get(object.remote);
      if (known === undefined) objects.set(object.remote, { ...object, times: 1 });
      else objects.set(object.remote, { ...known, times: known.times + 1 });
    },
    all: () => [...objects.values()],
  };
}
