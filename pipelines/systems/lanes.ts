/** When an id wants its next turn. The lowest rank goes first. */
export type NextTurn = { readonly rank: number; readonly after: number };

export type LanesOptions = {
  /** How many ids are worked on at a time. One id never twice at a time. */
  readonly width: number;
  /** Ids of the rank `from` or higher have so many places together, so that others find one free. */
  readonly limits: readonly { readonly from: number; readonly places: number }[];
  /** Does one piece of work; undefined when there is no more. Must not reject. */
  readonly work: (id: string) => Promise<NextTurn | undefined>;
};

/** Works on many ids side by side, the most urgent first, each strictly one thing after the other. */
export interface DeliveryLanes {
  /** Wants `id` to be worked on at once. While it is at work, it is worked on once more after that. */
  add(id: string, rank: number): void;
  /** Nothing runs before. */
  start(): void;
  /** Begins nothing new. Resolves when all that is under way has ended. */
  stop(): Promise<void>;
}

export function createLanes({ width, limits, work }: LanesOptions): DeliveryLanes {
  const waiting = createWaitingList();
  const running = new Map<string, { readonly rank: number; readonly ended: Promise<void> }>();
  let timer: NodeJS.Timeout | undefined;
  let open = false;

  function pick(now: number): string | undefined {
    const ranks = Array.from(running.values(), ({ rank }) => rank);
    const full = limits.filter(
      ({ from, places }) => ranks.filter((rank) => rank >= from).length >= places,
    );
    const lowest = Math.min(...full.map(({ from }) => from));
    return waiting.mostUrgent(now, (id, rank) => !running.has(id) && rank < lowest);
  }

  function turn(): void {
    clearTimeout(timer);
    if (!open) return;
    const now = performance.now();
    while (running.size < width) {
      const id = pick(now);
      if (id === undefined) break;
      begin(id);
    }
    if (running.size >= width) return;
    const next = waiting.nextDue(now, (id) => !running.has(id));
    if (next !== undefined) timer = setTimeout(turn, Math.ceil(next - now));
  }

  function begin(id: string): void {
    const rank = waiting.take(id) ?? 0;
    const ended = work(id).then((next) => {
      running.delete(id);
      if (next !== undefined) waiting.add(id, next.rank, next.after);
      turn();
    });
    running.set(id, { rank, ended });
  }

  return {
    add(id, rank) {
      waiting.add(id, rank, 0);
      turn();
    },
    start() {
      open = true;
      turn();
    },
    async stop() {
      open = false;
      clearTimeout(timer);
      await Promise.all([...running.values()].map(({ ended }) => ended));
    },
  };
}

/** Ids that wait for their turn, each with its rank and the time from which it may have it. */
function createWaitingList() {
  const waiting = new Map<string, { readonly rank: number; readonly due: number }>();
  return {
    /** Of an id that waits already, the more urgent rank and the earlier time count. */
    add(id: string, rank: number, after: number): void {
      const due = performance.now() + after;
      const known = waiting.get(id);
      waiting.set(id, {
        rank: Math.min(rank, known?.rank ?? rank),
        due: Math.min(due, known?.due ?? due),
      });
    },
    /** Removes an id. Gives its rank. */
    take(id: string): number | undefined {
      const rank = waiting.get(id)?.rank;
      waiting.delete(id);
      return rank;
    },
    /** The id that is due, of the lowest rank, and then due first. */
    mostUrgent(now: number, may: (id: string, rank: number) => boolean): string | undefined {
      let best: readonly [id: string, rank: number, due: number] | undefined;
      for (const [id, { rank, due }] of waiting) {
        if (due > now || !may(id, rank)) continue;
        if (best === undefined || rank < best[1] || (rank === best[1] && due < best[2])) {
          best = [id, rank, due];
        }
      }
      return best?.[0];
    },
    /** The next time at which an id becomes due that is not due yet. */
    nextDue(now: number, may: (id: string) => boolean): number | undefined {
      let next: number | undefined;
      for (const [id, { due }] of waiting) {
        if (due > now && may(id) && (next === undefined || due < next)) next = due;
      }
      return next;
    },
  };
}
