/** Ways to a person. One call sends one message, once: who repeats must know why. */

import { type Call, exchange, type Prepared } from '../remote/caller.ts';
import { headerValue, serverAddress } from '../remote/http.ts';
import { createSender } from '../remote/mail.ts';
import { CallError, type CallOutcome, notSent, success } from '../remote/outcome.ts';
import { type Environment, rotating } from '../remote/secret.ts';
import { createBreaker, createRateLimiter } from '../remote/throttle.ts';
import { webhookKey } from '../remote/webhook.ts';
import {
  alertmanagerPost,
  type Post,
  pagerdutyPosts,
  slackPost,
  teamsPost,
  webhookPost,
} from './formats.ts';
import { type OutgoingMessage, plainText, textOf } from './message.ts';
import type { ChannelConfig } from './message-config.ts';

export interface NotificationChannel {
  send(message: OutgoingMessage, call: Call): Promise<CallOutcome<string>>;
}

/** Where each message of a channel goes, as calls in their order. */
type Posts = (message: OutgoingMessage) => readonly Post[];

/** Throws when a secret is not there, or an address is none. */
export function createChannel(
  config: ChannelConfig,
  environment: Environment,
  now: () => number = Date.now,
): NotificationChannel {
  switch (config.kind) {
    case 'smtp':
      return mailChannel(config, environment);
    case 'slack':
      return httpChannel(config, environment, (message) => [slackPost(message)]);
    case 'teams':
      return httpChannel(config, environment, (message) => [teamsPost(message)]);
    case 'pagerduty': {
      const key = rotating(config.routing_key, environment);
      return httpChannel(config, environment, (message) => pagerdutyPosts(message, key()));
    }
    case 'webhook': {
      const secret = rotating(config.secret, environment);
      const key = () => webhookKey(secret(), 'channel.secret');
      key();
      return httpChannel(config, environment, (message) => [webhookPost(message, key(), now())]);
    }
    case 'alertmanager':
      return httpChannel(
        config,
        environment,
        (message) => [alertmanagerPost(message)],
        '/api/v2/alerts',
      );
  }
}

/** Problems that a service groups by itself are sent one by one, and repeated as a whole: it knows each by its key. */
function httpChannel(
  { url, timeout, rate, breaker }: Exclude<ChannelConfig, { kind: 'smtp' }>,
  environment: Environment,
  posts: Posts,
  path = '',
): NotificationChannel {
  const address = rotating(url, environment);
  const target = () => `${serverAddress(address(), 'url').replace(/\/+$/, '')}${path}`;
  target();
  const limiter = createRateLimiter(rate);
  const guarded = createBreaker(breaker);
  return {
    async send(message, { priority, signal, sending }) {
      let last: CallOutcome<string> = notSent('it says nothing');
      let prepared: readonly Prepared[];
      try {
        prepared = posts(message).map((post) => prepare(post, target()));
      } catch (error) {
        // A secret that was changed since and is none.
        if (error instanceof CallError) return notSent(error.message);
        throw error;
      }
      for (const [at, one] of prepared.entries()) {
        await limiter.pass(priority, signal);
        last = await guarded(async () => {
          if (at === 0) await sending?.();
          const answer = await exchange(one, {}, timeout, limiter);
          return answer.kind === 'ok' ? success(message.id) : answer;
        });
        if (last.kind !== 'ok') return last;
      }
      return last;
    },
  };
}

function prepare({ body, headers }: Post, address: string): Prepared {
  const shown = Object.entries(headers).map(([name, value]) => [name, headerValue(value, name)]);
  const headersOf: Prepared['headers'] = Object.fromEntries(shown);
  return { method: 'POST', address: new URL(address), body, headers: headersOf };
}

function mailChannel(
  config: Extract<ChannelConfig, { kind: 'smtp' }>,
  environment: Environment,
): NotificationChannel {
  const send = createSender(config, environment);
  const domain = /@([A-Za-z0-9.-]+)>?$/.exec(config.from)?.[1] ?? 'localhost';
  return {
    async send(message, call) {
      const { id, to } = message;
      if (to === undefined) return notSent('nobody says to which address');
      const { subject } = textOf(message);
      return send({ to, subject, text: plainText(message), messageId: `<${id}@${domain}>` }, call);
    },
  };
}
