import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { clusterStatements } from '../../sinks/clickhouse/cluster.ts';
import {
  migrate,
  pendingMigrations,
  readSchema,
  SQL_FOLDER,
} from '../../sinks/clickhouse/migrate.ts';
import { readConfig } from '../base/config.ts';
import { withWarehouse } from '../warehouse/warehouse.ts';
import { migrationActs, withAuditor } from './audited.ts';

type Options = { readonly config?: string; readonly json?: true; readonly cluster?: true };

/** Adds `andon migrate`: the schema of this version. */
export function registerMigrate(command: Command): void {
  command
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'what was done as JSON')
    .option('--cluster', 'print the statements for a cluster of servers, and run none of them')
    .action(async ({ config, json, cluster }: Options) => {
      if (cluster === true) {
        console.log(await clusterScript(readConfig(config).clickhouse.database));
        return;
      }
      await withWarehouse(config, async ({ client, url }, database) => {
        const pending = await pendingMigrations(client, database);
        const work = () => migrate(client, database);
        // Views alone are no change of what is there.
        const { applied, views } = await (pending.length === 0
          ? work()
          : withAuditor(readConfig(config), 'andon migrate', (auditor) =>
              auditor.around(migrationActs(database, pending), work),
            ));
        if (json === true) {
          console.log(JSON.stringify({ url, database, applied, views }));
          return;
        }
        for (const name of applied) console.log(`applied ${name}`);
        const schema = applied.length === 0 ? 'was up to date' : 'is up to date';
        console.log(`database ${database} at ${url} ${schema}, ${views.length} views made anew`);
      });
    });
}

async function clusterScript(database: string): Promise<string> {
  const { scripts, views } = await readSchema();
  const settings = await readFile(join(SQL_FOLDER, 'cluster', 'settings.sql'), 'utf8');
  return `${clusterStatements(database, scripts, views).join(';\n\n')};\n\n${settings}`;
}
