import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  eventFields,
  fieldReader,
  memberReader,
  NUMBER_FIELDS,
  type PatternEvent,
  TEXT_FIELDS,
} from '../../../operators/correlate/event-fields.ts';
import { runs } from '../../support/long.ts';

const NAMES = [...TEXT_FIELDS, ...NUMBER_FIELDS, 'p50', 'p99_9', 'vibration_rms', 'code', 'urgent'];

const number = fc.double({ noNaN: true, noDefaultInfinity: true });
const text = fc.constantFrom('', 'a', 'b');
const named = (names: readonly string[], value: fc.Arbitrary<unknown>) =>
  fc.record(Object.fromEntries(names.map((name) => [name, value])));
const asset = fc.constantFrom('p/l/a', 'p/l/b');
const time = fc.nat();

const anomaly = fc
  .tuple(named(TEXT_FIELDS, text), named(NUMBER_FIELDS, number), asset, time)
  .map(([texts, numbers, key, at]) => ({
    ...{ ...texts, ...numbers, kind: 'anomaly', asset: key, time: at, severity: 'alarm' },
  }));
const machineEvent = fc.record({
  ...{ kind: fc.constant('event'), asset, time, type: text },
  data: fc.dictionary(
    fc.constantFrom(...NAMES),
    fc.oneof(text, number, fc.boolean(), fc.constant(null)),
  ),
});
const window = fc
  .tuple(named(NUMBER_FIELDS, number), asset, text, fc.nat(), fc.nat())
  .map(([numbers, key, name, start, end]) => ({
    ...{ ...numbers, kind: 'window', asset: key, signal: name, window: name, start, end },
    quantiles: [
      [0.5, 1],
      [0.999, 2],
    ],
  }));
const features = fc.record(
  {
    ...{ kind: fc.constant('features'), asset, time, point: text, component: text, rpm: number },
    values: fc.dictionary(fc.constantFrom('rms', 'kurtosis'), number),
  },
  { requiredKeys: ['kind', 'asset', 'time', 'point', 'values'] },
);
const schedule = fc.record({
  ...{ kind: fc.constant('schedule'), asset, time, type: text },
  entry: fc.record(
    { id: text, kind: text, start: time, end: time, segment: text, product: text, due: time },
    { requiredKeys: ['id', 'kind', 'start', 'end'] },
  ),
});
const situation = fc
  .tuple(
    named(['state', 'mode', 'order', 'operation', 'product', 'shift', 'planned'], text),
    fc.record({ due: fc.option(time), next_stop: fc.option(time) }),
  )
  .map(([texts, times]) => ({ ...texts, ...times }));
const assetFields = fc.oneof(fc.constant({}), named(['class', 'criticality'], text));

it('a field read alone is the field that all fields of the event have', () => {
  const event = fc.record({
    value: fc.oneof(anomaly, machineEvent, schedule, window, features),
    ...{ situation, assetFields },
  });
  fc.assert(
    fc.property(event, fc.constantFrom(...NAMES), (one, name) => {
      const patternEvent = one as unknown as PatternEvent;
      expect(fieldReader(name)(patternEvent)).toBe(eventFields(patternEvent)[name]);
    }),
    { numRuns: runs(2_000) },
  );
});

it('has no field of what every object has', () => {
  const about = { asset: 'p/l/a', time: 1 };
  const values = [
    { ...about, kind: 'event', type: 'a', data: {} },
    { ...about, kind: 'features', point: 'de', values: {} },
    { ...about, kind: 'window', signal: 'a', quantiles: [], end: 1 },
  ];
  for (const value of values) {
    const event = { value, situation: {}, assetFields: {} } as unknown as PatternEvent;
    for (const name of ['constructor', 'toString', 'vibration_constructor']) {
      const readers = [fieldReader(name), memberReader('data', name), memberReader('asset', name)];
      expect(readers.map((read) => read(event))).toEqual([undefined, undefined, undefined]);
    }
  }
});
