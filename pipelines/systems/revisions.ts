import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Request } from '../../operators/model/request.ts';
import { REQUEST_STREAM, requestSubject } from '../../sinks/outbox.ts';
import { requestSchema } from './request-schema.ts';

/** A stored revision, or why it cannot be understood. */
export type StoredRevision =
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'malformed'; readonly note: string };

/** Reads stored revisions; undefined when the stream has no such revision. */
export interface Revisions {
  read(id: string, revision: number): Promise<StoredRevision | undefined>;
}

export async function openRevisions(connection: NatsConnection): Promise<Revisions> {
  const { streams } = await jetstreamManager(connection, { checkAPI: false });
  return {
    async read(id, revision) {
      const message = await streams.getMessage(REQUEST_STREAM, {
        last_by_subj: requestSubject(id, revision),
      });
      return message === null ? undefined : parseRevision(message.string(), id, revision);
    },
  };
}

function parseRevision(text: string, id: string, revision: number): StoredRevision {
  try {
    const request = requestSchema.parse(JSON.parse(text));
    if (request.id === id && request.revision === revision) return { kind: 'request', request };
    const found = `${request.id} revision ${request.revision}`;
    return { kind: 'malformed', note: `expected ${id} revision ${revision}, found ${found}` };
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return { kind: 'malformed', note: `expected a request, found: ${found.slice(0, 1_000)}` };
  }
}
