import type { EventTime } from '../../operators/model/time.ts';
import { toIso } from '../../operators/model/time.ts';

/** What placeholders see: names with plain values, one level of nesting. */
export type Fields = Readonly<Record<string, unknown>>;

/** Words of ours to words of theirs, by table and word. */
export type Maps = Readonly<Record<string, Readonly<Record<string, string | number>>>>;

/** `{{path}}`, `{{path?}}` where it may be absent, `{{path|filter|filter:argument}}`. */
export type Placeholder = {
  readonly path: readonly string[];
  readonly optional: boolean;
  readonly filters: readonly (readonly [name: string, argument: string])[];
};

/** A template asks for something that this request does not have. Nothing has been sent. */
export class TemplateError extends Error {
  override name = 'TemplateError' as const;
}

export const FILTERS = ['iso', 'milliseconds', 'number', 'text', 'cut', 'join', 'map', 'raw'];

/** Reads what stands between the braces; undefined when it is no placeholder. */
export function parsePlaceholder(text: string): Placeholder | undefined {
  const [head = '', ...rest] = text.split('|').map((part) => part.trim());
  if (!/^[a-z_]+(\.[A-Za-z0-9_-]+)*\??$/.test(head)) return undefined;
  const filters = rest.map((part) => {
    const colon = part.indexOf(':');
    return colon < 0
      ? ([part, ''] as const)
      : ([part.slice(0, colon), part.slice(colon + 1)] as const);
  });
  if (filters.some(([name]) => !FILTERS.includes(name))) return undefined;
  return { path: head.replace('?', '').split('.'), optional: head.endsWith('?'), filters };
}

/** The value of a placeholder, of whatever JSON type it has; undefined only where it is optional and absent. */
export function evaluate(placeholder: Placeholder, fields: Fields, maps: Maps): unknown {
  let value: unknown = fields;
  for (const name of placeholder.path) {
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, name)
        ? Reflect.get(value, name)
        : undefined;
  }
  const path = placeholder.path.join('.');
  if (value === undefined || value === null || value === '') {
    if (placeholder.optional) return undefined;
    if (value === undefined) {
      const remedy = path.startsWith('ids.')
        ? `Give the asset this id in plant.yaml, or write {{${path}?}} where the CMMS can do without.`
        : `Write {{${path}?}} where the CMMS can do without.`;
      throw new TemplateError(`expected a value for {{${path}}}, found none. ${remedy}`);
    }
  }
  return placeholder.filters.reduce<unknown>(
    (current, [name, argument]) => filter(current, name, argument, path, maps),
    value,
  );
}

function filter(value: unknown, name: string, argument: string, path: string, maps: Maps): unknown {
  switch (name) {
    case 'iso':
      return typeof value === 'number' ? toIso(value as EventTime) : value;
    case 'milliseconds':
      return typeof value === 'number' ? value / 1_000 : value;
    case 'number': {
      const number = Number(value);
      if (Number.isFinite(number)) return number;
      throw new TemplateError(`expected a number for {{${path}}}, found ${JSON.stringify(value)}.`);
    }
    case 'text':
      return toText(value);
    case 'cut':
      return [...toText(value)].slice(0, Number(argument)).join('');
    case 'join':
      return Array.isArray(value) ? value.map(toText).join(argument || ', ') : value;
    case 'map': {
      const mapped = maps[argument]?.[toText(value)];
      if (mapped !== undefined) return mapped;
      throw new TemplateError(
        `expected maps.${argument} to hold "${toText(value)}" (of {{${path}}}), found ` +
          `${Object.keys(maps[argument] ?? {}).join(', ') || 'nothing'}.`,
      );
    }
    default:
      return value;
  }
}

/** How a value reads inside a longer text. */
export function toText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
