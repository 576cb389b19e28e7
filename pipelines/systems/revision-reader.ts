// Reads the stream of requests: which revisions there are, and what is in them.

import type { NatsConnection } from '@nats-io/transport-node';
import { type Request, requestSchema } from '../../operators/model/request.ts';
import { REQUEST_STREAM, requestSubject } from '../../sinks/outbox.ts';
import { streamIn, streamManager, subjectIn } from '../nats/jetstream.ts';
import { type Following, followStream } from './stream-reader.ts';

/** Where revisions are reported to. */
export type FollowOptions = Following & {
  /** Called with every revision in the stream, in its order, from the first one on. */
  readonly onRevision: (id: string, revision: number) => Promise<void>;
};

/** Reports revisions until `signal` aborts. */
export type FollowRevisions = (options: FollowOptions) => Promise<void>;

/** Names alone are read: what is in a revision is asked for when it is its turn. */
export function followRevisions(
  connection: NatsConnection,
  { onRevision, ...following }: FollowOptions,
): Promise<void> {
  const source = { stream: REQUEST_STREAM, from: 1, bodies: false } as const;
  return followStream(connection, source, {
    ...following,
    onMessage: ({ subject }) => {
      const [, id = '', revision = ''] = subject.split('.');
      return onRevision(id, Number(revision));
    },
  });
}

/** A stored revision, and since when (epoch milliseconds); or why it cannot be understood. */
export type StoredRevision =
  | { readonly kind: 'request'; readonly request: Request; readonly stored: number }
  | { readonly kind: 'malformed'; readonly note: string };

/** Reads stored revisions; undefined when the stream has no such revision. */
export interface Revisions {
  read(id: string, revision: number): Promise<StoredRevision | undefined>;
}

export async function openRevisions(connection: NatsConnection): Promise<Revisions> {
  const { streams } = await streamManager(connection);
  return {
    async read(id, revision) {
      const message = await streams.getMessage(streamIn(connection, REQUEST_STREAM), {
        last_by_subj: subjectIn(connection, requestSubject(id, revision)),
      });
      if (message === null) return undefined;
      return parseRevision(message.string(), id, revision, message.time.getTime());
    },
  };
}

function parseRevision(text: string, id: string, revision: number, stored: number): StoredRevision {
  try {
    const request = requestSchema.parse(JSON.parse(text));
    if (request.id === id && request.revision === revision) {
      return { kind: 'request', request, stored };
    }
    const found = `${request.id} revision ${request.revision}`;
    return { kind: 'malformed', note: `expected ${id} revision ${revision}, found ${found}` };
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return { kind: 'malformed', note: `expected a request, found: ${found.slice(0, 1_000)}` };
  }
}
