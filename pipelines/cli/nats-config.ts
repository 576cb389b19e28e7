import type { Command } from 'commander';
import { configOf, type Departures } from '../base/config.ts';
import { natsConfig } from '../nats/partition.ts';

type Options = Departures & { readonly plant?: string };

/** Adds `andon nats-config`: the mapping and the permissions that nats-server needs, to be pasted into its file. */
export function registerNatsConfig(command: Command): void {
  command
    .option('--partitions <count>', 'of the log (ANDON_PARTITIONS, else 1)')
    .option('--plant <plant>', 'whose gateway the permissions are for', 'PLANT')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .action(({ plant = 'PLANT', ...departures }: Options) => {
      console.log(natsConfig(configOf(departures).partitions, plant));
    });
}
