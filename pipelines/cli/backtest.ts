import type { Command } from 'commander';
import { wrongInput } from '../base/wrong-input.ts';
import type { BacktestArguments } from './backtest-action.ts';

/** `andon backtest`: what would these rules have said of these recordings? */
export function registerBacktest(program: Command): void {
  program
    .command('backtest')
    .description('run recordings through the pipeline: what would these rules have raised?')
    .requiredOption('--model <file>', 'plant.yaml')
    .requiredOption('--rules <file>', 'rules.yaml')
    .requiredOption('--data <file...>', 'descriptions of recordings, or .ndjson files')
    .option('--base <directory>', 'where the files that descriptions name are')
    .option('--explain', 'what became of each match of a pattern that began, and what ended it')
    .option(
      '--sweep <field=values...>',
      'instead: alarms and lead time for each value of a detector, as bearing.limit=4..10',
    )
    .option('--until <time>', 'lead times end here, where no description says when it failed')
    .option('--healthy-until <time>', 'what is said before is a false alarm')
    .option('--lasting <duration>', 'an alarm that stood for so long has lasted (1h)')
    .option('--json', 'the summary, or the table of a sweep, as JSON')
    .addHelpText(
      'after',
      '\nPrints one JSON line per phase of an anomaly, incident and request revision; the summary goes to stderr.' +
        '\nA sweep prints its table. Values: 4..10, 0.1..0.5/0.1, 10s..60s/10s, 5%..20%/5%, 4,6,8; several fields are a' +
        '\ngrid; "detector" stands for every detector that has the field.',
    )
    .action(async (options: BacktestArguments) => {
      if (options.sweep !== undefined) {
        if (options.explain === true) {
          throw wrongInput('--explain', 'either --sweep or --explain', 'both');
        }
        const { runSweep } = await import('./sweep-action.ts');
        await runSweep(options);
        return;
      }
      const { until, healthyUntil, lasting } = options;
      const measured = until ?? healthyUntil ?? lasting;
      if (measured !== undefined) {
        const remedy = 'They say what a sweep is measured by.';
        throw wrongInput(
          '--until, --healthy-until, --lasting',
          '--sweep beside it',
          measured,
          remedy,
        );
      }
      const { runBacktest } = await import('./backtest-action.ts');
      await runBacktest(options);
    });
}
