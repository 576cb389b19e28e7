/** Readings that wait until the source's time has passed them, so that they can be taken in the order of their times. */
export type Held = {
  used: number;
  times: Float64Array;
  values: Float64Array;
  lanes: Int32Array;
};

export function openHeld(): Held {
  return {
    used: 0,
    times: new Float64Array(0),
    values: new Float64Array(0),
    lanes: new Int32Array(0),
  };
}

export function hold(held: Held, lane: number, time: number, value: number): void {
  if (held.used === held.times.length) grow(held);
  held.times[held.used] = time;
  held.values[held.used] = value;
  held.lanes[held.used] = lane;
  held.used += 1;
}

/** Takes out what is due by `until`, by time, of equal times in the order of arrival; returns the earliest time that still waits. */
export function release(
  held: Held,
  until: number,
  take: (lane: number, time: number, value: number) => void,
): number {
  const timeOf = (position: number) => held.times[position] ?? 0;
  const due: number[] = [];
  let earliest = Number.MAX_SAFE_INTEGER;
  for (let position = 0; position < held.used; position += 1) {
    if (timeOf(position) <= until) due.push(position);
    else earliest = Math.min(earliest, timeOf(position));
  }
  if (due.length === 0) return earliest;
  due.sort((a, b) => timeOf(a) - timeOf(b) || a - b);
  for (const position of due) {
    take(held.lanes[position] ?? 0, timeOf(position), held.values[position] ?? 0);
  }
  keep(held, (position) => timeOf(position) > until);
  return earliest;
}

/** Drops what waits for some lanes; returns how many readings that were. */
export function dropHeld(held: Held, isDropped: (lane: number) => boolean): number {
  const before = held.used;
  keep(held, (position) => !isDropped(held.lanes[position] ?? 0));
  return before - held.used;
}

function keep(held: Held, isKept: (position: number) => boolean): void {
  let used = 0;
  for (let position = 0; position < held.used; position += 1) {
    if (!isKept(position)) continue;
    held.times[used] = held.times[position] ?? 0;
    held.values[used] = held.values[position] ?? 0;
    held.lanes[used] = held.lanes[position] ?? 0;
    used += 1;
  }
  held.used = used;
}

function grow(held: Held): void {
  const room = Math.max(16, 2 * held.used);
  const [times, values] = [new Float64Array(room), new Float64Array(room)];
  const lanes = new Int32Array(room);
  times.set(held.times);
  values.set(held.values);
  lanes.set(held.lanes);
  Object.assign(held, { times, values, lanes });
}
