/** When an id wants to be worked on again. The lowest rank goes first. */
export type Again = { readonly rank: number; readonly after: number };

export type LanesOptions = {
  /** How many ids are worked on at a time. One id never twice at a time. */
  readonly width: number;
  /** Ids of this rank or higher leave one place free for the others. */
  readonly patient: number;
  /** Does one piece of work; undefined when there is no more. Must not reject. */
  readonly work: (id: string) => Promise<Again | undefined>;
};

/** Works on many ids side by side, the most urgent first, each strictly one thing after the other. */
export interface Lanes {
  /** Wants `id` to be worked on at once. While it is at work, it is worked on once more after that. */
  add(id: string, rank: number): void;
  /** Nothing runs before. */
  start(): void;
  /** Begins nothing new. Resolves when all that is under way has ended. */
  stop(): Promise<void>;
}

export function createLanes({ width, patient, work }: LanesOptions): Lanes {
  const waiting = new Map<string, { readonly rank: number; readonly due: number }>();
  const running = new Map<string, { readonly rank: number; readonly ended: Promise<void> }>();
  let timer: NodeJS.Timeout | undefined;
  let open = false;

  function enqueue(id: string, rank: number, after: number): void {
    const due = performance.now() + after;
    const known = waiting.get(id);
    waiting.set(id, {
      rank: Math.min(rank, known?.rank ?? rank),
      due: Math.min(due, known?.due ?? due),
    });
  }

  function pick(now: number): string | undefined {
    const patients = [...running.values()].filter(({ rank }) => rank >= patient).length;
    const full = patients >= Math.max(1, width - 1);
    let best: readonly [id: string, rank: number, due: number] | undefined;
    for (const [id, { rank, due }] of waiting) {
      if (due > now || running.has(id) || (full && rank >= patient)) continue;
      if (best === undefined || rank < best[1] || (rank === best[1] && due < best[2])) {
        best = [id, rank, due];
      }
    }
    return best?.[0];
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
    let next = Number.POSITIVE_INFINITY;
    for (const [id, { due }] of waiting) {
      if (!running.has(id) && due > now) next = Math.min(next, due);
    }
    if (next < Number.POSITIVE_INFINITY) timer = setTimeout(turn, Math.ceil(next - now));
  }

  function begin(id: string): void {
    const rank = waiting.get(id)?.rank ?? patient;
    waiting.delete(id);
    const ended = work(id).then((again) => {
      running.delete(id);
      if (again !== undefined) enqueue(id, again.rank, again.after);
      turn();
    });
    running.set(id, { rank, ended });
  }

  return {
    add(id, rank) {
      enqueue(id, rank, 0);
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
