/** Reads what systems say of their things: from CSV files that they export, and what telemetry has from the plant model. */

import { createReadStream, statSync } from 'node:fs';
import type { PlantModel } from '../../operators/model/plant-model.ts';
import { type CsvRow, csvRows } from '../base/csv.ts';
import { nearest } from '../base/nearest.ts';
import { EXIT, foundInPlace, Problem } from '../base/problem.ts';
import { collectObjects, type EntityName, fieldsOf, type MasterObject } from './entities.ts';
import type { CsvSource, Mapping } from './governance-file.ts';

/** What one system has of one entity. */
export type EntityCopy = {
  readonly system: string;
  readonly entity: string;
  readonly objects: readonly MasterObject[];
  /** Epoch microseconds: so old it is. */
  readonly asOf: number;
  readonly full: boolean;
  /** For people: where it comes from. */
  readonly source: string;
};

type Column = { readonly field: string; readonly at: number };

/** Reads an export. Rejects with a `Problem` for a file without its columns, and for rows without an id. */
export async function copyCsv(
  system: string,
  entity: EntityName,
  { delimiter, columns }: CsvSource,
  path: string,
): Promise<EntityCopy> {
  const written = writtenAt(path);
  const collected = collectObjects();
  let headings: readonly Column[] | undefined;
  const nameless: number[] = [];
  for await (const { line, cells } of rowsOf(path, delimiter)) {
    if (headings === undefined) {
      headings = columnsOf(cells, entity, columns, `${path}:${line}`);
      continue;
    }
    const values = headings.map(({ field, at }) => [field, cells[at] ?? ''] as const);
    const {
      id = '',
      changed = '',
      ...fields
    } = Object.fromEntries(values.filter(([, value]) => value !== ''));
    if (id === '') nameless.push(line);
    else collected.add({ remote: id, fields, changed: timeOf(changed, `${path}:${line}`) });
  }
  if (headings === undefined)
    throw wrongFile(path, 'a heading and a row for each object', 'no row');
  if (nameless.length > 0) {
    const lines = nameless.slice(0, 5).join(', ');
    throw wrongFile(
      path,
      'an id in each row',
      `none in ${nameless.length} rows (lines ${lines} …)`,
    );
  }
  return {
    ...{ system, entity, objects: collected.all(), asOf: written, full: true },
    source: path,
  };
}

/** Its rows. A file that cannot be read, or no longer, is told as that. */
async function* rowsOf(path: string, delimiter: string): AsyncGenerator<CsvRow> {
  try {
    yield* csvRows(path, createReadStream(path), delimiter);
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw wrongFile(path, 'a file that can be read', foundInPlace(error));
  }
}

/** When a file was last written: epoch microseconds. */
export function writtenAt(path: string): number {
  try {
    return Math.round(statSync(path).mtimeMs) * 1_000;
  } catch (error) {
    throw wrongFile(path, 'a file that can be read', foundInPlace(error));
  }
}

function columnsOf(
  headings: readonly string[],
  entity: EntityName,
  named: Readonly<Record<string, string>>,
  where: string,
): readonly Column[] {
  const known = ['id', 'changed', ...fieldsOf(entity)];
  return known.flatMap((field) => {
    const heading = named[field] ?? field;
    const at = headings.indexOf(heading);
    if (at >= 0) return [{ field, at }];
    // A column that nobody named may be missing; the id may not.
    if (named[field] === undefined && field !== 'id') return [];
    const near = nearest(heading, headings);
    const remedy =
      near === undefined ? 'Name the headings under `columns`.' : `Did you mean ${near}?`;
    throw wrongFile(where, `the heading ${heading}`, headings.join(', ') || 'none', remedy);
  });
}

function timeOf(text: string, where: string): number | null {
  if (text === '') return null;
  const time = Date.parse(text);
  if (Number.isFinite(time)) return time * 1_000;
  throw wrongFile(where, 'a time such as 2026-11-30T12:00:00Z as `changed`', text);
}

function wrongFile(
  where: string,
  expected: string,
  found: string,
  remedy = 'Export it anew, or correct it.',
) {
  return new Problem({ where, expected, found, remedy, exit: EXIT.input });
}

/**
 * What telemetry has: plants, lines, assets and components of the plant model, by canonical ids. `asOf`: when the model was
 * read. It is what it says, however long ago it was written.
 */
export function copyModels(
  models: readonly PlantModel[],
  path: string,
  asOf: number,
): readonly EntityCopy[] {
  const plants = models.map(({ id, name }) => object(id, { name }));
  const lines = models.flatMap((plant) =>
    plant.lines.map(({ id, name }) => object(`${plant.id}/${id}`, { name, plant: plant.id })),
  );
  const placed = models.flatMap((plant) =>
    plant.lines.flatMap((line) => line.assets.map((asset) => ({ plant, line, asset }))),
  );
  const idOf = ({ plant, line, asset }: (typeof placed)[number]) =>
    `${plant.id}/${line.id}/${asset.id}`;
  const assets = placed.map((at) =>
    object(idOf(at), {
      ...{ name: at.asset.name, plant: at.plant.id, line: `${at.plant.id}/${at.line.id}` },
      ...{ maintenance_class: at.asset.class, criticality: at.asset.criticality },
    }),
  );
  const components = placed.flatMap((at) =>
    at.asset.components.map((name) =>
      object(`${idOf(at)}/${name}`, { name, plant: at.plant.id, asset: idOf(at) }),
    ),
  );
  const common = { system: 'telemetry', asOf, full: true, source: path };
  return Object.entries({ plant: plants, line: lines, asset: assets, component: components }).map(
    ([entity, objects]) => ({ ...common, entity, objects }),
  );
}

function object(remote: string, given: Readonly<Record<string, string | undefined>>): MasterObject {
  const fields = Object.fromEntries(
    Object.entries(given).filter((pair): pair is [string, string] => (pair[1] ?? '') !== ''),
  );
  return { remote, fields, times: 1, changed: null };
}

/** The ids in other systems that the plant model has for its assets: whoever applies the model has approved them. */
export function mappingsOfModels(models: readonly PlantModel[]): readonly Mapping[] {
  return models.flatMap((plant) =>
    plant.lines.flatMap((line) =>
      line.assets.flatMap((asset) =>
        Object.entries(asset.ids).map(([system, remote]) => ({
          ...{ entity: 'asset' as const, id: `${plant.id}/${line.id}/${asset.id}`, system, remote },
          ...{ owner: 'plant model', from: '1970-01-01', approved: 'plant model' },
        })),
      ),
    ),
  );
}
