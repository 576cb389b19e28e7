import type { NatsConnection } from '@nats-io/transport-node';
import type { Config } from '../base/config.ts';
import { silentProblem } from '../nats/connection-problems.ts';
import { type ConnectOptions, connectNats } from '../nats/nats.ts';

/** A cluster elects a new leader within ten seconds. */
const AGAIN = 'Look whether the server is well, and run the command again in a while.';

/**
 * Does some work with the NATS of a configuration, and closes the connection. `name` is shown in its monitoring. Rejects with
 * a `Problem` also when NATS falls silent amid the work.
 */
export async function withNats<T>(
  config: Pick<Config, 'nats'>,
  name: string,
  work: (connection: NatsConnection) => Promise<T>,
  more: Pick<ConnectOptions, 'patience' | 'signal' | 'onStatus'> = {},
): Promise<T> {
  const connection = await connectNats({ ...config.nats, ...more, name });
  try {
    return await work(connection);
  } catch (error) {
    throw silentProblem(config.nats.servers, error, AGAIN) ?? error;
  } finally {
    await connection.close();
  }
}
