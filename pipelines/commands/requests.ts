import type { Command } from 'commander';
import { connectNats } from '../ingest/connection.ts';
import { natsSettings } from '../ingest/nats-settings.ts';
import { describeList, describeRequest } from '../maintenance/describe.ts';
import { listRequests, resendRequest, showRequest } from '../maintenance/inspect.ts';

type Options = { readonly json?: boolean; readonly nats?: string };

/** Adds `andon requests`: list them, show why, send again. Needs NATS alone. */
export function registerRequests(program: Command): void {
  const requests = program
    .command('requests')
    .description('maintenance requests: list them, show why and what happened, send one again');

  requests
    .command('list', { isDefault: true })
    .description('all requests, with what became of them')
    .option('--nats <url>', 'instead of NATS_URL')
    .option('--json', 'a JSON list')
    .action(async ({ json, nats }: Options) => {
      const list = await connected(nats, listRequests);
      console.log(json === true ? JSON.stringify(list, null, 2) : describeList(list));
    });

  requests
    .command('show <id>')
    .description('one request: evidence, revisions, every attempt, its id in the CMMS')
    .option('--nats <url>', 'instead of NATS_URL')
    .option('--json', 'a JSON object')
    .action(async (id: string, { json, nats }: Options) => {
      const details = await connected(nats, (connection) => showRequest(connection, id));
      console.log(json === true ? JSON.stringify(details, null, 2) : describeRequest(details));
    });

  requests
    .command('resend <id>')
    .description(
      'have the last revision sent again; what is in the CMMS already is changed, not doubled',
    )
    .option('--nats <url>', 'instead of NATS_URL')
    .option('--json', 'a JSON object')
    .action(async (id: string, { json, nats }: Options) => {
      await connected(nats, (connection) => resendRequest(connection, id));
      const text = `${id} will be sent again by the maintenance pipeline, at once if it runs.`;
      console.log(json === true ? JSON.stringify({ id, resend: true }) : text);
    });
}

async function connected<T>(
  nats: string | undefined,
  work: (connection: Awaited<ReturnType<typeof connectNats>>) => Promise<T>,
): Promise<T> {
  const connection = await connectNats(natsSettings('andon requests', process.env, nats));
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}
