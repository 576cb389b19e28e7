// Templates of a call: JSON and texts with placeholders such as `{{title}}`, filled from the fields of a request.

import { type EventTime, toIso } from '../../operators/model/time.ts';

/** JSON whose texts may hold placeholders. It stays JSON, so no quote in a title can break it. */
export type Template =
  | string
  | number
  | boolean
  | null
  | readonly Template[]
  | { readonly [name: string]: Template };

/** What placeholders see: names with plain values, one level of nesting. */
export type TemplateFields = Readonly<Record<string, unknown>>;

/** Words of ours to words of theirs, by table and word. */
type TemplateMaps = Readonly<Record<string, Readonly<Record<string, string | number>>>>;

/** `{{path}}`, `{{path?}}` where it may be absent, `{{path|filter|filter:argument}}`. */
type Placeholder = {
  readonly path: readonly string[];
  readonly optional: boolean;
  readonly filters: readonly (readonly [name: string, argument: string])[];
};

/** A template asks for something that this request does not have. Nothing has been sent. */
export class TemplateError extends Error {
  override name = 'TemplateError' as const;
}

const PATTERN = /\{\{(.*?)\}\}/g;

/**
 * Fills a template in. A text that is one placeholder and nothing else becomes the value itself (number, list,
 * null); inside a longer text it becomes text, as it does in a name: locks name the object that they are of. A property
 * whose optional placeholder is absent is left out.
 */
export function fill(template: Template, fields: TemplateFields, maps: TemplateMaps): unknown {
  if (typeof template === 'string') {
    const whole = template.match(/^\{\{([^{}]*)\}\}$/)?.[1];
    return whole === undefined
      ? fillText(template, fields, maps, toText)
      : placeholderValue(required(whole), fields, maps);
  }
  if (Array.isArray(template)) {
    return template.map((item) => fill(item, fields, maps)).filter((item) => item !== undefined);
  }
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(
    Object.entries(template)
      .map(([name, value]) => {
        return [fillText(name, fields, maps, toText), fill(value, fields, maps)] as const;
      })
      .filter(([, value]) => value !== undefined),
  );
}

/** Fills placeholders into a text; `encode` makes each value safe for where the text goes. */
export function fillText(
  text: string,
  fields: TemplateFields,
  maps: TemplateMaps,
  encode: (value: unknown, placeholder: Placeholder) => string,
): string {
  return text.replaceAll(PATTERN, (_, inner: string) => {
    const placeholder = required(inner);
    return encode(placeholderValue(placeholder, fields, maps), placeholder);
  });
}

/**
 * For a path: slashes and question marks of a value are only text. Nothing, `.` and `..` cannot be written so that they
 * are: the call would go to another object. `|raw` is for ids that are addresses.
 */
export function encodePath(value: unknown, { path, optional, filters }: Placeholder): string {
  const text = toText(value);
  if (filters.some(([name]) => name === 'raw')) return text;
  if (text === '.' || text === '..' || (text === '' && !optional)) {
    throw new TemplateError(
      `expected a name for {{${path.join('.')}}} in a path, found "${text}": it leads to another object.`,
    );
  }
  // Half a surrogate pair has no code.
  return encodeURIComponent(Buffer.from(text).toString());
}

/** For a header: a line break in a value must not begin a header of its own. */
export function encodeHeader(value: unknown): string {
  return toText(value).replaceAll(/[^\t\x20-\x7e\xa0-\xff]+/g, ' ');
}

/** All placeholders of a template, as written; each must parse. */
export function placeholdersOf(template: Template): readonly string[] {
  if (typeof template === 'string') {
    return [...template.matchAll(PATTERN)].map(([, inner = '']) => inner.trim());
  }
  if (typeof template !== 'object' || template === null) return [];
  // Of a list, its places are no names that could hold any.
  return Object.entries(template).flatMap(([name, value]) => [
    ...placeholdersOf(name),
    ...placeholdersOf(value),
  ]);
}

function required(inner: string): Placeholder {
  const placeholder = parsePlaceholder(inner.trim());
  if (placeholder === undefined) throw new Error(`no placeholder: {{${inner}}}`);
  return placeholder;
}

export const FILTERS = [
  ...['iso', 'milliseconds', 'year', 'month', 'day'],
  ...['number', 'text', 'cut', 'join', 'map', 'raw'],
];

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
function placeholderValue(
  placeholder: Placeholder,
  fields: TemplateFields,
  maps: TemplateMaps,
): unknown {
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

function filter(
  value: unknown,
  name: string,
  argument: string,
  path: string,
  maps: TemplateMaps,
): unknown {
  switch (name) {
    case 'iso':
      return typeof value === 'number' ? toIso(value as EventTime) : value;
    case 'milliseconds':
      return typeof value === 'number' ? value / 1_000 : value;
    case 'year':
    case 'month':
    case 'day':
      return partOfDate(value, name, path);
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

/** A part of the day of a time in UTC: of one of ours, or of its ISO text. */
function partOfDate(value: unknown, part: 'year' | 'month' | 'day', path: string): number {
  const date = new Date(typeof value === 'number' ? value / 1_000 : toText(value));
  if (Number.isNaN(date.getTime())) {
    throw new TemplateError(`expected a time for {{${path}}}, found ${JSON.stringify(value)}.`);
  }
  if (part === 'year') return date.getUTCFullYear();
  return part === 'month' ? date.getUTCMonth() + 1 : date.getUTCDate();
}

/** How a value reads inside a longer text. */
export function toText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
