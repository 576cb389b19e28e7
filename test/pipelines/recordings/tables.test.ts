import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unpack } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { Problem } from '../../../pipelines/base/problem.ts';
import { parquetRows } from '../../../pipelines/files/parquet.ts';
import { parquetSource } from '../../../pipelines/files/parquet-source.ts';
import { readDescription } from '../../../pipelines/recordings/recording-description.ts';
import { messagesOf } from '../../../pipelines/recordings/recordings.ts';
import { mutatedBytes } from '../../support/mutations.ts';
import { randomOf } from '../../support/plant-log.ts';
import { temporaryDirectory, temporaryFile } from '../../support/temporary.ts';
import { LONG_PARQUET, WIDE_PARQUET } from './parquet-files.ts';

/** Tables of historians and loggers as recordings: what becomes of their rows. */

/** What a recording of these files gives: subject and body of each message. */
async function messages(files: Readonly<Record<string, string | Uint8Array>>, description: string) {
  const folder = temporaryDirectory();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  const path = join(folder, 'recording.yaml');
  writeFileSync(path, `name: r\n${description}`);
  const found: { subject: string; body: Record<string, unknown>; appended: number }[] = [];
  for await (const { subject, payload, appended } of messagesOf(await readDescription(path))) {
    const isJson = payload[0] === 0x7b;
    const body = isJson ? JSON.parse(Buffer.from(payload).toString()) : unpack(payload);
    found.push({ subject, body, appended });
  }
  return found;
}

const SUBJECT = 'subject: telemetry.p.l.pump\n';
const csv = (text: string, description: string) => {
  return messages({ 'a.csv': text }, `kind: csv\nfile: a.csv\n${description}`);
};
const iso = (body: Record<string, unknown>) => new Date(body.time as number).toISOString();
const times = async (text: string, time: string) => {
  const found = await csv(`time,a\n${text}`, `${SUBJECT}time: { column: time, ${time} }\n`);
  return found.map(({ body }) => iso(body).slice(11, 19));
};

describe('the layout of a table', () => {
  test('a preamble, a row of units, decimal commas and another encoding', async () => {
    const text =
      'Anlage;Werk Süd\r\n\r\nDatum;Uhrzeit;T;"P [bar]"\r\n;;°C;bar\r\n05.01.2026;07:00:00;59,84;2,96\r\n';
    const found = await messages(
      { 'a.csv': Buffer.from(text, 'latin1') },
      `kind: csv\nfile: a.csv\n${SUBJECT}delimiter: ";"\ndecimal: ","\nskip: 2\nunits_row: true\nencoding: windows-1252
time: { column: Datum, clock: Uhrzeit, format: day-first, zone: Europe/Berlin }
signals: { T: temperature, "P [bar]": pressure }\n`,
    );
    expect(found).toMatchObject([
      { subject: 'telemetry.p.l.pump', body: { values: { temperature: 59.84, pressure: 2.96 } } },
    ]);
    expect(iso(found[0]!.body)).toBe('2026-01-05T06:00:00.000Z');
  });

  test('one value a row, of several assets; tags that nobody named are left out', async () => {
    const text =
      'ts,tag,value,quality\n2026-01-05T07:00:00Z,P1.T,59.8,Good\n2026-01-05T07:00:00Z,F1.T,41,Uncertain\n2026-01-05T07:00:01Z,P1.T,3,Bad\n2026-01-05T07:00:02Z,X,1,Good\n';
    const found = await csv(
      text,
      `${SUBJECT}time: { column: ts }\nlong: { tag: tag, value: value }\nquality: { column: quality }
signals: { P1.T: temperature, F1.T: { subject: telemetry.p.l.fan, signal: temperature } }\n`,
    );
    expect(found.map(({ subject, body: { time: _, ...body } }) => [subject, body])).toEqual([
      ['telemetry.p.l.pump', { values: { temperature: 59.8 } }],
      ['telemetry.p.l.fan', { values: { temperature: 41 }, quality: { temperature: 'uncertain' } }],
      ['telemetry.p.l.pump', { values: { temperature: 3 }, quality: { temperature: 'bad' } }],
    ]);
  });

  test('what stands for no value is of bad quality, so that it is counted', async () => {
    const text = 'time,a,b\n2026-01-05T07:00:00Z,-999.0,Bad Input\n2026-01-05T07:00:01Z,1,2\n';
    const found = await csv(text, `${SUBJECT}time: { column: time }\nmissing: [-999, Bad Input]\n`);
    expect(found.map(({ body }) => body.quality)).toEqual([{ a: 'bad', b: 'bad' }, undefined]);
  });

  test('objects, one a line', async () => {
    const text =
      '{"t":1767596400000,"T":59.8,"s":null}\n\n{"t":1767596401000,"T":"n/a","s":"RUN"}\n';
    const found = await messages(
      { 'a.jsonl': text },
      `kind: json\nfile: a.jsonl\n${SUBJECT}time: { column: t, format: epoch-ms }\n`,
    );
    expect(found.map(({ body }) => body.values)).toEqual([{ T: 59.8 }, { T: 'n/a', s: 'RUN' }]);
    const strange = messages(
      { 'a.jsonl': '{"t":1}\n{"t":1,"x":2}\n' },
      `kind: json\nfile: a.jsonl\n${SUBJECT}time: { column: t, format: epoch-ms }\n`,
    );
    await expect(strange).rejects.toThrow(
      /expected a time \(epoch-ms\) from 1971 to 2100, found "1"/,
    );
  });
});

describe('Parquet', () => {
  test('as Apache Arrow writes it, with all digits', async () => {
    const found = await messages(
      { 'a.parquet': WIDE_PARQUET },
      `kind: parquet\nfile: a.parquet\n${SUBJECT}time: { column: time }\n`,
    );
    expect(found.map(({ body }) => body.values)).toEqual([
      { temperature: 59.84, count: 1, state: 'RUN' },
      { count: 2, state: 'RUN' },
      { temperature: 60.5, count: '9007199254740993', state: 'STOP' },
    ]);
    expect(found[0]!.body.time).toBeCloseTo(Date.UTC(2026, 0, 5, 7) + 123.456, 2);
  });

  test('in the long layout, with times of a zone that the description says', async () => {
    const found = await messages(
      { 'a.parquet': LONG_PARQUET },
      `kind: parquet\nfile: a.parquet\n${SUBJECT}time: { column: ts, zone: Europe/Berlin }\nlong: { tag: tag, value: value }\n`,
    );
    expect(found.map(({ body }) => body.values)).toEqual([
      { T101: 59.84 },
      { P101: 2.96 },
      { T101: 60.5 },
    ]);
    expect(iso(found[0]!.body)).toBe('2026-01-05T06:00:00.123Z');
  });

  test('that was cut is refused', async () => {
    const cut = messages(
      { 'a.parquet': WIDE_PARQUET.slice(0, 900) },
      `kind: parquet\nfile: a.parquet\n${SUBJECT}time: { column: time }\n`,
    );
    await expect(cut).rejects.toThrow(/a.parquet: expected a Parquet file/);
  });

  test('damaged files are read or refused: none ends the process', async () => {
    const lost: unknown[] = [];
    const lose = (reason: unknown) => void lost.push(reason);
    process.on('unhandledRejection', lose);
    try {
      // Of the first 20,000 tries: two columns that fail at once, integers of another size, times that are none.
      for (const seed of [196, 420, 444, 618, 7_221, 13_940]) {
        const bytes = mutatedBytes(randomOf(seed + 1), seed % 2 ? WIDE_PARQUET : LONG_PARQUET);
        const file = temporaryFile('a.parquet', Buffer.from(bytes));
        const read = async () => {
          const { rows } = await parquetRows(file);
          for await (const _ of rows);
        };
        const why = await read().then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(why instanceof Problem || why === undefined, `${seed}: ${why}`).toBe(true);
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      process.off('unhandledRejection', lose);
    }
    expect(lost).toEqual([]);
  });

  test.for([
    ['time', { silence: 1_000, memory: 2 ** 40 }, /expected a Parquet file, .* did not answer/],
    ['memory', { silence: 600_000, memory: 1 }, /expected a Parquet file, .* took more than/],
  ] as const)('one whose reading never ends is refused: bound of %s', async ([, limits, why]) => {
    // A list whose count is made up.
    const bytes = mutatedBytes(randomOf(8_229), LONG_PARQUET);
    const file = temporaryFile('a.parquet', Buffer.from(bytes));
    const read = async () => {
      const { rows } = await parquetSource(file, limits);
      for await (const _ of rows);
    };
    await expect(read()).rejects.toThrow(why);
  });
});

describe('times', () => {
  test('by the clock of a zone, across both changes', async () => {
    const autumn = ['2026-10-25 01:30', '2026-10-25 02:30', '2026-10-25 02:30', '2026-10-25 03:30'];
    const found = await times(autumn.map((time) => `${time},1`).join('\n'), 'zone: Europe/Berlin');
    expect(found).toEqual(['23:30:00', '00:30:00', '01:30:00', '02:30:00']);
    const spring = times('2026-03-29 01:30,1\n2026-03-29 02:30,1', 'zone: Europe/Berlin');
    await expect(spring).rejects.toThrow(
      /a.csv:3: expected a time that the clocks of Europe\/Berlin show, found "2026-03-29 02:30"/,
    );
    expect(await times('2026-07-01T07:00:00+05:00,1', 'zone: Europe/Berlin')).toEqual(['02:00:00']);
  });

  test.for([
    ['1767596400', 'epoch-s'],
    ['1767596400000', 'epoch-ms'],
    ['1767596400000000', 'epoch-us'],
    ['1767596400000000000', 'epoch-ns'],
    ['05-Jan-26 07:00:00', 'day-first'],
    ['5. Jan 2026 07:00', 'day-first'],
    ['05-Dez-26 07:00:00', 'day-first'],
    ['01/05/2026, 07:00:00 AM', 'month-first'],
    ['46027.291666666664', 'excel'],
  ] as const)('%s as %s', async ([text, format]) => {
    const quoted = text.includes(',') ? `"${text}"` : text;
    expect(await times(`${quoted},1`, `format: ${format}`)).toEqual(['07:00:00']);
  });

  test.for([
    ['1767596400000', 'epoch-s', /from 1971 to 2100, found "1767596400000". It may be epoch-ms/],
    ['1767596400', 'epoch-ms', /It may be epoch-s: say it as `format`/],
    [
      '05.01.2026 07:00',
      'iso',
      /expected a time \(iso\), found "05.01.2026 07:00". It may be day-first/,
    ],
    ['05/01/2026 07:00', 'iso', /It may be day-first or month-first/],
    ['46027.29', 'iso', /It may be excel/],
    ['yesterday', 'iso', /expected a time \(iso\), found "yesterday". Correct the recording/],
  ] as const)('%s is no %s, and what it may be is said', async ([text, format, message]) => {
    await expect(times(`${text},1`, `format: ${format}`)).rejects.toThrow(message);
  });

  test('zones and formats that are none are refused where they stand', async () => {
    const zone = times('2026-01-05,1', 'zone: Middle/Earth');
    await expect(zone).rejects.toThrow(/the name of a time zone such as Europe\/Berlin/);
    const format = times('2026-01-05,1', 'format: day-first or month-first');
    await expect(format).rejects.toThrow(
      /expected iso, day-first, .*found day-first or month-first/,
    );
  });
});

describe('files of samples', () => {
  const samples = Float32Array.from([0.5, -0.25, 0.125, 1]);
  const f32 = new Uint8Array(samples.buffer);
  const kind = 'kind: waveform-files\nsubject: waveform.p.l.pump\nstart: 2026-01-05T07:00:00Z\n';

  test('of a folder follow each other, and the file says rate and unit where it can', async () => {
    const table = 'X [g],Y [g]\n0.5,1\n-0.25,2\n';
    const found = await messages(
      { 'run/b.csv': table, 'run/a.csv': table },
      `${kind}file: run\nrate: 1000\ninterval: 10s\npoints: [x, y]\nrpm: 1480\n`,
    );
    expect(found.map(({ subject, body }) => [subject, iso(body).slice(17, 19)])).toEqual([
      ['waveform.p.l.pump.x', '00'],
      ['waveform.p.l.pump.y', '00'],
      ['waveform.p.l.pump.x', '10'],
      ['waveform.p.l.pump.y', '10'],
    ]);
    const { body } = found[0]!;
    expect(body).toMatchObject({ rate: 1_000, unit: 'g', rpm: 1_480 });
    expect([...new Float32Array(Uint8Array.from(body.samples as Buffer).buffer)]).toEqual([
      0.5, -0.25,
    ]);
  });

  test('that are long go in parts of one burst', async () => {
    const long = new Uint8Array(new Float32Array(450_000).buffer);
    const found = await messages(
      { 'a.f32': long },
      `${kind}file: a.f32\nrate: 10000\nunit: g\npoints: [x]\n`,
    );
    expect(found.map(({ body }) => body.part)).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
    ]);
    expect(new Set(found.map(({ body }) => body.time)).size).toBe(1);
    expect(found[0]!.appended).toBe((Date.UTC(2026, 0, 5, 7) + 45_000 + 1_000) * 1_000);
  });

  test.for([
    ['rate: 1000\npoints: [x]\n', /unit in the description: one of g, .* found none/],
    ['rate: 1000\nunit: furlong\npoints: [x]\n', /unit in the description.*found furlong/],
    ['unit: g\npoints: [x]\n', /rate in the description, found none/],
    ['rate: 1000\nunit: g\npoints: [x, y]\n', /expected 2 channels, one for each point, found 1/],
  ] as const)('%j is refused', async ([description, message]) => {
    await expect(messages({ 'a.f32': f32 }, `${kind}file: a.f32\n${description}`)).rejects.toThrow(
      message,
    );
  });
});
