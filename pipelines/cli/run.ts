import type { Command } from 'commander';

type Options = { readonly config?: string; readonly acceptLoss?: true };

/** `andon run`: a worker. */
export function registerRun(program: Command): void {
  program
    .command('run')
    .description(
      'work one partition: NATS from NATS_URL, ClickHouse from CLICKHOUSE_URL or embedded',
    )
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--accept-loss', 'go on past messages that the stream trimmed before they were read')
    .addHelpText(
      'after',
      '\nSIGTERM and Ctrl-C drain: the epoch under way is written, landed and checkpointed. A second one stops at once.',
    )
    .action(async (options: Options) => {
      const { run } = await import('./run-action.ts');
      await run(options.config, options.acceptLoss === true);
    });
}
