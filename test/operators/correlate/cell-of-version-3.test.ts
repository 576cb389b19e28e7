import { expect, test } from 'vitest';
import { cellOfVersion3 } from '../../../operators/correlate/cell-of-version-3.ts';
import type { Plain } from '../../../operators/model/plain.ts';

test('a cell of version 3 goes on: what was free is free, and events keep what the model said', () => {
  const value = { kind: 'event', asset: 'p/l/a' };
  const fields = { kind: 'event', class: 'pump', criticality: 'A', name: 'a' };
  const event = {
    kind: 'event',
    asset: 'p/l/a',
    time: 1,
    situation: { state: 'x' },
    fields,
    value,
  };
  const partial = { id: 4, place: 2, first: 3, start: 1, previous: 1, last: 1 };
  const begin = { ...partial, id: 0, place: -1, last: -1 };
  const old = {
    ...{ fingerprint: 'f', events: 3, matches: 4, finished: [] },
    held: [null, { number: 3, event, time: 1, uses: 1 }, null],
    links: [null, { place: 1, event: 1, before: -1, uses: 1 }],
    ...{ freeHeld: [0, 2], freeLinks: [0], partial: [{ ...partial, armed: true }, begin] },
  };
  expect(cellOfVersion3({ matches: { wear: old }, refused: [] } as unknown as Plain, 3)).toEqual({
    refused: [],
    matches: {
      wear: {
        ...{ fingerprint: 'f', events: 3, matches: 4, finished: [] },
        ...{ freeHeld: 2, freeLink: 0, holding: 1, linking: 1 },
        held: [
          { number: -1, event: null, time: 0, uses: 0 },
          {
            ...{ number: 3, time: 1, uses: 1 },
            event: { value, situation: { state: 'x' }, known: { class: 'pump', criticality: 'A' } },
          },
          { number: 0, event: null, time: 0, uses: 0 },
        ],
        links: [
          { place: 0, event: 0, before: -1, uses: 0 },
          { place: 1, event: 1, before: -1, uses: 1 },
        ],
        partial: [
          { ...partial, armed: true },
          { ...begin, armed: false },
        ],
      },
    },
  });
  expect(() => cellOfVersion3(null, 2)).toThrow('state of version 2, no migration');
});
