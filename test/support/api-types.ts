/** TypeScript of the API's description: what the page's client is typed by. */

type Schema = {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly additionalProperties?: Schema | boolean;
  readonly description?: string;
};

type Operation = {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly schema: Schema;
  }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema?: Schema }>>;
  };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >;
};

type Description = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};

const HEAD = '// Made from docs/openapi.json (test/docs/openapi.test.ts). Do not edit.\n\n';

/** A file for each group of operations, and one that has them all. Of each: method, path, parameters, body and answer. */
export function apiTypes(description: object): ReadonlyMap<string, string> {
  const { paths } = description as Description;
  const groups = new Map<string, string[]>();
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const [tag = ''] = operation.tags;
      groups.set(tag, [...(groups.get(tag) ?? []), operationType(path, method, operation)]);
    }
  }
  const files = [...groups].map(([tag, types]): [string, string] => [
    `operations/${tag.toLowerCase()}.ts`,
    `${HEAD}export type ${tag}Operations = {\n${types.join('\n')}\n};\n`,
  ]);
  const tags = [...groups.keys()].toSorted();
  const imports = tags.map(
    (tag) => `import type { ${tag}Operations } from './operations/${tag.toLowerCase()}.ts';`,
  );
  const all = tags.map((tag) => `${tag}Operations`).join(' &\n  ');
  const whole = `${HEAD}${imports.join('\n')}\n\nexport type Operations = ${all};\n`;
  return new Map([['operations.ts', whole], ...files]);
}

function operationType(path: string, method: string, operation: Operation): string {
  const { operationId, summary, parameters = [], requestBody, responses } = operation;
  const of = (place: string) => ({
    type: 'object',
    properties: Object.fromEntries(
      parameters.filter((each) => each.in === place).map(({ name, schema }) => [name, schema]),
    ),
    required: parameters
      .filter((each) => each.in === place && each.required)
      .map(({ name }) => name),
  });
  const body = requestBody?.content['application/json']?.schema;
  const [good] = Object.entries(responses).filter(([status]) => status.startsWith('2'));
  const answer = good?.[1].content?.['application/json']?.schema;
  return [
    `  /** ${summary} */`,
    `  ${operationId}: {`,
    `    method: '${method.toUpperCase()}';`,
    `    url: '${path}';`,
    `    path: ${typeOf(of('path'), '    ')};`,
    `    query: ${typeOf(of('query'), '    ')};`,
    `    body: ${bodyType(requestBody, body)};`,
    `    answer: ${answer === undefined ? 'undefined' : typeOf(answer, '    ')};`,
    '  };',
  ].join('\n');
}

/** A body that is no JSON is bytes. */
function bodyType(requestBody: Operation['requestBody'], json: Schema | undefined): string {
  if (json !== undefined) return typeOf(json, '    ');
  return requestBody === undefined ? 'undefined' : 'Blob';
}

function typeOf(schema: Schema, indent: string): string {
  if (schema.const !== undefined) return literal(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(literal).join(' | ');
  if (schema.anyOf !== undefined)
    return schema.anyOf.map((each) => typeOf(each, indent)).join(' | ');
  if (Array.isArray(schema.type)) {
    return schema.type.map((type: string) => typeOf({ ...schema, type }, indent)).join(' | ');
  }
  switch (schema.type) {
    case 'object':
      return objectType(schema, indent);
    case 'array':
      if (schema.prefixItems !== undefined) {
        return `[${schema.prefixItems.map((each) => typeOf(each, indent)).join(', ')}]`;
      }
      return `Array<${schema.items === undefined ? 'unknown' : typeOf(schema.items, indent)}>`;
    case 'string':
    case 'number':
    case 'boolean':
    case 'null':
      return schema.type;
    case 'integer':
      return 'number';
    default:
      return 'unknown';
  }
}

function objectType(
  { properties = {}, required = [], additionalProperties }: Schema,
  indent: string,
): string {
  const entries = Object.entries(properties);
  if (entries.length === 0) {
    const values = typeof additionalProperties === 'object' ? additionalProperties : undefined;
    return values === undefined
      ? 'Record<never, never>'
      : `Record<string, ${typeOf(values, indent)}>`;
  }
  const inner = `${indent}  `;
  const fields = entries.flatMap(([name, schema]) => [
    ...(schema.description === undefined ? [] : [`${inner}/** ${schema.description} */`]),
    `${inner}${name}${required.includes(name) ? '' : '?'}: ${typeOf(schema, inner)};`,
  ]);
  return `{\n${fields.join('\n')}\n${indent}}`;
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
