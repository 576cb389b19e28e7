// How much may be under way at the door of the embedded warehouse: statements, those that wait, connections, and time.

import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { clickHouseError } from './engine.ts';

/** Numbers, and milliseconds. */
export type GateLimits = {
  /** The owner's statements that run, bodies included. Each holds one of the 16 threads of the pool, as readers' do. */
  readonly running: number;
  /** Statements of a role that wait for their turn. */
  readonly waiting: number;
  readonly connections: number;
  /** Connections on which nobody has logged in yet. */
  readonly strangers: number;
  readonly headers: number;
  /** Until a body is whole, and between two pieces of it. */
  readonly body: number;
  readonly bodyPause: number;
  /** That a client may leave what it was sent unread. */
  readonly unread: number;
  /** That the engine may work on an analyst's statement: more than its limit of time, which works between two blocks. */
  readonly overdue: number;
};

export const GATE_LIMITS: GateLimits = {
  running: 8,
  waiting: 64,
  connections: 512,
  strangers: 64,
  headers: 10_000,
  body: 120_000,
  bodyPause: 15_000,
  unread: 30_000,
  overdue: 120_000,
};

/** Lets `width` tasks run at a time; the others wait in line, which has an end. */
export function createStatementLimit(
  width: number,
  longest: number,
): (task: () => Promise<void>) => Promise<void> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running < width) running += 1;
    else if (waiting.length < longest) await new Promise<void>((resolve) => waiting.push(resolve));
    else {
      throw clickHouseError(
        202,
        'TOO_MANY_SIMULTANEOUS_QUERIES',
        `Too many simultaneous queries: ${width} run and ${longest} wait. Try again later`,
      );
    }
    try {
      await task();
    } finally {
      // The place is handed on: a task that comes now cannot overtake one that waits.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

/**
 * Bounds the connections of a server. Of those on which nobody has logged in the oldest goes when there are too many, so
 * that whoever has no password cannot keep out who has one. Gives what says that somebody has logged in.
 */
export function limitConnections(
  server: Server,
  { connections, strangers, headers }: GateLimits,
): (socket: Socket) => void {
  const unknown = new Set<Socket>();
  server.maxConnections = connections;
  server.headersTimeout = headers;
  // Bodies have bounds of their own: a request may have to wait for its turn before its body is read.
  server.requestTimeout = 0;
  // Longer than any client keeps an idle connection, so that the client is the one who closes it.
  server.keepAliveTimeout = 30_000;
  server.on('connection', (socket) => {
    unknown.add(socket);
    socket.once('close', () => unknown.delete(socket));
    const [oldest] = unknown;
    if (unknown.size > strangers) oldest?.destroy();
  });
  return (socket) => void unknown.delete(socket);
}

/** Resolves when a stream can take more, or has closed. Rejects if neither happens within `unread`. */
export async function drained(
  body: Writable,
  closed: Promise<void>,
  unread: number,
): Promise<void> {
  const late = AbortSignal.timeout(unread);
  await Promise.race([once(body, 'drain', { signal: late }), closed]);
}
