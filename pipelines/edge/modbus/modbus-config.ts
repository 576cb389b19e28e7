/** `modbus` of a source in `edge.yaml`: how a device is reached, and which of its registers are read how often. */

import { z } from 'zod';
import { positiveDurationSchema } from '../../../operators/model/time.ts';
import type { FileIssue } from '../../base/zod-expectations.ts';

/** The four tables of a device (Modbus application protocol 1.1b3, chapter 4.3). */
export const MODBUS_TABLES = ['holding', 'input', 'coil', 'discrete'] as const;
export type ModbusTable = (typeof MODBUS_TABLES)[number];

/** Registers of a value of each type of number. */
export const NUMBER_REGISTERS = {
  ...{ int16: 1, uint16: 1, int32: 2, uint32: 2, float32: 2 },
  ...{ int64: 4, uint64: 4, float64: 4 },
} as const;

/** Of a value of two registers, A being its highest byte: which byte comes first. ABCD is the order of the protocol. */
export const BYTE_ORDERS = ['ABCD', 'CDAB', 'BADC', 'DCBA'] as const;
export type ByteOrder = (typeof BYTE_ORDERS)[number];

/** Of the protocol: an address has 16 bits, and an answer at most 250 bytes of values. */
const ADDRESSES = 65_536;
export const MOST_REGISTERS = 125;
export const MOST_BITS = 2_000;

const address = z.int().min(0).max(ADDRESSES);
const unitId = z.int().min(0).max(255);
const machine = z.string().min(1).max(1_024);

const tagSchema = z.strictObject({
  tag: z.string().min(1).max(1_024).describe('What is looked up in signals.'),
  machine: machine.optional().describe('What is looked up in assets, if not that of the group.'),
  unit_id: unitId.optional(),
  holding: address.optional().describe('Address of the first holding register,'),
  input: address.optional().describe('or input register,'),
  coil: address.optional().describe('or of a coil,'),
  discrete: address.optional().describe('or a discrete input.'),
  type: z
    .enum([...(Object.keys(NUMBER_REGISTERS) as (keyof typeof NUMBER_REGISTERS)[]), 'text'])
    .optional()
    .describe('Of registers; without it uint16.'),
  order: z.enum(BYTE_ORDERS).optional().describe('Which byte comes first; without it ABCD.'),
  bit: z.int().min(0).max(15).optional().describe('One bit of a register, 0 being the lowest.'),
  length: z.int().min(1).max(MOST_REGISTERS).optional().describe('Registers of a text.'),
  unit: z.string().min(1).max(32).optional().describe('In which it is measured: bar.'),
});

const groupSchema = z.strictObject({
  every: positiveDurationSchema.prefault('1s').describe('How often its tags are read.'),
  machine: machine.optional(),
  unit_id: unitId.optional().describe('Of the device behind the address; without it 1.'),
  gap: z
    .int()
    .min(0)
    .max(MOST_REGISTERS)
    .default(0)
    .describe('Addresses that no tag has, and that one read may span.'),
  tags: z.array(tagSchema).min(1).max(10_000),
});

export const modbusSchema = z.strictObject({
  host: z
    .string()
    .regex(/^[^\s/:]+$|^[0-9A-Fa-f:]+$/, 'expected the name or address of a host')
    .describe('Of the device or its gateway.'),
  port: z.int().min(1).max(65_535).default(502),
  first: z
    .union([z.literal(0), z.literal(1)])
    .default(0)
    .describe('What the list of its maker calls the first register.'),
  registers: z.int().min(1).max(MOST_REGISTERS).default(MOST_REGISTERS).describe('Most of a read,'),
  bits: z.int().min(1).max(MOST_BITS).default(MOST_BITS).describe('and of coils or inputs.'),
  answer: positiveDurationSchema.prefault('2s').describe('Longest wait for an answer.'),
  retry: positiveDurationSchema
    .prefault('30s')
    .describe('Between tries with registers that the device refuses, at most.'),
  folder: z.string().min(1).default('edge-modbus').describe('Where is kept up to when was read.'),
  groups: z.array(groupSchema).min(1).max(64),
});

export type ModbusConfig = z.output<typeof modbusSchema>;
type TagEntry = ModbusConfig['groups'][number]['tags'][number];

/** A tag with all that is said of it in other places; addresses count from 0, as on the line. */
export type ModbusTag = Pick<TagEntry, 'tag' | 'bit' | 'unit'> & {
  readonly machine: string;
  readonly unitId: number;
  readonly table: ModbusTable;
  readonly address: number;
  /** Registers or bits. */
  readonly count: number;
  readonly type: NonNullable<TagEntry['type']> | 'bit';
  readonly order: ByteOrder;
};

/** Of each group. What `issuesOfModbus` has found nothing wrong with is whole. */
export function modbusTags({ groups, first }: ModbusConfig): readonly (readonly ModbusTag[])[] {
  return groups.map((group) =>
    group.tags.map((entry) => {
      const table = MODBUS_TABLES.find((each) => entry[each] !== undefined) ?? 'holding';
      return {
        ...{ tag: entry.tag, machine: entry.machine ?? group.machine ?? '', table },
        ...{ unitId: entry.unit_id ?? group.unit_id ?? 1, unit: entry.unit },
        ...{ address: (entry[table] ?? 0) - first, bit: entry.bit, count: countOf(entry, table) },
        type: isOfBits(table) || entry.bit !== undefined ? 'bit' : (entry.type ?? 'uint16'),
        order: entry.order ?? 'ABCD',
      };
    }),
  );
}

/** Coils and discrete inputs. */
export function isOfBits(table: ModbusTable): boolean {
  return table === 'coil' || table === 'discrete';
}

function countOf({ type = 'uint16', length = 1 }: TagEntry, table: ModbusTable): number {
  if (isOfBits(table)) return 1;
  return type === 'text' ? length : NUMBER_REGISTERS[type];
}

/** What fields say that do not go together. */
export function issuesOfModbus(
  config: ModbusConfig,
  where: readonly (string | number)[],
): readonly FileIssue[] {
  const issues: FileIssue[] = [];
  const known = new Set<string>();
  const plans = modbusTags(config);
  for (const [at, group] of config.groups.entries()) {
    for (const [index, entry] of group.tags.entries()) {
      const tag = plans[at]?.[index];
      if (tag === undefined) continue;
      const place = [...where, 'groups', at, 'tags', index];
      const said = [...misfits(entry, tag), ...beyond(tag, config)];
      const name = JSON.stringify([tag.machine, tag.tag]);
      if (known.has(name)) said.push(['tag', `expected each once of a machine: ${tag.machine}`]);
      known.add(name);
      for (const [field, message] of said) issues.push({ path: [...place, field], message });
    }
  }
  return issues;
}

type Said = readonly [field: string, message: string];

/** Fields of a tag that do not go together. */
function misfits(entry: TagEntry, { machine: of, table }: ModbusTag): Said[] {
  const { type, order, bit, length } = entry;
  const said: Said[] = [];
  const tables = MODBUS_TABLES.filter((each) => entry[each] !== undefined);
  if (tables.length !== 1) {
    const found = tables.length === 0 ? 'none' : tables.join(' and ');
    said.push([tables[1] ?? 'tag', `expected one of ${MODBUS_TABLES.join(', ')}, found ${found}`]);
  }
  if (of === '') said.push(['tag', 'expected machine, here or in its group']);
  const isWord = type === undefined || type === 'uint16';
  if (isOfBits(table)) {
    for (const field of ['type', 'order', 'bit', 'length'] as const) {
      if (entry[field] !== undefined) said.push([field, `expected none: a ${table} is one bit`]);
    }
  }
  if (bit !== undefined && !isWord) said.push(['bit', 'expected it of a uint16, a register']);
  if ((type === 'text') !== (length !== undefined)) {
    said.push([
      length === undefined ? 'type' : 'length',
      'expected length with text, and only there',
    ]);
  }
  const isSingle = isWord || type === 'int16' || type === 'text';
  if (isSingle && (order === 'CDAB' || order === 'DCBA')) {
    said.push(['order', 'expected ABCD or BADC: it has no order of registers']);
  }
  return said;
}

/** Addresses that there are not, and values that no answer can hold. */
function beyond(tag: ModbusTag, { first, registers }: ModbusConfig): readonly Said[] {
  const { table, address: at, count } = tag;
  if (at < 0) return [[table, 'expected an address from 1: first is 1']];
  if (at + count > ADDRESSES) {
    return [[table, `expected an address up to ${ADDRESSES - count + first}`]];
  }
  if (!isOfBits(table) && count > registers) {
    return [['tag', `expected at most ${registers} registers (registers), found ${count}`]];
  }
  return [];
}
