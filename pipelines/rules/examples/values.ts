import { z } from 'zod';
import type { Anomaly } from '../../../operators/model/anomaly.ts';
import { type DetectorKind, severitySchema } from '../../../operators/model/detector-rule.ts';
import { parseDuration } from '../../../operators/model/duration.ts';
import { FEATURE_PREFIX, type Features } from '../../../operators/model/features.ts';
import type { AssetKey } from '../../../operators/model/key.ts';
import type { EventData, MachineEvent } from '../../../operators/model/machine-event.ts';
import type { Sequence } from '../../../operators/model/message.ts';
import type { ScheduleEntry } from '../../../operators/model/schedule.ts';
import {
  type Duration,
  type EventTime,
  MINUTE,
  minus,
  plus,
} from '../../../operators/model/time.ts';
import type { Window } from '../../../operators/model/window.ts';

/** The fields of one event of an example, as its line has them. */
export type Given = Readonly<Record<string, unknown>>;

/** An anomaly but for what the machine was doing. */
export type Said = Omit<Anomaly, 'situation'>;

const text = z.string().default('');

const saidSchema = z.object({
  rule: z.string().default('example'),
  detector: z.custom<DetectorKind>((kind) => typeof kind === 'string').default('limit'),
  ...{ point: text, component: text, failure_mode: text, unit: text },
  phase: z.enum(['raised', 'updated', 'cleared']).default('raised'),
  severity: severitySchema.default('warning'),
  ...{
    score: z.number().default(1.1),
    value: z.number().default(1.1),
    limit: z.number().default(1),
  },
});

/** An anomaly of this signal; those of one rule, signal and point are phases of one. `revisions` counts them. */
export function saidOf(
  signal: string,
  asset: AssetKey,
  time: EventTime,
  given: Given,
  revisions: Map<string, number>,
): Said {
  const fields = saidSchema.parse(given);
  const name = [asset, fields.rule, signal, fields.point].join(' ');
  const revision = (revisions.get(name) ?? 0) + 1;
  revisions.set(name, revision);
  const reason = `${signal} ${fields.value} beyond ${fields.limit}`;
  const own = { id: name, revision, asset, signal, since: time, time, reason, evidence: {} };
  const explained = { sensor: signal, contributions: {}, part: '', advice: '' };
  return { kind: 'anomaly', ...fields, ...own, ...explained };
}

const datum = z.union([z.string(), z.number(), z.boolean()]);

export function machineEventOf(
  type: string,
  asset: AssetKey,
  time: EventTime,
  given: Given,
  index: number,
): MachineEvent {
  const data: EventData = z.record(z.string(), datum).parse(given);
  const origin = { subject: 'example', sequence: (index + 1) as Sequence, appended: time };
  return { kind: 'event', origin, asset, time, type, data };
}

const NO_STATISTICS = { count: 1, deviation: 0, peak_to_peak: 0, crest: 1, slope: 0 };
const NAMES = ['first', 'last', 'min', 'max', 'sum', 'rms'] as const;

/** A window that ended at `time`. What it does not say is as if it had one reading, its mean. */
export function windowOf(
  signal: string,
  asset: AssetKey,
  time: EventTime,
  { rule, size, ...given }: Given,
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

export function featuresOf(
  point: string,
  asset: AssetKey,
  time: EventTime,
  { component, rpm, ...given }: Given,
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
export function entryOf(
  kind: ScheduleEntry['kind'],
  given: Given,
  begin: EventTime,
): ScheduleEntry {
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

function onlyNumbers(given: Given): Readonly<Record<string, number>> {
  const numbers = Object.entries(given).flatMap(([name, value]) => {
    return typeof value === 'number' ? [[name, value] as const] : [];
  });
  return Object.fromEntries(numbers);
}
