import { Document, isMap, isScalar, Pair, type YAMLMap } from 'yaml';
import type { z } from 'zod';
import { type Config, configSchema } from './config.ts';

const SECRET = /^(password|token|auth|authorization|headers|secret|key|api_?key)$/i;

/** A configuration as YAML that can be shown: every setting with its sentence, no secrets. */
export function explainConfig(config: Config): string {
  const document = new Document(concealed(config));
  if (isMap(document.contents)) comment(document.contents, configSchema);
  return document.toString({ lineWidth: 0 });
}

/** Replaces what is secret, by the name of its field, and passwords inside of addresses. */
function concealed(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/\/\/[^/@\s]+@/, '//***@');
  if (Array.isArray(value)) return value.map(concealed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([name, inner]) => [name, SECRET.test(name) && inner !== '' ? '***' : concealed(inner)]),
  );
}

function comment(mapping: YAMLMap, schema: z.ZodType): void {
  const shape = shapeOf(schema);
  for (const pair of mapping.items) {
    if (!(pair instanceof Pair) || !isScalar(pair.key)) continue;
    const field = shape?.[String(pair.key.value)];
    if (field?.description === undefined) continue;
    if (isScalar(pair.value)) pair.value.comment = ` ${field.description}`;
    else pair.key.commentBefore = ` ${field.description}`;
    if (isMap(pair.value)) comment(pair.value, field);
  }
}

/** The fields of an object schema, through its defaults. */
function shapeOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> | undefined {
  if ('shape' in schema) return schema.shape as Readonly<Record<string, z.ZodType>>;
  const { def } = schema as { readonly def?: { readonly innerType?: z.ZodType } };
  return def?.innerType === undefined ? undefined : shapeOf(def.innerType);
}
