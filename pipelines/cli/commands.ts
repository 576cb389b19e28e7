import type { NatsConnection } from '@nats-io/transport-node';
import type { Command } from 'commander';
import { openAuditor } from '../audit/audit.ts';
import { configOf, type Departures } from '../base/config.ts';
import {
  type CommandFilter,
  describeCommand,
  describeCommands,
  listCommands,
  resendName,
  showCommand,
} from '../systems/inspect-commands.ts';
import { askResend } from '../systems/ledger.ts';
import { addDefaultCommand } from './default-command.ts';
import { withNats } from './with-nats.ts';

type Options = Departures & { readonly json?: boolean };

/** Adds `andon commands`: list them, show what happened, carry one out again. Needs NATS alone. */
export function registerCommands(command: Command): void {
  command.addHelpText(
    'after',
    '\nWithout a command: list. Its options: andon commands list --help',
  );
  addDefaultCommand(command, 'list')
    .description('commands to other systems, with what became of them')
    .option('--system <name>', 'only those to this system')
    .option('--request <id>', 'only those for this request')
    .option('--nats <url>', 'instead of NATS_URL')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'a JSON list')
    .action(async ({ json, system, request, ...departures }: Options & CommandFilter) => {
      const list = await connected(departures, (nats) => listCommands(nats, { system, request }));
      console.log(
        json === true ? JSON.stringify(list, null, 2) : describeCommands(list, { system, request }),
      );
    });

  command
    .command('show <id>')
    .description('one command: payload, every attempt, its object in the system')
    .option('--nats <url>', 'instead of NATS_URL')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'a JSON object')
    .action(async (id: string, { json, ...departures }: Options) => {
      const details = await connected(departures, (nats) => showCommand(nats, id));
      console.log(json === true ? JSON.stringify(details, null, 2) : describeCommand(details));
    });

  command
    .command('resend <id>')
    .description('have a command carried out again; what is in the system already is found')
    .option('--reason <text>', 'why, for the audit stream')
    .option('--nats <url>', 'instead of NATS_URL')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .action(async (id: string, options: ResendOptions) => {
      await connected(options, (nats) => resend(nats, id, options));
      console.log(`${id} will be carried out again, at once if andon run does its work.`);
    });
}

type ResendOptions = Departures & { readonly reason?: string };

/** Whoever carries commands out searches for the key first, and makes what is not there. Asking twice is asking once. */
async function resend(
  connection: NatsConnection,
  id: string,
  { reason, ...departures }: ResendOptions,
): Promise<void> {
  // Before anything is written about a command that there is not.
  const name = await resendName(connection, id);
  const { user } = configOf(departures);
  const auditor = await openAuditor(connection, { via: 'console', user });
  await auditor.around([{ act: 'resend', what: name, reason }], () => askResend(connection, name));
}

function connected<T>(
  departures: Departures,
  work: (connection: NatsConnection) => Promise<T>,
): Promise<T> {
  return withNats(configOf(departures), 'andon commands', work);
}
