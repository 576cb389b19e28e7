import type { Change, Event } from '../../operators/flow/flow.ts';
import type { Anomaly } from '../../operators/model/anomaly.ts';
import type { Key } from '../../operators/model/key.ts';
import type { EventData, MachineEvent } from '../../operators/model/machine-event.ts';
import type { Sequence } from '../../operators/model/message.ts';
import type { Enriched, Situation, Window } from '../../operators/model/observation.ts';
import { plantModelSchema } from '../../operators/model/plant-model.ts';
import { rulesSchema } from '../../operators/model/rules.ts';
import { type ScheduleEntry, scheduleMessageSchema } from '../../operators/model/schedule.ts';
import { BEGINNING, type EventTime } from '../../operators/model/time.ts';

/** Readable beginnings of what correlate and trigger take in. Times are seconds. */
export const FAN = 'p1/l1/fan' as Key;
export const PRESS = 'p1/l1/press' as Key;

export function at(seconds: number): EventTime {
  return (seconds * 1_000_000) as EventTime;
}

export function situation(more: Partial<Situation> = {}): Situation {
  return {
    ...{ state: 'EXECUTE', since: BEGINNING, mode: 'auto', order: '4711', product: 'lid' },
    ...{ operation: '', due: null, shift: 'early', planned: '', next_stop: null },
    ...{ started: null, mixed: false },
    ...more,
  };
}

export function anomaly(seconds: number, more: Partial<Anomaly> = {}): Event<Anomaly> {
  const { asset = FAN, rule = 'hot', signal = 'temperature', point = '' } = more;
  const value: Anomaly = {
    ...{ kind: 'anomaly', id: `${rule}-${signal}-${point}`, phase: 'raised', revision: 1 },
    ...{ asset, rule, detector: 'limit', signal, point, component: '', failure_mode: '' },
    ...{ severity: 'warning', since: at(seconds), time: at(seconds), value: 81, limit: 75 },
    ...{ score: 1.08, unit: '°C', situation: situation(), evidence: {} },
    ...{ sensor: signal, contributions: {}, part: '', advice: '' },
    cause: more.phase === 'cleared' ? 'well' : '',
    reason: `${signal} is 81 °C, above 75 °C`,
    ...more,
  };
  return { kind: 'event', key: asset, time: at(seconds), value };
}

export function machineEvent(
  seconds: number,
  type: string,
  data: EventData = {},
  more: { readonly asset?: Key; readonly situation?: Situation } = {},
): Event<Enriched<MachineEvent>> {
  const asset = more.asset ?? FAN;
  const time = at(seconds);
  const origin = { subject: 'event', sequence: 1 as Sequence, appended: time };
  const value: MachineEvent = { kind: 'event', origin, asset, time, type, data };
  return {
    ...{ kind: 'event', key: asset, time },
    value: { observation: value, situation: more.situation ?? situation() },
  };
}

export function windowEvent(
  seconds: number,
  signal: string,
  mean: number,
): Event<Enriched<Window>> {
  const statistics = { count: 1, first: mean, last: mean, min: mean, max: mean, sum: mean, mean };
  const value: Window = {
    ...{ kind: 'window', asset: FAN, signal, window: 'w', start: at(seconds - 10) },
    ...{ end: at(seconds), version: 1, quantiles: [], ...statistics },
    ...{ deviation: 0, rms: mean, peak_to_peak: 0, crest: 1, slope: 0 },
  };
  return {
    kind: 'event',
    key: FAN,
    time: at(seconds),
    value: { observation: value, situation: situation() },
  };
}

let sequence = 0;

function change(value: Change['value']): Change {
  sequence += 1;
  return { kind: 'change', sequence: sequence as Sequence, value };
}

export function rules(content: unknown): Change {
  return change({ kind: 'rules', id: 'r', plant: 'p1', rules: rulesSchema.parse(content) });
}

export const model: Change = change({
  kind: 'model',
  id: 'm',
  model: plantModelSchema.parse({
    id: 'p1',
    currency: 'EUR',
    lines: [
      {
        id: 'l1',
        assets: [
          {
            ...{ id: 'fan', name: 'Fan 7', class: 'fan', criticality: 'A', stop_cost: 4_200 },
            ids: { cmms: '4711' },
          },
          { id: 'press', class: 'press' },
        ],
      },
    ],
  }),
});

/** Entries as they are written, but with times in seconds. */
export function planned(...entries: readonly Record<string, unknown>[]): Change {
  const scaled = entries.map((entry) => {
    const times = ['start', 'end', 'due'].filter((name) => name in entry);
    return {
      ...entry,
      ...Object.fromEntries(times.map((name) => [name, Number(entry[name]) * 1_000])),
    };
  });
  const { entries: parsed } = scheduleMessageSchema.parse({ entries: scaled });
  return change({ kind: 'schedule', line: 'p1/l1' as Key, entries: parsed });
}

export function schedule(
  ...entries: readonly (readonly [
    id: string,
    kind: ScheduleEntry['kind'],
    start: number,
    end: number,
  ])[]
): Change {
  return change({
    kind: 'schedule',
    line: 'p1/l1' as Key,
    entries: entries.map(([id, kind, start, end]) => {
      return { id, kind, start: at(start), end: at(end) };
    }),
  });
}
