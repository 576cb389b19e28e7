// The one way to ClickHouse, server or embedded warehouse: they speak the same HTTP.

import { Agent } from 'node:https';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';

export type WarehouseClientOptions = {
  readonly url: string;
  readonly user?: string;
  /** Or what gives it for each request: it may be changed under a running worker. */
  readonly password?: string | (() => string);
  /** Database of all statements that name none. */
  readonly database: string;
  /** PEM texts for an https:// address: whom to believe, and what this client shows. */
  readonly tls?:
    | { readonly ca?: string; readonly cert?: string; readonly key?: string }
    | undefined;
  /** Milliseconds that a request may take. Default 60,000. */
  readonly timeout?: number;
};

/** Names the database of a request's unqualified tables. */
export const DATABASE_HEADER = 'X-ClickHouse-Database';

/** A client for a ClickHouse server or for the embedded warehouse: they speak the same HTTP. */
export function createWarehouseClient(options: WarehouseClientOptions): ClickHouseClient {
  const { url, user = 'default', password = '', database, timeout = 60_000, tls } = options;
  const current = typeof password === 'string' ? () => password : password;
  // With a certificate and no password ClickHouse knows the user by the certificate.
  const byCertificate = tls?.cert !== undefined && current() === '';
  const client = createClient({
    url,
    username: user,
    password: current(),
    // Not as `database`: that goes into the URL of every request and wins over the header, so that nothing could be
    // asked before the database exists.
    http_headers: {
      [DATABASE_HEADER]: database,
      ...(byCertificate && {
        'X-ClickHouse-User': user,
        'X-ClickHouse-SSL-Certificate-Auth': 'on',
      }),
    },
    ...(byCertificate && { set_basic_auth_header: false }),
    ...(tls !== undefined && { http_agent: new Agent({ ...tls, keepAlive: true }) }),
    application: 'andon',
    // Errors are thrown; whoever catches them says what is to be said.
    log: { level: ClickHouseLogLevel.OFF },
    request_timeout: timeout,
    compression: { request: false, response: false },
    keep_alive: { enabled: true, idle_socket_ttl: 2_000, eagerly_destroy_stale_sockets: true },
  });
  if (typeof password !== 'string' && !byCertificate)
    logInAnew(client, () => ({ username: user, password: current() }));
  return client;
}

/** Every request logs in with what holds now: the client itself keeps what it was made with. */
function logInAnew(client: ClickHouseClient, auth: () => { username: string; password: string }) {
  const { query, command, exec, insert } = client;
  Object.assign(client, {
    query: (params: object) => query.call(client, { auth: auth(), ...params } as never),
    command: (params: object) => command.call(client, { auth: auth(), ...params } as never),
    exec: (params: object) => exec.call(client, { auth: auth(), ...params } as never),
    insert: (params: object) => insert.call(client, { auth: auth(), ...params } as never),
  });
}
