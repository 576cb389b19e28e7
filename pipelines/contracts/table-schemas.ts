/** The tables of ClickHouse as JSON Schemas, read from the statements that make them. */

import type { JsonSchema } from './compare-schemas.ts';

/** One table. `meaning`: its comment. */
export type TableSchema = {
  readonly name: string;
  readonly meaning: string;
  readonly schema: JsonSchema;
};

const TABLE = /^CREATE TABLE IF NOT EXISTS (\w+)\n\(\n([\s\S]*?)\n\)([\s\S]*?);$/gm;
const COLUMN = /^ {4}`?(?<name>\w+)`? +(?<type>[A-Za-z]\w*(?:\(.*?\)\)?)?) +(?<rest>.*)$/;

/** The tables of a file of `sql/schema`. Columns that are worked out when a row is inserted are left out. */
export function tableSchemas(sql: string): readonly TableSchema[] {
  return [...sql.matchAll(TABLE)].map(([, name = '', columns = '', after = '']) => {
    const lines = columns.split('\n').map((line) => COLUMN.exec(line)?.groups);
    const listed = lines.flatMap((groups) => {
      const { name: column = '', type = '', rest = '' } = groups ?? {};
      return column === '' || rest.includes('MATERIALIZED') ? [] : [{ column, type, rest }];
    });
    const properties = Object.fromEntries(
      listed.map(({ column, type, rest }) => [column, columnSchema(type, rest)]),
    );
    const required = listed.map(({ column }) => column);
    const schema = { type: 'object', properties, required, additionalProperties: true };
    return { name, meaning: commentOf(after) ?? name, schema };
  });
}

function columnSchema(type: string, rest: string): JsonSchema {
  const description = commentOf(rest);
  return { ...valueSchema(type), ...(description === undefined ? {} : { description }) };
}

function commentOf(text: string): string | undefined {
  return /COMMENT '((?:[^']|'')*)'/.exec(text)?.[1]?.replaceAll("''", "'");
}

/** What a value of a type is when it is written as JSON. `x-clickhouse` is the type itself. */
function valueSchema(type: string): JsonSchema {
  const [, outer = type, inner = ''] = /^(\w+)\((.*)\)$/.exec(type) ?? [];
  switch (outer) {
    case 'LowCardinality':
      return valueSchema(inner);
    case 'Nullable':
      return { anyOf: [valueSchema(inner), { type: 'null' }] };
    case 'Array':
      return { type: 'array', items: valueSchema(inner) };
    case 'Map':
      return { type: 'object', additionalProperties: valueSchema(inner.split(', ')[1] ?? '') };
    case 'DateTime':
    case 'DateTime64':
      return { type: 'string', format: 'date-time', 'x-clickhouse': type };
    case 'Date':
      return { type: 'string', format: 'date', 'x-clickhouse': type };
    case 'Bool':
      return { type: 'boolean', 'x-clickhouse': type };
    default:
      return { type: jsonType(outer), 'x-clickhouse': type };
  }
}

function jsonType(outer: string): string {
  if (outer.startsWith('Float') || outer.startsWith('Decimal')) return 'number';
  return /^U?Int\d+$/.test(outer) ? 'integer' : 'string';
}
