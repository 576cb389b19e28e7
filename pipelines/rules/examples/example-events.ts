import { z } from 'zod';
import { type Anomaly, CLEAR_CAUSES } from '../../../operators/model/anomaly.ts';
import { type DetectorKind, severitySchema } from '../../../operators/model/detector-rule.ts';
import {
  type ExampleEvent,
  type PatternExample,
  SITUATION_FIELDS,
} from '../../../operators/model/examples.ts';
import { type AssetKey, assetKey } from '../../../operators/model/key.ts';
import type { EventData, MachineEvent } from '../../../operators/model/machine-event.ts';
import type { Sequence } from '../../../operators/model/message.ts';
import {
  FEATURE_PREFIX,
  type Features,
  type Observed,
  type Situation,
  type Window,
} from '../../../operators/model/observation.ts';
import type { ScheduleEntry } from '../../../operators/model/schedule.ts';
import {
  type Duration,
  type EventTime,
  eventTime,
  MINUTE,
  minus,
  parseDuration,
  plus,
} from '../../../operators/model/time.ts';

/** When every example begins: a Monday morning. */
export const EXAMPLE_BEGIN = eventTime(Date.UTC(2026, 0, 5, 6) * 1_000);
export const EXAMPLE_PLANT = 'example';
export const EXAMPLE_LINE = 'line';

type EventContent =
  | { readonly observed: Observed }
  | { readonly anomaly: UnenrichedAnomaly }
  | { readonly entry: ScheduleEntry };

/** One event of an example, made whole. */
export type TimedEvent = {
  readonly time: EventTime;
  readonly asset: AssetKey;
  readonly content: EventContent;
  /** The example's own word on the situation of the machine, whatever was known before. */
  readonly situation: Partial<Situation>;
};

/** The events of an example in the order of their times; what repeats is written out. */
export function exampleEventsOf({ events }: Pick<PatternExample, 'events'>): readonly TimedEvent[] {
  const revisions = new Map<string, number>();
  return events
    .flatMap((event) =>
      Array.from({ length: event.times ?? 1 }, (_, index) => {
        const after = (event.at + index * (event.every ?? 0)) as Duration;
        return { event, time: plus(EXAMPLE_BEGIN, after) };
      }),
    )
    .sort((a, b) => a.time - b.time)
    .map(({ event, time }, index) => {
      const asset = assetKey(EXAMPLE_PLANT, EXAMPLE_LINE, event.asset);
      // What an event says is its data: what is known of its machine comes from the events before it.
      const situation = event.event === undefined ? situationOf(event) : {};
      return { time, asset, situation, content: contentOf(event, asset, time, index, revisions) };
    });
}

function contentOf(
  event: ExampleEvent,
  asset: AssetKey,
  time: EventTime,
  index: number,
  revisions: Map<string, number>,
): EventContent {
  const { at: _at, every: _every, times: _times, asset: _asset, ...named } = event;
  const { anomaly, event: type, window, features, schedule, ...given } = named;
  if (anomaly !== undefined) return { anomaly: anomalyOf(anomaly, asset, time, given, revisions) };
  if (type !== undefined) return { observed: machineEventOf(type, asset, time, given, index) };
  if (window !== undefined) return { observed: windowOf(window, asset, time, given) };
  if (features !== undefined) return { observed: featuresOf(features, asset, time, given) };
  return { entry: entryOf(schedule ?? 'order', given, EXAMPLE_BEGIN) };
}

function situationOf(event: ExampleEvent): Partial<Situation> {
  const words = SITUATION_FIELDS.flatMap((word) => {
    const text = event[word];
    return typeof text === 'string' ? [[word, text] as const] : [];
  });
  return Object.fromEntries(words);
}

/** The fields of one event of an example, as its line has them. */
type EventFields = Readonly<Record<string, unknown>>;

/** An anomaly but for what the machine was doing. */
type UnenrichedAnomaly = Omit<Anomaly, 'situation'>;

const text = z.string().default('');

const anomalyFieldsSchema = z.object({
  rule: z.string().default('example'),
  detector: z.custom<DetectorKind>((kind) => typeof kind === 'string').default('limit'),
  ...{ point: text, component: text, failure_mode: text, unit: text },
  phase: z.enum(['raised', 'updated', 'cleared']).default('raised'),
  /** Of one that cleared; it is well again unless said. */
  cause: z.enum(CLEAR_CAUSES).default('well'),
  severity: severitySchema.default('warning'),
  ...{
    score: z.number().default(1.1),
    value: z.number().default(1.1),
    limit: z.number().default(1),
  },
});

/** An anomaly of this signal; those of one rule, signal and point are phases of one. `revisions` counts them. */
function anomalyOf(
  signal: string,
  asset: AssetKey,
  time: EventTime,
  given: EventFields,
  revisions: Map<string, number>,
): UnenrichedAnomaly {
  const fields = anomalyFieldsSchema.parse(given);
  const name = [asset, fields.rule, signal, fields.point].join(' ');
  const revision = (revisions.get(name) ?? 0) + 1;
  revisions.set(name, revision);
  const reason = `${signal} ${fields.value} beyond ${fields.limit}`;
  const own = { id: name, revision, asset, signal, since: time, time, reason, evidence: {} };
  const explained = { sensor: signal, contributions: {}, part: '', advice: '' };
  const cause = fields.phase === 'cleared' ? fields.cause : '';
  return { kind: 'anomaly', ...fields, cause, ...own, ...explained };
}

const datum = z.union([z.string(), z.number(), z.boolean()]);

export function machineEventOf(
  type: string,
  asset: AssetKey,
  time: EventTime,
  given: EventFields,
  index: number,
): MachineEvent {
  const data: EventData = z.record(z.string(), datum).parse(given);
  const origin = { subject: 'example', sequence: (index + 1) as Sequence, appended: time };
  return { kind: 'event', origin, asset, time, type, data };
}

const NO_STATISTICS = { count: 1, deviation: 0, peak_to_peak: 0, crest: 1, slope: 0 };
const NAMES = ['first', 'last', 'min', 'max', 'sum', 'rms'] as const;

/** A window that ended at `time`. What it does not say is as if it had one reading, its mean. */
function windowOf(
  signal: string,
  asset: AssetKey,
  time: EventTime,
  { rule, size, ...given }: EventFields,
): Window {
  const numbers = z.record(z.string(), z.number()).parse(onlyNumbers(given));
  const mean = numbers.mean ?? numbers.max ?? numbers.last ?? 0;
  const same = Object.fromEntries(NAMES.map((name) => [name, mean]));
  const length = parseDuration(String(size)) ?? MINUTE;
  const quantiles = Object.entries(numbers).flatMap(([name, value]): [number, number][] => {
    const percent = /^p(\d+(?:_\d+)?)$/.exec(name)?.[1];
    return percent === undefined ? [] : [[Number(percent.replace('_', '.')) / 100, value]];
  });
  const statistics = windowSchema.parse({ ...NO_STATISTICS, ...same, ...numbers, mean });
  return {
    ...{ kind: 'window', asset, signal, window: typeof rule === 'string' ? rule : 'example' },
    ...{ start: minus(time, length), end: time, version: 1, quantiles },
    ...statistics,
  };
}

const number = z.number();
const windowSchema = z.object({
  ...{ count: number, first: number, last: number, min: number, max: number, sum: number },
  ...{ mean: number, deviation: number, rms: number, peak_to_peak: number, crest: number },
  slope: number,
});

function featuresOf(
  point: string,
  asset: AssetKey,
  time: EventTime,
  { component, rpm, ...given }: EventFields,
): Features {
  const values = Object.entries(onlyNumbers(given)).map(([name, value]) => {
    return [name.slice(FEATURE_PREFIX.length), value];
  });
  return {
    ...{ kind: 'features', asset, point, time, rate: 1, samples: 1, absent: {} },
    ...(typeof component === 'string' ? { component } : {}),
    ...(typeof rpm === 'number' ? { rpm } : {}),
    values: Object.fromEntries(values),
  };
}

const entrySchema = z.object({
  id: z.string().optional(),
  ...{ from: z.string().default('+0s'), to: z.string().default('+1h') },
  ...{ order: z.string().optional(), segment: z.string().optional() },
  product: z.string().optional(),
});

/** An entry of the schedule; `from` and `to` are times of the example. */
function entryOf(kind: ScheduleEntry['kind'], given: EventFields, begin: EventTime): ScheduleEntry {
  const { id = kind, from, to, order, segment, product } = entrySchema.parse(given);
  const at = (offset: string) =>
    plus(begin, parseDuration(offset.replace(/^\+/, '')) ?? (0 as Duration));
  return {
    ...{ id, kind, start: at(from), end: at(to) },
    ...(order === undefined ? {} : { order }),
    ...(segment === undefined ? {} : { segment }),
    ...(product === undefined ? {} : { product }),
  };
}

function onlyNumbers(given: EventFields): Readonly<Record<string, number>> {
  const numbers = Object.entries(given).flatMap(([name, value]) => {
    return typeof value === 'number' ? [[name, value] as const] : [];
  });
  return Object.fromEntries(numbers);
}
