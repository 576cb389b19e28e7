const JITTER = 100;

/**
 * Tells the client when it may try to connect again: after about `pause` milliseconds. The client itself compares the
 * wall clock with that of its last attempt, and would try nothing for hours after somebody has set the clock back. So
 * the monotonic clock decides: an answer of minus infinity is "at once", whatever the wall clock says.
 */
export function createReconnectPace(pause: number): () => number {
  let due = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (now < due) return pause;
    due = now + pause + Math.random() * JITTER;
    return Number.NEGATIVE_INFINITY;
  };
}
