import { type Engine, freshMark, LATE, OUTSIDE, type Panes, touch } from './panes.ts';
import { gridFloor, newestStart } from './shape.ts';
import { endOf, findOrInsert, NONE, startOf } from './slots.ts';

/**
 * Finds or makes the slot that a reading goes into, and touches every window that it belongs to. `each` hears of
 * every slot where windows overlap without sharing panes; otherwise there is only the one that is returned.
 */
export function placeAligned(
  engine: Engine,
  panes: Panes,
  lane: number,
  time: number,
  now: number,
  each?: (slot: number) => void,
): number {
  const { assigner, lateness } = engine.shape;
  if (assigner.kind !== 'aligned') return OUTSIDE;
  const { slots } = panes;
  const { shared, pane, single } = engine.layout;
  const head = slots.heads[lane] ?? NONE;
  // The usual case: the newest pane, all of whose windows are still open and know of it.
  if (single && head !== NONE && time >= startOf(slots, head)) {
    const end = endOf(slots, head);
    if (time < end && end - 1 > now) return head;
  }
  const { size, hop, offset, ancient } = assigner;
  const newest = newestStart(time, assigner);
  if (newest <= time - size) return time + lateness <= now ? LATE : OUTSIDE;
  if (newest + size - 1 + lateness <= now) return LATE;
  const mark = freshMark(engine);
  let slot = NONE;
  if (shared) {
    const start = gridFloor(time, pane, offset);
    slot = findOrInsert(slots, lane, start, start + pane, mark);
  }
  let hint = slot;
  for (let start = newest; start > time - size; start -= hop) {
    if (start + size - 1 + lateness <= now) break;
    hint = findOrInsert(slots, lane, start, start + pane, mark, hint);
    touch(engine, panes, hint, time, now);
    if (slot === NONE) slot = hint;
    each?.(hint);
    if (ancient === 'next') break;
  }
  return slot;
}
