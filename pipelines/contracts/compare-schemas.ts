/** What changed from one JSON Schema to the next, and for whom that breaks something. */

export type JsonSchema = { readonly [keyword: string]: unknown };

/** Who sends what the schema describes. The other side reads it. */
type Sender = 'others' | 'andon';

export type SchemaChange = {
  /** Such as `data.state` or `values[]`; empty: the message itself. */
  readonly path: string;
  /** True: whoever is not changed with it fails, or understands something else. */
  readonly breaking: boolean;
  readonly what: string;
};

/** One place of both schemas. */
type SchemaPlace = {
  readonly path: string;
  readonly before: JsonSchema;
  readonly after: JsonSchema;
  readonly sender: Sender;
  readonly roots: readonly [JsonSchema, JsonSchema];
  /** Pairs of references on the way here. */
  readonly followed: ReadonlySet<string>;
};

/**
 * Compares two schemas (draft 2020-12, as zod writes it). What others send must go on being accepted, so it may grow
 * wider; what Andon sends must go on being understood, so it may grow narrower, and have more fields. A keyword that
 * cannot be compared counts as breaking.
 */
export function compareSchemas(
  before: JsonSchema,
  after: JsonSchema,
  sender: Sender,
): readonly SchemaChange[] {
  const roots = [before, after] as const;
  return changesAt({ path: '', before, after, sender, roots, followed: new Set() });
}

function changesAt(given: SchemaPlace): readonly SchemaChange[] {
  const [rootBefore, rootAfter] = given.roots;
  const pair = JSON.stringify([given.before.$ref, given.after.$ref]);
  // A schema that contains itself: it is being compared already.
  if (given.followed.has(pair)) return [];
  const before = resolved(given.before, rootBefore);
  const after = resolved(given.after, rootAfter);
  const isReference = '$ref' in given.before || '$ref' in given.after;
  const followed = isReference ? new Set([...given.followed, pair]) : given.followed;
  const place: SchemaPlace = { ...given, before, after, followed };
  return [...annotationChanges(place), ...shapeChanges(place)];
}

function shapeChanges(place: SchemaPlace): readonly SchemaChange[] {
  const { before, after } = place;
  if (variantsOf(before).length > 1 || variantsOf(after).length > 1) return variantChanges(place);
  const typed = typeChanges(place);
  if (excludeEachOther(before.type, after.type)) return typed;
  return [
    ...typed,
    ...valueChanges(place),
    ...boundChanges(place),
    ...fieldChanges(place),
    ...otherFieldChanges(place),
    ...itemChanges(place),
    ...incomparableChanges(place),
  ];
}

/** Follows references within the document. */
function resolved(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const { $ref } = schema;
  if (typeof $ref !== 'string' || !$ref.startsWith('#/')) return schema;
  let found: unknown = root;
  for (const step of $ref.slice(2).split('/')) found = (found as JsonSchema | undefined)?.[step];
  return isSchema(found) && found !== schema ? resolved(found, root) : {};
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function variantsOf(schema: JsonSchema): readonly JsonSchema[] {
  const { anyOf, oneOf, type } = schema;
  const variants = Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : undefined;
  if (variants !== undefined) return variants.filter(isSchema);
  if (!Array.isArray(type)) return [schema];
  // What is said of all of them is compared once, and not in each.
  const shape = Object.entries(schema).filter(([keyword]) => !ANNOTATIONS.has(keyword));
  return type.map((one) => ({ ...Object.fromEntries(shape), type: one }));
}

/** Each variant that was accepted must still be, or each that is sent must have been known. */
function variantChanges(place: SchemaPlace): readonly SchemaChange[] {
  const { before, after, roots } = place;
  const fits = (old: JsonSchema, now: JsonSchema) => {
    return changesAt({ ...place, before: old, after: now, roots }).every((one) => !one.breaking);
  };
  const [old, now] = [variantsOf(before), variantsOf(after)];
  const gone = old.filter((each) => !now.some((other) => fits(each, other)));
  const added = now.filter((each) => !old.some((other) => fits(other, each)));
  // One variant each that differ: what differs in it says more than that both are strange.
  const [lost] = gone;
  const [found] = added;
  if (gone.length === 1 && added.length === 1 && lost !== undefined && found !== undefined) {
    return changesAt({ ...place, before: lost, after: found });
  }
  return [
    ...gone.map((each) => narrower(place, `can no longer be ${named(each)}`)),
    ...added.map((each) => wider(place, `can now be ${named(each)}`)),
  ];
}

function named(schema: JsonSchema): string {
  if ('const' in schema) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map((one) => JSON.stringify(one)).join(', ');
  return typeof schema.type === 'string' ? `of type ${schema.type}` : 'of another shape';
}

function typeChanges(place: SchemaPlace): readonly SchemaChange[] {
  const [old, now] = [place.before.type, place.after.type];
  if (old === now) return [];
  if (old === 'integer' && now === 'number') return [wider(place, 'integer became number')];
  if (old === 'number' && now === 'integer') return [narrower(place, 'number became integer')];
  if (now === undefined) return [wider(place, `type ${String(old)} became any`)];
  if (old === undefined) return [narrower(place, `any became type ${String(now)}`)];
  return [forBoth(place, `type ${String(old)} became ${String(now)}`)];
}

/** Whole numbers are numbers, and any type is every type: there the rest can be compared. */
function excludeEachOther(old: unknown, now: unknown): boolean {
  const isNumber = (type: unknown) => type === 'integer' || type === 'number';
  if (old === now || old === undefined || now === undefined) return false;
  return !(isNumber(old) && isNumber(now));
}

/** `enum` and `const`: the words that are possible. */
function valueChanges(place: SchemaPlace): readonly SchemaChange[] {
  const [old, now] = [wordsOf(place.before), wordsOf(place.after)];
  if (old === undefined && now === undefined) return [];
  if (now === undefined) return [wider(place, 'the list of words became open')];
  if (old === undefined) return [narrower(place, `only ${now.join(', ')} from now on`)];
  const gone = old.filter((word) => !now.includes(word));
  const added = now.filter((word) => !old.includes(word));
  return [
    ...(gone.length > 0 ? [narrower(place, `no longer ${gone.join(', ')}`)] : []),
    ...(added.length > 0 ? [wider(place, `now also ${added.join(', ')}`)] : []),
  ];
}

function wordsOf(schema: JsonSchema): readonly string[] | undefined {
  if ('const' in schema) return [JSON.stringify(schema.const)];
  const words = schema.enum;
  return Array.isArray(words) ? words.map((word) => JSON.stringify(word)) : undefined;
}

/** What people are told: units and defaults change the meaning, words about it do not. */
function annotationChanges(place: SchemaPlace): readonly SchemaChange[] {
  const { before, after } = place;
  const differs = (name: string) => JSON.stringify(before[name]) !== JSON.stringify(after[name]);
  const text = (value: unknown) => (value === undefined ? 'none' : JSON.stringify(value));
  const changes: SchemaChange[] = [];
  if (differs('x-unit')) {
    changes.push(forBoth(place, `unit ${text(before['x-unit'])} became ${text(after['x-unit'])}`));
  }
  if (differs('default')) {
    const what = `default ${text(before.default)} became ${text(after.default)}`;
    changes.push(place.sender === 'others' ? forBoth(place, what) : harmless(place, what));
  }
  if (differs('deprecated')) {
    const isNow = after.deprecated === true;
    changes.push(harmless(place, isNow ? 'is deprecated now' : 'is no longer deprecated'));
  }
  if (differs('description')) changes.push(harmless(place, 'is described in other words'));
  return changes;
}

type Fields = Readonly<Record<string, JsonSchema>>;

function fieldsOf(schema: JsonSchema): Fields {
  return isSchema(schema.properties) ? (schema.properties as Fields) : {};
}

function isRequired(schema: JsonSchema, name: string): boolean {
  const { required } = schema;
  return Array.isArray(required) && required.includes(name);
}

function fieldChanges(place: SchemaPlace): readonly SchemaChange[] {
  const { before, after } = place;
  const [old, now] = [fieldsOf(before), fieldsOf(after)];
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])];
  return names.flatMap((name) => {
    const path = place.path === '' ? name : `${place.path}.${name}`;
    const at: SchemaPlace = { ...place, path };
    const [was, is] = [old[name], now[name]];
    if (was === undefined) return [added(at, isRequired(after, name))];
    if (is === undefined) return [removed(at)];
    return [
      ...duty(at, isRequired(before, name), isRequired(after, name)),
      ...changesAt({ ...at, before: was, after: is }),
    ];
  });
}

function added(place: SchemaPlace, isRequiredNow: boolean): SchemaChange {
  if (isRequiredNow) return narrower(place, 'is new and required');
  return harmless(place, 'is new');
}

function removed(place: SchemaPlace): SchemaChange {
  const isSent = place.sender === 'others';
  return forBoth(place, isSent ? 'is gone: what is sent there is not read any more' : 'is gone');
}

function duty(place: SchemaPlace, was: boolean, is: boolean): readonly SchemaChange[] {
  if (was === is) return [];
  return is ? [narrower(place, 'is required now')] : [wider(place, 'may be left out now')];
}

/** `additionalProperties` and `propertyNames`: fields that are not listed. */
function otherFieldChanges(place: SchemaPlace): readonly SchemaChange[] {
  const { before, after, path } = place;
  const names = partChanges(place, `${path}{name}`, before.propertyNames, after.propertyNames);
  const [old, now] = [before.additionalProperties, after.additionalProperties];
  if (old !== false && now !== false) {
    return [...names, ...partChanges(place, `${path}{}`, old, now)];
  }
  if (old === now) return names;
  // Readers ignore fields that they do not know: more of them break nobody.
  const change =
    now === false
      ? narrower(place, 'other fields are refused now')
      : harmless(place, 'other fields are possible now');
  return [...names, change];
}

/** `items` and `prefixItems`: what a list holds. */
function itemChanges(place: SchemaPlace): readonly SchemaChange[] {
  const { before, after, path } = place;
  const items = partChanges(place, `${path}[]`, before.items, after.items);
  const [old, now] = [listOf(before.prefixItems), listOf(after.prefixItems)];
  if (old.length !== now.length) {
    return [...items, forBoth(place, `a list of ${old.length} became one of ${now.length}`)];
  }
  return [
    ...items,
    ...old.flatMap((was, at) => partChanges(place, `${path}[${at}]`, was, now[at])),
  ];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A schema within a schema; where there is none, all is possible. */
function partChanges(
  place: SchemaPlace,
  path: string,
  old: unknown,
  now: unknown,
): readonly SchemaChange[] {
  if (!isSchema(old) && !isSchema(now)) return [];
  const [before, after] = [isSchema(old) ? old : {}, isSchema(now) ? now : {}];
  return changesAt({ ...place, path, before, after });
}

/** Keywords that shut values out below, or above. */
const LEAST = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'] as const;
const MOST = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'] as const;
/** Keywords whose values cannot be compared with each other: another one is another contract. */
const TEXTS = ['pattern', 'format', 'multipleOf', 'contentEncoding', 'contentMediaType'] as const;

/** What the bounds of one place became. */
function boundChanges(place: SchemaPlace): readonly SchemaChange[] {
  return [
    ...LEAST.flatMap((keyword) => bound(place, keyword, (old, now) => now > old)),
    ...MOST.flatMap((keyword) => bound(place, keyword, (old, now) => now < old)),
    ...TEXTS.flatMap((keyword) => text(place, keyword)),
  ];
}

function bound(
  place: SchemaPlace,
  keyword: string,
  isNarrower: (old: number, now: number) => boolean,
): readonly SchemaChange[] {
  const [old, now] = [numberAt(place.before, keyword), numberAt(place.after, keyword)];
  if (old === now) return [];
  const what = `${keyword} ${old ?? 'without'} became ${now ?? 'none'}`;
  const narrows = now !== undefined && (old === undefined || isNarrower(old, now));
  return [narrows ? narrower(place, what) : wider(place, what)];
}

function numberAt(schema: JsonSchema, keyword: string): number | undefined {
  const value = schema[keyword];
  return typeof value === 'number' ? value : undefined;
}

function text(place: SchemaPlace, keyword: string): readonly SchemaChange[] {
  const [old, now] = [place.before[keyword], place.after[keyword]];
  if (old === now) return [];
  const what = `${keyword} ${said(old)} became ${said(now)}`;
  if (old === undefined) return [narrower(place, what)];
  return [now === undefined ? wider(place, what) : forBoth(place, what)];
}

function said(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}

/** What is said of a value, and shuts none out. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  ...['title', 'description', 'default', 'deprecated', 'examples', 'x-unit'],
]);
/** Keywords that are compared above, and those that only hold schemas for references. */
const COMPARED: ReadonlySet<string> = new Set([
  ...ANNOTATIONS,
  ...['type', 'enum', 'const', 'properties', 'required', 'additionalProperties', 'propertyNames'],
  ...['items', 'prefixItems', ...LEAST, ...MOST, ...TEXTS],
  ...['$ref', '$defs', '$schema', '$id', 'components'],
]);

/** Any other keyword that is another one now. */
function incomparableChanges(place: SchemaPlace): readonly SchemaChange[] {
  const { before, after } = place;
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((keyword) => !COMPARED.has(keyword))
    .filter((keyword) => said(before[keyword]) !== said(after[keyword]))
    .map((keyword) =>
      forBoth(place, `${keyword} ${said(before[keyword])} became ${said(after[keyword])}`),
    );
}

/** A change that makes less possible breaks whoever sends; one that makes more possible breaks whoever reads. */
function narrower(place: SchemaPlace, what: string): SchemaChange {
  return { path: place.path, breaking: place.sender === 'others', what };
}

function wider(place: SchemaPlace, what: string): SchemaChange {
  return { path: place.path, breaking: place.sender === 'andon', what };
}

function forBoth(place: SchemaPlace, what: string): SchemaChange {
  return { path: place.path, breaking: true, what };
}

function harmless(place: SchemaPlace, what: string): SchemaChange {
  return { path: place.path, breaking: false, what };
}
