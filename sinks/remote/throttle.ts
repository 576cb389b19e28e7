// What holds calls back: the rate that the other side allows, and a circuit breaker while it is down.

import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  BrokenCircuitError,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhenResult,
} from 'cockatiel';
import { type CallFailure, type CallOutcome, isDown } from './outcome.ts';

/** Of a token bucket. */
type RateLimit = {
  readonly per_minute: number;
  readonly burst: number;
  readonly urgent: number;
};

/** Which calls go first when several wait: what is urgent, other deliveries, polls of a status, and last what compares. */
export const CALL_PRIORITIES = ['urgent', 'delivery', 'poll', 'reconcile'] as const;
export type CallPriority = (typeof CALL_PRIORITIES)[number];

/**
 * A token bucket with a queue for each priority. The last tokens are kept for what is urgent. All calls wait while the
 * other side asked for a pause.
 */
export interface RateLimiter {
  /** Resolves when the call may be made. Rejects when `signal` aborts. */
  pass(priority: CallPriority, signal: AbortSignal): Promise<void>;
  /** No call passes for so many milliseconds. */
  pause(milliseconds: number): void;
}

export function createRateLimiter(rate: RateLimit | undefined): RateLimiter {
  const waiting = noneWaiting();
  const kept = Math.floor((rate?.burst ?? 0) * (rate?.urgent ?? 0));
  let tokens = rate?.burst ?? Number.POSITIVE_INFINITY;
  let pauses = 0;

  function release(): void {
    while (pauses === 0 && tokens > 0) {
      const others = tokens > kept;
      const next = waiting.urgent.shift() ?? (others ? firstOf(waiting) : undefined);
      if (next === undefined) return;
      spend();
      next();
    }
  }

  function spend(): void {
    if (rate === undefined) return;
    tokens -= 1;
    void after(60_000 / rate.per_minute, () => {
      tokens += 1;
    });
  }

  async function after(milliseconds: number, change: () => void): Promise<void> {
    await sleep(milliseconds, undefined, { ref: false });
    change();
    release();
  }

  return {
    pass(priority, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const queue = waiting[priority];
        const leave = () => {
          const index = queue.indexOf(enter);
          if (index >= 0) queue.splice(index, 1);
          reject(signal.reason);
        };
        const enter = () => {
          signal.removeEventListener('abort', leave);
          resolve();
        };
        // One for each call that waits, and they leave with it.
        setMaxListeners(0, signal);
        signal.addEventListener('abort', leave, { once: true });
        queue.push(enter);
        release();
      });
    },
    pause(milliseconds) {
      pauses += 1;
      void after(milliseconds, () => {
        pauses -= 1;
      });
    },
  };
}

type Waiting = Record<CallPriority, (() => void)[]>;

function noneWaiting(): Waiting {
  return { urgent: [], delivery: [], poll: [], reconcile: [] };
}

function firstOf({ delivery, poll, reconcile }: Waiting): (() => void) | undefined {
  return delivery.shift() ?? poll.shift() ?? reconcile.shift();
}

type BreakerConfig = { readonly failures: number; readonly pause: number };

function placeIn(failure: CallFailure): { readonly status: number | null; readonly door?: true } {
  const { status } = failure;
  return 'door' in failure && failure.door === true ? { status, door: true } : { status };
}

/**
 * Leaves the other side alone for `pause` milliseconds after so many failures in a row that say that it is down as a
 * whole; then one call tries. A refusal of one request says nothing of the kind and does not count.
 */
export function createBreaker({ failures, pause }: BreakerConfig) {
  let opened = 0;
  const closed = () => {
    const policy = circuitBreaker(
      handleWhenResult((result) => isDown(result as CallOutcome<unknown>)),
      { halfOpenAfter: pause, breaker: new ConsecutiveBreaker(failures) },
    );
    policy.onBreak(() => {
      opened = performance.now();
    });
    return policy;
  };
  let policy = closed();
  let last: CallOutcome<unknown> | undefined;
  return async function guarded<T>(call: () => Promise<CallOutcome<T>>): Promise<CallOutcome<T>> {
    try {
      const outcome = await policy.execute(call);
      if (isDown(outcome)) last = outcome;
      return outcome;
    } catch (error) {
      if (!(error instanceof BrokenCircuitError)) throw error;
      // The policy looks at the wall clock. Once that is set back, it would stay open for as long.
      if (performance.now() - opened > 2 * pause) policy = closed();
      const why = last === undefined || last.kind === 'ok' ? '' : `: ${last.note}`;
      const note = `left alone for ${pause / 1_000} s after ${failures} failures in a row${why}`;
      // Where it is stuck is where the last call was that was made.
      const place = last === undefined || last.kind === 'ok' ? { status: null } : placeIn(last);
      return { kind: 'retryable', note, ...place, after: pause, down: true };
    }
  };
}
