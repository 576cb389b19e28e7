import type { NatsConnection } from '@nats-io/transport-node';
import type { Config } from '../base/config.ts';
import { type ConnectOptions, connectNats } from '../nats/nats.ts';

/** Does some work with the NATS of a configuration, and closes the connection. `name` is shown in its monitoring. */
export async function withNats<T>(
  config: Pick<Config, 'nats'>,
  name: string,
  work: (connection: NatsConnection) => Promise<T>,
  more: Pick<ConnectOptions, 'patience' | 'signal' | 'onStatus'> = {},
): Promise<T> {
  const connection = await connectNats({ ...config.nats, ...more, name });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}
