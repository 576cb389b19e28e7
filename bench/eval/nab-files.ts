import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Span } from './evaluation.ts';
import { columnOf, readColumns } from './read-columns.ts';
import type { Labelled } from './score-nab.ts';

/** A file of the benchmark: its rows, and what was anomalous in it. */
export type Series = {
  /** `realKnownCause/nyc_taxi` */
  readonly name: string;
  readonly path: string;
  readonly times: readonly number[];
  readonly values: readonly number[];
  readonly windows: readonly Span[];
  readonly labelled: Labelled;
};

const labelsSchema = z.record(z.string(), z.array(z.tuple([z.string(), z.string()])));

/** The names of all files that are labelled, in their order. */
export function nabNames(folder: string): readonly string[] {
  return Object.keys(labelsOf(folder)).map((file) => file.replace(/\.csv$/, ''));
}

/** One file with its windows. Throws where a window begins or ends at a time that no row has. */
export async function readNab(folder: string, name: string): Promise<Series> {
  const path = join(folder, 'data', `${name}.csv`);
  const table = await readColumns(path, 'timestamp', ['value']);
  const { times } = table;
  const rowOf = (time: number) => {
    const row = times.indexOf(time);
    if (row < 0) throw new RangeError(`${path}: no row at ${new Date(time).toISOString()}`);
    return row;
  };
  const windows = (labelsOf(folder)[`${name}.csv`] ?? []).map(([from, to]) => {
    return { from: instantOf(from), to: instantOf(to), label: 'labelled' };
  });
  const rows = windows.map(({ from, to }) => ({ first: rowOf(from), last: rowOf(to) }));
  const labelled = { rows: times.length, windows: rows };
  return { name, path, times, values: columnOf(table, 'value'), windows, labelled };
}

/** The first row at or after a time; the last one when there is none. */
export function rowAt({ times }: Series, time: number): number {
  const row = times.findIndex((at) => at >= time);
  return row < 0 ? times.length - 1 : row;
}

function labelsOf(folder: string) {
  const file = join(folder, 'labels', 'combined_windows.json');
  return labelsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
}

/** `2014-04-10 07:15:00.000000`, UTC. */
function instantOf(text: string): number {
  return Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`);
}
