/** The systems of a configuration that take commands: whether each answers and lets us in. Changes nothing there. */

import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { type Command, commandId, commandKey } from '../../operators/model/command.ts';
import type { AssetKey } from '../../operators/model/key.ts';
import type { EventTime } from '../../operators/model/time.ts';
import { createChannel } from '../../sinks/messages/channels.ts';
import { answersMail } from '../../sinks/remote/mail.ts';
import { createRestSystem } from '../../sinks/remote/rest-system.ts';
import type {
  HttpSystemConfig,
  NotifyConfig,
  SystemConfig,
} from '../../sinks/remote/system-config.ts';
import type { Config } from '../base/config.ts';
import { messageOf } from '../base/problem.ts';
import { readSystems } from '../base/system-profiles.ts';
import { type CheckResult, fail, ok, warn } from './check-result.ts';

/** Tries each: the searches of its verbs, the log-in of a mail server, the folders of a file door. */
export async function examineSystems(
  config: Config,
  file: string | undefined,
): Promise<readonly CheckResult[]> {
  let systems: readonly SystemConfig[];
  try {
    systems = readSystems(config.systems, file) ?? [];
  } catch (error) {
    return [fail('systems', messageOf(error), 'Correct the profile.')];
  }
  const results = await Promise.all(systems.map(examineSystem));
  return results.flat();
}

async function examineSystem(config: SystemConfig): Promise<readonly CheckResult[]> {
  const check = `system ${config.name}`;
  const remedy = `Commands to ${config.name} would wait. Correct its profile, or ask whoever runs it.`;
  try {
    switch (config.kind) {
      case 'http':
        return await examineVerbs(check, config, remedy);
      case 'mail':
        await answersMail(config, process.env);
        return [ok(check, 'answers and lets us in; nothing was sent')];
      case 'files':
        for (const folder of [config.out, ...(config.in === undefined ? [] : [config.in])]) {
          await access(folder, constants.R_OK | constants.W_OK);
        }
        return [ok(check, 'its folders can be read and written')];
      case 'notify':
        return await examineChannels(check, config);
    }
  } catch (error) {
    return [fail(check, messageOf(error), remedy)];
  }
}

/** Greets mail servers. Other channels take messages alone: only a message tries them. */
async function examineChannels(
  check: string,
  { channels }: NotifyConfig,
): Promise<readonly CheckResult[]> {
  const examined = Object.entries(channels).map(async ([name, channel]) => {
    const named = `${check}, channel ${name}`;
    try {
      createChannel(channel, process.env);
      if (channel.kind !== 'smtp') {
        return warn(named, 'not tried: it takes messages alone', `andon notify test ${name}`);
      }
      await answersMail(channel, process.env);
      return ok(named, 'answers and lets us in; nothing was sent');
    } catch (error) {
      const remedy = 'Messages would go by other channels. Correct the people file.';
      return fail(named, messageOf(error), remedy);
    }
  });
  return Promise.all(examined);
}

/** Searches by each verb for the object of a command that there is not, as is done before anything is created. */
async function examineVerbs(
  check: string,
  config: HttpSystemConfig,
  remedy: string,
): Promise<readonly CheckResult[]> {
  const { verbs } = createRestSystem(config, process.env);
  const call = { priority: 'delivery', signal: AbortSignal.timeout(4 * config.timeout) } as const;
  const results: CheckResult[] = [];
  for (const [verb, { search }] of verbs) {
    if (search === undefined) continue;
    const subject = { command: nobodyAsks(config.name, verb), remote: null, values: {} };
    const found = await search(subject, call);
    const named = `${check}, ${verb}`;
    if (found.kind === 'rejected' && found.status === null) {
      results.push(warn(named, `not tried: ${found.note}`, 'Only a real command can try it.'));
    } else if (found.kind !== 'ok') results.push(fail(named, found.note, remedy));
    else if (found.value.length > 0) {
      const remotes = found.value.map(({ remote }) => remote).join(', ');
      results.push(fail(named, `a search for a key that nobody has gave ${remotes}`, remedy));
    } else results.push(ok(named, 'answers a search for a key that nobody has'));
  }
  if (results.length > 0) return results;
  return [
    warn(check, 'not tried: it has no verb that searches', 'Only a real command can try it.'),
  ];
}

function nobodyAsks(system: string, verb: string): Command {
  const asked = { request: 'andondoctor0', step: 'doctor', n: 1, verb };
  return {
    ...{ kind: 'command', ...asked, id: commandId(asked), key: commandKey(asked), system },
    ...{ asset: 'andon/doctor/nobody' as AssetKey, workflow: 'doctor', payload: {} },
    ...{ not_after: null, undoes: null, priority: 'low', because: 'andon doctor' },
    time: 0 as EventTime,
  };
}
