/** A list of registers of the maker of a device (CSV), as groups of `edge.yaml`. */

import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { type CsvRow, csvRowsOf } from '../../base/csv.ts';
import { wrongInput } from '../../base/problem.ts';
import { decodeText } from '../../files/table.ts';
import {
  MODBUS_TABLES,
  type ModbusTable,
  type ModbusTag,
  NUMBER_REGISTERS,
} from './modbus-config.ts';

export type RegisterListOptions = {
  /** Of rows that have none. */
  readonly machine: string | undefined;
  readonly table: ModbusTable | undefined;
};

/** What columns are called, in small letters without blanks and signs. */
const COLUMNS = {
  tag: /^(tag|name|signal|variable|bezeichnung|label)$/,
  address: /^(address|addr|register|adresse|offset)$/,
  type: /^(type|datatype|format|typ|datentyp)$/,
  table: /^(table|area|registertype|tabelle|objecttype)$/,
  unit: /^(unit|units|einheit|engunit)$/,
  order: /^(order|byteorder|wordorder)$/,
  length: /^(length|words|count|registers|länge|anzahl)$/,
  machine: /^(machine|device|maschine|asset)$/,
  unit_id: /^(unitid|slave|slaveid|deviceid|station)$/,
} as const;
type Column = keyof typeof COLUMNS;

/** Names of types, as in IEC 61131-3 and as makers write them. */
const TYPES: Readonly<Record<string, ModbusTag['type']>> = {
  ...Object.fromEntries(
    Object.keys(NUMBER_REGISTERS).map((type) => [type, type as keyof typeof NUMBER_REGISTERS]),
  ),
  ...{ int: 'int16', s16: 'int16', i16: 'int16', short: 'int16', signed16: 'int16' },
  ...{ uint: 'uint16', u16: 'uint16', word: 'uint16', unsigned16: 'uint16' },
  ...{ dint: 'int32', s32: 'int32', i32: 'int32', udint: 'uint32', u32: 'uint32', dword: 'uint32' },
  ...{ lint: 'int64', s64: 'int64', i64: 'int64', ulint: 'uint64', u64: 'uint64', lword: 'uint64' },
  ...{ real: 'float32', float: 'float32', f32: 'float32', single: 'float32' },
  ...{ lreal: 'float64', double: 'float64', f64: 'float64' },
  ...{ string: 'text', text: 'text', ascii: 'text', bool: 'bit', bit: 'bit', boolean: 'bit' },
};

/** Tables by the first digit of addresses with five or six (40001): they count from 1. */
const NUMBERED: Readonly<Record<string, ModbusTable>> = {
  ...{ 0: 'coil', 1: 'discrete', 3: 'input', 4: 'holding' },
};

/** `groups` of `edge.yaml` from a list (CSV). Throws a `Problem` with the line of what cannot be understood. */
export function groupsOfList(file: string, options: RegisterListOptions): string {
  const text = decodeText(readFileSync(file));
  const head = text.slice(0, text.search(/[\r\n]|$/));
  const delimiter = ([';', '\t', ','] as const).find((each) => head.includes(each)) ?? ',';
  const [heading, ...rows] = csvRowsOf(file, text, delimiter);
  const columns = columnsOf(heading);
  for (const needed of ['tag', 'address'] as const) {
    if (columns.has(needed)) continue;
    const found = heading?.cells.join(', ') ?? 'an empty file';
    throw wrongInput(
      `${file}, line 1`,
      `a column ${needed}`,
      found,
      'Write a heading: tag, address, type.',
    );
  }
  // Whoever names the table means addresses as they are.
  const isNumbered = !columns.has('table') && options.table === undefined;
  const groups = new Map<string, object[]>();
  for (const row of rows) {
    const cell = (column: Column) => row.cells[columns.get(column) ?? -1] ?? '';
    const where = `${file}, line ${row.line}`;
    const machine = cell('machine') || options.machine;
    if (machine === undefined)
      throw wrongInput(where, 'a machine', 'none', 'Say it with --machine.');
    const key = JSON.stringify([machine, cell('unit_id')]);
    const tags = groups.get(key) ?? [];
    groups.set(key, tags);
    tags.push(tagOfRow(where, cell, isNumbered ? undefined : (options.table ?? 'holding')));
  }
  const all = [...groups].map(([key, tags]) => {
    const [machine, unitId] = JSON.parse(key) as [string, string];
    return { every: '1s', machine, ...(unitId === '' ? {} : { unit_id: Number(unitId) }), tags };
  });
  return stringify({ first: isNumbered ? 1 : 0, groups: all }, { lineWidth: 0 });
}

function columnsOf(heading: CsvRow | undefined): ReadonlyMap<Column, number> {
  const names = (heading?.cells ?? []).map((cell) => cell.toLowerCase().replace(/[\s_.-]/g, ''));
  return new Map(
    (Object.keys(COLUMNS) as Column[]).flatMap((column) => {
      const at = names.findIndex((name) => COLUMNS[column].test(name));
      return at === -1 ? [] : [[column, at] as const];
    }),
  );
}

/** `table`: undefined where the first digit of an address says it. */
function tagOfRow(
  where: string,
  cell: (column: Column) => string,
  table: ModbusTable | undefined,
): object {
  const [, digits = '', bit] = /^(\d+|0x[0-9a-f]+)(?:\.(\d+))?$/i.exec(cell('address')) ?? [];
  if (digits === '')
    throw wrongInput(where, 'an address', cell('address'), 'Write 100, 0x64, or 40101.');
  const own =
    table === undefined
      ? numbered(where, digits)
      : ([tableOf(where, cell('table'), table), Number(digits)] as const);
  const [of, address] = own;
  const [, word = '', size] =
    /^([a-z]+\d*)(?:[[(](\d+)[\])])?$/.exec(cell('type').toLowerCase()) ?? [];
  const type = cell('type') === '' ? undefined : TYPES[word];
  if (type === undefined && cell('type') !== '') {
    const expected = `a type such as ${Object.keys(NUMBER_REGISTERS).join(', ')}, text`;
    throw wrongInput(where, expected, cell('type'), 'Write one of these.');
  }
  const letters = size === undefined ? undefined : Math.ceil(Number(size) / 2);
  const length = type === 'text' ? Number(cell('length') || letters) : undefined;
  if (length !== undefined && !(length > 0)) {
    throw wrongInput(where, 'how long a text is', cell('length'), 'Write length, in registers.');
  }
  return {
    ...{ tag: cell('tag'), [of]: address },
    ...(bit === undefined ? {} : { bit: Number(bit) }),
    ...(type === undefined || type === 'bit' ? {} : { type }),
    ...(length === undefined ? {} : { length }),
    ...(cell('order') === '' ? {} : { order: cell('order').toUpperCase() }),
    ...(cell('unit') === '' ? {} : { unit: cell('unit') }),
  };
}

function numbered(where: string, digits: string): readonly [ModbusTable, number] {
  const [, first = '', rest = ''] = /^([0134])(\d{4,5})$/.exec(digits) ?? [];
  const table = NUMBERED[first];
  if (table !== undefined && Number(rest) > 0) return [table, Number(rest)];
  const remedy = 'Write a column table (holding, input, coil, discrete), or say --table.';
  throw wrongInput(
    where,
    'an address such as 40101, whose first digit is the table',
    digits,
    remedy,
  );
}

function tableOf(where: string, word: string, usual: ModbusTable): ModbusTable {
  if (word === '') return usual;
  const found = MODBUS_TABLES.find((table) => word.toLowerCase().startsWith(table));
  if (found !== undefined) return found;
  throw wrongInput(where, `a table: ${MODBUS_TABLES.join(', ')}`, word, 'Write one of these.');
}
