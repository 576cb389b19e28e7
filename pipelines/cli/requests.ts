import type { NatsConnection } from '@nats-io/transport-node';
import type { Command } from 'commander';
import { configOf, type Departures } from '../base/config.ts';
import { listRequests, requestResend, showRequest } from '../systems/inspect.ts';
import { describeList, describeRequest } from '../systems/request-text.ts';
import { withNats } from './with-nats.ts';

type Options = Departures & { readonly json?: boolean };

/** Adds `andon requests`: list them, show why, send again. Needs NATS alone. */
export function registerRequests(command: Command): void {
  command
    .command('list', { isDefault: true })
    .description('all requests, with what became of them')
    .option('--nats <url>', 'instead of NATS_URL')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'a JSON list')
    .action(async ({ json, ...departures }: Options) => {
      const list = await connected(departures, listRequests);
      console.log(json === true ? JSON.stringify(list, null, 2) : describeList(list));
    });

  command
    .command('show <id>')
    .description('one request: evidence, revisions, every attempt, its id in the CMMS')
    .option('--nats <url>', 'instead of NATS_URL')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'a JSON object')
    .action(async (id: string, { json, ...departures }: Options) => {
      const details = await connected(departures, (connection) => showRequest(connection, id));
      console.log(json === true ? JSON.stringify(details, null, 2) : describeRequest(details));
    });

  command
    .command('resend <id>')
    .description(
      'have the last revision sent again; what is in the CMMS already is changed, not doubled',
    )
    .option('--nats <url>', 'instead of NATS_URL')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'a JSON object')
    .action(async (id: string, { json, ...departures }: Options) => {
      await connected(departures, (connection) => requestResend(connection, id));
      const text = `${id} will be sent again by the delivery loop, at once if it runs.`;
      console.log(json === true ? JSON.stringify({ id, resend: true }) : text);
    });
}

function connected<T>(
  departures: Departures,
  work: (connection: NatsConnection) => Promise<T>,
): Promise<T> {
  return withNats(configOf(departures), 'andon requests', work);
}
