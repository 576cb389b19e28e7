/** The system that tells people: its one verb takes a notice over, and the messenger beside it tells it. */

import type { NatsConnection } from '@nats-io/transport-node';
import { NOTICE_VERB } from '../../../operators/model/notify-rule.ts';
import { createChannel, type NotificationChannel } from '../../../sinks/messages/channels.ts';
import { success } from '../../../sinks/remote/outcome.ts';
import { type Environment, reveal } from '../../../sinks/remote/secret.ts';
import { type System, type Verb, withoutVerb } from '../../../sinks/remote/system.ts';
import type { NotifyConfig } from '../../../sinks/remote/system-config.ts';
import type { StoreOptions } from '../../nats/streams.ts';
import type { RecordEvent } from '../../observe/observe.ts';
import { errorOf } from '../context.ts';
import { readNotice } from './book.ts';
import { type Messenger, openMessenger } from './messenger.ts';
import { openNoticeStore } from './notice-store.ts';

/** What the process that tells people is given. */
type NotificationOptions = StoreOptions & {
  readonly connection: NatsConnection;
  readonly record: RecordEvent;
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly environment: Environment;
};

/** Opens the channels; throws when a secret is not there. */
export function openChannels(
  { channels }: Pick<NotifyConfig, 'channels'>,
  environment: Environment,
): ReadonlyMap<string, NotificationChannel> {
  return new Map(
    Object.entries(channels).map(([name, config]) => [name, createChannel(config, environment)]),
  );
}

/** Tells people while `carryOut` takes notices over; both end together. */
export async function runNotifications(
  config: NotifyConfig,
  options: NotificationOptions,
  carryOut: (system: System, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { connection, record, now, environment } = options;
  const channels = openChannels(config, environment);
  const store = await openNoticeStore(connection, config.name, options);
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  const messenger = await openMessenger({ config, store, channels, record, signal, now });
  const stopHeartbeat = startHeartbeat(config, options);
  const running = [messenger.run(), carryOut(systemOf(config, messenger), signal)];
  try {
    await Promise.all(running);
  } finally {
    stopHeartbeat();
    ending.abort();
    await Promise.allSettled(running);
  }
}

function systemOf({ name, roles }: NotifyConfig, messenger: Messenger): System {
  const tell: Verb = {
    ...{ kind: 'effect', ask: [], search: undefined, changes: [], state: undefined },
    async create({ command }) {
      const notice = readNotice(command);
      if ('problem' in notice) {
        return { kind: 'rejected', note: notice.problem, status: null };
      }
      await messenger.take(notice);
      // Who is not there cannot be told; somebody is.
      const gives = roles[notice.role] === undefined ? { fallback: true } : {};
      return success({ remote: notice.key, gives, names: {} });
    },
  };
  return { name, verbs: new Map([[NOTICE_VERB, tell]]), without: withoutVerb(name, [NOTICE_VERB]) };
}

const PATIENCE = 10_000;

/** Says to something outside that messages are worked on. That it stops is for the other side to tell. */
function startHeartbeat(
  { heartbeat }: NotifyConfig,
  { record, signal, environment }: NotificationOptions,
): () => void {
  if (heartbeat === undefined) return () => undefined;
  const beat = async () => {
    try {
      const url = reveal(heartbeat.url, environment);
      const answer = await fetch(url, { method: 'POST', signal: AbortSignal.timeout(PATIENCE) });
      await answer.body?.cancel();
      if (!answer.ok) throw new Error(`status ${answer.status}`);
    } catch (error) {
      if (signal.aborted) return;
      record({ kind: 'maintenance-trouble', where: 'heartbeat', error: errorOf(error) });
    }
  };
  void beat();
  const timer = setInterval(() => void beat(), heartbeat.every);
  return () => clearInterval(timer);
}
