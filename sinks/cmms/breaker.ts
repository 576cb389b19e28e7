import {
  BrokenCircuitError,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhenResult,
} from 'cockatiel';
import { isDown, type Outcome } from './outcome.ts';

export type BreakerConfig = { readonly failures: number; readonly pause: number };

/**
 * Leaves the other side alone for `pause` milliseconds after so many failures in a row that say that it is down as a
 * whole; then one call tries. A refusal of one request says nothing of the kind and does not count.
 */
export function createBreaker({ failures, pause }: BreakerConfig) {
  let opened = 0;
  const closed = () => {
    const policy = circuitBreaker(
      handleWhenResult((result) => isDown(result as Outcome<unknown>)),
      { halfOpenAfter: pause, breaker: new ConsecutiveBreaker(failures) },
    );
    policy.onBreak(() => {
      opened = performance.now();
    });
    return policy;
  };
  let policy = closed();
  return async function guarded<T>(call: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    try {
      return await policy.execute(call);
    } catch (error) {
      if (!(error instanceof BrokenCircuitError)) throw error;
      // The policy looks at the wall clock. Once that is set back, it would stay open for as long.
      if (performance.now() - opened > 2 * pause) policy = closed();
      const note = `left alone for ${pause / 1_000} s after ${failures} failures in a row`;
      return { kind: 'retryable', note, status: null, after: pause, down: true };
    }
  };
}
