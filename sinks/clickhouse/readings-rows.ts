/** Room for the values of one epoch's readings: typed arrays that double when full and are kept for the next epoch. */
export type ReadingsRows = {
  capacity: number;
  /** Low and high word of microseconds since 1970. */
  times: Uint32Array;
  values: Float64Array;
  /** Index into the block's signals. */
  signals: Uint32Array;
};

export function createReadingsRows(capacity: number): ReadingsRows {
  return {
    capacity,
    times: new Uint32Array(capacity * 2),
    values: new Float64Array(capacity),
    signals: new Uint32Array(capacity),
  };
}

/** Makes room for `rows` rows in all. What is there stays. */
export function growReadingsRows(room: ReadingsRows, rows: number): void {
  if (rows <= room.capacity) return;
  const larger = createReadingsRows(2 ** Math.ceil(Math.log2(rows)));
  larger.times.set(room.times);
  larger.values.set(room.values);
  larger.signals.set(room.signals);
  Object.assign(room, larger);
}
