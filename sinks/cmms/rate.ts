import { setTimeout as sleep } from 'node:timers/promises';

export type Rate = { readonly per_minute: number; readonly burst: number };

/** Who may go on first when calls wait for their turn: a new revision before a look at a status. */
export type Turn = 'delivery' | 'look';

/** A token bucket with two lanes. Everybody waits while the other side asked for a pause. */
export interface Gate {
  /** Resolves when the call may be made. Rejects when `signal` aborts. */
  pass(turn: Turn, signal: AbortSignal): Promise<void>;
  /** Nobody passes for so many milliseconds. */
  pause(milliseconds: number): void;
}

export function createGate(rate: Rate | undefined): Gate {
  const waiting: Record<Turn, (() => void)[]> = { delivery: [], look: [] };
  let tokens = rate?.burst ?? Number.POSITIVE_INFINITY;
  let pauses = 0;

  function release(): void {
    while (pauses === 0 && tokens > 0) {
      const next = waiting.delivery.shift() ?? waiting.look.shift();
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
    pass(turn, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const queue = waiting[turn];
        const leave = () => {
          const index = queue.indexOf(enter);
          if (index >= 0) queue.splice(index, 1);
          reject(signal.reason);
        };
        const enter = () => {
          signal.removeEventListener('abort', leave);
          resolve();
        };
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
