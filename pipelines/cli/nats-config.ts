import type { Command } from 'commander';
import { configOf, type Departures } from '../base/config.ts';
import { natsConfig } from '../nats/nats-config.ts';

type Options = Departures & { readonly plant?: string };

/** Adds `andon nats-config`: the mapping and the permissions that nats-server needs, to be pasted into its file. */
export function registerNatsConfig(program: Command): void {
  program
    .command('nats-config')
    .description('print the mapping and permissions for nats-server')
    .option('--partitions <count>', 'of the log (ANDON_PARTITIONS, else 1)')
    .option('--plant <plant>', 'whose gateway the permissions are for', 'PLANT')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .action(({ plant = 'PLANT', ...departures }: Options) => {
      console.log(natsConfig(configOf(departures).partitions, plant));
    });
}
