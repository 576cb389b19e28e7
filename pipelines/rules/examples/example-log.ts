import type { ExampleReadings, RulesExample } from '../../../operators/model/examples.ts';
import type { AssetKey } from '../../../operators/model/key.ts';
import { type EventData, orderId } from '../../../operators/model/machine-event.ts';
import { type Message, type Sequence, TICK_SUBJECT } from '../../../operators/model/message.ts';
import {
  type Duration,
  type EventTime,
  fromMilliseconds,
  MINUTE,
  plus,
  SECOND,
} from '../../../operators/model/time.ts';
import { EXAMPLE_BEGIN, EXAMPLE_LINE, EXAMPLE_PLANT, exampleEventsOf } from './example-events.ts';

type LoggedMessage = {
  readonly time: EventTime;
  readonly subject: string;
  readonly content: unknown;
  /** Its data name the work that the asset has by then, in this field. */
  readonly about?: { readonly asset: AssetKey; readonly field: 'request' | 'id' };
};

const TAIL = (30 * MINUTE) as Duration;
const JSON_HEADERS = { 'Content-Type': 'application/json', 'Andon-Change': 'example' };

/**
 * An example as the log would have it: model and rules, then every message a second after its time, and a tick for
 * each second without one. `workOf`: the request or order that an asset has by now, which no example can name.
 */
export function* exampleLog(
  example: RulesExample,
  rules: unknown,
  workOf: (asset: AssetKey) => string = () => '',
): Generator<Message> {
  const sent = [...framesOf(example.readings), ...factsOf(example)].sort((a, b) => a.time - b.time);
  const last = sent.at(-1)?.time ?? EXAMPLE_BEGIN;
  const end = example.until === undefined ? plus(last, TAIL) : plus(EXAMPLE_BEGIN, example.until);
  let sequence = 0;
  const message = (appended: EventTime, subject: string, content?: unknown): Message => {
    sequence += 1;
    const payload =
      content === undefined ? new Uint8Array(0) : Buffer.from(JSON.stringify(content));
    const headers = content === undefined ? {} : JSON_HEADERS;
    return { sequence: sequence as Sequence, appended, subject, headers, payload };
  };
  let now = EXAMPLE_BEGIN;
  function* ticksTo(time: EventTime): Generator<Message> {
    for (now = plus(now, SECOND); now < time; now = plus(now, SECOND)) {
      yield message(now, TICK_SUBJECT);
    }
    now = time;
  }
  yield message(now, `model.${EXAMPLE_PLANT}`, modelOf(example));
  yield message(now, `rules.${EXAMPLE_PLANT}`, rules);
  for (const { time, subject, content, about } of sent) {
    const appended = plus(time, SECOND);
    if (appended > now) yield* ticksTo(appended);
    const told = about === undefined ? content : named(content, about.field, workOf(about.asset));
    yield message(appended, subject, told);
  }
  yield* ticksTo(plus(end, SECOND));
}

const milliseconds = (time: EventTime) => time / 1_000;
const place = `${EXAMPLE_PLANT}.${EXAMPLE_LINE}`;

function framesOf(stretches: readonly ExampleReadings[]): readonly LoggedMessage[] {
  return stretches.flatMap(({ asset, from, to, every, ...signals }) => {
    const count = Math.floor((to - from) / every);
    return Array.from({ length: count }, (_, index): LoggedMessage => {
      const time = plus(EXAMPLE_BEGIN, (from + index * every) as Duration);
      const share = count < 2 ? 0 : index / (count - 1);
      const values = Object.entries(signals).map(([name, value]) => {
        if (!Array.isArray(value)) return [name, value];
        const [first, last] = value;
        return [name, first + (last - first) * share];
      });
      const content = { time: milliseconds(time), values: Object.fromEntries(values) };
      return { time, subject: `telemetry.${place}.${asset}`, content };
    });
  });
}

function factsOf({ events }: RulesExample): readonly LoggedMessage[] {
  return exampleEventsOf({ events }).flatMap(({ time, asset, content }): LoggedMessage[] => {
    if ('entry' in content) {
      const { start, end } = content.entry;
      const entry = { ...content.entry, start: milliseconds(start), end: milliseconds(end) };
      return [{ time, subject: `schedule.${place}`, content: { entries: [entry] } }];
    }
    if (!('observed' in content) || content.observed.kind !== 'event') return [];
    const { type, data } = content.observed;
    const at = milliseconds(time);
    if (type === 'order' && typeof data.system === 'string')
      return [orderOfSystem(data, asset, at)];
    const machine = asset.replaceAll('/', '.');
    const said = { time, content: { time: at, type, data } };
    if (type === 'decision') {
      const about = { asset, field: 'request' } as const;
      return [{ ...said, subject: `act.${machine}.console.example`, about }];
    }
    if (type === 'request' && typeof data.system === 'string') {
      const { system, ...status } = data;
      const about = { asset, field: 'id' } as const;
      const content = { time: at, type, data: status };
      return [{ time, content, subject: `status.${system}.${machine}`, about }];
    }
    return [{ ...said, subject: `event.${machine}` }];
  });
}

function named(content: unknown, field: string, work: string): object {
  const { data, ...event } = content as { readonly data: object };
  return { ...event, data: { ...data, [field]: work } };
}

/** A work order that a system made itself comes from that system, which names it. */
function orderOfSystem({ system, ...data }: EventData, asset: AssetKey, time: number) {
  const [name, remote] = [String(system), String(data.remote ?? '')];
  return {
    time: fromMilliseconds(time),
    subject: `status.${name}.${asset.replaceAll('/', '.')}`,
    content: { time, type: 'order', data: { id: orderId(name, remote), ...data, remote } },
  };
}

/** Machines in the order in which they first appear: so are their events of one time. */
function modelOf({ assets, readings, events }: RulesExample): object {
  const named = [...events, ...readings].map(({ asset }) => asset);
  const ids = [...new Set([...named, ...Object.keys(assets)])];
  const line = { id: EXAMPLE_LINE, assets: ids.map((id) => assetOf(id, assets[id], readings)) };
  return { id: EXAMPLE_PLANT, lines: [line] };
}

/** An asset has the signals of its readings, and what the example says of them. */
function assetOf(
  id: string,
  asset: RulesExample['assets'][string] | undefined,
  readings: readonly ExampleReadings[],
): object {
  const names = readings
    .filter((stretch) => stretch.asset === id)
    .flatMap(({ asset: _asset, from: _from, to: _to, every: _every, ...signals }) => {
      return Object.keys(signals);
    });
  const signals = Object.fromEntries(names.map((name) => [name, {}]));
  return { id, ...asset, signals: { ...signals, ...asset?.signals } };
}
