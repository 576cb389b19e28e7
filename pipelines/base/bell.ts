/** Wakes everyone who waits. A ring that nobody waited for is not kept: look first, then wait. */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring, after `most` milliseconds, or when `signal` fires. */
  wait(most: number, signal: AbortSignal): Promise<void>;
}

export function createBell(): Bell {
  let waiting: (() => void)[] = [];
  return {
    ring() {
      const all = waiting;
      waiting = [];
      for (const wake of all) wake();
    },
    wait(most, signal) {
      if (signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(wake, most);
        function wake() {
          clearTimeout(timer);
          signal.removeEventListener('abort', wake);
          waiting = waiting.filter((other) => other !== wake);
          resolve();
        }
        signal.addEventListener('abort', wake, { once: true });
        waiting.push(wake);
      });
    },
  };
}
