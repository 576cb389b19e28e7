import { pack } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { decode } from '../../../operators/decode/decode.ts';
import type { Flow } from '../../../operators/flow/flow.ts';
import type { Decoded } from '../../../operators/model/decoded.ts';
import type { Message, Sequence } from '../../../operators/model/message.ts';
import type { EventTime } from '../../../operators/model/time.ts';
import { event, runMessages, valuesOf } from '../../support/flows.ts';

const T = 1_767_592_800_000;

function message(
  subject: string,
  payload: Uint8Array,
  headers: Record<string, string> = {},
): Message {
  return { sequence: 7 as Sequence, appended: (T * 1_000) as EventTime, subject, headers, payload };
}

function decoded(...messages: readonly Message[]): Flow<Decoded>[] {
  return runMessages(
    decode,
    messages.map((one) => event(one.subject, one.appended, one)),
  );
}

function frameOf(content: unknown) {
  const [value] = valuesOf(decoded(message('telemetry.p.l.a', pack(content))));
  if (value?.kind !== 'frame') throw new Error('expected a frame');
  return value;
}

function f64(...values: number[]): Buffer {
  return Buffer.from(Float64Array.from(values).buffer);
}

describe('decode', () => {
  test('rules say whether workflows under way go on by them', () => {
    const rules = (headers: Record<string, string>) =>
      decoded(message('rules.p', Buffer.from('{"workflows":[]}'), headers));
    const found = (headers: Record<string, string>) =>
      rules(headers).flatMap((item) => (item.kind === 'change' ? [item.value] : []));
    expect(found({ 'Andon-Change': 'c1' })).toEqual([
      expect.not.objectContaining({ migrate: expect.anything() }),
    ]);
    expect(found({ 'Andon-Migrate': '1' })).toMatchObject([{ plant: 'p', migrate: true }]);
    expect(found({ 'Andon-Migrate': 'yes' })).toEqual([]);
    expect(rules({ 'Andon-Migrate': 'yes' })).toMatchObject([{ table: 'dead_letters' }]);
  });

  test('engineers of a plant change mappings of what is in it, and of what is in none', () => {
    const landed = (entity: string, id: string) => {
      const mapping = { entity, id, system: 'erp', remote: '1' };
      const said = JSON.stringify({ change: 'c', verb: 'propose', mapping });
      return decoded(message('mapping.p.engineer.anna', Buffer.from(said)));
    };
    for (const [entity, id] of [
      ...[['plant', 'p'] as const, ['line', 'p/l'] as const, ['asset', 'p/l/a'] as const],
      ...[['component', 'p/l/a/bearing'] as const, ['part', 'q/7'] as const],
    ]) {
      expect(landed(entity, id)).toMatchObject([{ table: 'mapping_changes', row: { id } }]);
    }
    for (const [entity, id] of [
      ...[['plant', 'q'] as const, ['line', 'pq/l'] as const, ['asset', 'q/l/a'] as const],
      ...[['component', 'q/l/a/bearing'] as const, ['asset', 'p'] as const],
    ]) {
      expect(landed(entity, id)).toMatchObject([
        { table: 'dead_letters', row: { detail: expect.stringContaining('engineers of p') } },
      ]);
    }
  });

  test('a frame keeps its numbers signal by signal, and its texts apart', () => {
    const frame = frameOf({ time: T + 0.25, values: { a: 1.5, on: true, name: 'x', none: null } });
    expect(frame.asset).toBe('p/l/a');
    expect([...frame.times]).toEqual([T * 1_000 + 250]);
    expect(frame.signals).toEqual(['a', 'on']);
    expect([...frame.values]).toEqual([1.5, 1]);
    expect(frame.texts).toEqual([{ signal: 'name', values: ['x'] }]);
  });

  test('a block is signal-major, with NaN where a sample has no value', () => {
    const frame = frameOf({ time: [T, T + 10], values: { a: [1, null], b: [3, 4] } });
    expect([...frame.times]).toEqual([T * 1_000, (T + 10) * 1_000]);
    expect([...frame.values]).toEqual([1, Number.NaN, 3, 4]);
  });

  test('a packed block has its times from start and step', () => {
    const frame = frameOf({ time: T, step: 0.5, type: 'f64', values: { a: f64(1, 2, 3) } });
    expect([...frame.times]).toEqual([T * 1_000, T * 1_000 + 500, T * 1_000 + 1_000]);
    expect([...frame.values]).toEqual([1, 2, 3]);
  });

  test('JSON is read where the header says so, and where it begins with a brace', () => {
    const text = Buffer.from(JSON.stringify({ time: T, values: { a: 1 } }));
    const messages = [
      message('telemetry.p.l.a', text, { 'Content-Type': 'application/json' }),
      message('telemetry.p.l.a', text),
    ];
    expect(valuesOf(decoded(...messages)).map(({ kind }) => kind)).toEqual(['frame', 'frame']);
  });

  test('the time of an event is that of its latest sample', () => {
    const content = pack({ time: [T + 5, T], values: { a: [1, 2] } });
    expect(decoded(message('telemetry.p.l.a', content))).toMatchObject([{ time: (T + 5) * 1_000 }]);
  });

  test('a waveform of scaled integers becomes floats in its unit', () => {
    const i16 = Buffer.from(Int16Array.of(100, -200).buffer);
    const content = { time: T, rate: 25_600, unit: 'g', samples: { i16, scale: 0.5 }, rpm: 1_800 };
    const [value] = valuesOf(decoded(message('waveform.p.l.a.de', pack(content))));
    expect(value).toMatchObject({ kind: 'waveform', point: 'de', rate: 25_600, rpm: 1_800 });
    expect(value?.kind === 'waveform' ? [...value.samples] : []).toEqual([50, -100]);
  });

  test('not finite values are left out and counted, the others stay', () => {
    const output = decoded(
      message('telemetry.p.l.a', pack({ time: T, values: { a: Number.POSITIVE_INFINITY, b: 2 } })),
    );
    expect(output).toMatchObject([{ row: { reason: 'not-finite', count: 1 } }, { kind: 'event' }]);
  });

  test('values of a wrong type are left out and named, the others stay', () => {
    const output = decoded(message('telemetry.p.l.a', pack({ time: T, values: { a: {}, b: 2 } })));
    expect(output).toMatchObject([
      { row: { reason: 'malformed', detail: 'expected numbers, booleans or texts in a' } },
      { kind: 'event', value: { signals: ['b'] } },
    ]);
  });

  test('a state event is held against PackML', () => {
    const content = { time: T, type: 'state', data: { state: 'RUNNING' } };
    expect(decoded(message('event.p.l.a', pack(content)))).toMatchObject([
      {
        row: { reason: 'malformed', detail: expect.stringContaining('the data of a state event') },
      },
    ]);
  });

  test('a schedule is a change, with a row per entry', () => {
    const entry = { id: 'o1', kind: 'order', start: T, end: T + 60_000, order: '4711' };
    expect(decoded(message('schedule.p.l', pack({ entries: [entry] })))).toMatchObject([
      { kind: 'row', table: 'schedule', row: { id: 'o1', start: T * 1_000, cancelled: false } },
      { kind: 'change', value: { kind: 'schedule', line: 'p/l' } },
    ]);
  });

  test.each([
    ['telemetry.p.l', 'too few tokens'],
    ['telemetry.p.l.a.x', 'too many tokens'],
    ['something.p.l.a', 'an unknown kind'],
  ])('the subject %s becomes a dead letter: %s', (subject) => {
    expect(decoded(message(subject, pack({ time: T, values: { a: 1 } })))).toMatchObject([
      { row: { reason: 'malformed', source: subject } },
    ]);
  });

  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const burst = `"time":${T},"rate":10,"unit":"g","samples":[1]`;
  const entry = '"kind":"order","end":1767592900000';
  test.each([
    ['waveform.p.l.a.x', 'a part nested beyond reason', `{${burst},"part":${deep}}`],
    ['waveform.p.l.a.x', 'a part beyond its count', `{${burst},"part":[3,3]}`],
    [
      'schedule.p.l',
      'a start no table can hold',
      `{"entries":[{"id":"o",${entry},"start":-1e15}]}`,
    ],
    [
      'schedule.p.l',
      'an id that is no property',
      `{"entries":[{"id":"__proto__",${entry},"start":0}]}`,
    ],
  ])('on %s %s becomes a dead letter', (subject, _, text) => {
    expect(decoded(message(subject, Buffer.from(text)))).toMatchObject([
      { row: { reason: 'malformed', source: subject } },
    ]);
  });
});
