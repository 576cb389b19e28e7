import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, identity } from '../../../operators/model/canonical.ts';

/** The same value with its properties put in the other way round. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).reverse();
  return Object.fromEntries(fields.map(([name, field]) => [name, turned(field)]));
}

function namesOf(value: unknown): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [];
  const deeper = Object.values(value).flatMap(namesOf);
  return Array.isArray(value) ? deeper : [Object.keys(value), ...deeper];
}

// Numbers as names stand first in every object, whatever way it was built, so that a parsed text cannot show order.
const name = fc.string({ unit: 'binary' }).map((text) => `n${text}`);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(name, tie('tree'), { maxKeys: 5, noNullPrototype: true }),
  ),
}));

describe('canonical JSON', () => {
  test('has the same bytes whatever way the value was built', () => {
    fc.assert(
      fc.property(tree, (value) => {
        expect(canonicalJson(turned(value))).toBe(canonicalJson(value));
      }),
    );
  });

  test('is JSON as the language writes it, with the names in order', () => {
    fc.assert(
      fc.property(tree, (value) => {
        const text = canonicalJson(value);
        const parsed: unknown = JSON.parse(text);
        expect(parsed).toEqual(value);
        expect(JSON.stringify(parsed)).toBe(text);
        for (const names of namesOf(parsed)) expect(names).toEqual([...names].sort());
      }),
    );
  });

  test('leaves out what is undefined, and writes every number as JSON does', () => {
    expect(canonicalJson({ b: undefined, a: [undefined, -0, 1e21, 1e-7] })).toBe(
      '{"a":[null,0,1e+21,1e-7]}',
    );
  });
});

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

test('an identity is the first 100 bits of sha256 over the framed parts, in base32', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer())), (parts) => {
      const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
      const bits = [...digest].map((each) =>
        Number.parseInt(each, 16).toString(2).padStart(4, '0'),
      );
      const fives = bits.join('').slice(0, 100).match(/.{5}/g) ?? [];
      const text = fives.map((five) => ALPHABET[Number.parseInt(five, 2)]).join('');
      expect(identity(parts)).toBe(text);
    }),
  );
});
