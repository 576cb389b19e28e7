/** Timers that come due when the test says so, in the order of their times. */

/** Later is further down; of equal times whoever was there first is on top. */
type Timer = {
  readonly order: number;
  readonly run: () => void;
  /** Milliseconds between two times of an interval. */
  readonly every: number | undefined;
  at: number;
  cancelled: boolean;
};

export interface VirtualTimers {
  /** When the next timer is due; undefined when there is none. */
  next(): number | undefined;
  /** Runs the next timer. */
  runNext(): void;
  /** Puts the timers of Node back. */
  end(): void;
}

/**
 * Replaces the timers of Node. A heap: a simulation has hundreds of them, of which most are cancelled, and takes the next
 * one thousands of times. `now` is the clock that they go by.
 */
export function virtualTimers(now: () => number): VirtualTimers {
  const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
  const heap: Timer[] = [];
  let made = 0;

  type Handler = (...values: unknown[]) => void;
  function add(handler: Handler, milliseconds: number, isInterval: boolean, values: unknown[]) {
    // As Node does.
    const wait = Math.max(1, Math.trunc(milliseconds) || 1);
    made += 1;
    const timer: Timer = {
      ...{ order: made, run: () => handler(...values), at: now() + wait, cancelled: false },
      every: isInterval ? wait : undefined,
    };
    push(heap, timer);
    const handle = { timer, unref: () => handle, ref: () => handle, hasRef: () => true };
    return handle;
  }

  function cancel(handle: { readonly timer?: Timer } | undefined): void {
    if (handle?.timer !== undefined) handle.timer.cancelled = true;
  }

  function top(): Timer | undefined {
    while (heap[0]?.cancelled === true) pop(heap);
    return heap[0];
  }

  Object.assign(globalThis, {
    setTimeout: (handler: Handler, wait = 1, ...values: unknown[]) => {
      return add(handler, wait, false, values);
    },
    setInterval: (handler: Handler, wait = 1, ...values: unknown[]) => {
      return add(handler, wait, true, values);
    },
    ...{ clearTimeout: cancel, clearInterval: cancel },
  });
  return {
    next: () => top()?.at,
    runNext() {
      const timer = top();
      if (timer === undefined) return;
      pop(heap);
      if (timer.every !== undefined) {
        timer.at += timer.every;
        push(heap, timer);
      }
      timer.run();
    },
    end: () =>
      void Object.assign(globalThis, { setTimeout, clearTimeout, setInterval, clearInterval }),
  };
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

function push(heap: Timer[], timer: Timer): void {
  let at = heap.length;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || isBefore(above, timer)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = timer;
}

function pop(heap: Timer[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = heap[2 * at + 1];
    const right = heap[2 * at + 2];
    if (left === undefined) break;
    const isRight = right !== undefined && isBefore(right, left);
    const child = isRight ? right : left;
    if (isBefore(last, child)) break;
    heap[at] = child;
    at = 2 * at + (isRight ? 2 : 1);
  }
  heap[at] = last;
}
