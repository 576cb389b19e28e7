import { setTimeout as sleep } from 'node:timers/promises';
import type { KV } from '@nats-io/kv';

export type LeaseOptions = {
  readonly bucket: KV;
  readonly key: string;
  /** What others are shown. */
  readonly owner: string;
  /** Milliseconds without a sign of life after which it is free. */
  readonly term: number;
  readonly signal: AbortSignal;
  /** Told when somebody else holds it. */
  readonly onHeld: (owner: string) => void;
};

export interface Lease {
  /** Aborts when it has gone to somebody else. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/**
 * Waits for a lease and keeps it. It keeps well-behaved owners apart; a process that was paused for longer than the
 * term does not know that it has lost it, so what matters is guarded by compare-and-set as well.
 */
export async function holdLease(options: LeaseOptions): Promise<Lease> {
  const { bucket, key, owner, term } = options;
  let version = await take(options);
  const lost = new AbortController();
  const ending = new AbortController();

  async function keep(): Promise<void> {
    for (;;) {
      await sleep(term / 3, undefined, { signal: ending.signal, ref: false });
      try {
        version = await bucket.update(key, owner, version);
      } catch {
        // The server is away, the answer was lost, or it is somebody else's: the entry itself says which.
        const found = await bucket.get(key).catch(() => undefined);
        if (found === undefined) continue;
        if (found?.string() !== owner || found.operation !== 'PUT') return lost.abort();
        version = found.revision;
      }
    }
  }

  const keeping = keep().catch(() => undefined);
  return {
    lost: lost.signal,
    async release() {
      ending.abort();
      await keeping;
      if (!lost.signal.aborted) {
        await bucket.delete(key, { previousSeq: version }).catch(() => undefined);
      }
    },
  };
}

async function take({ bucket, key, owner, term, signal, onHeld }: LeaseOptions): Promise<number> {
  let seen = -1;
  let since = 0;
  for (;;) {
    signal.throwIfAborted();
    const found = await bucket.get(key).catch(() => undefined);
    const free = found === null || (found !== undefined && found.operation !== 'PUT');
    if (found !== undefined && found !== null && found.revision !== seen) {
      if (!free && seen < 0) onHeld(found.string());
      seen = found.revision;
      since = performance.now();
    }
    const silent = found !== undefined && performance.now() - since >= term;
    if (free || silent) {
      try {
        return await bucket.put(key, owner, { previousSeq: found?.revision ?? 0 });
      } catch {
        // Somebody was quicker.
      }
    }
    await sleep(Math.min(term / 4, 500), undefined, { signal });
  }
}
