import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { identity } from '../../../operators/model/identity.ts';

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
