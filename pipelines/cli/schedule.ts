import { readFileSync, statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Command } from 'commander';
import { durationSchema } from '../../operators/model/time.ts';
import { endOnSignal } from '../base/child.ts';
import { configOf, type Departures } from '../base/config.ts';
import { EXIT, messageOf, wrongInput } from '../base/problem.ts';
import {
  type ScheduleIntake,
  takeScheduleFile,
  takeScheduleFolder,
  takeScheduleFrom,
  takeScheduleQueue,
  takeTrytonProductions,
} from '../schedules/intake.ts';
import type { TrytonLogin } from '../schedules/tryton.ts';
import { withNats } from './with-nats.ts';

type Options = Departures & {
  readonly plant?: string;
  readonly line?: string;
  readonly every?: string;
  readonly durable: string;
  readonly header: readonly string[];
  readonly login?: string;
};

/** Adds `andon schedule`: the production schedule of others into the log. */
export function registerSchedule(command: Command): void {
  command
    .argument(
      '<from...>',
      'files, folders, http(s) addresses, stream:NAME of the same NATS, or tryton:ADDRESS',
    )
    .option('--plant <id>', 'of entries that do not say their plant')
    .option('--line <id>', 'of entries that do not say their line')
    .option('--every <duration>', 'look again so often, until it is ended')
    .option('--durable <name>', 'the consumer of a stream', 'andon-schedule')
    .option('--header <line>', 'for addresses, such as "X-Api-Key: @FILE"', collect, [])
    .option('--login <user:@file>', 'of a Tryton: who asks, and the file with the password')
    .option('--partitions <count>', 'of the log (ANDON_PARTITIONS, else 1)')
    .option('--nats <url>', 'instead of NATS_URL')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .addHelpText(
      'after',
      '\nReads B2MML (ISA-95) in XML or JSON, CSV with a heading, productions of Tryton, and JSON as the log has it. What a folder has is moved to' +
        '\n`taken` below it when it is in the log, and to `refused` when it cannot be read (exit code 2).',
    )
    .action(run);
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

async function run(from: readonly string[], options: Options): Promise<void> {
  const config = configOf(options);
  const { plant, line, durable } = options;
  const every = options.every === undefined ? undefined : millisecondsIn(options.every);
  const shown = Object.fromEntries(options.header.map(headerOf));
  const login = options.login === undefined ? undefined : loginOf(options.login);
  const signal = endOnSignal();
  let refused = 0;
  await withNats(config, 'andon schedule', async (connection: NatsConnection) => {
    const intake: ScheduleIntake = {
      ...{ connection, partitions: config.partitions, signal },
      given: { ...(plant === undefined ? {} : { plant }), ...(line === undefined ? {} : { line }) },
      answered: new Map(),
      onTaken: ({ where, lines, entries }) =>
        console.log(
          `${where}: ${entries} entries of ${lines.join(', ') || 'no line'} are in the log`,
        ),
      onRefused(problem) {
        refused += 1;
        console.error(problem.message);
      },
    };
    do {
      for (const one of from) {
        if (signal.aborted) break;
        await take(intake, one, { durable, shown, login, patient: every !== undefined });
      }
      if (every !== undefined) await pause(every, undefined, { signal }).catch(() => undefined);
    } while (every !== undefined && !signal.aborted);
  });
  if (refused > 0) process.exitCode = EXIT.input;
}

type How = {
  readonly durable: string;
  readonly shown: Readonly<Record<string, string>>;
  readonly login: TrytonLogin | undefined;
  /** It is looked at again: what is away now may be there then. */
  readonly patient: boolean;
};

async function take(intake: ScheduleIntake, from: string, how: How): Promise<void> {
  try {
    if (from.startsWith('stream:')) {
      await takeScheduleQueue(intake, {
        stream: from.slice('stream:'.length),
        durable: how.durable,
      });
    } else if (from.startsWith('tryton:')) {
      if (how.login === undefined)
        throw wrongInput('--login', 'a line such as "andon:@FILE"', 'none');
      await takeTrytonProductions(intake, from.slice('tryton:'.length), how.login);
    } else if (/^https?:\/\//.test(from)) await takeScheduleFrom(intake, from, how.shown);
    else if (statSync(from, { throwIfNoEntry: false })?.isDirectory() === true) {
      await takeScheduleFolder(intake, from);
    } else await takeScheduleFile(intake, from);
  } catch (error) {
    // What NATS does not take now it may take then.
    if (!how.patient) throw error;
    console.error(messageOf(error));
  }
}

function millisecondsIn(text: string): number {
  const duration = durationSchema.safeParse(text);
  if (duration.success && duration.data > 0) return duration.data / 1_000;
  throw wrongInput('--every', 'a duration such as 1m', text);
}

/** The password stands in a file, as secrets of headers do. */
function loginOf(text: string): TrytonLogin {
  const [, user, file] = /^([^:]+):@(.+)$/.exec(text) ?? [];
  if (user === undefined || file === undefined) {
    throw wrongInput('--login', 'a line such as "andon:@FILE"', text.replace(/:.*/, ':…'));
  }
  return { user, password: readFileSync(file, 'utf8').trim() };
}

/** A value that begins with @ is read from the file: what stands in a command line is no secret. */
function headerOf(text: string): readonly [string, string] {
  const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw wrongInput('--header', 'a line such as "X-Api-Key: @FILE"', text);
  }
  return [name, value.startsWith('@') ? readFileSync(value.slice(1), 'utf8').trim() : value];
}
