import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvCell, csvRowsOf, plainCell } from '../../../pipelines/base/csv.ts';

test('every text comes back from a cell as it was', () => {
  const texts = fc.array(
    fc.oneof(
      fc.string(),
      fc.stringMatching(/^['=+\-@\t\r",\n ]{0,6}$/),
      fc.constantFrom("'=1", "''=1", "'", ' x ', '"'),
    ),
    { minLength: 2, maxLength: 6 },
  );
  fc.assert(
    fc.property(texts, (cells) => {
      // A row of empty cells alone is no row to a reader.
      fc.pre(cells.some((cell) => cell.trim() !== ''));
      const [row] = csvRowsOf('f.csv', `${cells.map(csvCell).join(',')}\r\n`, ',');
      expect(row?.cells.map(plainCell)).toEqual(cells);
    }),
  );
});

test.each([
  ['=HYPERLINK("x")', `"'=HYPERLINK(""x"")"`],
  ['+49', "'+49"],
  ['@x', "'@x"],
  [-4, '-4'],
  [null, ''],
  [['a'], '"[""a""]"'],
])('%s is written so that no spreadsheet works it out', (value, text) => {
  expect(csvCell(value)).toBe(text);
});
