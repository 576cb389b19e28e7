import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Level } from '../base/log-level.ts';

/**
 * How one kind of internal event, with fields F, is rendered: the level and text of its log line, and the metrics that
 * it changes.
 */
export type InternalEventKind<F> = {
  readonly level: Level | ((fields: F) => Level);
  /** The line for people. Every field stands in the JSON line anyway. */
  readonly message: (fields: F) => string;
  readonly measures: readonly Measure<F>[];
};

/** Declares a kind of internal event. */
export function eventKind<F>(
  level: InternalEventKind<F>['level'],
  message: InternalEventKind<F>['message'],
  ...measures: readonly Measure<F>[]
): InternalEventKind<F> {
  return { level, message, measures };
}

/** `; again in 0.4 s`, or nothing if there will be no next time. */
export function again(milliseconds: number | undefined): string {
  return milliseconds === undefined ? '' : `; again in ${Math.round(milliseconds) / 1_000} s`;
}

/** A metric that an internal event changes. `by`: the fields that tell its time series apart. */
type Measure<F> = {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Without the prefix `andon_`. A counter ends with `_total`; anything else ends with its unit. */
  readonly name: string;
  readonly help: string;
  readonly by: readonly (keyof F & string)[];
  /** What is added (counter), set (gauge) or observed (histogram). */
  readonly value: (fields: F) => number;
};

/** Counts internal events, or adds what `value` says. */
export function counter<F>(
  name: string,
  help: string,
  by: readonly (keyof F & string)[] = [],
  value: (fields: F) => number = () => 1,
): Measure<F> {
  return { type: 'counter', name, help, by, value };
}

/** Holds the newest value. Several internal events may set the same gauge. */
export function gauge<F>(
  name: string,
  help: string,
  value: (fields: F) => number,
  by: readonly (keyof F & string)[] = [],
): Measure<F> {
  return { type: 'gauge', name, help, by, value };
}

/** A duration: takes milliseconds, shows seconds. */
export function seconds<F>(
  name: string,
  help: string,
  milliseconds: (fields: F) => number,
  by: readonly (keyof F & string)[] = [],
): Measure<F> {
  return { type: 'histogram', name, help, by, value: (fields) => milliseconds(fields) / 1_000 };
}

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Registers a measure, unless another internal event has; gives what applies it to the fields of an event. */
export function register<F>(measure: Measure<F>, registry: Registry): (fields: F) => void {
  const { by, value } = measure;
  const labelNames = [...by];
  const options = { name: `andon_${measure.name}`, help: measure.help, labelNames };
  const labels = (fields: F) =>
    Object.fromEntries(by.map((name) => [name, String(fields[name])] as const));
  const known = registry.getSingleMetric(options.name);
  switch (measure.type) {
    case 'counter': {
      const metric =
        known instanceof Counter ? known : new Counter({ ...options, registers: [registry] });
      return (fields) => metric.inc(labels(fields), value(fields));
    }
    case 'gauge': {
      const metric =
        known instanceof Gauge ? known : new Gauge({ ...options, registers: [registry] });
      return (fields) => metric.set(labels(fields), value(fields));
    }
    case 'histogram': {
      const metric =
        known instanceof Histogram
          ? known
          : new Histogram({ ...options, buckets: BUCKETS, registers: [registry] });
      return (fields) => metric.observe(labels(fields), value(fields));
    }
  }
}
