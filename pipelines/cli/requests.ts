import type { NatsConnection } from '@nats-io/transport-node';
import type { Command } from 'commander';
import { openAuditor } from '../audit/audit.ts';
import { configOf, type Departures } from '../base/config.ts';
import { wrongInput } from '../base/problem.ts';
import { checkRequest, listRequests, rejectedRequests } from '../systems/inspect.ts';
import { describeCommands, describeOutcome, showWork } from '../systems/inspect-commands.ts';
import { askResend } from '../systems/ledger.ts';
import { describeList, describeOrder, describeRequest } from '../systems/request-text.ts';
import { addDefaultCommand } from './default-command.ts';
import { withNats } from './with-nats.ts';

type Options = Departures & { readonly json?: boolean };

type ResendOptions = Options & { readonly rejected?: boolean; readonly reason?: string };

/** Adds `andon requests`: list them, show why, send again. Needs NATS alone. */
export function registerRequests(command: Command): void {
  command.addHelpText(
    'after',
    '\nWithout a command: list. Its options: andon requests list --help',
  );
  addDefaultCommand(command, 'list')
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
    .description(
      'one request (evidence, revisions, every attempt, its id in the CMMS), or one order that the CMMS made itself, by its ' +
        'id or its number there; with the commands to other systems',
    )
    .option('--nats <url>', 'instead of NATS_URL')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'a JSON object')
    .action(async (id: string, { json, ...departures }: Options) => {
      const work = await connected(departures, (connection) => showWork(connection, id));
      if (json === true) console.log(JSON.stringify(work, null, 2));
      else {
        const { commands } = work;
        const about = 'order' in work ? describeOrder(work) : describeRequest(work);
        const parts = [`commands\n${describeCommands(commands)}`, describeOutcome(commands)];
        console.log([about, ...parts].join('\n\n'));
      }
    });

  command
    .command('resend [id]')
    .description(
      'have the last revision sent again; what is in the CMMS already is changed, not doubled',
    )
    .option('--rejected', 'all requests whose last revision was rejected')
    .option('--reason <text>', 'why, for the audit stream')
    .option('--nats <url>', 'instead of NATS_URL')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'a JSON object')
    .action(async (id: string | undefined, { json, rejected, ...options }: ResendOptions) => {
      checkChoice(id, rejected);
      const ids = await connected(options, (connection) => resend(connection, id, options));
      if (json === true) console.log(JSON.stringify({ ids, resend: true }));
      else if (ids.length === 0) console.log('No request is rejected.');
      else
        console.log(
          `${ids.join(', ')} will be sent again by the delivery loop, at once if it runs.`,
        );
    });
}

function checkChoice(id: string | undefined, rejected: boolean | undefined): void {
  if ((id === undefined) !== (rejected !== true)) return;
  const found = id === undefined ? 'neither' : 'both';
  throw wrongInput('andon requests resend', 'the id of a request, or --rejected', found);
}

/** `id`: one; else all that were rejected. */
async function resend(
  connection: NatsConnection,
  id: string | undefined,
  { reason, ...departures }: Omit<ResendOptions, 'json' | 'rejected'>,
): Promise<readonly string[]> {
  const ids = id === undefined ? await rejectedRequests(connection) : [id];
  // Before anything is written about a request that there is not.
  for (const each of ids) await checkRequest(connection, each);
  if (ids.length === 0) return ids;
  const { user } = configOf(departures);
  const auditor = await openAuditor(connection, { via: 'console', user });
  const acts = ids.map((what) => ({ act: 'resend', what, reason }));
  await auditor.around(acts, async () => {
    for (const each of ids) await askResend(connection, each);
  });
  return ids;
}

function connected<T>(
  departures: Departures,
  work: (connection: NatsConnection) => Promise<T>,
): Promise<T> {
  return withNats(configOf(departures), 'andon requests', work);
}
