import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { createListCopier } from '../../../pipelines/governance/copy-lists.ts';
import { readGovernance } from '../../../pipelines/governance/governance-file.ts';
import type { QualityReport } from '../../../pipelines/governance/quality.ts';
import { type SyncedEntity, syncMasterData } from '../../../pipelines/governance/sync.ts';
import type { ReachConfig } from '../../../sinks/remote/call-config.ts';
import type { StartedWarehouse } from '../../sinks/clickhouse/started-warehouse.ts';
import { csvOf, governanceOf, type Planted, type Things, type World } from './planted-world.ts';

/** The files of a world whose systems all export CSV, or those that are named. */
export function written(world: World, folder: string, asCsv: readonly string[]): string {
  const worlds: Record<string, Things> = { erp: world.erp, cmms: world.cmms, hr: world.hr };
  const list = (entity: string, fields: readonly string[]) => ({
    list: {
      path: `/api/master/${entity}`,
      query: { changed_after: '{{since|iso}}', offset: '{{offset}}', limit: '100' },
      ...{ hits: '/items', changed: '/changed', pages: { size: 100 } },
    },
    fields: Object.fromEntries(fields.map((field) => [field, `/${field}`])),
  });
  const text = governanceOf(
    world,
    (system, entity, fields) =>
      asCsv.includes(system)
        ? { csv: `exports/${system}-${entity}.csv`, delimiter: ';' }
        : list(entity, fields),
    worlds,
  );
  mkdirSync(join(folder, 'exports'), { recursive: true });
  for (const system of asCsv) {
    for (const [entity, objects] of Object.entries(worlds[system] ?? {})) {
      writeFileSync(join(folder, 'exports', `${system}-${entity}.csv`), csvOf(objects));
    }
  }
  writeFileSync(join(folder, 'plant.yaml'), stringify({ plants: world.plants }));
  writeFileSync(join(folder, 'governance.yaml'), text);
  return join(folder, 'governance.yaml');
}

export async function syncWorld(
  warehouse: Pick<StartedWarehouse, 'client'>,
  path: string,
  systems: ReadonlyMap<string, ReachConfig> = new Map(),
  system?: string,
): Promise<readonly SyncedEntity[]> {
  const common = { now: Date.now, signal: new AbortController().signal };
  const { client } = warehouse;
  const copyList = createListCopier({ ...common, client, systems, environment: {}, full: false });
  const governance = readGovernance(path);
  return syncMasterData({
    ...{ ...common, governance, path, system, warehouse, database: 'andon', copyList },
  });
}

export const namesOf = ({ findings }: QualityReport) =>
  findings
    .map(({ check, system, objects }) => `${check} ${system} ${objects.join(' ')}`)
    .toSorted();
export const namesOfPlanted = (planted: readonly Planted[]) =>
  planted.map(({ check, system, objects }) => `${check} ${system} ${objects.join(' ')}`).toSorted();
