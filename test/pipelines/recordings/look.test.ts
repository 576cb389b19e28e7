import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { lookAt } from '../../../pipelines/recordings/look.ts';
import { recordingSchema } from '../../../pipelines/recordings/recording-description.ts';
import { temporaryFile } from '../../support/temporary.ts';
import { LONG_PARQUET } from './parquet-files.ts';

/** What is seen in a file, what is left to decide, and whether the description has the right form. */
async function look(name: string, text: string | Uint8Array, subject?: string) {
  const found = await lookAt(temporaryFile(name, text), {
    zone: 'Europe/Berlin',
    ...(subject === undefined ? {} : { subject }),
  });
  return { ...found, description: parse(found.description) };
}
const PUMP = 'telemetry.p.l.pump';

describe('tables', () => {
  test('a preamble, units, decimal commas, two columns of time', async () => {
    const rows = ['59,84;2,96', '59,94;2,97', '-999;2,98'].map(
      (values, at) => `05.01.2026;07:00:${at}0;${values}`,
    );
    const text = `Anlage;Süd\n\nDatum;Uhrzeit;T 1;P\n;;°C;bar\n${rows.join('\n')}\n`;
    const { seen, doubts, description } = await look('a.csv', text, PUMP);
    expect(description).toEqual({
      name: 'a',
      kind: 'csv',
      file: 'a.csv',
      delimiter: ';',
      decimal: ',',
      skip: 2,
      units_row: true,
      time: { column: 'Datum', clock: 'Uhrzeit', format: 'day-first', zone: 'Europe/Berlin' },
      subject: PUMP,
      missing: ['-999'],
      signals: { 'T 1': 'T_1', P: 'P' },
    });
    expect(recordingSchema.safeParse(description).success).toBe(true);
    expect(doubts).toEqual([]);
    expect(seen.join('\n')).toMatch(/units: T 1 in °C, P in bar/);
    expect(seen.join('\n')).toMatch(/from 2026-01-05T06:00:00.000Z .* usually 10 s apart/);
  });

  test('the long layout with qualities, and a count since 1970', async () => {
    const text =
      'timestamp,tagname,value,quality\n1767596400000,P1.T,59.8,Good\n1767596401000,P1.P,2.9,Bad\n';
    const { seen, description } = await look('a.csv', text, PUMP);
    expect(description).toMatchObject({
      time: { column: 'timestamp', format: 'epoch-ms' },
      long: { tag: 'tagname', value: 'value' },
      quality: { column: 'quality' },
      signals: { 'P1.T': 'P1_T', 'P1.P': 'P1_P' },
    });
    expect(seen).toContain('one value a row, of 2 tags');
  });

  test('Parquet, and objects one a line', async () => {
    const parquet = await look('a.parquet', LONG_PARQUET, PUMP);
    expect(parquet.description).toMatchObject({
      kind: 'parquet',
      time: { column: 'ts', zone: 'Europe/Berlin' },
    });
    const json = await look('a.jsonl', '{"time":"2026-01-05T07:00:00Z","T":1}\n', PUMP);
    expect(json.description).toMatchObject({
      kind: 'json',
      time: { column: 'time' },
      signals: { T: 'T' },
    });
    const own = await look('a.ndjson', '{"subject":"telemetry.p.l.a","payload":{}}\n');
    expect(own.seen.join()).toContain('they need no description');
  });

  test('what nobody can know is left to people, and the description says so', async () => {
    const text = 'time,a\n05/01/2026 07:00:00,1\n06/01/2026 07:00:00,1\n';
    const { doubts, description } = await look('a.csv', text);
    expect(doubts.join('\n')).toMatch(/may be day-first or month-first; choose one/);
    expect(doubts.join('\n')).toMatch(/subject: say whose values/);
    expect(recordingSchema.safeParse(description).success).toBe(false);
    const sure = await look('a.csv', `${text}13/01/2026 07:00:00,1\n`, PUMP);
    expect(sure.description.time).toMatchObject({ format: 'day-first' });
  });

  test('a table without a heading is refused with what to write', async () => {
    const text = '2026-01-05T07:00:00Z,1\n2026-01-05T07:00:01Z,2\n';
    await expect(look('a.csv', text)).rejects.toThrow(
      /line 1: expected a heading.*a name for each column/,
    );
  });
});

test('files of samples are listed by channel', async () => {
  const rows = Array.from(
    { length: 50 },
    (_, at) => `${(at / 1_000).toFixed(3)},${at % 7},${at % 5}`,
  );
  const { seen, doubts, description } = await look(
    'a.csv',
    `t (s),X (g),Y (g)\n${rows.join('\n')}\n`,
  );
  expect(seen).toEqual([
    'X: 50 samples, 0.05 s at 1000 Hz in g',
    'Y: 50 samples, 0.05 s at 1000 Hz in g',
  ]);
  expect(description).toMatchObject({ kind: 'waveform-files', points: ['X', 'Y'] });
  expect(recordingSchema.safeParse(description).success).toBe(true);
  expect(doubts.join('\n')).toMatch(/start: say when it was measured/);
});
