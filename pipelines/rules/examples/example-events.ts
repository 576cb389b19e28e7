import { type AssetKey, assetKey } from '../../../operators/model/key.ts';
import {
  type ExampleEvent,
  type PatternExample,
  SITUATION_WORDS,
} from '../../../operators/model/pattern-example.ts';
import type { ScheduleEntry } from '../../../operators/model/schedule.ts';
import type { Observed, Situation } from '../../../operators/model/situation.ts';
import { type Duration, type EventTime, eventTime, plus } from '../../../operators/model/time.ts';
import { entryOf, featuresOf, machineEventOf, type Said, saidOf, windowOf } from './values.ts';

/** When every example begins: a Monday morning. */
export const EXAMPLE_BEGIN = eventTime(Date.UTC(2026, 0, 5, 6) * 1_000);
export const EXAMPLE_PLANT = 'example';
export const EXAMPLE_LINE = 'line';

type What =
  | { readonly observed: Observed }
  | { readonly said: Said }
  | { readonly entry: ScheduleEntry };

/** One event of an example, made whole. */
export type Happening = {
  readonly time: EventTime;
  readonly asset: AssetKey;
  readonly what: What;
  /** What the example says that the machine was doing then, whatever was known before. */
  readonly doing: Partial<Situation>;
};

/** The events of an example in the order of their times; what repeats is written out. */
export function happeningsOf({ events }: Pick<PatternExample, 'events'>): readonly Happening[] {
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
      const doing = event.event === 'state' ? {} : doingOf(event);
      return { time, asset, doing, what: whatOf(event, asset, time, index, revisions) };
    });
}

function whatOf(
  event: ExampleEvent,
  asset: AssetKey,
  time: EventTime,
  index: number,
  revisions: Map<string, number>,
): What {
  const { at: _at, every: _every, times: _times, asset: _asset, ...named } = event;
  const { anomaly, event: type, window, features, schedule, ...given } = named;
  if (anomaly !== undefined) return { said: saidOf(anomaly, asset, time, given, revisions) };
  if (type !== undefined) return { observed: machineEventOf(type, asset, time, given, index) };
  if (window !== undefined) return { observed: windowOf(window, asset, time, given) };
  if (features !== undefined) return { observed: featuresOf(features, asset, time, given) };
  return { entry: entryOf(schedule ?? 'order', given, EXAMPLE_BEGIN) };
}

function doingOf(event: ExampleEvent): Partial<Situation> {
  const words = SITUATION_WORDS.flatMap((word) => {
    const text = event[word];
    return typeof text === 'string' ? [[word, text] as const] : [];
  });
  return Object.fromEntries(words);
}
