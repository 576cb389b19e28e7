import type { Command } from 'commander';
import { type SimulateOptions, simulate } from './simulate-action.ts';

/** Adds `andon simulate`: a simulated plant, into the log. */
export function registerSimulate(program: Command): void {
  program
    .command('simulate')
    .description('a simulated plant that publishes into the log, and what was planted in it')
    .option('--seed <number>', 'another one is another plant; the same gives the same bytes', '1')
    .option('--speed <factor>', 'times faster than the clock, or max; needs a replay', '1')
    .option('--hours <count>', 'ends after so many simulated hours; without it Ctrl-C does')
    .option('--replay', 'with simulated append times; makes the streams, marked as a replay')
    .option('--apply', 'publishes its plant model and rules first')
    .option('--truth <file>', 'writes every planted fault and nuisance there (JSON)')
    .option('--partitions <count>', 'of the log (ANDON_PARTITIONS, else 1)')
    .option('--nats <url>', 'instead of NATS_URL')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'the result as JSON')
    .action((options: SimulateOptions) => simulate(options));
}
