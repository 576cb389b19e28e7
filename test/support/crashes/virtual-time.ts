import { syncBuiltinESMExports } from 'node:module';
import promises, { setImmediate as turn } from 'node:timers/promises';
import { vi } from 'vitest';
import { virtualTimers } from './virtual-timers.ts';

/** Time that goes on only when everybody waits for it, or, by chance, a little sooner. */
export interface VirtualTime {
  /**
   * Chance comes from here from now on. `haste`: how likely the next timer comes due although there is still work to
   * do.
   */
  draw(random: () => number, haste: number): void;
  /** Counts as work: time stands still in this turn of the event loop. */
  busy(): void;
  /** Runs the world until `work` is settled. Rejects as it does. */
  until<T>(work: Promise<T>): Promise<T>;
  /** Lets so many milliseconds pass. */
  pass(milliseconds: number): Promise<void>;
  end(): void;
}

const DAY = Date.UTC(2026, 0, 6);
/** A schedule that takes more turns than this goes round and round; some 60 turns are a second of a few hosts. */
const TURNS = 300_000;

/** Replaces timers, clocks and chance by ones of the test, so that a schedule is the same every time it is run. */
export function virtualTime(): VirtualTime {
  let random = () => 0;
  let haste = 0;
  vi.useFakeTimers({ now: DAY, toFake: ['Date', 'performance'] });
  const timers = virtualTimers(Date.now);
  vi.spyOn(promises, 'setTimeout').mockImplementation(sleep);
  // Modules that imported a name of `node:timers/promises` see the other one from here on.
  syncBuiltinESMExports();
  vi.spyOn(Math, 'random').mockImplementation(() => random());
  // Node's own would fire by the clock of the machine.
  vi.spyOn(AbortSignal, 'timeout').mockImplementation((milliseconds) => {
    const over = new AbortController();
    setTimeout(() => over.abort(new DOMException('timed out', 'TimeoutError')), milliseconds);
    return over.signal;
  });
  const standing = performance.now.bind(performance);
  let worked = 0;
  // Work takes time: a stretch of at most 5 ms ends after a few looks at the clock.
  vi.spyOn(performance, 'now').mockImplementation(() => {
    worked += random() * 3;
    return standing() + worked;
  });
  let wasBusy = false;

  async function step(): Promise<void> {
    wasBusy = false;
    await turn();
    if (!wasBusy || random() < haste) advanceTo(timers.next());
  }

  function advanceTo(at: number | undefined): void {
    if (at === undefined) return;
    vi.advanceTimersByTime(Math.max(0, at - Date.now()));
    timers.runNext();
  }

  return {
    draw(from, chance) {
      random = from;
      haste = chance;
    },
    busy() {
      wasBusy = true;
    },
    async until(work) {
      let settled = false;
      const settle = () => {
        settled = true;
      };
      work.then(settle, settle);
      const begun = Date.now();
      for (let turns = 0; !settled; turns += 1) {
        const passed = (Date.now() - begun) / 1_000;
        if (turns > TURNS) throw new Error(`nothing ended within ${TURNS} turns, ${passed} s`);
        await step();
      }
      return work;
    },
    async pass(milliseconds) {
      const end = Date.now() + milliseconds;
      for (let at = timers.next(); at !== undefined && at <= end; at = timers.next()) advanceTo(at);
      vi.advanceTimersByTime(end - Date.now());
      await turn();
    },
    end() {
      timers.end();
      vi.restoreAllMocks();
      vi.useRealTimers();
      syncBuiltinESMExports();
    },
  };
}

function sleep<T>(
  milliseconds?: number,
  value?: T,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve(value as T);
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
