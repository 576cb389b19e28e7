import { describe, expect, test } from 'vitest';
import { checkContracts, isAnnounced } from '../../../pipelines/contracts/check-contracts.ts';
import { compareSchemas, type JsonSchema } from '../../../pipelines/contracts/compare-schemas.ts';
import type { Catalogue, Contract } from '../../../pipelines/contracts/contract.ts';

const object = (properties: Record<string, JsonSchema>, more: JsonSchema = {}): JsonSchema => ({
  type: 'object',
  properties,
  ...more,
});
const field = (schema: JsonSchema, more: JsonSchema = {}) => object({ x: schema }, more);

/** For each kind of change: before, after, and whom it breaks: whoever sends, or whoever reads. */
const KINDS: readonly [string, JsonSchema, JsonSchema, sends: boolean, reads: boolean][] = [
  ['a new field', object({}), field({ type: 'string' }), false, false],
  [
    'a new field that is required',
    object({}),
    field({ type: 'string' }, { required: ['x'] }),
    true,
    false,
  ],
  ['a field that is gone', field({ type: 'string' }), object({}), true, true],
  ['another type', field({ type: 'string' }), field({ type: 'number' }), true, true],
  ['a wider number', field({ type: 'integer' }), field({ type: 'number' }), false, true],
  ['a narrower number', field({ type: 'number' }), field({ type: 'integer' }), true, false],
  ['any type', field({ type: 'number' }), field({}), false, true],
  ['one more word', field({ enum: ['a'] }), field({ enum: ['a', 'b'] }), false, true],
  ['one word less', field({ enum: ['a', 'b'] }), field({ enum: ['a'] }), true, false],
  [
    'words instead of a text',
    field({ type: 'string' }),
    field({ type: 'string', enum: ['a'] }),
    true,
    false,
  ],
  [
    'a text instead of words',
    field({ type: 'string', enum: ['a'] }),
    field({ type: 'string' }),
    false,
    true,
  ],
  ['may be left out', field({}, { required: ['x'] }), field({}), false, true],
  ['is required', field({}), field({}, { required: ['x'] }), true, false],
  [
    'a higher least',
    field({ type: 'number', minimum: 0 }),
    field({ type: 'number', minimum: 1 }),
    true,
    false,
  ],
  ['no least', field({ type: 'number', minimum: 0 }), field({ type: 'number' }), false, true],
  [
    'a lower most',
    field({ type: 'string', maxLength: 9 }),
    field({ type: 'string', maxLength: 8 }),
    true,
    false,
  ],
  [
    'a higher most',
    field({ type: 'string', maxLength: 8 }),
    field({ type: 'string', maxLength: 9 }),
    false,
    true,
  ],
  ['a pattern', field({ type: 'string' }), field({ type: 'string', pattern: 'a' }), true, false],
  [
    'another pattern',
    field({ type: 'string', pattern: 'a' }),
    field({ type: 'string', pattern: 'b' }),
    true,
    true,
  ],
  ['another default', field({ default: 1 }), field({ default: 2 }), true, false],
  ['another unit', field({ 'x-unit': 'mm/s' }), field({ 'x-unit': 'in/s' }), true, true],
  [
    'other fields are refused',
    object({}),
    object({}, { additionalProperties: false }),
    true,
    false,
  ],
  [
    'null',
    field({ type: 'string' }),
    field({ anyOf: [{ type: 'string' }, { type: 'null' }] }),
    false,
    true,
  ],
  ['no null', field({ type: ['string', 'null'] }), field({ type: 'string' }), true, false],
  [
    'narrower items',
    field({ type: 'array', items: { type: 'number' } }),
    field({ type: 'array', items: { type: 'integer' } }),
    true,
    false,
  ],
  [
    'narrower names',
    object({}, { propertyNames: { maxLength: 9 } }),
    object({}, { propertyNames: { maxLength: 8 } }),
    true,
    false,
  ],
  [
    'another place of a tuple',
    field({ prefixItems: [{ type: 'number' }] }),
    field({ prefixItems: [{ type: 'string' }] }),
    true,
    true,
  ],
  ['a longer tuple', field({ prefixItems: [{}] }), field({ prefixItems: [{}, {}] }), true, true],
  [
    'items where any were',
    field({ type: 'array' }),
    field({ type: 'array', items: { type: 'number' } }),
    true,
    false,
  ],
  [
    'any other fields',
    object({}, { additionalProperties: { type: 'string' } }),
    object({}, { additionalProperties: true }),
    false,
    true,
  ],
  [
    'other fields of one type',
    object({}),
    object({}, { additionalProperties: { type: 'string' } }),
    true,
    false,
  ],
  [
    'another default beside variants',
    field({ anyOf: [{ type: 'string' }, { type: 'null' }], default: 'a' }),
    field({ anyOf: [{ type: 'string' }, { type: 'null' }], default: 'b' }),
    true,
    false,
  ],
  ['a keyword that is not known', field({ not: {} }), field({}), true, true],
  [
    'a wider number with a lower most',
    field({ type: 'integer', maximum: 100 }),
    field({ type: 'number', maximum: 10 }),
    true,
    true,
  ],
  [
    'another column type',
    field({ type: 'integer', 'x-clickhouse': 'UInt32' }),
    field({ type: 'integer', 'x-clickhouse': 'UInt64' }),
    true,
    true,
  ],
  ['other words about it', field({ description: 'a' }), field({ description: 'b' }), false, false],
  ['deprecated', field({}), field({ deprecated: true }), false, false],
];

describe('a change of a schema', () => {
  test.each(KINDS)('%s', (_, before, after, sends, reads) => {
    const breaks = (sender: 'others' | 'andon') => {
      const changes = compareSchemas(before, after, sender);
      expect(changes).not.toEqual([]);
      return changes.some(({ breaking }) => breaking);
    };
    expect({ sends: breaks('others'), reads: breaks('andon') }).toEqual({ sends, reads });
  });

  test('is told with its path, through references, lists and variants', () => {
    const of = (words: readonly string[]) => ({
      $defs: { one: object({ state: { enum: words } }) },
      ...object({
        list: { type: 'array', items: { anyOf: [{ type: 'null' }, { $ref: '#/$defs/one' }] } },
      }),
    });
    const changes = compareSchemas(of(['a', 'b']), of(['a']), 'others');
    expect(changes).toEqual([{ path: 'list[].state', breaking: true, what: 'no longer "b"' }]);
  });

  test('in a schema that contains itself comes to an end', () => {
    const of = (type: string) => ({
      $ref: '#/$defs/tree',
      $defs: { tree: object({ name: { type }, under: { $ref: '#/$defs/tree' } }) },
    });
    expect(compareSchemas(of('string'), of('string'), 'others')).toEqual([]);
    expect(compareSchemas(of('string'), of('number'), 'others')).toMatchObject([{ path: 'name' }]);
  });

  test('of none there is none', () => {
    for (const [, before] of KINDS) expect(compareSchemas(before, before, 'others')).toEqual([]);
  });
});

const contract: Contract = {
  ...{ id: 'message.a', kind: 'message', address: 'a.<b>', sender: 'others', owner: 'o' },
  ...{ version: 1, since: '0.2.0', meaning: 'm', interaction: 'asynchronous', latency: '1 s' },
  ...{ criticality: 'vital', on_failure: 'f', schema: field({ type: 'string' }) },
};
const catalogue = (...contracts: readonly Contract[]): Catalogue => ({
  andon: '0.2.0',
  contracts: [...contracts],
});

describe('a change of a contract', () => {
  const check = (before: Partial<Contract> | null, after: Partial<Contract> | null) => {
    const of = (part: Partial<Contract> | null) => {
      return part === null ? catalogue() : catalogue({ ...contract, ...part });
    };
    return checkContracts(of(before), of(after));
  };

  test.each([
    ['new', null, {}, false],
    ['gone', {}, null, true],
    ['another subject', {}, { address: 'c.<b>' }, true],
    ['sent by the other side', {}, { sender: 'andon' as const }, true],
    ['synchronous now', {}, { interaction: 'synchronous' as const }, true],
    ['an older version', { version: 2 }, { version: 1 }, true],
    ['deprecated', {}, { deprecated: 'use message.b' }, false],
    ['another owner', {}, { owner: 'p' }, false],
  ])('%s', (_, before, after, breaking) => {
    const changes = check(before, after);
    expect(changes.map((change) => change.breaking)).toEqual([breaking]);
    expect(isAnnounced(changes)).toBe(!breaking);
  });

  test('that was not deprecated is said to go without notice', () => {
    expect(check({}, null)[0]?.what).toBe('is gone, and was not deprecated before');
    expect(check({ deprecated: 'use message.b' }, null)[0]?.what).toBe('is gone');
  });

  test('that breaks is announced by a higher version', () => {
    const changes = check({}, { version: 2, schema: field({ type: 'number' }) });
    expect(changes).toMatchObject([{ breaking: true, announced: true, path: 'x' }]);
    expect(isAnnounced(changes)).toBe(true);
  });

  test('names who uses what changed, and nobody else', () => {
    const use = (name: string, fields?: readonly string[]) => ({
      ...{ name, owner: 'it' },
      uses: [{ contract: 'message.a', ...(fields === undefined ? {} : { fields: [...fields] }) }],
    });
    const users = [use('all'), use('this', ['x']), use('in it', ['x.y']), use('another', ['xy'])];
    const changed = catalogue({ ...contract, schema: field({ type: 'number' }) });
    const [change] = checkContracts(catalogue(contract), changed, users);
    expect(change?.consumers).toEqual(['all', 'this', 'in it']);
  });
});
