import type { Command } from 'commander';
import type { ReachConfig } from '../../sinks/remote/call-config.ts';
import { readCmmses } from '../../sinks/remote/config.ts';
import { type Config, readConfig } from '../base/config.ts';
import { inColumns } from '../base/in-columns.ts';
import { EXIT } from '../base/problem.ts';
import { readSystems } from '../base/system-profiles.ts';
import { createListCopier } from '../governance/copy-lists.ts';
import { readGovernance } from '../governance/governance-file.ts';
import { type SyncedEntity, syncMasterData } from '../governance/sync.ts';
import { withWarehouse } from '../warehouse/warehouse.ts';
import { noteIfPossible } from './audited.ts';

type Options = {
  readonly governance: string;
  readonly config?: string;
  readonly full?: true;
  readonly json?: true;
};

/** Adds `andon sync`: copies master data from the systems that own it. */
export function registerSync(command: Command): void {
  command
    .argument('[system]', 'only this one; all that have sources without it')
    .option('--governance <file>', 'owners, sources and mappings', 'governance.yaml')
    .option('--full', 'everything, and not only what changed since the last time')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'a JSON list of what was copied')
    .addHelpText(
      'after',
      `\nExit code ${EXIT.outside}: a source could not be read. What was copied from it before stands.`,
    )
    .action(sync);
}

async function sync(system: string | undefined, options: Options): Promise<void> {
  const { governance: path, full = false, json } = options;
  const governance = readGovernance(path);
  const config = readConfig(options.config);
  const systems = reachedSystems(config, options.config);
  const synced = await withWarehouse(options.config, async (warehouse, database) => {
    await noteIfPossible(config, { act: 'sync', what: system ?? 'all systems' });
    const common = { now: Date.now, signal: new AbortController().signal };
    const { client } = warehouse;
    const copyList = createListCopier({
      ...{ ...common, systems, client, full, environment: process.env },
    });
    return syncMasterData({ ...common, governance, path, system, warehouse, database, copyList });
  });
  console.log(json === true ? JSON.stringify(synced, null, 2) : textOfSync(synced));
  if (synced.some(({ error }) => error !== null)) process.exitCode = EXIT.outside;
}

/** How systems with an HTTP interface are reached, the CMMS among them. */
function reachedSystems(
  config: Config,
  file: string | undefined,
): ReadonlyMap<string, ReachConfig> {
  const found = new Map<string, ReachConfig>();
  for (const one of readSystems(config.systems, file) ?? []) {
    if (one.kind === 'http') found.set(one.name, one);
  }
  for (const cmms of readCmmses(config.cmms)) {
    if (!found.has(cmms.name)) found.set(cmms.name, cmms);
  }
  return found;
}

function textOfSync(synced: readonly SyncedEntity[]): string {
  const rows = synced.map(({ system, entity, objects, full, asOf, source, error }) =>
    error === null
      ? [system, entity, String(objects), full ? 'all' : 'changes', isoOf(asOf), source]
      : [system, entity, '', 'not read', '', error],
  );
  return inColumns(
    [['system', 'entity', 'objects', 'what', 'as of', 'from'], ...rows],
    new Set([2]),
  );
}

function isoOf(microseconds: number): string {
  return new Date(microseconds / 1_000).toISOString().slice(0, 19);
}
