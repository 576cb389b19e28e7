/** Wakes everyone who waits. A notification that nobody waited for is lost: check first, then wait. */
export interface Notifier {
  notify(): void;
  /** Resolves at the next notification, after `most` milliseconds, or when `signal` fires. */
  wait(most: number, signal: AbortSignal): Promise<void>;
}

export function createNotifier(): Notifier {
  let waiting: (() => void)[] = [];
  return {
    notify() {
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
