import type { Command } from 'commander';
import { readConfig } from '../base/config.ts';
import { inColumns } from '../base/in-columns.ts';
import { EXIT } from '../base/problem.ts';
import { readGovernance } from '../governance/governance-file.ts';
import { planRetention, type RetentionPlan } from '../governance/retention.ts';
import { withWarehouse } from '../warehouse/warehouse.ts';
import { withAuditor } from './audited.ts';

type Options = {
  readonly governance: string;
  readonly apply?: true;
  readonly config?: string;
  readonly json?: true;
};

/** Adds `andon retention`: how long ClickHouse keeps the rows of each table, by plant. */
export function registerRetention(command: Command): void {
  command
    .option('--governance <file>', 'where `retention` stands', 'governance.yaml')
    .option('--apply', 'make the tables so; rows that are older then are deleted, for good')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'a JSON list')
    .addHelpText(
      'after',
      `\nDays count from when a row landed. Exit code ${EXIT.differs}: a table is not as the file says, and --apply was not said.`,
    )
    .action(retention);
}

async function retention({ governance: path, apply, config, json }: Options): Promise<void> {
  const governance = readGovernance(path);
  const plan = await withWarehouse(config, async ({ client }, database) => {
    const planned = await planRetention(client, database, governance);
    const differing = planned.filter(({ statements }) => statements.length > 0);
    if (apply !== true || differing.length === 0) return planned;
    const acts = differing.map(({ table, wanted }) => {
      return { act: 'retention', what: `${database}.${table}: ${wanted}` };
    });
    await withAuditor(readConfig(config), 'andon retention', (auditor) =>
      auditor.around(acts, async () => {
        const statements = differing.flatMap((one) => one.statements);
        for (const query of statements) await client.command({ query });
      }),
    );
    return planned;
  });
  const state = (one: RetentionPlan) => {
    if (one.statements.length === 0) return 'as it is';
    return apply === true ? 'changed' : `differs: now ${one.found}`;
  };
  if (json === true) {
    const shown = plan.map((one) => ({ ...one, state: state(one) }));
    console.log(JSON.stringify(shown, null, 2));
  } else {
    const rows = plan.map((one) => [one.table, `${one.days}`, daysByPlant(one), state(one)]);
    console.log(inColumns([['table', 'days', 'of plants', ''], ...rows], new Set([1])));
  }
  const differs = plan.some(({ statements }) => statements.length > 0);
  if (differs && apply !== true) process.exitCode = EXIT.differs;
}

function daysByPlant({ plants }: RetentionPlan): string {
  return Object.entries(plants)
    .map(([plant, days]) => `${plant} ${days}`)
    .join(', ');
}
