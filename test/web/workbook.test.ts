import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { workbookOf } from '../../web/src/parts/workbook.ts';

type Part = { readonly text: string; readonly crc: number; readonly stored: number };

/** The files of a ZIP archive by its directory, as a reader finds them: from the end. */
function unzipped(bytes: Uint8Array): ReadonlyMap<string, Part> {
  const view = Buffer.from(bytes);
  const end = view.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  const count = view.readUInt16LE(end + 10);
  expect(view.readUInt32LE(end + 12) + view.readUInt32LE(end + 16)).toBe(end);
  const parts = new Map<string, Part>();
  let at = view.readUInt32LE(end + 16);
  for (let index = 0; index < count; index += 1) {
    expect(view.readUInt32LE(at)).toBe(0x02014b50);
    const [size, nameLength] = [view.readUInt32LE(at + 24), view.readUInt16LE(at + 28)];
    const name = view.toString('utf8', at + 46, at + 46 + nameLength);
    const local = view.readUInt32LE(at + 42);
    expect(view.readUInt32LE(local)).toBe(0x04034b50);
    expect(view.toString('utf8', local + 30, local + 30 + nameLength)).toBe(name);
    const data = view.subarray(local + 30 + nameLength, local + 30 + nameLength + size);
    parts.set(name, {
      ...{ text: data.toString('utf8'), crc: crc32(data), stored: view.readUInt32LE(at + 16) },
    });
    at += 46 + nameLength;
  }
  return parts;
}

test('a workbook is an archive whose sums are right, with a sheet for each table', () => {
  const parts = unzipped(
    workbookOf([
      {
        name: 'Figures',
        rows: [
          ['Month', 'Stops'],
          ['2026-11', 3.25],
          ['2026-12', null],
        ],
      },
      { name: 'Größen & mehr', rows: [['a'], ['<b>"x"</b>\u0000'], ['=1+1'], [Number.NaN]] },
    ]),
  );
  expect([...parts.values()].filter(({ crc, stored }) => crc !== stored)).toEqual([]);
  expect([...parts.keys()]).toContain('[Content_Types].xml');
  expect(parts.get('xl/workbook.xml')?.text).toContain(
    '<sheet name="Größen &amp; mehr" sheetId="2"',
  );
  const [first, second] = [1, 2].map((n) => parts.get(`xl/worksheets/sheet${n}.xml`)?.text ?? '');
  expect(first).toContain('<c r="A1" s="1" t="inlineStr"><is><t xml:space="preserve">Month</t>');
  expect(first).toContain('<c r="B2"><v>3.25</v></c>');
  expect(first).not.toContain('r="B3"');
  expect(second).toContain('&lt;b&gt;&quot;x&quot;&lt;/b&gt;<');
  // A text that begins like a formula is a text.
  expect(second).toContain('t="inlineStr"><is><t xml:space="preserve">=1+1<');
  expect(second).not.toContain('<f>');
  expect(second).not.toContain('NaN');
});

test('behind Z columns go on with two letters', () => {
  const row = Array.from({ length: 60 }, (_, at) => at);
  const parts = unzipped(workbookOf([{ name: 'wide', rows: [row] }]));
  const sheet = parts.get('xl/worksheets/sheet1.xml')?.text ?? '';
  const names = [...sheet.matchAll(/<c r="([A-Z]+)1"/g)].map(([, name]) => name);
  expect([names[25], names[26], names[51], names[52], names[59]]).toEqual([
    'Z',
    'AA',
    'AZ',
    'BA',
    'BH',
  ]);
});
