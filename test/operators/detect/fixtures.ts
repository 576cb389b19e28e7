import type { Event, Flow } from '../../../operators/flow/flow.ts';
import type { Anomaly, Detected } from '../../../operators/model/anomaly.ts';
import type { AssetKey } from '../../../operators/model/key.ts';
import type { ChangeValue } from '../../../operators/model/knowledge.ts';
import type { MachineEvent } from '../../../operators/model/machine-event.ts';
import type { Sequence } from '../../../operators/model/message.ts';
import type {
  Enriched,
  Observation,
  Situation,
  Window,
} from '../../../operators/model/observation.ts';
import { plantModelSchema } from '../../../operators/model/plant-model.ts';
import { type Rules, rulesSchema } from '../../../operators/model/rules.ts';
import { BEGINNING, type EventTime, SECOND } from '../../../operators/model/time.ts';

export const PRESS = 'plant/line/press' as AssetKey;

export function seconds(count: number): EventTime {
  return (count * SECOND) as EventTime;
}

export function situation(about: Partial<Situation> = {}): Situation {
  const nothing = { mode: '', order: '', operation: '', product: '', shift: '', planned: '' };
  const never = { due: null, next_stop: null, started: null };
  return { state: 'EXECUTE', since: BEGINNING, ...nothing, ...never, mixed: false, ...about };
}

export function enriched(
  value: Observation,
  time: EventTime,
  about: Partial<Situation> = {},
): Event<Enriched<Observation>> {
  return {
    kind: 'event',
    key: value.asset,
    time,
    value: { observation: value, situation: situation(about) },
  };
}

/** A window of ten seconds that ends at `end` seconds, all of whose values are `value`, or which moves about it. */
export function windowAt(end: number, value: number, more: Partial<Window> = {}): Window {
  return {
    kind: 'window',
    asset: PRESS,
    signal: 'temperature',
    window: 'ten',
    start: seconds(end - 10),
    end: seconds(end),
    version: 1,
    count: 10,
    first: value,
    last: value,
    min: value - 0.1,
    max: value + 0.1,
    sum: 10 * value,
    mean: value,
    deviation: 0.1,
    rms: value,
    peak_to_peak: 0.2,
    crest: 1,
    slope: 0,
    quantiles: [],
    ...more,
  };
}

export function windowEvent(
  end: number,
  value: number,
  about: Partial<Situation> = {},
  more: Partial<Window> = {},
): Event<Enriched<Observation>> {
  return enriched(windowAt(end, value, more), seconds(end), about);
}

export function machineEvent(
  at: number,
  type: string,
  data: MachineEvent['data'] = {},
  about: Partial<Situation> = {},
): Event<Enriched<Observation>> {
  const origin = { subject: '', sequence: 1 as Sequence, appended: seconds(at) };
  const event: MachineEvent = {
    kind: 'event',
    origin,
    asset: PRESS,
    time: seconds(at),
    type,
    data,
    // What becomes of a request is told by the CMMS alone.
    ...(type === 'request' ? { attested: { kind: 'status', system: 'cmms' } } : {}),
  };
  return enriched(event, seconds(at), about);
}

export function changeOf<T>(value: ChangeValue): Flow<T> {
  return { kind: 'change', sequence: 1 as Sequence, value };
}

/** One plant with a press: ISO group 2, rigid. */
export const model: ChangeValue = {
  kind: 'model',
  id: 'm1',
  model: plantModelSchema.parse({
    id: 'plant',
    lines: [
      {
        id: 'line',
        assets: [
          {
            id: 'press',
            class: 'press',
            iso: { group: '2', support: 'rigid' },
            signals: { temperature: { unit: '°C' }, velocity: { unit: 'mm/s' } },
          },
          { id: 'belt', class: 'conveyor' },
        ],
      },
    ],
  }),
};

/** Detectors that raise with their first sample and clear with the first that is well, unless they say otherwise. */
export function rulesOf(...detectors: object[]): Rules {
  const windows = [{ id: 'ten', kind: 'tumbling', size: '10s' }];
  return rulesSchema.parse({ windows, detectors: detectors.map(atOnce) });
}

/** The defaults of delays and deadbands have tests of their own. */
export function atOnce(detector: object): object {
  const { kind = '', raise = {}, clear = {} } = detector as Partial<Record<string, object>>;
  if (['event', 'silence'].includes(String(kind))) return detector;
  const standing = { ...raise, ...('after' in raise || 'count' in raise ? {} : { count: 1 }) };
  const back = 'after' in clear || 'count' in clear ? {} : { count: 1 };
  const band = ['cusum', 'stuck', 'usage'].includes(String(kind)) ? {} : { deadband: 0 };
  return { ...detector, raise: standing, clear: { ...band, ...back, ...clear } };
}

export function rulesChange(...detectors: object[]): ChangeValue {
  return { kind: 'rules', id: 'r1', plant: 'plant', rules: rulesOf(...detectors) };
}

export function anomaliesOf(items: readonly Flow<Detected>[]): Anomaly[] {
  return items.flatMap((item) => {
    return item.kind === 'event' && 'kind' in item.value ? [item.value] : [];
  });
}

/** `raised 30 warning`: which phase, when (in seconds), how severe. */
export function phasesOf(items: readonly Flow<Detected>[]): string[] {
  return anomaliesOf(items).map(({ phase, time, severity }) => {
    return `${phase} ${time / SECOND} ${severity}`;
  });
}
