import {
  evaluate,
  type Fields,
  type Maps,
  type Placeholder,
  parsePlaceholder,
  toText,
} from './placeholder.ts';

/** JSON whose texts may hold placeholders. It stays JSON, so no quote in a title can break it. */
export type Template =
  | string
  | number
  | boolean
  | null
  | readonly Template[]
  | { readonly [name: string]: Template };

const PATTERN = /\{\{(.*?)\}\}/g;

/**
 * Fills a template in. A text that is one placeholder and nothing else becomes the value itself (number, list,
 * null); inside a longer text it becomes text. A property whose optional placeholder is absent is left out.
 */
export function fill(template: Template, fields: Fields, maps: Maps): unknown {
  if (typeof template === 'string') {
    const whole = template.match(/^\{\{([^{}]*)\}\}$/)?.[1];
    return whole === undefined
      ? fillText(template, fields, maps, toText)
      : evaluate(required(whole), fields, maps);
  }
  if (Array.isArray(template)) {
    return template.map((item) => fill(item, fields, maps)).filter((item) => item !== undefined);
  }
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(
    Object.entries(template)
      .map(([name, value]) => [name, fill(value, fields, maps)] as const)
      .filter(([, value]) => value !== undefined),
  );
}

/** Fills placeholders into a text; `encode` makes each value safe for where the text goes. */
export function fillText(
  text: string,
  fields: Fields,
  maps: Maps,
  encode: (value: unknown, placeholder: Placeholder) => string,
): string {
  return text.replaceAll(PATTERN, (_, inner: string) => {
    const placeholder = required(inner);
    return encode(evaluate(placeholder, fields, maps), placeholder);
  });
}

/** For a path: slashes, question marks and dots of a value are only text. `|raw` is for ids that are addresses. */
export function encodePath(value: unknown, { filters }: Placeholder): string {
  const text = toText(value);
  return filters.some(([name]) => name === 'raw') ? text : encodeURIComponent(text);
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
  return Object.values(template).flatMap(placeholdersOf);
}

function required(inner: string): Placeholder {
  const placeholder = parsePlaceholder(inner.trim());
  if (placeholder === undefined) throw new Error(`no placeholder: {{${inner}}}`);
  return placeholder;
}
