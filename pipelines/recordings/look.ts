/** What a file of a historian or logger holds, in sentences, and the description that `publish` and `backtest` read. */

import { basename, dirname, extname, relative, resolve } from 'node:path';
import { vibrationUnit } from '../../operators/spectrum/time-waveform.ts';
import { wrongInput } from '../base/problem.ts';
import { readSamples } from '../files/files.ts';
import { createTimeReader } from '../files/instant.ts';
import { parquetSource } from '../files/parquet-source.ts';
import { bytesOf, jsonSource, type RowSource } from '../files/row-sources.ts';
import { decodeText, encodingOf, readTable, type Table } from '../files/table.ts';
import {
  findLongColumns,
  findQualityColumn,
  findTimeColumn,
  type LookedAt,
  lookAtColumn,
  type SeenColumn,
  type TimeColumn,
} from './look-columns.ts';

export type LookOptions = {
  /** Of times that say none. */
  readonly zone?: string;
  readonly subject?: string;
  /** Where the description will lie; beside the file without it. */
  readonly folder?: string;
};

/** `seen` and `doubts` are sentences; what stands in `doubts` must be decided before the description can be read. */
export type SeenFile = {
  readonly seen: readonly string[];
  readonly doubts: readonly string[];
  readonly description: string;
};

const MOST_BYTES = 4_000_000;
const MOST_ROWS = 20_000;

/** Looks at the beginning of a file. Throws a `Problem` for what is no table and no file of samples. */
export async function lookAt(file: string, options: LookOptions): Promise<SeenFile> {
  const ending = extname(file.replace(/\.gz$/, '')).slice(1).toLowerCase();
  if (ending === 'parquet') return lookAtRows(file, 'parquet', await parquetSource(file), options);
  if (ending === 'ndjson' || ending === 'jsonl' || ending === 'json') {
    const source = await jsonSource(file);
    if (
      source.names.includes('subject') &&
      source.names.some((name) => /^(payload|base64)$/.test(name))
    ) {
      return {
        seen: ['messages of the wire format: they need no description'],
        doubts: [],
        description: '',
      };
    }
    return lookAtRows(file, 'json', source, options);
  }
  if (['csv', 'txt', 'tsv', 'asc'].includes(ending)) return lookAtText(file, options);
  return lookAtSamples(file, options);
}

async function headOf(file: string): Promise<{ readonly bytes: Buffer; readonly whole: boolean }> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of bytesOf(file)) {
    parts.push(part as Buffer);
    size += (part as Buffer).length;
    if (size > MOST_BYTES) return { bytes: Buffer.concat(parts), whole: false };
  }
  return { bytes: Buffer.concat(parts), whole: true };
}

async function lookAtText(file: string, options: LookOptions): Promise<SeenFile> {
  const { bytes, whole } = await headOf(file);
  const text = decodeText(bytes);
  const table = readTable(file, whole ? text : text.slice(0, text.lastIndexOf('\n')));
  const { heading, decimal } = table;
  const rows = table.rows.slice(0, MOST_ROWS).map(({ cells }) => cells);
  const looked = {
    heading: heading.length > 0 ? heading : (rows[0] ?? []).map((_, at) => `${at + 1}`),
    decimal,
    rows,
    places: table.rows.map(({ line }) => `${file}:${line}`),
  };
  const twice = heading.find((name, at) => heading.indexOf(name) !== at);
  if (twice !== undefined) {
    const remedy = 'Give each column a name of its own.';
    throw wrongInput(
      `${file}:${table.headingLine}`,
      `one column ${twice}`,
      heading.join(', '),
      remedy,
    );
  }
  const time = findTimeColumn(looked);
  if (time === undefined) return lookAtSamples(file, options);
  if (heading.length === 0) {
    const first = table.rows[0]?.cells.join(table.delimiter) ?? '';
    throw wrongInput(
      `${file}, line ${table.rows[0]?.line}`,
      'a heading',
      JSON.stringify(first),
      'Write a line above it with a name for each column.',
    );
  }
  const encoding = encodingOf(bytes);
  const layout = [
    ...(encoding === 'utf-8' ? [] : [`encoding: ${encoding}`]),
    ...(table.delimiter === ',' ? [] : [`delimiter: ${JSON.stringify(table.delimiter)}`]),
    ...(decimal === '.' ? [] : ['decimal: ","']),
    ...(table.headingLine > 1 ? [`skip: ${table.headingLine - 1}`] : []),
    ...(table.hasUnits ? ['units_row: true'] : []),
  ];
  if (table.delimiter === ' ') {
    throw wrongInput(
      file,
      'cells with a separator',
      'blanks between them',
      'Write it with commas or semicolons.',
    );
  }
  return describe(
    file,
    'csv',
    looked,
    time,
    [...shapeOf(table, rows.length, whole)],
    layout,
    options,
  );
}

function shapeOf(table: Table, rows: number, whole: boolean): readonly string[] {
  const { preamble, delimiter, decimal, units } = table;
  const separator = delimiter === '\t' ? 'tabs' : JSON.stringify(delimiter);
  const said = units.filter((unit) => unit !== '');
  return [
    `${whole ? '' : 'at least '}${rows} rows, cells separated by ${separator}, decimal sign "${decimal}"`,
    ...(preamble.length === 0 ? [] : [`above the heading: ${preamble.join(' | ').slice(0, 120)}`]),
    ...(said.length === 0
      ? []
      : [
          `units: ${table.names
            .map((name, at) => (units[at] ? `${name} in ${units[at]}` : ''))
            .filter(Boolean)
            .join(', ')}`,
        ]),
  ];
}

async function lookAtRows(
  file: string,
  kind: 'parquet' | 'json',
  source: RowSource,
  options: LookOptions,
): Promise<SeenFile> {
  const rows: string[][] = [];
  const places: string[] = [];
  for await (const { cells, where } of source.rows) {
    rows.push(cells.map(String));
    places.push(where);
    if (rows.length === MOST_ROWS) break;
  }
  const looked: LookedAt = { heading: source.names, decimal: '.', rows, places };
  const time = findTimeColumn(looked);
  if (time === undefined) {
    const found = source.names.join(', ') || 'none';
    throw wrongInput(file, 'a column of times', found, 'Export the time of each row, too.');
  }
  const shape = `${rows.length === MOST_ROWS ? 'at least ' : ''}${rows.length} rows of ${source.names.length} columns`;
  return describe(file, kind, looked, time, [shape], [], options);
}

function describe(
  file: string,
  kind: 'csv' | 'parquet' | 'json',
  looked: LookedAt,
  time: TimeColumn,
  shape: readonly string[],
  layout: readonly string[],
  options: LookOptions,
): SeenFile {
  const { heading } = looked;
  const long = findLongColumns(heading);
  const quality = findQualityColumn(looked);
  const special = [time.column, time.clock, quality, long?.tag];
  const columns = heading
    .map((_, column) => column)
    .filter((column) => !special.includes(column))
    .map((column) => lookAtColumn(looked, column));
  const values =
    long === undefined ? columns : columns.filter(({ column }) => column === long.value);
  const missing = new Map(values.flatMap((seen) => [...seen.missing]));
  const { lines: timeLines, seen: timeSeen, doubts } = describeTime(looked, time, options);
  const subject = options.subject ?? 'telemetry.plant.line.asset';
  const tags =
    long === undefined
      ? undefined
      : [...new Set(looked.rows.map((row) => row[long.tag] ?? ''))].sort();
  const description = [
    `name: ${nameOf(file)}`,
    `kind: ${kind}`,
    `file: ${quoted(placeOf(file, options))}`,
    ...layout,
    ...timeLines,
    `subject: ${subject}`,
    ...(long === undefined
      ? []
      : [`long: { tag: ${quoted(heading[long.tag])}, value: ${quoted(heading[long.value])} }`]),
    ...(quality < 0 ? [] : [`quality: { column: ${quoted(heading[quality])} }`]),
    ...(missing.size === 0 ? [] : [`missing: ${JSON.stringify([...missing.keys()])}`]),
    ...signalLines(tags ?? values.filter((seen) => seen.kind !== 'empty').map(({ name }) => name)),
  ];
  const allDoubts = [
    ...doubts,
    ...(options.subject === undefined
      ? ['subject: say whose values these are, with --subject or in the description']
      : []),
  ];
  return {
    seen: [
      ...shape,
      ...timeSeen,
      ...(tags === undefined ? [] : [`one value a row, of ${tags.length} tags`]),
      ...values.map(describeColumn),
    ],
    doubts: allDoubts,
    description: `${description.join('\n')}\n`,
  };
}

function quoted(text: string | undefined): string {
  return JSON.stringify(text ?? '');
}

function placeOf(file: string, { folder }: LookOptions): string {
  return relative(folder ?? dirname(resolve(file)), resolve(file));
}

function nameOf(file: string): string {
  const plain = basename(file)
    .replace(/\..*$/, '')
    .replaceAll(/[^\w-]+/g, '-')
    .slice(0, 64);
  return /^[\w-]+$/.test(plain) ? JSON.stringify(plain) : 'recording';
}

/** Names of signals have letters, digits, `_` and `-`. */
function signalLines(names: readonly string[]): readonly string[] {
  const lines = names.map((name) => {
    const plain =
      name
        .slice(0, 256)
        .replace(/\s*[([].*$/, '')
        .trim()
        .replaceAll(/[^\w-]+/g, '_')
        .slice(0, 64) || 'value';
    return `  ${quoted(name)}: ${quoted(plain)}`;
  });
  return lines.length === 0 ? [] : ['signals:', ...lines];
}

function describeTime(looked: LookedAt, time: TimeColumn, { zone }: LookOptions) {
  const { formats, zoned, example, clock } = time;
  const [format = 'iso'] = formats;
  const name = looked.heading[time.column];
  const isKnown = formats.length === 1;
  const needsZone = !zoned;
  const fields = [
    `column: ${quoted(name)}`,
    ...(clock === undefined ? [] : [`clock: ${quoted(looked.heading[clock])}`]),
    ...(isKnown
      ? format === 'iso'
        ? []
        : [`format: ${format}`]
      : [`format: ${quoted(formats.join(' or '))}`]),
    ...(needsZone ? [`zone: ${zone ?? 'UTC'}`] : []),
  ];
  const doubts = [
    ...(isKnown
      ? []
      : [`format: ${JSON.stringify(example)} may be ${formats.join(' or ')}; choose one of them`]),
    ...(needsZone && zone === undefined
      ? ['zone: the times say none; UTC stands there until --zone says another']
      : []),
  ];
  const seen = isKnown ? [orderOf(looked, time, zone ?? 'UTC')] : [];
  const said = `times in ${quoted(name)}: ${isKnown ? format : 'not known which'}, ${zoned ? 'with their zone' : 'without a zone'}, such as ${example}`;
  return { lines: [`time: { ${fields.join(', ')} }`], seen: [said, ...seen], doubts };
}

/** From when to when, and how often a row is as late as another or earlier than the one before it. */
function orderOf(
  { rows, places }: LookedAt,
  { column, clock, formats }: TimeColumn,
  zone: string,
): string {
  const read = createTimeReader(formats[0] ?? 'iso', zone);
  const times = rows.map((row, at) => {
    return read(
      clock === undefined ? (row[column] ?? '') : `${row[column]} ${row[clock]}`,
      places[at] ?? '',
    );
  });
  const steps = times.slice(1).map((time, at) => time - (times[at] ?? 0));
  const forward = steps.filter((step) => step > 0).sort((a, b) => a - b);
  const usual = forward[forward.length >> 1];
  const count = (test: (step: number) => boolean) => steps.filter(test).length;
  const iso = (time: number | undefined) => new Date(time ?? 0).toISOString();
  const last = times.reduce((most, time) => Math.max(most, time), Number.NEGATIVE_INFINITY);
  const again = count((step) => step === 0);
  const back = count((step) => step < 0);
  return [
    `from ${iso(times[0])} to ${iso(last)}`,
    ...(usual === undefined ? [] : [`usually ${usual / 1_000} s apart`]),
    ...(again === 0 ? [] : [`${again} rows at the time of the row before`]),
    ...(back === 0 ? [] : [`${back} rows earlier than the row before`]),
  ].join(', ');
}

function describeColumn({ name, kind, least, most, missing }: SeenColumn): string {
  const range = kind === 'numbers' ? ` from ${least} to ${most}` : '';
  const words = [...missing].map(([word, count]) => `${JSON.stringify(word)} ${count} times`);
  return `${quoted(name)}: ${kind}${range}${words.length === 0 ? '' : `; no value: ${words.join(', ')}`}`;
}

/** Files of samples: what `andon diagnose` reads. */
function lookAtSamples(file: string, options: LookOptions): SeenFile {
  const { channels, notes } = readSamples(file, { scale: 1, wanted: 'all' });
  const seen = channels.map(({ name, number, samples, rate, unit }) => {
    const length =
      rate === undefined
        ? ''
        : `, ${Number((samples.length / rate).toPrecision(4))} s at ${rate} Hz`;
    return `${name || `channel ${number ?? 1}`}: ${samples.length} samples${length}${unit === undefined ? '' : ` in ${unit}`}`;
  });
  const [first] = channels;
  const hasUnit = channels.every(({ unit }) => vibrationUnit(unit ?? '') !== undefined);
  const points = channels.map(({ name, number }) =>
    (name || `channel-${number ?? 1}`).replaceAll(/[^\w-]+/g, '_'),
  );
  const description = [
    `name: ${nameOf(file)}`,
    'kind: waveform-files',
    `file: ${quoted(placeOf(file, options))}`,
    'subject: waveform.plant.line.asset',
    `points: ${JSON.stringify(points)}`,
    ...(hasUnit ? [] : ['unit: g']),
    ...(first?.rate === undefined ? ['rate: 25600'] : []),
    'start: 2026-01-01T00:00:00Z',
  ];
  const doubts = [
    'subject and points: say where it was measured',
    'start: say when it was measured',
    ...(hasUnit ? [] : ['unit: the file does not say one of a vibration']),
    ...(first?.rate === undefined ? ['rate: the file does not say it'] : []),
  ];
  return { seen: [...seen, ...notes], doubts, description: `${description.join('\n')}\n` };
}
