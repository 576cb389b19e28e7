import { readFile } from 'node:fs/promises';
import {
  connect,
  credsAuthenticator,
  errors,
  type NatsConnection,
  type NodeConnectionOptions,
  type Status,
} from '@nats-io/transport-node';
import { EXIT, Problem } from '../problem.ts';
import { isAtLeast } from '../version.ts';

/** The oldest nats-server with named pull consumers and the pull statuses that the log counts on. */
export const OLDEST_SERVER = '2.9.4';

export type NatsSettings = {
  /** `host:port` or `nats://…`, `tls://…`; one or several of one cluster. */
  readonly servers: string | readonly string[];
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  /** Path of a credentials file (JWT and seed). */
  readonly credentials?: string | undefined;
  /** Shown in the server's monitoring pages. */
  readonly name: string;
};

export type ConnectOptions = NatsSettings & {
  /** `wait`: for ever, as a worker does; a number: so many milliseconds, as a command does. Default 5,000. */
  readonly patience?: 'wait' | number;
  readonly signal?: AbortSignal;
  /** Told of every change of the connection, and of every attempt that failed before the first one succeeded. */
  readonly onStatus?: (status: Status | { readonly type: 'absent'; readonly error: Error }) => void;
};

const BETWEEN_ATTEMPTS = 250;

/**
 * Connects, checks that the server is new enough, and reconnects for ever from then on. Rejects with a `Problem` that
 * says what to do when nobody answers within the patience, or when the server does not let us in.
 */
export async function connectNats(options: ConnectOptions): Promise<NatsConnection> {
  const where = [options.servers].flat().join(', ');
  const nats = await nodeOptions(options, where);
  const connection = await firstConnection(nats, options, where);
  const { onStatus } = options;
  if (onStatus !== undefined) void forward(connection, onStatus);
  try {
    await checkServer(connection, where);
  } catch (error) {
    await connection.close();
    throw error;
  }
  return connection;
}

async function nodeOptions(settings: NatsSettings, where: string): Promise<NodeConnectionOptions> {
  const { user, password, token, credentials } = settings;
  return {
    servers: [settings.servers].flat(),
    name: settings.name,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { pass: password }),
    ...(token === undefined ? {} : { token }),
    ...(credentials === undefined
      ? {}
      : { authenticator: credsAuthenticator(await readCredentials(credentials, where)) }),
    maxReconnectAttempts: -1,
    reconnectTimeWait: BETWEEN_ATTEMPTS,
    reconnectJitter: 100,
    // The default notices a half-open connection after four to six minutes.
    pingInterval: 10_000,
    maxPingOut: 2,
    timeout: 5_000,
    // Credentials may be rotated under a running worker: two refusals in a row are no reason to give up for ever.
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
  };
}

async function readCredentials(path: string, where: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new Problem(
      {
        where: `NATS ${where}`,
        expected: `a credentials file ${path}`,
        found: error instanceof Error ? error.message : String(error),
        remedy: 'Name a file that can be read, or leave it out.',
        exit: EXIT.input,
      },
      { cause: error },
    );
  }
}

async function firstConnection(
  nats: NodeConnectionOptions,
  options: ConnectOptions,
  where: string,
): Promise<NatsConnection> {
  const patience = options.patience ?? 5_000;
  const giveUp = patience === 'wait' ? Number.POSITIVE_INFINITY : performance.now() + patience;
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      return await connect(nats);
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error));
      if (isRefusal(cause)) throw refused(where, cause);
      if (performance.now() >= giveUp) throw absent(where, cause);
      options.onStatus?.({ type: 'absent', error: cause });
    }
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_ATTEMPTS));
  }
}

function isRefusal(error: Error): boolean {
  const inner = error.cause instanceof Error ? error.cause : error;
  return [error, inner].some(
    (one) =>
      one instanceof errors.AuthorizationError ||
      one instanceof errors.UserAuthenticationExpiredError,
  );
}

function refused(where: string, cause: Error): Problem {
  return new Problem(
    {
      where: `NATS ${where}`,
      expected: 'to be let in',
      found: cause.message,
      remedy: 'Set user and password, a token or a credentials file that this server knows.',
      exit: EXIT.outside,
    },
    { cause },
  );
}

function absent(where: string, cause: Error): Problem {
  return new Problem(
    {
      where: `NATS ${where}`,
      expected: 'a nats-server that answers',
      found: cause.message,
      remedy: 'Start one with JetStream (`nats-server -js`), or set NATS_URL to where it is.',
      exit: EXIT.outside,
    },
    { cause },
  );
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
