import { constants, setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { MILLISECOND, parseDuration, SECOND } from '../../operators/model/time.ts';
import type { ReachConfig } from '../../sinks/remote/call-config.ts';
import { readCmmses } from '../../sinks/remote/config.ts';
import { type Config, readConfig } from '../base/config.ts';
import { inColumns } from '../base/in-columns.ts';
import { EXIT, Problem, wrongInput } from '../base/problem.ts';
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
  readonly every?: string;
  readonly json?: true;
};

/** Adds `andon sync`: copies master data from the systems that own it. */
export function registerSync(command: Command): void {
  command
    .argument('[system]', 'only this one; all that have sources without it')
    .option('--governance <file>', 'owners, sources and mappings', 'governance.yaml')
    .option('--full', 'everything, and not only what changed since the last time')
    .option('--every <duration>', 'again and again, with such a pause: 1h; until it is stopped')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'a JSON list of what was copied')
    .addHelpText(
      'after',
      `\nExit code ${EXIT.outside}: a source could not be read. What was copied from it before stands.`,
    )
    .action(syncInTurn);
}

async function syncInTurn(system: string | undefined, options: Options): Promise<void> {
  const { every } = options;
  if (every === undefined) return sync(system, options);
  const pause = parseDuration(every);
  if (pause === undefined || pause < SECOND) {
    throw wrongInput('--every', 'a duration of 1s or more, such as 1h', every);
  }
  // Whatever else this machine does comes first.
  setPriority(constants.priority.PRIORITY_LOW);
  const stopped = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopped.abort());
  while (!stopped.signal.aborted) {
    try {
      await sync(system, options);
    } catch (error) {
      // A system or the warehouse is away: the next turn comes. What a person has to correct ends it.
      if (!(error instanceof Problem) || error.exit === EXIT.input) throw error;
      console.error(error.message);
    }
    await delay(pause / MILLISECOND, undefined, { signal: stopped.signal }).catch(() => undefined);
  }
  process.exitCode = 0;
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
    const files = { governance, path, system, full };
    return syncMasterData({ ...common, ...files, warehouse, database, copyList });
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
  const rows = synced.map(({ system, entity, objects, unchanged, full, asOf, source, error }) =>
    error === null
      ? [
          system,
          entity,
          String(objects),
          unchanged ? 'unchanged' : full ? 'all' : 'changes',
          isoOf(asOf),
          source,
        ]
      : [system, entity, '', 'not read', '', error],
  );
  const table = inColumns(
    [['system', 'entity', 'objects', 'what', 'as of', 'from'], ...rows],
    new Set([2]),
  );
  const doubles = synced
    .filter(({ repeated }) => repeated.length > 0)
    .map(({ system, entity, repeated }) => {
      const shown = repeated.slice(0, 5).join(', ');
      return `${system} gives ids of ${entity} more than once: ${shown}${repeated.length > 5 ? ' …' : ''}`;
    });
  return [table, ...doubles].join('\n');
}

function isoOf(microseconds: number): string {
  return new Date(microseconds / 1_000).toISOString().slice(0, 19);
}
