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
  const policy = circuitBreaker(
    handleWhenResult((result) => isDown(result as Outcome<unknown>)),
    { halfOpenAfter: pause, breaker: new ConsecutiveBreaker(failures) },
  );
  return async function guarded<T>(call: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    try {
      return await policy.execute(call);
    } catch (error) {
      if (!(error instanceof BrokenCircuitError)) throw error;
      const note = `left alone for ${pause / 1_000} s after ${failures} failures in a row`;
      return { kind: 'retryable', note, status: null, after: pause, down: true };
    }
  };
}
