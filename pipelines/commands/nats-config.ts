import type { Command } from 'commander';
import { natsConfig } from '../ingest/nats-config.ts';
import { partitionCount } from './partition-count.ts';

type Options = { readonly partitions?: string; readonly plant?: string };

/** Adds `andon nats-config`: the mapping and the permissions that nats-server needs, to be pasted into its file. */
export function registerNatsConfig(program: Command): void {
  program
    .command('nats-config')
    .description('print the mapping and permissions for nats-server')
    .option('--partitions <count>', 'of the log (ANDON_PARTITIONS, else 1)')
    .option('--plant <plant>', 'whose gateway the permissions are for', 'PLANT')
    .action(({ partitions, plant = 'PLANT' }: Options) => {
      console.log(natsConfig(partitionCount(partitions, process.env), plant));
    });
}
