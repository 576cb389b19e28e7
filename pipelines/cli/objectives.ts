import type { Command } from 'commander';
import { inColumns } from '../base/in-columns.ts';
import { EXIT } from '../base/problem.ts';
import { prometheusRules } from '../governance/burn-rates.ts';
import { monthOf, objectivesText } from '../governance/month-report.ts';
import {
  askRowsOf,
  evaluateObjectives,
  OBJECTIVES,
  type ObjectiveName,
  readObjectives,
} from '../warehouse/objectives.ts';
import { withWarehouse } from '../warehouse/warehouse.ts';

type Options = {
  readonly plant?: string;
  readonly month?: string;
  readonly objectives?: string;
  readonly list?: true;
  readonly prometheus?: true;
  readonly config?: string;
  readonly json?: true;
};

/** Adds `andon objectives`: how much of each error budget is spent, and the rules for Prometheus that watch them. */
export function registerObjectives(command: Command): void {
  command
    .option('--plant <plant>', 'this plant alone')
    .option('--month <yyyy-mm>', 'a month, by UTC; without it the last 30 days')
    .option('--objectives <file>', 'other objectives than objectives.yaml of this folder')
    .option('--list', 'the objectives')
    .option('--prometheus', 'alarms by burn rate, as a file of rules for Prometheus')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'a JSON list')
    .addHelpText(
      'after',
      `\nWithout a file the objectives are as shipped. Exit code ${EXIT.differs}: a budget is overspent.`,
    )
    .action(objectives);
}

async function objectives(options: Options): Promise<void> {
  const chosen = readObjectives(options.objectives);
  if (options.prometheus === true) {
    process.stdout.write(prometheusRules(chosen));
    return;
  }
  if (options.list === true) {
    const names = Object.keys(OBJECTIVES) as ObjectiveName[];
    const rows = names.map((name) => {
      const { target, within } = chosen[name];
      return [name, `${target} %`, `${Math.round(within / 1e6)} s`, OBJECTIVES[name].title];
    });
    console.log(inColumns(rows, new Set([1, 2])));
    return;
  }
  const now = Date.now();
  const period =
    options.month === undefined
      ? { from: now - 30 * 86_400_000, to: now }
      : monthOf(options.month, '--month', now);
  const all = await withWarehouse(options.config, ({ client }) =>
    evaluateObjectives(askRowsOf(client), chosen, period),
  );
  const kept = all.filter(({ plant }) => options.plant === undefined || plant === options.plant);
  console.log(options.json === true ? JSON.stringify(kept, null, 2) : objectivesText(kept));
  if (kept.some(({ spent }) => spent > 1)) process.exitCode = EXIT.differs;
}
