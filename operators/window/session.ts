import { merge } from './accumulator.ts';
import { type Engine, freshMark, LATE, OUTSIDE, type Panes, type Report, touch } from './panes.ts';
import { mergeSketch } from './sketch.ts';
import {
  END,
  endOf,
  findOrInsert,
  LINKS,
  MARK,
  NONE,
  olderThan,
  remove,
  type Slots,
  START,
  startOf,
  VERSION,
  WIDTH,
} from './slots.ts';

/** Finds, makes, extends or merges the session that a reading belongs to. Sessions that touch are one. */
export function placeSession(
  engine: Engine,
  panes: Panes,
  lane: number,
  time: number,
  now: number,
  report: Report,
): number {
  const { assigner, lateness } = engine.shape;
  if (assigner.kind !== 'session') return OUTSIDE;
  const { slots } = panes;
  const end = time + assigner.gap;
  const head = slots.heads[lane] ?? NONE;
  // The usual case: the newest session goes on. What was due at its old end finds it longer and waits again.
  if (head !== NONE && engine.shape.trigger.kind === 'time' && time >= startOf(slots, head)) {
    const last = endOf(slots, head);
    if (time <= last && last - 1 > now) {
      if (end > last) slots.numbers[head * WIDTH + END] = end;
      return head;
    }
  }
  let part = head;
  while (part !== NONE && startOf(slots, part) > end) part = olderThan(slots, part);
  if (part === NONE || endOf(slots, part) < time) {
    if (end - 1 + lateness <= now) return LATE;
    const slot = findOrInsert(slots, lane, time, end, freshMark(engine));
    touch(engine, panes, slot, time, now);
    return slot;
  }
  const target = part;
  const parts: number[] = [];
  for (; part !== NONE && endOf(slots, part) >= time; part = olderThan(slots, part)) {
    parts.push(part);
  }
  const start = parts.reduce((least, each) => Math.min(least, startOf(slots, each)), time);
  for (const each of parts) {
    const version = slots.links[each * LINKS + VERSION] ?? 0;
    if (version > 0 && startOf(slots, each) !== start) {
      report.retract(lane, startOf(slots, each), endOf(slots, each), version + 1);
    }
  }
  slots.numbers[target * WIDTH + START] = start;
  slots.numbers[target * WIDTH + END] = Math.max(end, endOf(slots, target));
  for (const each of parts) if (each !== target) absorb(engine, slots, target, each);
  touch(engine, panes, target, time, now);
  return target;
}

function absorb(engine: Engine, slots: Slots, target: number, other: number): void {
  const [at, otherAt] = [target * WIDTH, other * WIDTH];
  merge(slots.numbers, at, slots.numbers, otherAt);
  const [into, from] = [slots.sketches[target], slots.sketches[other]];
  if (into !== undefined && from !== undefined) mergeSketch(into, from);
  const [mark, otherMark] = [slots.numbers[at + MARK] ?? 0, slots.numbers[otherAt + MARK] ?? 0];
  const counts = engine.shape.trigger.kind === 'count';
  slots.numbers[at + MARK] = counts ? mark + otherMark : Math.min(mark, otherMark);
  const [version, otherVersion] = [target, other].map((slot) => {
    return slots.links[slot * LINKS + VERSION] ?? 0;
  });
  slots.links[target * LINKS + VERSION] = Math.max(version ?? 0, otherVersion ?? 0);
  remove(slots, other);
}
