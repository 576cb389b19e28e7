/** Copies master data: reads the governance file and each source, and lands what they say with its age. */

import { randomUUID } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { createClickHouseSink } from '../../sinks/clickhouse/clickhouse.ts';
import type { Block, EpochContent } from '../../sinks/sink.ts';
import { EXIT, Problem } from '../base/problem.ts';
import { readPlantFile } from '../rules/rules.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import {
  copyCsv,
  copyModels,
  type EntityCopy,
  mappingsOfModels,
  writtenAt,
} from './copy-sources.ts';
import { type EntityName, requiredOf } from './entities.ts';
import {
  describedSources,
  type Governance,
  type ListSource,
  type Mapping,
  type MasterSource,
  nameOfSource,
} from './governance-file.ts';

export type SyncOptions = {
  readonly governance: Governance;
  /** The file of it: sources are found from its folder. */
  readonly path: string;
  /** Only this system; all of them without it. The governance file is always copied. */
  readonly system?: string | undefined;
  readonly warehouse: Pick<Warehouse, 'client'>;
  readonly database: string;
  /** Lists a system's objects by its interface. */
  readonly copyList: (
    system: string,
    entity: EntityName,
    source: ListSource,
  ) => Promise<EntityCopy>;
  /** Also files that have not changed since their last copy. */
  readonly full?: boolean;
  /** Epoch milliseconds. */
  readonly now: () => number;
};

/** What was copied. `error`: why a source was not; the others are. */
export type SyncedEntity = Pick<EntityCopy, 'system' | 'entity' | 'source' | 'full' | 'asOf'> & {
  readonly objects: number;
  /** The file is as it was at the last copy, which stands. */
  readonly unchanged: boolean;
  /** Ids that the system has given more than once. */
  readonly repeated: readonly string[];
  readonly error: string | null;
};

/** Reads all sources, one after the other, and lands what they say. A source that cannot be read keeps none of the others. */
export async function syncMasterData(options: SyncOptions): Promise<readonly SyncedEntity[]> {
  const { governance, path, system, now } = options;
  const chosen = chosenSources(options);
  const file =
    governance.model === undefined ? undefined : resolve(dirname(path), governance.model);
  const models = file === undefined ? [] : (await readPlantFile(file)).map(({ model }) => model);
  // Of two that overlap, the one that began later has the newer view.
  const begun = now() * 1_000;
  const copies: EntityCopy[] = copyGovernance(governance, path, begun);
  if (file !== undefined && (system === undefined || system === 'telemetry')) {
    copies.push(...copyModels(models, file, begun));
  }
  const others: SyncedEntity[] = [];
  for (const [of, entity, source] of chosen) {
    try {
      const known = await unchangedCopy(of, entity, source, options);
      if (known !== undefined) others.push(known);
      else copies.push(await copySource(of, entity, source, options));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const from = { system: of, entity, source: nameOfSource(source) };
      others.push({ ...from, ...NOTHING_COPIED, error: error.message });
    }
  }
  const mappings = [...mappingsOf(governance), ...mappingsOfModels(models)];
  await landCopies(copies, mappings, begun, options);
  const synced = copies.map(({ objects, ...copy }) => {
    const repeated = objects.filter(({ times }) => times > 1).map(({ remote }) => remote);
    return { ...copy, objects: objects.length, unchanged: false, repeated, error: null };
  });
  return [...synced, ...others];
}

const NOTHING_COPIED = {
  full: false,
  asOf: 0,
  objects: 0,
  unchanged: false,
  repeated: [],
} as const;

/** The last copy of a file that was not written since, by the same description of it; its rows are not landed again. */
async function unchangedCopy(
  system: string,
  entity: EntityName,
  source: MasterSource,
  { path, full = false, warehouse: { client } }: SyncOptions,
): Promise<SyncedEntity | undefined> {
  if (full || !('csv' in source)) return undefined;
  const file = resolve(dirname(path), source.csv);
  const query = `
    SELECT toFloat64(toUnixTimestamp64Micro(argMax(as_of, copied))) AS as_of,
           toFloat64(toUnixTimestamp64Micro(max(copied))) AS latest, toUInt32(argMax(objects, copied)) AS objects
    FROM master_syncs WHERE system = {system:String} AND entity = {entity:String} AND source = {file:String}
    HAVING count() > 0`;
  const query_params = { system, entity, file };
  const answer = await client.query({ query, query_params, format: 'JSONEachRow' });
  const [last] = await answer.json<{ as_of: number; latest: number; objects: number }>();
  if (last === undefined || writtenAt(file) !== last.as_of) return undefined;
  // Other columns of the same file are another copy.
  if (writtenAt(path) >= last.latest) return undefined;
  const { as_of: asOf, objects } = last;
  return {
    ...NOTHING_COPIED,
    system,
    entity,
    source: file,
    asOf,
    objects,
    unchanged: true,
    error: null,
  };
}

function copySource(of: string, entity: EntityName, source: MasterSource, options: SyncOptions) {
  return 'csv' in source
    ? copyCsv(of, entity, source, resolve(dirname(options.path), source.csv))
    : options.copyList(of, entity, source);
}

function chosenSources({ governance: { sources }, system }: SyncOptions) {
  const all = Object.entries(sources).flatMap(([of, lists]) =>
    Object.entries(lists).map(([entity, source]) => [of, entity as EntityName, source] as const),
  );
  const chosen = all.filter(([of]) => system === undefined || of === system);
  if (chosen.length > 0 || system === undefined || system === 'telemetry') return chosen;
  throw new Problem({
    where: 'andon sync',
    expected: `a system with sources: ${[...Object.keys(sources), 'telemetry'].join(', ')}`,
    found: system,
    remedy: 'Correct the name, or describe its lists under `sources` in the governance file.',
    exit: EXIT.input,
  });
}

/** Codes of plants are ids in other systems as any others: the owner of the plant has approved them. */
function mappingsOf({ plants, mappings }: Governance): readonly Mapping[] {
  const codes = plants.flatMap(({ id, owner, codes: of }) =>
    Object.entries(of).flatMap(([system, words]) =>
      words.map((remote) => ({
        ...{ entity: 'plant' as const, id, system, remote, from: '1970-01-01' },
        ...{ owner: owner ?? '', approved: owner ?? 'governance file' },
      })),
    ),
  );
  return [...codes, ...mappings];
}

function copyGovernance(governance: Governance, path: string, asOf: number): EntityCopy[] {
  const { plants, entities, four_eyes } = governance;
  const common = { system: 'governance', asOf, full: true, source: path };
  const one = { times: 1, changed: null };
  const owned = Object.entries(entities).map(([entity, of]) => ({
    ...{ ...one, remote: entity },
    fields: {
      ...{ owner: of.owner, record: of.record, also: JSON.stringify(of.also) },
      ...{ fresh: String(Math.round((of.fresh ?? 0) / 1e6)), records: JSON.stringify(of.fields) },
      ...{ monitored: JSON.stringify(of.monitored) },
      required: JSON.stringify(requiredOf(entity as EntityName)),
    },
  }));
  const named = plants.map(({ id, name, owner = '' }) => ({
    ...{ ...one, remote: id, fields: { name, owner } },
  }));
  const fourEyes = { ...one, remote: 'four_eyes', fields: { value: String(four_eyes) } };
  // What is not described any more counts no longer, whatever was copied of it.
  const own = ['entity', 'plant', 'source', 'setting'].map((entity) => ({
    ...{ system: common.system, entity, source: path },
  }));
  const described = [...own, ...describedSources(governance)].map((fields) => ({
    ...{ ...one, remote: `${fields.system} ${fields.entity}`, fields },
  }));
  return [
    { ...common, entity: 'entity', objects: owned },
    { ...common, entity: 'plant', objects: named },
    { ...common, entity: 'source', objects: described },
    { ...common, entity: 'setting', objects: [fourEyes] },
  ];
}

/** Lands copies whole: the rows of `master_syncs` come last, and without them the rows before do not count. */
async function landCopies(
  copies: readonly EntityCopy[],
  mappings: readonly Mapping[],
  copied: number,
  { warehouse, database }: SyncOptions,
): Promise<void> {
  const objects = copies.flatMap(({ system, entity, asOf, objects: all }) =>
    all.map((one) => ({ system, entity, ...one, as_of: asOf, copied })),
  );
  const mapped = mappings.map((one, position) => ({
    ...{ copied, position, entity: one.entity, id: one.id, system: one.system, remote: one.remote },
    ...{ owner: one.owner ?? '', valid_from: one.from, valid_to: one.to ?? null },
    ...{ proposed: one.proposed ?? '', approved: one.approved ?? '' },
  }));
  const said = { system: 'governance', entity: 'mapping', asOf: copied, full: true, source: '' };
  const syncs = [...copies, { ...said, objects: mapped }].map(
    ({ system, entity, asOf, full, source, objects: all }) => ({
      ...{ system, entity, copied, as_of: asOf, full, source, objects: all.length },
    }),
  );
  await landBlocks(warehouse, database, [
    ...blocksOfRows('master_data', objects),
    ...blocksOfRows('master_mappings', mapped),
    ...blocksOfRows('master_syncs', syncs),
  ]);
}

/** Rows as a block; none for no rows. */
export function blocksOfRows(table: string, rows: readonly object[]): readonly Block[] {
  if (rows.length === 0) return [];
  const data = Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return [{ table, format: 'JSONEachRow', rows: rows.length, data }];
}

/** Inserts blocks one after the other. */
export async function landBlocks(
  { client }: Pick<Warehouse, 'client'>,
  database: string,
  blocks: readonly Block[],
): Promise<void> {
  const content: EpochContent = {
    ...{ pipeline: 'governance', run: '1', stream: 'governance', created: randomUUID() },
    ...{ epoch: 0, from: 0, to: 0, blocks, revisions: [], commands: [] },
  };
  await createClickHouseSink(client, { database }).write(content, new AbortController().signal);
}
