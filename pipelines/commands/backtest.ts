import type { Command } from 'commander';

type Options = {
  readonly model: string;
  readonly rules: string;
  readonly data: readonly string[];
  readonly base?: string;
  readonly explain?: true;
  readonly json?: true;
};

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
    .option('--json', 'the summary as JSON')
    .addHelpText(
      'after',
      '\nPrints one JSON line per phase of an anomaly, incident and request revision; the summary goes to stderr.',
    )
    .action(async (options: Options) => {
      const { runBacktest } = await import('./backtest-action.ts');
      await runBacktest(options);
    });
}
