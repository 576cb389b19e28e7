/** Server-sent events: one connection, which goes on where an earlier one broke off. */

import { setMaxListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { LineReach, Visitor } from './access/visitor.ts';
import { ApiProblem } from './api/api-problem.ts';
import { type LiveChange, type LiveChanges, withinSight } from './live.ts';

/** The connections that are open. */
export interface EventStreams {
  readonly live: LiveChanges;
  /** Counts one more. @throws ApiProblem when there are too many of one visitor, or in all */
  open(visitor: Visitor | undefined): () => void;
  /** Fires when the console ends. */
  readonly over: AbortSignal;
  /** Milliseconds between two signs of life, and two looks at who listens. */
  readonly beat: number;
}

const MOST = 500;
const MOST_OF_ONE = 30;
/** Milliseconds between two signs of life: gateways cut what is silent. */
const HEARTBEAT = 15_000;
/** Milliseconds after which a page that was cut off comes again. */
const RETRY = 2_000;
/** Bytes that may wait for a page that does not read: then it is cut off, and comes again. */
const MOST_WAITING = 1_000_000;

export function createEventStreams(
  live: LiveChanges,
  over: AbortSignal,
  beat = HEARTBEAT,
): EventStreams {
  const open = new Map<string, number>();
  let all = 0;
  // One for each connection, and `MOST` bounds those.
  setMaxListeners(0, over);
  return {
    ...{ live, over, beat },
    open(visitor) {
      const id = visitor?.id ?? '';
      const own = open.get(id) ?? 0;
      if (own >= MOST_OF_ONE || all >= MOST) {
        throw new ApiProblem('too-many', 'expected fewer open streams of changes', { after: 30 });
      }
      open.set(id, own + 1);
      all += 1;
      return () => {
        all -= 1;
        const left = (open.get(id) ?? 1) - 1;
        if (left > 0) open.set(id, left);
        else open.delete(id);
      };
    },
  };
}

type Asked = {
  readonly visitor: Visitor | undefined;
  readonly reach: LineReach;
  readonly streams: EventStreams;
  readonly query: unknown;
  /** Whether the visitor may still listen, and reaches as far as before. */
  readonly isStillAdmitted: () => Promise<boolean>;
};

/** Sends what changes for as long as the connection lasts. */
export async function sendChanges(
  request: FastifyRequest,
  reply: FastifyReply,
  { visitor, reach, streams, query, isStillAdmitted }: Asked,
): Promise<void> {
  const { live, over } = streams;
  const after = lastSeen(request, query);
  // Just started: what this page has seen may not have been read here yet.
  await live.caughtUp;
  const done = streams.open(visitor);
  const headers = reply.getHeaders();
  reply.hijack();
  const response = reply.raw;
  response.writeHead(200, {
    ...(headers as Record<string, string>),
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    // nginx would wait for more.
    'X-Accel-Buffering': 'no',
    'X-Request-Id': request.id,
    'X-Content-Type-Options': 'nosniff',
  });
  response.write(`retry: ${RETRY}\n\n`);
  const send = (change: LiveChange) => {
    const seen = withinSight(change, reach);
    if (seen !== undefined) write(response, 'change', seen.id, seen);
  };
  const missed = after === undefined ? [] : live.since(after);
  if (missed === undefined) {
    const reason = 'some of what changed meanwhile is not known any more';
    write(response, 'reset', live.latest, { id: live.latest, reason });
  } else {
    // Where the first event is far off, a page that breaks off before it must know where it stood.
    if (after === undefined) write(response, 'ready', live.latest, { id: live.latest });
    for (const change of missed) send(change);
  }
  const stop = live.follow(send);
  const end = () => response.end();
  const beat = setInterval(() => {
    response.write(': still here\n\n');
    // Sessions end and roles change under an open stream. Who may still see something comes again.
    void isStillAdmitted().then((may) => may || end());
  }, streams.beat);
  over.addEventListener('abort', end);
  response.on('close', () => {
    clearInterval(beat);
    over.removeEventListener('abort', end);
    stop();
    done();
  });
  if (over.aborted) end();
}

function write(response: ServerResponse, event: string, id: number, data: object): void {
  if (response.writableLength > MOST_WAITING) {
    response.destroy();
    return;
  }
  response.write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

function lastSeen(request: FastifyRequest, query: unknown): number | undefined {
  const header = Number(request.headers['last-event-id'] ?? Number.NaN);
  if (Number.isSafeInteger(header) && header >= 0) return header;
  const { after } = query as { readonly after?: number };
  return after;
}
