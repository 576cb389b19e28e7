import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import type { NotifyConfig } from '../../sinks/remote/system-config.ts';
import { API_ROLES, parseHeldRole } from '../base/api-roles.ts';
import { endOnSignal } from '../base/child.ts';
import { type Config, configOf, type Departures } from '../base/config.ts';
import { wrongInput } from '../base/problem.ts';
import { readSystems } from '../base/system-profiles.ts';
import type { HeldRole } from '../console/access/visitor.ts';
import { accountsOf, startConsole } from '../console/console.ts';
import { createInternalEvents } from '../observe/observe.ts';
import { addDefaultCommand } from './default-command.ts';

type RoleOptions = Departures & { readonly role: readonly string[]; readonly stdin?: true };

const more = (value: string, values: readonly string[]) => [...values, value];
const ROLE_HELP = `${Object.keys(API_ROLES).join(', ')}; everywhere, or at PLANT or PLANT/LINE; may be repeated`;

/** Adds `andon console`: the page and the API, and who may use them. */
export function registerConsole(command: Command): void {
  command.addHelpText(
    'after',
    '\nWithout a command: start. Its options: andon console start --help',
  );
  const configured = (named: Command) =>
    named.option('--config <file>', 'configuration (YAML); the environment overlays it');
  configured(addDefaultCommand(command, 'start'))
    .description('serve the page and the API until a signal ends it')
    .action(serve);
  const account = command.command('account').description('people who may sign in');
  configured(account.command('add <name>'))
    .description('a new account, or another password and other roles for one that is there')
    .option('--role <role[@place]>', ROLE_HELP, more, [])
    .option('--stdin', 'read the password from standard input; without it one is made and shown')
    .action(async (name: string, options: RoleOptions) => {
      const password =
        options.stdin === true
          ? (await text(process.stdin)).replace(/\r?\n$/, '')
          : randomBytes(12).toString('base64url');
      await accountsOf(configOf(options)).put(name, password, rolesOf(options.role));
      console.log(options.stdin === true ? `${name} may sign in.` : `${name} ${password}`);
    });
  const key = command.command('key').description('programs that use the API');
  configured(key.command('add <name>'))
    .description('a key for a program; it is shown this once')
    .option('--role <role[@place]>', ROLE_HELP, more, [])
    .action(async (name: string, options: RoleOptions) => {
      console.log(await accountsOf(configOf(options)).addKey(name, rolesOf(options.role)));
    });
  configured(command.command('list'))
    .description('accounts and keys, with their roles')
    .action(async (options: Departures) => {
      for (const { name, id, roles, isProgram } of await accountsOf(configOf(options)).list()) {
        const kind = isProgram ? 'key' : 'account';
        console.log([kind, name, id, roles.map(spelled).join(' ')].join('\t'));
      }
    });
  configured(command.command('remove <name>'))
    .description('an account or a key; its sessions end at once')
    .action(async (name: string, options: Departures) => {
      if (await accountsOf(configOf(options)).remove(name)) console.log(`${name} is removed.`);
      else
        throw wrongInput('name', 'an account or a key', name, '`andon console list` shows them.');
    });
}

/** Only for the list of who has quiet hours: without the people file the console is as good for all else. */
function peopleIfAny({ systems }: Config, { config }: Departures): NotifyConfig | undefined {
  try {
    return readSystems(systems, config)?.find((one) => one.kind === 'notify');
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    console.error(`Quiet hours of people are not shown: ${found}`);
    return undefined;
  }
}

async function serve(options: Departures): Promise<void> {
  // Accounts and sessions are for this user alone.
  process.umask(0o077);
  const config = configOf(options);
  const { record } = createInternalEvents({ level: config.log.level });
  const over = endOnSignal();
  const people = peopleIfAny(config, options);
  const started = await startConsole(config, record, over, people).catch((error: unknown) => {
    if (over.aborted && error === over.reason) return undefined;
    throw error;
  });
  // A signal came while NATS or ClickHouse was still waited for.
  if (started === undefined) return;
  if (config.console.oidc === undefined && (await accountsOf(config).list()).length === 0) {
    console.error('Nobody may sign in yet: andon console account add NAME --role viewer');
  }
  if (!over.aborted) {
    await new Promise((resolve) => over.addEventListener('abort', resolve, { once: true }));
  }
  await started.close();
}

function rolesOf(texts: readonly string[]): readonly HeldRole[] {
  if (texts.length === 0) {
    throw wrongInput('--role', 'at least one role', 'none', `Name one of ${ROLE_HELP}.`);
  }
  return texts.map((each) => {
    const held = parseHeldRole(each);
    if (held === undefined) throw wrongInput('--role', ROLE_HELP, each);
    return held;
  });
}

function spelled({ role, plant, line }: HeldRole): string {
  if (plant === undefined) return role;
  return line === undefined ? `${role}@${plant}` : `${role}@${plant}/${line}`;
}
