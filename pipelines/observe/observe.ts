import { pino } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { printable } from '../../operators/model/plain.ts';
import { LEVELS, type Level } from '../base/log-level.ts';
import { EDGE_EVENTS } from './edge-events.ts';
import { type InternalEventKind, register } from './event-kind.ts';
import { OUTSIDE_EVENTS } from './outside-events.ts';
import { WORKER_EVENTS } from './worker-events.ts';

const KINDS = { ...WORKER_EVENTS, ...OUTSIDE_EVENTS, ...EDGE_EVENTS };

type FieldsOf<K> = K extends InternalEventKind<infer F> ? Readonly<F> : never;

/** Something worth a log line or a metric: its kind and the fields that belong to it. */
export type InternalEvent = {
  readonly [K in keyof typeof KINDS]: { readonly kind: K } & FieldsOf<(typeof KINDS)[K]>;
}[keyof typeof KINDS];
export type RecordEvent = (event: InternalEvent) => void;

export type InternalEventsOptions = {
  /** The least serious level that is logged. Default info. Metrics count all. */
  readonly level?: Level;
  /** Short lines for people instead of JSON. Default: when standard error is a terminal. */
  readonly pretty?: boolean;
  /** Default: standard error, so that standard output carries results alone. */
  readonly destination?: { write(line: string): unknown };
  /** On every metric: which pipeline and partition this is. */
  readonly labels?: Readonly<Record<string, string>>;
};

export type InternalEvents = { readonly record: RecordEvent; readonly metrics: Registry };

/** Front door of the room: renders internal events as a line in the log and as metrics for Prometheus. */
export function createInternalEvents(options: InternalEventsOptions = {}): InternalEvents {
  const { level = 'info', destination = process.stderr, labels = {} } = options;
  const pretty = options.pretty ?? (options.destination === undefined && process.stderr.isTTY);
  const metrics = new Registry();
  metrics.setDefaultLabels({ ...labels });
  collectDefaultMetrics({ register: metrics, prefix: 'andon_' });
  const log = pretty ? forPeople(level, destination) : forMachines(level, destination);
  const render = Object.fromEntries(
    Object.entries(KINDS).map(([name, kind]) => [
      name,
      renderer(kind as InternalEventKind<object>, metrics, log),
    ]),
  );
  return { metrics, record: (event) => render[event.kind]?.(event) };
}

type Line = (level: Level, fields: object, text: string) => void;

function renderer(
  kind: InternalEventKind<object>,
  metrics: Registry,
  log: Line,
): (fields: object) => void {
  const measures = kind.measures.map((measure) => register(measure, metrics));
  return (fields) => {
    for (const measure of measures) measure(fields);
    const level = typeof kind.level === 'string' ? kind.level : kind.level(fields);
    log(level, fields, kind.message(fields));
  };
}

function forMachines(level: Level, destination: { write(line: string): unknown }): Line {
  const logger = pino(
    {
      level,
      base: {},
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    { write: (line) => void destination.write(printable(line)) },
  );
  return (lineLevel, fields, text) => logger[lineLevel](fields, text);
}

function forPeople(level: Level, destination: { write(line: string): unknown }): Line {
  const least = LEVELS.indexOf(level);
  return (lineLevel, _fields, text) => {
    if (LEVELS.indexOf(lineLevel) < least) return;
    const mark = lineLevel === 'info' || lineLevel === 'debug' ? '' : `${lineLevel}: `;
    // Further lines are indented: none of them can pass for a line of its own.
    const shown = printable(text).replaceAll('\n', '\n  ');
    destination.write(`${new Date().toTimeString().slice(0, 8)} ${mark}${shown}\n`);
  };
}
