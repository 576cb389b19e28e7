import type { Command } from 'commander';
import { createChannel, type NotificationChannel } from '../../sinks/messages/channels.ts';
import type { OutgoingMessage } from '../../sinks/messages/message.ts';
import type { ChannelConfig } from '../../sinks/messages/message-config.ts';
import { type Config, configOf, type Departures } from '../base/config.ts';
import { EXIT, Problem, wrongInput } from '../base/problem.ts';
import { readSystems } from '../base/system-profiles.ts';
import {
  describeNotices,
  describeOnCall,
  listNotices,
  peopleOf,
  whoIsOnCall,
} from '../systems/notify/inspect-notices.ts';
import { noteIfPossible } from './audited.ts';
import { withNats } from './with-nats.ts';

type Options = Departures & { readonly json?: boolean; readonly system?: string };

/** Adds `andon notify`: who was told, who is on call, whether a channel works. */
export function registerNotify(command: Command): void {
  command.addHelpText('after', '\nWithout a command: list. Its options: andon notify list --help');
  common(
    command
      .command('list', { isDefault: true })
      .description('problems that people are told of: who was told last, who is next'),
  ).action(async ({ json, ...options }: Options) => {
    const { config, people } = read(options);
    const list = await withNats(config, 'andon notify', (nats) =>
      listNotices(nats, people, Date.now()),
    );
    console.log(json === true ? JSON.stringify(list, null, 2) : describeNotices(list));
  });

  common(
    command
      .command('who-is-on-call')
      .description('the persons of each role, in the order in which they are asked')
      .option('--role <name>', 'only of this role')
      .option('--at <time>', 'at another time (ISO 8601)'),
  ).action(({ json, role, at, ...options }: Options & { role?: string; at?: string }) => {
    const time = at === undefined ? Date.now() : Date.parse(at);
    if (Number.isNaN(time))
      throw wrongInput('--at', 'a time such as 2026-12-24T18:00:00Z', String(at));
    const lines = whoIsOnCall(read(options).people, role, time);
    console.log(json === true ? JSON.stringify(lines, null, 2) : describeOnCall(lines));
  });

  common(
    command
      .command('test <channel>')
      .description('send a test message by a channel now')
      .option('--to <address>', 'instead of the address of its daily test'),
  ).action(async (channel: string, { json, to, ...options }: Options & { to?: string }) => {
    const { config, people } = read(options);
    const sent = await sendTest(config, people, channel, to);
    console.log(json === true ? JSON.stringify(sent) : `${channel} took the message.`);
  });
}

function common(command: Command): Command {
  return command
    .option('--system <name>', 'the people file, where there are several')
    .option('--nats <url>', 'instead of NATS_URL')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'JSON');
}

function read({ system, ...departures }: Omit<Options, 'json'>) {
  const config = configOf(departures);
  return { config, people: peopleOf(readSystems(config.systems, departures.config), system) };
}

/** Once, and not tried again: whoever asks waits for the answer. */
async function sendTest(
  config: Config,
  people: ReturnType<typeof peopleOf>,
  name: string,
  to: string | undefined,
): Promise<{ readonly channel: string; readonly sent: true }> {
  const channel = people.channels[name];
  if (channel === undefined) {
    throw wrongInput(
      'andon notify test',
      `a channel (${Object.keys(people.channels).join(', ')})`,
      name,
    );
  }
  await noteIfPossible(config, { act: 'notify-test', what: name });
  const time = Date.now();
  const message: OutgoingMessage = {
    ...{ id: `test-${time}`, kind: 'test', to: to ?? channel.test?.to, problems: [], time },
    ...{ console: people.console, language: people.language, time_zone: people.time_zone },
  };
  const signal = AbortSignal.timeout(60_000);
  const outcome = await opened(name, channel).send(message, {
    priority: 'urgent',
    signal,
  });
  if (outcome.kind === 'ok') return { channel: name, sent: true };
  throw new Problem({
    where: `channel ${name}`,
    expected: 'that it takes a message',
    found: `${outcome.kind}: ${outcome.note}`,
    remedy: 'Check its address and secret in the people file.',
    exit: EXIT.outside,
  });
}

/** A secret that is not there is no defect. */
function opened(name: string, channel: ChannelConfig): NotificationChannel {
  try {
    return createChannel(channel, process.env);
  } catch (error) {
    throw new Problem(
      {
        where: `channel ${name}`,
        expected: 'an address and secrets that can be read',
        found: error instanceof Error ? error.message : String(error),
        remedy: 'Set the variable, or name a file that this user can read.',
        exit: EXIT.input,
      },
      { cause: error },
    );
  }
}
