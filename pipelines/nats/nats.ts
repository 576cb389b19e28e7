import {
  connect,
  type NatsConnection,
  type NodeConnectionOptions,
  type Status,
} from '@nats-io/transport-node';
import { EXIT, Problem } from '../base/problem.ts';
import { isAtLeast } from '../base/version.ts';
import { BETWEEN_ATTEMPTS, connectionOptions, type NatsSettings } from './connection-options.ts';
import { absentProblem, lastingProblem } from './connection-problems.ts';
import { setReach } from './jetstream.ts';

/** The oldest nats-server with named pull consumers and the pull statuses that the log counts on. */
export const OLDEST_SERVER = '2.9.4';

const REMIND_EVERY = 30_000;

export type ConnectOptions = NatsSettings & {
  /** `wait`: for ever, as a worker does; a number: so many milliseconds, as a command does. Default 5,000. */
  readonly patience?: 'wait' | number;
  readonly signal?: AbortSignal;
  /** Between two reports that nobody has answered yet: milliseconds. Default 30,000. */
  readonly remindEvery?: number;
  /** Called with every change of the connection; before there is one, when nobody answers, and now and then again. */
  readonly onStatus?: (status: Status | { readonly type: 'absent'; readonly error: Error }) => void;
};

/**
 * Connects, checks that the server is new enough, and reconnects for ever from then on. Rejects with a `Problem` that
 * says what to do when nobody answers within the patience, or when the server does not let us in.
 */
export async function connectNats(options: ConnectOptions): Promise<NatsConnection> {
  const where = [options.servers].flat().join(', ');
  const nats = await connectionOptions(options, where);
  const connection = await firstConnection(nats, options, where);
  const { onStatus } = options;
  setReach(connection, options);
  if (onStatus !== undefined) void forward(connection, onStatus);
  try {
    await checkServer(connection, where);
  } catch (error) {
    await connection.close();
    throw error;
  }
  return connection;
}

async function firstConnection(
  nats: NodeConnectionOptions,
  options: ConnectOptions,
  where: string,
): Promise<NatsConnection> {
  const patience = options.patience ?? 5_000;
  const giveUp = patience === 'wait' ? Number.POSITIVE_INFINITY : performance.now() + patience;
  let remind = Number.NEGATIVE_INFINITY;
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      return await connect(nats);
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error));
      const lasting = lastingProblem(where, cause);
      if (lasting !== undefined) throw lasting;
      if (performance.now() >= giveUp) throw absentProblem(where, cause, nats.tls !== undefined);
      if (performance.now() >= remind) {
        remind = performance.now() + (options.remindEvery ?? REMIND_EVERY);
        options.onStatus?.({ type: 'absent', error: cause });
      }
    }
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_ATTEMPTS));
  }
}

async function forward(
  connection: NatsConnection,
  onStatus: (status: Status) => void,
): Promise<void> {
  for await (const status of connection.status()) onStatus(status);
}

async function checkServer(connection: NatsConnection, where: string): Promise<void> {
  const { info } = connection;
  const version = info?.version ?? 'nothing';
  if (!isAtLeast(version, OLDEST_SERVER)) {
    throw new Problem({
      where: `NATS ${where}`,
      expected: `nats-server ${OLDEST_SERVER} or newer`,
      found: version,
      remedy: 'Upgrade the server; 2.11.6 or newer is advised for production.',
      exit: EXIT.outside,
    });
  }
  if (info?.jetstream !== true) {
    throw new Problem({
      where: `NATS ${where}`,
      expected: 'a server with JetStream',
      found: `nats-server ${version} with JetStream off`,
      remedy: 'Start it with `-js`, or put `jetstream {}` into its configuration.',
      exit: EXIT.outside,
    });
  }
}
