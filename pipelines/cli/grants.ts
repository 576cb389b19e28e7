import { join } from 'node:path';
import type { Command } from 'commander';
import { sha256Of } from '../audit/chain.ts';
import { readConfig } from '../base/config.ts';
import { wrongInput } from '../base/problem.ts';
import { grantStatements } from '../warehouse/grants.ts';
import { noteIfPossible } from './audited.ts';

type Options = { readonly config?: string; readonly plant: readonly string[] };

/** Adds `andon grants`: users, roles, limits and rows for a ClickHouse server, to be run there by its administrator. */
export function registerGrants(command: Command): void {
  command
    .option(
      '--plant <plant>',
      'whose analysts see only this plant; again for more',
      (plant: string, others: readonly string[]) => [...others, plant],
      [],
    )
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .action(async ({ config: file, plant: plants }: Options) => {
      const wrong = plants.find((plant) => !/^[A-Za-z0-9_-]+$/.test(plant));
      if (wrong !== undefined) {
        throw wrongInput('--plant', 'letters, digits, _ and -', JSON.stringify(wrong));
      }
      const config = readConfig(file);
      const passwords = join(config.directory, 'grants');
      const { database } = config.clickhouse;
      const statements = grantStatements({ database, plants, passwords });
      console.log(`-- For the administrator of a ClickHouse server; andon migrate makes the tables.
-- The passwords are in ${passwords}, one file a user. Nobody here may define tables: migrate as an administrator.`);
      for (const statement of statements) console.log(`${statement};`);
      const after = sha256Of(statements.join('\n'));
      await noteIfPossible(config, { act: 'grants', what: database, after });
    });
}
