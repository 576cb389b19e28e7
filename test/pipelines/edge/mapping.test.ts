import { unpack } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { isOfKind, readEdgeConfig } from '../../../pipelines/edge/edge-config.ts';
import { packRows } from '../../../pipelines/edge/edge-message.ts';
import { createMapper, type EdgeReason } from '../../../pipelines/edge/mapping.ts';
import type { TagReading } from '../../../pipelines/edge/tag-reading.ts';
import { createTally } from '../../../pipelines/edge/tally.ts';
import { matchTopic, parseTopic } from '../../../pipelines/edge/topic.ts';
import { temporaryFile } from '../../support/temporary.ts';

const BASE = {
  edge: 'e1',
  centre: { domain: 'hub' },
  assets: { 'Presse 3': 'works.line1.press', p2: 'works.line1.pump' },
};
const source = (topic: object = {}, mqtt: object = {}) => [
  {
    name: 'broker',
    mqtt: { url: 'mqtt://b', topics: [{ topic: 'f/{machine}', ...topic }], ...mqtt },
  },
];
const read = (config: object) =>
  readEdgeConfig(
    temporaryFile('edge.yaml', JSON.stringify({ ...BASE, sources: source(), ...config })),
  );

/** What these readings of one machine become, and what was refused. */
function mapped(signals: object, topic: object, ...payloads: readonly (readonly TagReading[])[]) {
  const config = read({ signals, sources: source(topic) });
  const refused: [EdgeReason, string][] = [];
  const mapper = createMapper(config, (reason, detail) => void refused.push([reason, detail]));
  const [first] = config.sources;
  if (!isOfKind(first, 'mqtt')) throw new Error('expected a broker');
  const messages = payloads.flatMap((readings) =>
    mapper.map(
      first.mqtt.topics[0]!,
      readings,
      { machine: 'Presse 3', topic: 'f/Presse 3' },
      5_000,
    ),
  );
  return {
    refused,
    messages: messages.map((each) => ({
      subject: each.subject,
      ...unpack('rows' in each ? packRows(each.rows) : each.payload),
    })),
  };
}

const tag = (
  path: string,
  value: TagReading['value'],
  more: Partial<TagReading> = {},
): TagReading => ({
  ...{ labels: { path }, time: 1_000, value, quality: 'good' },
  ...more,
});
const telemetry = (values: object, more: object = {}) => ({
  ...{ subject: 'telemetry.works.line1.press', time: 1_000, values },
  ...more,
});

describe('what goes up', () => {
  test('names by the table, scaled; what is not in the table keeps its own', () => {
    const signals = { 'Motor.Temp °C': { as: 'temperature', scale: 0.1, offset: -40 } };
    const { messages, refused } = mapped(signals, {}, [tag('Motor.Temp °C', 815), tag('n', 7)]);
    expect(messages).toEqual([telemetry({ temperature: 41.5, n: 7 })]);
    expect(refused).toEqual([]);
  });

  test('several times are a block, and each value has its quality', () => {
    const { messages } = mapped({}, {}, [
      tag('a', 1),
      tag('a', 2, { time: 2_000, quality: 'bad' }),
      tag('b', 3, { time: 2_000 }),
    ]);
    expect(messages).toEqual([
      telemetry(
        { a: [1, 2], b: [null, 3] },
        { time: [1_000, 2_000], quality: { a: ['good', 'bad'] } },
      ),
    ]);
  });

  test('without a time of its own, or where the arrival counts, the time is that of the arrival', () => {
    expect(mapped({}, {}, [tag('a', 1, { time: undefined })]).messages[0]?.time).toBe(5_000);
    expect(mapped({}, { clock: 'arrival' }, [tag('a', 1)]).messages[0]?.time).toBe(5_000);
  });

  test('within the dead band nothing goes up, but after the heartbeat; what is bad always does', () => {
    const signals = { a: { deadband: 1, heartbeat: '10s' } };
    const at = (seconds: number, value: number, more: object = {}) => [
      tag('a', value, { time: seconds * 1_000, ...more }),
    ];
    const { messages, refused } = mapped(
      ...([signals, {}, at(1, 10), at(2, 10.9), at(3, 11), at(4, 11.5)] as const),
      ...[at(14, 11.5), at(15, 11.5, { quality: 'bad' }), at(0, 11.5)],
    );
    expect(messages.map(({ time, values }) => [time / 1_000, values.a])).toEqual([
      ...[
        [1, 10],
        [3, 11],
        [14, 11.5],
        [15, 11.5],
      ],
      // Late: it cannot be compared with what came after it.
      [0, 11.5],
    ]);
    expect(refused).toEqual([
      ['reduced', 'a'],
      ['reduced', 'a'],
    ]);
  });

  test('at most one value in a time', () => {
    const readings = [0, 400, 999, 1_000, 1_500].map((time) => [tag('a', time, { time })]);
    const { messages } = mapped({ a: { every: '1s' } }, {}, ...readings);
    expect(messages.map(({ time }) => time)).toEqual([0, 1_000]);
  });

  test('a state by number, text and table, once for each change; an unknown one is UNDEFINED', () => {
    const events = (signals: object, ...values: readonly (string | number)[]) =>
      mapped(signals, {}, ...values.map((value) => [tag('s', value)]));
    const states = ({ messages }: ReturnType<typeof events>) =>
      messages.map(({ data }) => data.state);
    expect(states(events({ s: { states: 'packml' } }, 6, 6, 2, 'Held', 99))).toEqual([
      ...['EXECUTE', 'STOPPED', 'HELD', 'UNDEFINED'],
    ]);
    const own = events(
      { s: { states: { 1: 'EXECUTE', läuft: 'EXECUTE', aus: 'STOPPED' } } },
      1,
      'aus',
      'x',
    );
    expect(states(own)).toEqual(['EXECUTE', 'STOPPED', 'UNDEFINED']);
    expect(own.refused).toEqual([['unknown-state', 's: x']]);
    expect(own.messages[0]).toMatchObject({ subject: 'event.works.line1.press', type: 'state' });
  });

  test('an event for each change; beside it the value, where that is wanted', () => {
    const { messages } = mapped(
      { s: { event: 'alarm', up: 'all' } },
      {},
      [tag('s', 12)],
      [tag('s', 12)],
    );
    expect(messages.map(({ data, values }) => data ?? values)).toEqual([
      ...[{ s: 12 }, { value: 12 }, { s: 12 }],
    ]);
  });

  test('a list of numbers is a waveform where it is said, and nothing else', () => {
    const burst = [tag('v', [1, -2, 0.5])];
    const waveform = { point: 'de', rate: 25_600, unit: 'g' };
    const [message] = mapped({ v: { waveform } }, {}, burst).messages;
    expect(message).toMatchObject({
      subject: 'waveform.works.line1.press.de',
      rate: 25_600,
      unit: 'g',
    });
    expect([...new Float32Array(Uint8Array.from(message?.samples).buffer)]).toEqual([1, -2, 0.5]);
    expect(mapped({}, {}, burst)).toMatchObject({
      messages: [],
      refused: [['unknown-tag', /list/]],
    });
  });

  test('a whole payload is an event', () => {
    const { messages } = mapped({}, { event: 'report' }, [tag('text', 'oil'), tag('code', 12)]);
    expect(messages).toEqual([
      {
        subject: 'event.works.line1.press',
        time: 1_000,
        type: 'report',
        data: { text: 'oil', code: 12 },
      },
    ]);
  });

  test('nothing is lost without a word', () => {
    const signals = { t: { unit: 'Cel' }, u: { up: 'none' } };
    const { messages, refused } = mapped(signals, { tag: '{path}' }, [
      tag('t', 1, { unit: 'Far' }),
      tag('u', 1),
      tag('w', null, { quality: 'bad' }),
    ]);
    expect(messages).toEqual([]);
    expect(refused).toEqual([
      ['unit', 't: Far instead of Cel'],
      ['not-up', 'u'],
      ['no-value', 'w is bad'],
    ]);
    expect(mapped({}, { machine: '{host}' }, [tag('a', 1)]).refused).toEqual([
      ['unknown-machine', 'nothing for {host} on f/Presse 3'],
    ]);
    expect(mapped({}, { machine: 'p9' }, [tag('a', 1)]).refused).toEqual([
      ['unknown-machine', 'p9'],
    ]);
  });
});

describe('topics', () => {
  test.each([
    ['a/{x}/b', 'a/+/b', 'a/1 ä/b', { x: '1 ä' }],
    ['a/{rest...}', 'a/#', 'a/b/c', { rest: 'b/c' }],
    ['a/{rest...}', 'a/#', 'a', { rest: '' }],
    ['+/{x}/#', '+/+/#', 'q/w/e', { x: 'w' }],
    ['a/b', 'a/b', 'a/b', {}],
  ])('%s is %s and fits %s', (text, filter, topic, captures) => {
    const pattern = parseTopic(text)!;
    expect(pattern.filter).toBe(filter);
    expect({ ...matchTopic(pattern, topic) }).toEqual({ ...captures, topic });
  });

  test.each([
    ['a/{x}', 'a'],
    ['a/{x}', 'a/b/c'],
    ['a/b', 'a/c'],
    ['#', '$SYS/x'],
    ['+/x', '$SYS/x'],
  ])('%s does not fit %s', (text, topic) =>
    expect(matchTopic(parseTopic(text)!, topic)).toBeUndefined(),
  );

  test.each(['', 'a/#/b', 'a/b+', 'a/{x...}/b', '{x}/{x}', 'a{x}'])('%j is none', (text) => {
    expect(parseTopic(text)).toBeUndefined();
  });
});

describe('edge.yaml', () => {
  test('the example is right', () => {
    const {
      sources: [first],
      assets,
    } = readEdgeConfig('examples/edge/mqtt.yaml');
    expect(isOfKind(first, 'mqtt') && first.mqtt.topics.map(({ format }) => format)).toEqual([
      ...['json', 'text', 'line-protocol', 'telegraf', 'senml'],
    ]);
    expect(assets['Presse 3']).toBe('works.stamping.press3');
  });

  test.each([
    [
      { signals: { a: { up: 'reduced' } } },
      'signals.a.up: expected deadband or every beside reduced',
    ],
    [
      { signals: { a: { up: 'all', every: '1s' } } },
      'expected no deadband and no every beside all',
    ],
    [{ signals: { a: { up: 'events' } } }, 'expected states or event beside events'],
    [{ signals: { a: { kind: 'counter', deadband: 1 } } }, 'a step is a step'],
    [{ signals: { a: { states: { 1: 'RUNNING' } } } }, 'signals.a.states'],
    [{ assets: { p: 'works.press' } }, 'expected plant.line.asset'],
    [{ assets: {} }, 'expected at least one'],
    [{ sources: source({ topic: 'a/#/b' }) }, 'expected levels with /'],
    [
      { sources: source({ format: 'senml', time: { path: 't' } }) },
      'expected it beside format json only',
    ],
    [
      { sources: source({ precision: 'epoch-s' }) },
      'expected it beside line-protocol and telegraf only',
    ],
    [{ sources: source({}, { version: 4, share: 'g' }) }, 'shared subscriptions are of MQTT 5'],
    [{ sources: source({}, { url: 'http://b' }) }, 'expected mqtt://host:port'],
    [
      { sources: [{ ...source()[0], kind: 'profinet' }] },
      'sources.0.kind: expected mqtt, opcua, sparkplug',
    ],
    [{ nonsense: 1 }, 'expected no field nonsense here'],
  ])('%j is refused with its place', (config, message) => {
    expect(() => read(config)).toThrow(message);
    expect(() => read(config)).toThrow(/edge\.yaml:\d+:\d+/);
  });
});

test('bytes in and up are counted with their ratio, and a reason is said once in a while', () => {
  const events: object[] = [];
  const tally = createTally('broker', (event) => void events.push(event));
  tally.took(100);
  tally.sent(40);
  tally.refuse('malformed', 'x');
  tally.refuse('malformed', 'y');
  tally.refuse('reduced', 'a');
  tally.flush();
  tally.refuse('malformed', 'z');
  tally.flush();
  tally.flush();
  expect(tally.status).toEqual({
    ...{ in_messages: 1, in_bytes: 100, up_messages: 1, up_bytes: 40, ratio: 0.4 },
    refused: { malformed: 3, reduced: 1 },
  });
  const told = { source: 'broker', kind: 'edge-refused' };
  expect(events).toEqual([
    {
      kind: 'edge-traffic',
      source: 'broker',
      in_messages: 1,
      in_bytes: 100,
      up_messages: 1,
      up_bytes: 40,
    },
    { ...told, reason: 'malformed', count: 2, detail: 'x', told: false },
    { ...told, reason: 'reduced', count: 1, detail: 'a', told: true },
    { ...told, reason: 'malformed', count: 1, detail: 'z', told: true },
  ]);
});
