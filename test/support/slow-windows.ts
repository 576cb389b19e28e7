/**
 * Windows as slowly and plainly as they can be said, after the published behaviour of Flink's WindowOperator: every
 * window keeps its elements, every watermark looks at every window.
 */
export type SlowShape = {
  readonly assigner: 'tumbling' | 'hopping' | 'session' | 'global';
  readonly size_ms?: number;
  readonly slide_ms?: number;
  readonly offset_ms?: number;
  readonly gap_ms?: number;
  readonly trigger: {
    readonly type: 'eventTime' | 'continuousEventTime' | 'count';
    readonly interval_ms?: number;
    readonly n?: number;
    readonly purging: boolean;
  };
  readonly allowed_lateness_ms: number;
};

export type SlowOp =
  | { readonly op: 'element'; readonly key: string; readonly value: number; readonly ts: number }
  | { readonly op: 'watermark'; readonly ts: number }
  | { readonly op: 'snapshot_restore' };

type Slow = {
  readonly key: string;
  start: number;
  end: number;
  values: number[];
  counter: number;
  wake: number | undefined;
};

export function slowWindows(shape: SlowShape, ops: readonly SlowOp[]) {
  const { assigner, trigger, allowed_lateness_ms: lateness } = shape;
  const every = trigger.interval_ms ?? 1;
  let windows: Slow[] = [];
  let watermark = Number.NEGATIVE_INFINITY;
  let emit: object[] = [];
  let late: object[] = [];

  const last = (window: Slow) => window.end - 1;
  const open = (key: string, start: number, end: number): Slow => {
    return { key, start, end, values: [], counter: 0, wake: undefined };
  };

  function assigned(ts: number): [number, number][] {
    if (assigner === 'global') return [[Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]];
    if (assigner === 'session') return [[ts, ts + (shape.gap_ms ?? 0)]];
    const size = shape.size_ms ?? 0;
    const slide = assigner === 'tumbling' ? size : (shape.slide_ms ?? 0);
    const newest = ts - ((ts - (shape.offset_ms ?? 0) + slide) % slide);
    if (assigner === 'tumbling') return [[newest, newest + size]];
    const found: [number, number][] = [];
    for (let start = newest; start > ts - size; start -= slide) found.push([start, start + size]);
    return found;
  }

  function fire(window: Slow): void {
    const { key, start, end, values } = window;
    if (values.length > 0) {
      const sum = values.reduce((total, value) => total + value, 0);
      const said = {
        key,
        sum,
        count: values.length,
        min: Math.min(...values),
        max: Math.max(...values),
      };
      emit.push(assigner === 'global' ? said : { ...said, start, end });
    }
    if (trigger.purging) window.values = [];
  }

  function windowFor(key: string, start: number, end: number): Slow {
    if (assigner !== 'session') {
      const known = windows.find((each) => each.key === key && each.start === start);
      if (known !== undefined) return known;
      const window = open(key, start, end);
      windows.push(window);
      return window;
    }
    const parts = windows.filter((each) => {
      return each.key === key && each.start <= end && each.end >= start;
    });
    const window = open(key, start, end);
    for (const part of parts) {
      window.start = Math.min(window.start, part.start);
      window.end = Math.max(window.end, part.end);
      window.values.push(...part.values);
      window.counter += part.counter;
      if (part.wake !== undefined) window.wake = Math.min(window.wake ?? part.wake, part.wake);
    }
    windows = [...windows.filter((each) => !parts.includes(each)), window];
    return window;
  }

  function onElement(key: string, value: number, ts: number): void {
    let skipped = true;
    for (const [start, end] of assigned(ts)) {
      const window = windowFor(key, start, end);
      if (assigner !== 'global' && last(window) + lateness <= watermark) {
        windows = windows.filter((each) => each !== window);
        continue;
      }
      skipped = false;
      window.values.push(value);
      if (trigger.type === 'count') {
        window.counter += 1;
        if (window.counter < (trigger.n ?? 1)) continue;
        window.counter = 0;
        fire(window);
      } else if (last(window) <= watermark) {
        fire(window);
      } else if (trigger.type === 'continuousEventTime') {
        window.wake ??= Math.min(ts - (ts % every) + every, last(window));
      }
    }
    if (skipped && assigner !== 'global' && ts + lateness <= watermark)
      late.push({ key, value, ts });
  }

  function onWatermark(to: number): void {
    const from = watermark;
    watermark = Math.max(watermark, to);
    for (const window of windows) {
      if (trigger.type === 'count') continue;
      while (window.wake !== undefined && window.wake <= watermark && window.wake < last(window)) {
        window.wake = Math.min(window.wake + every, last(window));
        fire(window);
      }
      if (last(window) > from && last(window) <= watermark) fire(window);
    }
    if (assigner === 'global') return;
    windows = windows.filter((window) => last(window) + lateness > watermark);
  }

  return ops.map((each) => {
    emit = [];
    late = [];
    if (each.op === 'element') onElement(each.key, each.value, each.ts);
    if (each.op === 'watermark') onWatermark(each.ts);
    return { emit, late };
  });
}
