/** What is served earliest first. */
export type Queued = { readonly first: number };

/**
 * A binary heap in an array, ties and all as in java.util.PriorityQueue: which of two matches that began with the
 * same event comes out first, and under a skip strategy at all, depends on it. `count`: how many of the array are in it.
 */
export function offer<Q extends Queued>(queue: Q[], item: Q, count = queue.length): void {
  let at = count;
  queue[at] = item;
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = queue[above];
    if (parent === undefined || item.first >= parent.first) break;
    queue[at] = parent;
    at = above;
  }
  queue[at] = item;
}

/** Takes the earliest out. */
export function poll<Q extends Queued>(queue: Q[]): Q | undefined {
  const [earliest] = queue;
  const last = queue.pop();
  if (last !== undefined && queue.length > 0) sink(queue, 0, last);
  return earliest;
}

/** Makes this queue the first so many of another, in its own place. */
export function replace<Q extends Queued>(queue: Q[], by: readonly Q[], count: number): void {
  for (let at = 0; at < count; at += 1) {
    const item = by[at];
    if (item !== undefined) queue[at] = item;
  }
  while (queue.length > count) queue.pop();
}

/** The queue without those that must go; the same queue if none must. */
export function without<Q extends Queued>(queue: Q[], goes: (item: Q) => boolean): Q[] {
  const rest = queue.filter((item) => !goes(item));
  if (rest.length === queue.length) return queue;
  for (let at = (rest.length >> 1) - 1; at >= 0; at -= 1) {
    const item = rest[at];
    if (item !== undefined) sink(rest, at, item);
  }
  return rest;
}

function sink<Q extends Queued>(queue: Q[], from: number, item: Q): void {
  let at = from;
  while (at < queue.length >> 1) {
    let below = 2 * at + 1;
    let child = queue[below];
    const right = queue[below + 1];
    if (child !== undefined && right !== undefined && child.first > right.first) {
      below += 1;
      child = right;
    }
    if (child === undefined || item.first <= child.first) break;
    queue[at] = child;
    at = below;
  }
  queue[at] = item;
}
