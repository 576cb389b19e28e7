import { type ClickHouseEngine, type Connection, clickHouseError } from './engine.ts';
import type { RequestedSession } from './request.ts';

/** A connection for one request. `release` says whether what the request set on it was put back. */
export interface ConnectionLease {
  readonly connection: Connection;
  /** It outlives the request, with temporary tables and what SET has set. */
  readonly kept: boolean;
  release(clean: boolean): void;
}

export interface Sessions {
  lease(asked: RequestedSession | undefined): ConnectionLease;
  close(): void;
}

/** More would let clients that forget their sessions use the engine up. */
const MOST = 64;

type Session = { readonly connection: Connection; busy: boolean; expiry?: NodeJS.Timeout };

/**
 * ClickHouse's HTTP sessions: one connection each, one request at a time, gone when nobody asked for a while. A
 * request without a session has a connection of its own.
 */
export function createSessions(engine: ClickHouseEngine): Sessions {
  const sessions = new Map<string, Session>();

  function end(id: string): void {
    const session = sessions.get(id);
    if (session === undefined) return;
    clearTimeout(session.expiry);
    sessions.delete(id);
    if (!session.busy) session.connection.close();
  }

  function opened({ id, mustExist }: RequestedSession): Session {
    const known = sessions.get(id);
    if (known !== undefined) return known;
    if (mustExist) throw clickHouseError(372, 'SESSION_NOT_FOUND', `Session '${id}' not found`);
    const [idlest] = [...sessions].find(([, session]) => !session.busy) ?? [];
    if (sessions.size >= MOST && idlest !== undefined) end(idlest);
    const session: Session = { connection: engine.connect(), busy: false };
    sessions.set(id, session);
    return session;
  }

  function leaseOf(asked: RequestedSession): ConnectionLease {
    const session = opened(asked);
    const { id, seconds } = asked;
    if (session.busy) {
      throw clickHouseError(
        373,
        'SESSION_IS_LOCKED',
        `Session '${id}' is locked by a concurrent client`,
      );
    }
    session.busy = true;
    clearTimeout(session.expiry);
    return {
      connection: session.connection,
      kept: true,
      release(clean) {
        session.busy = false;
        if (!clean) return end(id);
        // In the order of their last use.
        sessions.delete(id);
        sessions.set(id, session);
        session.expiry = setTimeout(() => end(id), seconds * 1_000).unref();
      },
    };
  }

  return {
    lease(asked) {
      if (asked !== undefined) return leaseOf(asked);
      const connection = engine.connect();
      return { connection, kept: false, release: () => connection.close() };
    },
    close() {
      for (const id of [...sessions.keys()]) end(id);
    },
  };
}
