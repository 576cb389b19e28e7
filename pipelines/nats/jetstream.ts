/**
 * How a connection reaches JetStream: plainly, or by the name of a domain (over a leaf node, or in an account that imports
 * a part of its API), which inboxes it may subscribe to, and what the names of its installation begin with. Whatever asks
 * JetStream anything asks through here.
 */

import { setTimeout as delay } from 'node:timers/promises';
import {
  type JetStreamClient,
  type JetStreamManager,
  type JetStreamManagerOptions,
  type JetStreamOptions,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream';
import { createInbox, type NatsConnection } from '@nats-io/transport-node';
import { installedStream, installedSubject, plainSubject } from '../../sinks/installation.ts';

/** What a user may use: a domain of JetStream, the beginning of its inboxes, and that of the names of its installation. */
export type Reach = {
  readonly domain?: string | undefined;
  readonly inbox?: string | undefined;
  readonly prefix?: string | undefined;
};

const reaches = new WeakMap<NatsConnection, Reach>();

export function setReach(connection: NatsConnection, reach: Reach): void {
  reaches.set(connection, reach);
}

/** The domain of a connection, as the client takes it. */
export function domainOf(connection: NatsConnection): JetStreamOptions {
  const domain = reaches.get(connection)?.domain;
  return domain === undefined ? {} : { domain };
}

/** The prefix of the installation that a connection is for, as sinks take it. */
export function prefixOf(connection: NatsConnection): string | undefined {
  return reaches.get(connection)?.prefix;
}

/** The name that a stream or bucket has in the installation of this connection. */
export function streamIn(connection: NatsConnection, name: string): string {
  return installedStream(prefixOf(connection), name);
}

/** The subject, or filter of subjects, that stands for this one in the installation of this connection. */
export function subjectIn(connection: NatsConnection, subject: string): string {
  return installedSubject(prefixOf(connection), subject);
}

/** What `subjectIn` has made of a subject, undone. */
export function subjectOutOf(connection: NatsConnection, subject: string): string {
  return plainSubject(prefixOf(connection), subject);
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

/** Between two questions, and how many there are at most: all of them within the time that one may take. */
const ASK_EVERY = 500;
const ASK_TIMES = 4;

/**
 * Asks again while there is no answer yet, and takes the first one. While a leader is elected a question gets none, ever:
 * whoever waits for it to time out notices the new leader so much later. What is asked must do the same however often.
 */
export async function askedAgain<T>(ask: () => Promise<T>, every = ASK_EVERY): Promise<T> {
  const over = new AbortController();
  const questions = Array.from({ length: ASK_TIMES }, async (_, index) => {
    if (index > 0) await delay(index * every, undefined, { signal: over.signal });
    return ask();
  });
  // What comes behind the first answer, or its failure, is of no use to anybody.
  for (const question of questions) question.catch(() => undefined);
  try {
    return await Promise.race(questions);
  } finally {
    over.abort();
  }
}
