import type { JetStreamManager } from '@nats-io/jetstream';
import type { Msg, NatsConnection, SubscriptionOptions } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { openPullConsumer } from '../../../pipelines/nats/pull-consumer.ts';

/** A consumer whose messages come as those of another client do. What happened to it. */
async function given(message: { subject: string; reply?: string }) {
  const seen: string[] = [];
  let deliver: SubscriptionOptions['callback'];
  const connection = {
    subscribe: (_subject: string, options: SubscriptionOptions) => {
      deliver = options.callback;
      return { getID: () => 1, unsubscribe: () => undefined };
    },
    isClosed: () => false,
  };
  const manager = { consumers: { add: async () => ({ name: 'c' }) } };
  await openPullConsumer({
    ...{ connection: connection as unknown as NatsConnection, stream: 'ANDON_0', from: 1 },
    ...{ manager: manager as unknown as JetStreamManager, bytes: 1, subjectOf: String },
    onMessage: () => seen.push('message'),
    onFree: () => seen.push('free'),
    onLost: (reason) => seen.push(reason),
  });
  deliver?.(null, message as Msg);
  return seen;
}

test.each([
  [
    '$JS.ACK.ANDON_0.c.1.1.1.1767254400123456789.0',
    '"$JS.ACK.ANDON_0.c.1.1.1.1767254400123456789.0"',
  ],
  [undefined, 'none'],
])(
  'a message that cannot be read ends the consumer, and says so: reply %s',
  async (reply, found) => {
    const subject = 'telemetry.plant.line.asset';
    expect(await given({ subject, ...(reply === undefined ? {} : { reply }) })).toEqual([
      `expected a message of stream ANDON_0 with its position as the reply, found ${subject} with ${found}`,
    ]);
  },
);
