import { readInstant } from '../../pipelines/files/instant.ts';
import { linesOf } from '../../pipelines/files/row-sources.ts';

export type Columns = {
  /** Of each row: its time as epoch milliseconds, or the number in the time's column where it is no time. */
  readonly times: readonly number[];
  readonly columns: ReadonlyMap<string, readonly number[]>;
};

/** Columns of a CSV file, `.gz` too, by their names. Throws when one is missing. */
export async function readColumns(
  file: string,
  time: string,
  names: readonly string[],
  delimiter = ',',
): Promise<Columns> {
  const times: number[] = [];
  const columns = new Map(names.map((name): [string, number[]] => [name, []]));
  let places: ReadonlyMap<string, number> | undefined;
  for await (const line of linesOf(file)) {
    if (line.trim() === '') continue;
    const cells = line.split(delimiter);
    if (places === undefined) {
      places = new Map([time, ...names].map((name) => [name, placeOf(name, cells, file)]));
      continue;
    }
    const at = cells[places.get(time) ?? 0] ?? '';
    times.push(/^\d+$/.test(at) ? Number(at) : readInstant(at));
    for (const [name, values] of columns) values.push(Number(cells[places.get(name) ?? 0]));
  }
  return { times, columns };
}

/** A column that was asked for. */
export function columnOf({ columns }: Columns, name: string): readonly number[] {
  const column = columns.get(name);
  if (column === undefined) throw new RangeError(`column ${name} was not read`);
  return column;
}

function placeOf(name: string, heading: readonly string[], file: string): number {
  const at = heading.indexOf(name);
  if (at < 0)
    throw new RangeError(`${file}: expected a column ${name}, found ${heading.join(', ')}`);
  return at;
}
