// Reads the stream of requests: which revisions there are, and what is in them.

import { setTimeout as sleep } from 'node:timers/promises';
import { DeliverPolicy } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { severitySchema } from '../../operators/model/detector-rule.ts';
import type { AssetKey } from '../../operators/model/key.ts';
import type { Request } from '../../operators/model/request.ts';
import type { EventTime } from '../../operators/model/time.ts';
import { prioritySchema } from '../../operators/model/trigger-rule.ts';
import { REQUEST_STREAM, requestSubject } from '../../sinks/outbox.ts';
import { streamClient, streamManager } from '../nats/jetstream.ts';

export type FollowOptions = {
  readonly signal: AbortSignal;
  /** Called with every revision in the stream, in its order, from the first one on. */
  readonly onRevision: (id: string, revision: number) => Promise<void>;
  /** Called once, when all that was in the stream at the start has been read. */
  readonly onCaughtUp: () => void;
  readonly onTrouble: (error: Error) => void;
};

/** Reports revisions until `signal` aborts. */
export type FollowRevisions = (options: FollowOptions) => Promise<void>;

/** Milliseconds: after trouble, and of one fetch. */
const PAUSE = 250;
const FETCH = 5_000;

/**
 * Reads the names of all revisions, then waits for more until `signal` aborts. Keeps no position of its own: what is
 * done stands in the ledger, and names alone are read quickly.
 */
export async function followRevisions(
  connection: NatsConnection,
  options: FollowOptions,
): Promise<void> {
  const { signal, onRevision, onTrouble } = options;
  const client = streamClient(connection);
  let next = 1;
  let catchingUp = true;
  const caughtUp = () => {
    if (catchingUp) options.onCaughtUp();
    catchingUp = false;
  };
  while (!signal.aborted) {
    try {
      const stream = await client.streams.get(REQUEST_STREAM);
      const { last_seq } = (await stream.info()).state;
      if (last_seq < next) caughtUp();
      const consumer = await stream.getConsumer({
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: next,
        headers_only: true,
      });
      while (!signal.aborted) {
        const batch = await consumer.fetch({ max_messages: 512, expires: FETCH });
        const stop = () => batch.stop();
        signal.addEventListener('abort', stop, { once: true });
        for await (const { subject, seq, info } of batch) {
          const [, id = '', revision = ''] = subject.split('.');
          await onRevision(id, Number(revision));
          next = seq + 1;
          if (info.pending === 0) caughtUp();
        }
        signal.removeEventListener('abort', stop);
        caughtUp();
      }
    } catch (error) {
      if (signal.aborted) return;
      onTrouble(error instanceof Error ? error : new Error(String(error)));
      await sleep(PAUSE, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** A stored revision, or why it cannot be understood. */
export type StoredRevision =
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'malformed'; readonly note: string };

/** Reads stored revisions; undefined when the stream has no such revision. */
export interface Revisions {
  read(id: string, revision: number): Promise<StoredRevision | undefined>;
}

export async function openRevisions(connection: NatsConnection): Promise<Revisions> {
  const { streams } = await streamManager(connection);
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

const time = z
  .number()
  .int()
  .transform((microseconds) => microseconds as EventTime);

/** A request revision as the outbox holds it. Unknown fields are left out: a newer sender may know more. */
export const requestSchema: z.ZodType<Request> = z.object({
  kind: z.literal('request'),
  id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  revision: z.number().int().min(1),
  action: z.enum(['open', 'update', 'withdraw', 'close']),
  asset: z
    .string()
    .regex(/^[A-Za-z0-9_-]+\/[A-Za-z0-9_-]+\/[A-Za-z0-9_-]+$/, 'expected plant/line/asset')
    .transform((key) => key as AssetKey),
  asset_name: z.string(),
  component: z.string(),
  failure_mode: z.string(),
  work: z.string(),
  severity: severitySchema,
  priority: prioritySchema,
  title: z.string(),
  description: z.string(),
  parts: z.array(z.string()),
  duration: z.number().nullable(),
  slot: z.object({ start: time, end: time, entry: z.string(), kind: z.string() }).nullable(),
  // Revisions of earlier versions have neither.
  current: z
    .object({
      ...{ order: z.string(), operation: z.string(), product: z.string() },
      ...{ due: time.nullable(), end: time.nullable() },
    })
    .default({ order: '', operation: '', product: '', due: null, end: null }),
  stop: z
    .object({
      ...{ cost: z.number().nullable(), cost_in_slot: z.number().nullable() },
      ...{ currency: z.string(), done: time.nullable(), late: z.boolean().nullable() },
    })
    .default({ cost: null, cost_in_slot: null, currency: '', done: null, late: null }),
  round: z.number().int(),
  opened: time,
  time,
  trigger: z.string(),
  because: z.string(),
  incidents: z.array(z.string()),
  anomalies: z.array(z.string()),
  evidence: z.array(
    z.object({ stage: z.string(), time, kind: z.string(), about: z.string(), text: z.string() }),
  ),
  state: z.string(),
  order: z.string(),
  product: z.string(),
  ids: z.record(z.string(), z.string()),
});
