/**
 * How a connection reaches JetStream: plainly, or by the name of a domain (over a leaf node, or in an account that imports
 * a part of its API), and which inboxes it may subscribe to. Whatever asks JetStream anything asks through here.
 */

import {
  type JetStreamClient,
  type JetStreamManager,
  type JetStreamManagerOptions,
  type JetStreamOptions,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream';
import { createInbox, type NatsConnection } from '@nats-io/transport-node';

/** What a user may use: a domain of JetStream, and the beginning of its inboxes. */
export type Reach = { readonly domain?: string | undefined; readonly inbox?: string | undefined };

const reaches = new WeakMap<NatsConnection, Reach>();

export function setReach(connection: NatsConnection, reach: Reach): void {
  reaches.set(connection, reach);
}

/** The domain of a connection, as the client takes it. */
export function domainOf(connection: NatsConnection): JetStreamOptions {
  const domain = reaches.get(connection)?.domain;
  return domain === undefined ? {} : { domain };
}

/** What a request to the API of JetStream is published on. */
export function apiSubject(connection: NatsConnection, request: string): string {
  const domain = reaches.get(connection)?.domain;
  return domain === undefined ? `$JS.API.${request}` : `$JS.${domain}.API.${request}`;
}

/** A new inbox below the prefix that the user of this connection may subscribe to. */
export function newInbox(connection: NatsConnection): string {
  return createInbox(reaches.get(connection)?.inbox);
}

export function streamManager(
  connection: NatsConnection,
  options: JetStreamManagerOptions = {},
): Promise<JetStreamManager> {
  // Asking for the account first would need a permission more, and tells nothing that the first request does not.
  return jetstreamManager(connection, { ...domainOf(connection), checkAPI: false, ...options });
}

export function streamClient(connection: NatsConnection): JetStreamClient {
  return jetstream(connection, domainOf(connection));
}
