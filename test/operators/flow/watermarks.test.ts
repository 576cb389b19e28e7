import { describe, expect, test } from 'vitest';
import type { Event, Flow, StageId, Watermark } from '../../../operators/flow/flow.ts';
import type { States } from '../../../operators/flow/states.ts';
import { type Sourced, watermarks } from '../../../operators/flow/watermarks.ts';
import type { Key } from '../../../operators/model/key.ts';
import type { Origin, Sequence } from '../../../operators/model/message.ts';
import { event, runThrough } from '../../support/flows.ts';

const S = 1_000_000;
const stage = (states: States) =>
  watermarks<Sourced>({ id: 'time' as StageId, weigh: () => 1 }, states);

function origin(subject: string, appended: number): Origin {
  return { subject, sequence: 1 as Sequence, appended: (appended * S) as never };
}

/** A frame of `asset` with this event time, appended then; both in seconds. */
function frame(
  asset: string,
  time: number,
  appended = time,
  kind: 'frame' | 'event' = 'frame',
): Flow<Sourced> {
  const subject = `${kind}.p.l.${asset}`;
  return event(subject, time * S, {
    kind,
    origin: origin(subject, appended),
    asset: `p/l/${asset}` as Key,
  });
}

function tick(appended: number): Flow<Sourced> {
  return event('tick', appended * S, { kind: 'tick', origin: origin('tick', appended) });
}

/** The watermarks of one scope and key, in seconds. */
function marks(output: readonly Flow<unknown>[], scope: Watermark['scope'], of: string): number[] {
  return output.flatMap((item) => {
    return item.kind === 'watermark' && item.scope === scope && item.of === of
      ? [item.time / S]
      : [];
  });
}

describe('watermarks', () => {
  test('source time is the highest event time minus disorder, in whole steps', () => {
    const output = runThrough(stage, [
      frame('a', 100.4),
      frame('a', 99),
      frame('a', 102.9),
      frame('a', 103.1),
    ]);
    expect(marks(output, 'source', 'frame.p.l.a')).toEqual([98, 100, 101]);
  });

  test.each(['__proto__', 'constructor'])('a plant of the name %s has no model', (plant) => {
    const { value, ...more } = frame('a', 100) as Event<Sourced>;
    const placed = { ...more, value: { ...value, asset: `${plant}/l/a` as Key } as Sourced };
    expect(marks(runThrough(stage, [placed]), 'source', 'frame.p.l.a')).toEqual([98]);
  });

  test('source time is never ahead of append time', () => {
    const output = runThrough(stage, [frame('a', 160, 100)]);
    expect(marks(output, 'source', 'frame.p.l.a')).toEqual([98]);
  });

  test('an event too far ahead of its append time becomes a dead letter and moves nothing', () => {
    const output = runThrough(stage, [frame('a', 1_000, 100)]);
    expect(output).toMatchObject([
      { kind: 'watermark', scope: 'log', time: 100 * S },
      { kind: 'row', table: 'dead_letters', row: { reason: 'skew', source: 'frame.p.l.a' } },
    ]);
  });

  test('line time is the least over the sources that are heard', () => {
    const output = runThrough(stage, [
      frame('a', 100),
      frame('b', 103),
      frame('a', 105),
      frame('b', 106),
      frame('a', 110),
    ]);
    expect(marks(output, 'line', 'p/l')).toEqual([98, 101, 103, 104]);
  });

  test('a source not heard within idle no longer holds up the line', () => {
    const output = runThrough(stage, [
      frame('a', 100),
      frame('b', 100),
      ...[101, 103, 105, 107, 109].map((time) => frame('a', time)),
      frame('a', 111),
    ]);
    expect(marks(output, 'line', 'p/l')).toEqual([98, 107, 109]);
  });

  test('a line without sources follows append time by the larger of idle and hold, and by disorder', () => {
    const output = runThrough(stage, [frame('a', 100), ...range(101, 135).map(tick)]);
    // Hold 30 s, disorder 2 s.
    expect(marks(output, 'line', 'p/l')).toEqual([98, 99, 100, 101, 102, 103]);
  });

  test('the windows of a silent source are closed as far as they reach, and no further; its time stands', () => {
    const output = runThrough(stage, [frame('a', 100), ...range(101, 130).map(tick)]);
    // Idle 10 s, disorder 2 s; without rules the longest window is one second, and a step is added.
    const found = output.flatMap((item) =>
      item.kind === 'watermark' && item.scope === 'source' ? [[item.time / S, item.silence]] : [],
    );
    expect(found).toEqual([
      [98, undefined],
      [99, true],
      [100, true],
      [101, true],
      [102, true],
    ]);
  });

  test('a source that lags by no more than hold holds the line', () => {
    const output = runThrough(stage, [
      frame('a', 100),
      frame('slow', 75, 100),
      frame('a', 103),
      frame('slow', 78, 103),
      frame('a', 106),
    ]);
    // The first message of the line moved it before the other source was known.
    expect(marks(output, 'line', 'p/l')).toEqual([98]);
    const later = runThrough(stage, [
      frame('slow', 75, 100),
      frame('a', 100),
      frame('slow', 78, 103),
      frame('a', 103),
    ]);
    expect(marks(later, 'line', 'p/l')).toEqual([73, 76]);
  });

  test('a source that lags by more holds nobody, and is reported once a minute', () => {
    const output = runThrough(stage, [
      frame('a', 100),
      frame('late', 10, 100),
      frame('a', 103),
      frame('late', 11, 103),
      frame('late', 12, 107),
      frame('a', 107),
      frame('a', 165),
      frame('late', 70, 165),
    ]);
    expect(marks(output, 'line', 'p/l').slice(0, 3)).toEqual([98, 101, 105]);
    const reports = output.filter((item) => item.kind === 'row' && item.table === 'dead_letters');
    expect(reports).toMatchObject([
      { row: { reason: 'out-of-step', source: 'frame.p.l.late', count: 1 } },
      { row: { reason: 'out-of-step', source: 'frame.p.l.late', count: 1 } },
    ]);
  });

  test('a clock that is far behind moves nothing but its own time, and is called wrong', () => {
    const output = runThrough(stage, [
      frame('a', 5_000),
      frame('reset', 0, 5_000),
      frame('a', 5_004),
    ]);
    expect(marks(output, 'line', 'p/l')).toEqual([4_998, 5_002]);
    expect(marks(output, 'source', 'frame.p.l.reset')).toEqual([-2]);
    expect(output.filter((item) => item.kind === 'row')).toMatchObject([
      { row: { reason: 'out-of-step' } },
    ]);
  });

  test('machine events do not hold up the line', () => {
    const output = runThrough(stage, [
      frame('a', 100),
      frame('a', 100, 100, 'event'),
      frame('a', 104),
    ]);
    expect(marks(output, 'line', 'p/l')).toEqual([98, 102]);
  });

  test('a long stretch without any message is blind time', () => {
    const output = runThrough(stage, [frame('a', 100), tick(104), tick(110)]);
    expect(
      output.filter((item) => item.kind === 'watermark' && item.blind !== undefined),
    ).toMatchObject([
      { scope: 'log', time: 104 * S, blind: { from: 104 * S, to: 110 * S } },
      { scope: 'line', of: 'p/l', blind: { from: 104 * S, to: 110 * S } },
    ]);
  });

  test('the time of the log is append time in whole steps, also of what becomes a dead letter', () => {
    const items = [frame('a', 99, 100), frame('a', 999, 100.4), frame('b', 100, 101.9), tick(103)];
    expect(marks(runThrough(stage, items), 'log', '')).toEqual([100, 101, 103]);
    const positions = runThrough(stage, items).map((item) => {
      return item.kind === 'watermark' ? item.scope : item.kind;
    });
    // Ahead of what comes with the message that brought it.
    expect(positions.indexOf('log')).toBe(0);
  });

  test('a restart at any point changes nothing', () => {
    const items = [
      frame('a', 100),
      frame('b', 99),
      tick(101),
      frame('a', 104),
      tick(112),
      frame('b', 113),
      tick(120),
    ];
    const whole = runThrough(stage, items);
    expect(runThrough(stage, items, new Set(items.keys()))).toEqual(whole);
  });
});

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
