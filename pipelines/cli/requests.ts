import type { NatsConnection } from '@nats-io/transport-node';
import type { Command } from 'commander';
import { configOf, type Departures } from '../base/config.ts';
import { wrongInput } from '../base/problem.ts';
import { listRequests, requestResend, resendRejected, showRequest } from '../systems/inspect.ts';
import { describeList, describeRequest } from '../systems/request-text.ts';
import { withNats } from './with-nats.ts';

type Options = Departures & { readonly json?: boolean };

type ResendOptions = Options & { readonly rejected?: boolean };

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
    .command('resend [id]')
    .description(
      'have the last revision sent again; what is in the CMMS already is changed, not doubled',
    )
    .option('--rejected', 'all requests whose last revision was rejected')
    .option('--nats <url>', 'instead of NATS_URL')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'a JSON object')
    .action(async (id: string | undefined, { json, rejected, ...departures }: ResendOptions) => {
      const ids = await connected(departures, (connection) => resend(connection, id, rejected));
      if (json === true) console.log(JSON.stringify({ ids, resend: true }));
      else if (ids.length === 0) console.log('No request is rejected.');
      else
        console.log(
          `${ids.join(', ')} will be sent again by the delivery loop, at once if it runs.`,
        );
    });
}

async function resend(
  connection: NatsConnection,
  id: string | undefined,
  rejected: boolean | undefined,
): Promise<readonly string[]> {
  if ((id === undefined) === (rejected !== true)) {
    const found = id === undefined ? 'neither' : 'both';
    throw wrongInput('andon requests resend', 'the id of a request, or --rejected', found);
  }
  if (id === undefined) return resendRejected(connection);
  await requestResend(connection, id);
  return [id];
}

function connected<T>(
  departures: Departures,
  work: (connection: NatsConnection) => Promise<T>,
): Promise<T> {
  return withNats(configOf(departures), 'andon requests', work);
}
