import { describe, expect, test } from 'vitest';
import type { Flow, StageId, Watermark } from '../../../operators/flow/flow.ts';
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

  test('source time is never ahead of append time', () => {
    const output = runThrough(stage, [frame('a', 160, 100)]);
    expect(marks(output, 'source', 'frame.p.l.a')).toEqual([98]);
  });

  test('an event too far ahead of its append time becomes a dead letter and moves nothing', () => {
    const output = runThrough(stage, [frame('a', 1_000, 100)]);
    expect(output).toMatchObject([
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

  test('a line without sources follows append time by idle and disorder', () => {
    const output = runThrough(stage, [frame('a', 100), ...range(101, 115).map(tick)]);
    expect(marks(output, 'line', 'p/l')).toEqual([98, 99, 100, 101, 102, 103]);
  });

  test('a silent source follows append time as far as its windows reach, and no further', () => {
    const output = runThrough(stage, [frame('a', 100), ...range(101, 130).map(tick)]);
    // Idle 10 s, disorder 2 s; without rules the longest window is one second.
    expect(marks(output, 'source', 'frame.p.l.a')).toEqual([98, 99, 100, 101]);
  });

  test('a source that is catching up does not hold the line', () => {
    const output = runThrough(stage, [
      frame('a', 100),
      frame('late', 10, 100),
      frame('a', 103),
      frame('late', 11, 103),
    ]);
    expect(marks(output, 'line', 'p/l')).toEqual([98, 101]);
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
    ).toMatchObject([{ scope: 'line', of: 'p/l', blind: { from: 104 * S, to: 110 * S } }]);
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
