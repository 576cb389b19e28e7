import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Flow } from '../../../operators/flow/flow.ts';
import type { Window } from '../../../operators/model/observation.ts';
import type { WindowRow } from '../../../operators/model/tables.ts';
import { window } from '../../../operators/window/window.ts';
import { runThrough, valuesOf, watermark } from '../../support/flows.ts';
import {
  brief,
  deadLettersOf,
  frame,
  type Item,
  rowsOf,
  rules,
  SECOND,
  SUBJECT,
  until,
} from './run-window.ts';

const briefs = (items: readonly Flow<Window>[]) => rowsOf(items).map(brief);

const tumbling = { id: 'w', kind: 'tumbling', size: '10s' };

describe('A window', () => {
  it('is an event and a row when its time has come, not before', () => {
    const items = [rules([tumbling]), frame(3, { speed: [1, 2, 3] }), until(9), until(10)];
    const output = runThrough(window, items);
    const at = output.findIndex((item) => item.kind === 'event');
    expect(output[at]).toMatchObject({ key: 'plant/line/press', time: 10 * SECOND });
    expect(output.slice(0, at)).toContainEqual(until(9));
    expect(rowsOf(output)).toMatchObject([
      { plant: 'plant', line: 'line', asset: 'press', signal: 'speed', window: 'w', version: 1 },
    ]);
    expect(valuesOf(output)).toMatchObject([{ start: 0, end: 10 * SECOND, sum: 6, slope: 1 }]);
  });

  it('is corrected by rows of a higher version, one for a burst of late frames, and by no event', () => {
    const burst = Array.from({ length: 50 }, () => frame(5, { speed: [1] }));
    const items = [rules([tumbling]), frame(3, { speed: [1] }), until(12), ...burst, until(13)];
    const output = runThrough(window, items);
    expect(briefs(output)).toEqual(['0..10 v1: 1, 1', '0..10 v2: 51, 51']);
    expect(valuesOf(output)).toHaveLength(1);
    expect(deadLettersOf(output)).toEqual([]);
  });

  it.each(['0s', '10s'])(
    'of a source that fell silent is corrected by what it stored (corrections for %s)',
    (correction) => {
      const silence: Item = { ...watermark(SUBJECT, 100 * SECOND, 'source'), silence: true };
      const items = [
        ...[rules([tumbling], correction), frame(0, { speed: [1, 1, 1, 1] }), until(3)],
        ...[silence, frame(4, { speed: [1, 1, 1, 1, 1, 1, 1] }), until(10), until(30)],
      ];
      const output = runThrough(window, items);
      expect(briefs(output).sort()).toEqual([
        '0..10 v1: 4, 4',
        '0..10 v2: 10, 10',
        '10..20 v1: 1, 1',
      ]);
      expect(deadLettersOf(output).filter(({ reason }) => reason === 'too-late')).toEqual([]);
    },
  );

  it('takes no reading that is later than the correction allows: it becomes a dead letter with its count', () => {
    const items = [
      rules([tumbling]),
      frame(3, { speed: [1] }),
      until(20),
      frame(3, { speed: [7, 8] }),
    ];
    const output = runThrough(window, items);
    expect(briefs(output)).toEqual(['0..10 v1: 1, 1']);
    expect(deadLettersOf(output)).toMatchObject([
      { reason: 'too-late', stage: 'window', source: SUBJECT, count: 2 },
    ]);
  });

  it('counts a late reading once, however many rules it is late for', () => {
    const items = [
      rules([tumbling, { ...tumbling, id: 'hops', kind: 'hopping', size: '4s', hop: '2s' }]),
      frame(3, { speed: [1], force: [1] }),
      until(30),
      frame(3, { speed: [7, 8], force: [7, 8] }),
      frame(14, { speed: [7] }),
    ];
    // The last one is late for the short window only; it stands in the long one, and counts too.
    const counts = deadLettersOf(runThrough(window, items)).map(({ detail, count }) => [
      detail,
      count,
    ]);
    expect(counts).toEqual([
      ['window hops: all windows of the reading are closed', 4],
      ['window hops: all windows of the reading are closed', 1],
    ]);
  });

  it('lands early firings as version 0, at most one per step of time', () => {
    const items = [
      rules([{ ...tumbling, early: '2s' }]),
      frame(0, { speed: [1, 1, 1] }),
      until(1),
      until(7),
      until(30),
    ];
    const output = runThrough(window, items);
    expect(briefs(output)).toEqual(['0..10 v0: 3, 3', '0..10 v1: 3, 3']);
    expect(valuesOf(output).map(({ version }) => version)).toEqual([1]);
  });

  it('hops by merging the panes that it shares', () => {
    const items = [
      rules([{ id: 'w', kind: 'hopping', size: '6s', hop: '4s' }]),
      frame(0, { speed: [1, 1, 1, 1, 1, 1, 1, 1] }),
      until(30),
    ];
    expect(briefs(runThrough(window, items))).toEqual([
      '-4..2 v1: 2, 2',
      '0..6 v1: 6, 6',
      '4..10 v1: 4, 4',
    ]);
  });

  it('counts readings of each signal by itself', () => {
    const items = [
      rules([{ id: 'w', kind: 'count', count: 2 }]),
      frame(1, { speed: [1, 2, 3], load: [5, Number.NaN, 6] }),
      until(4),
    ];
    const output = runThrough(window, items);
    expect(rowsOf(output).map((row) => `${row.signal} ${brief(row)}`)).toEqual([
      'speed 1..2.000001 v1: 2, 3',
      'load 1..3.000001 v1: 2, 11',
    ]);
    expect(valuesOf(output)).toHaveLength(2);
  });

  it('withdraws a fired session that becomes part of one with another start', () => {
    const items = [
      rules([{ id: 'w', kind: 'session', gap: '2s' }]),
      frame(5, { speed: [1] }),
      until(8),
      frame(3, { speed: [1] }),
      until(9),
    ];
    const output = runThrough(window, items);
    expect(briefs(output)).toEqual(['5..7 v1: 1, 1', '5..7 v2: 0, 0', '3..7 v2: 2, 2']);
    expect(valuesOf(output)).toHaveLength(1);
  });

  it('takes the signals that its rule names and the plant model knows', () => {
    const items = [
      rules([{ ...tumbling, signals: ['speed', 'temp*'] }]),
      frame(1, { speed: [1], load: [1], temp_a: [1], temp_b: [1] }, ['temp_b']),
      until(20),
    ];
    expect(rowsOf(runThrough(window, items)).map(({ signal }) => signal)).toEqual([
      'speed',
      'temp_a',
    ]);
  });

  it.each([1, 2])('takes what is to be evaluated, not what was sent (%i samples)', (samples) => {
    const item = frame(1, { speed: [900, 901].slice(0, samples) });
    if (item.kind !== 'event') throw new Error('expected an event');
    const evaluated = Float64Array.of(3, Number.NaN).subarray(0, samples);
    const items = [rules([tumbling]), { ...item, value: { ...item.value, evaluated } }, until(20)];
    expect(briefs(runThrough(window, items))).toEqual(['0..10 v1: 1, 3']);
  });

  it('leaves values out whose squares overflow, and reports them', () => {
    const items = [rules([tumbling]), frame(1, { speed: [1, 1e300] }), until(20)];
    const output = runThrough(window, items);
    expect(briefs(output)).toEqual(['0..10 v1: 1, 1']);
    expect(deadLettersOf(output)).toMatchObject([{ reason: 'not-finite', count: 1 }]);
  });

  it('keeps quantiles in a sketch where the rule asks for them', () => {
    const items = [
      rules([{ id: 'w', kind: 'hopping', size: '10s', hop: '5s', quantiles: [0.5, 0.999] }]),
      frame(0, { speed: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }),
      until(10),
    ];
    const [, whole] = rowsOf(runThrough(window, items));
    expect(Object.keys(whole?.quantiles ?? {})).toEqual(['p50', 'p99.9']);
    expect(whole?.quantiles.p50).toBeCloseTo(5, 0);
  });
});

describe('A change of rules', () => {
  const before = [rules([tumbling]), frame(3, { speed: [1, 2], load: [1, 2] })];

  it.each([
    ['removed', [], 4, 'load, speed'],
    ['reshaped', [{ ...tumbling, size: '20s' }], 4, 'load, speed'],
    ['narrowed', [{ ...tumbling, signals: ['load'] }], 2, 'speed'],
  ])('makes a dead letter of what open windows of a %s rule had', (_, after, count, signals) => {
    const deadLetters = deadLettersOf(runThrough(window, [...before, rules(after), until(30)]));
    expect(deadLetters).toMatchObject([{ reason: 'rule-changed', source: SUBJECT, count }]);
    expect(deadLetters[0]?.original.split(', ').sort().join(', ')).toBe(signals);
  });

  it('keeps what it does not shape', () => {
    const after = [{ ...tumbling, early: '3s', signals: ['speed', 'load'] }];
    const output = runThrough(window, [...before, rules(after, '1h'), until(30)]);
    expect(deadLettersOf(output)).toEqual([]);
    expect(briefs(output)).toEqual(['0..10 v1: 2, 3', '0..10 v1: 2, 3']);
  });
});

const kinds = fc.constantFrom<object>(
  { kind: 'tumbling', size: '7s', offset: '2s', quantiles: [0.5] },
  { kind: 'hopping', size: '9s', hop: '6s', early: '4s' },
  { kind: 'hopping', size: '6s', hop: '2s', quantiles: [0.9] },
  { kind: 'session', gap: '2s' },
  { kind: 'calendar', size: 'day', early: '4s' },
);

// Within what a sensor can tell apart: sums carry 32 digits, not the 600 between the smallest and largest double.
const magnitude = fc
  .double({ min: -100, max: 100, noNaN: true })
  .map((value) => (Math.abs(value) < 1e-6 ? 0 : value));

/** Frames in the order of their times, and how long after its turn each one arrives (in frames). */
const sendings = fc.array(
  fc.record({
    on: fc.integer({ min: 0, max: 4 }),
    values: fc.array(magnitude, {
      minLength: 1,
      maxLength: 5,
    }),
    late: fc.integer({ min: 0, max: 12 }),
  }),
  { minLength: 1, maxLength: 40 },
);

/** The latest version of each window, without its number. */
function lastVersions(items: readonly Flow<Window>[]): string[] {
  const last = new Map<string, WindowRow>();
  for (const row of rowsOf(items)) {
    if (row.version > 0) last.set(`${row.signal} ${row.start}`, row);
  }
  return [...last.values()]
    .filter(({ count }) => count > 0)
    .map((row) => JSON.stringify({ ...row, version: 0 }))
    .sort();
}

/** Sends frames in order of `rank`; the source's time follows the highest time seen, less `disorder` seconds. */
function sent(
  rule: object,
  list: readonly {
    readonly at: number;
    readonly values: readonly number[];
    readonly rank: number;
  }[],
  disorder: number,
): Item[] {
  const items = [rules([{ id: 'w', ...rule }], '1h')];
  let highest = 0;
  for (const { at, values } of [...list].sort((a, b) => a.rank - b.rank)) {
    items.push(frame(at, { speed: values, load: values.map((value) => -value) }));
    if (at <= highest) continue;
    highest = at;
    items.push(until(highest - disorder));
  }
  items.push(until(highest + 60));
  return items;
}

describe('Windows of a source', () => {
  // Two frames never share a time: of equal times, first and last are a matter of arrival.
  const casesOf = (rules: fc.Arbitrary<object>) =>
    fc.record({ rule: rules, sendings }).map(({ rule, sendings: list }) => {
      let at = 100;
      const frames = list.map(({ on, values, late }) => {
        const begin = at;
        at += on + values.length;
        return { at: begin, values, late };
      });
      return { rule, frames };
    });
  const cases = casesOf(kinds);
  const all = casesOf(fc.oneof(kinds, fc.constant({ kind: 'count', count: 4, early: '3s' })));

  it('are the same, to the last bit, in whatever order readings came within the disorder', () => {
    fc.assert(
      fc.property(all, ({ rule, frames }) => {
        const ordered = frames.map((each) => ({ ...each, rank: each.at }));
        const shuffled = frames.map((each) => ({ ...each, rank: each.at + each.late }));
        const [one, other] = [ordered, shuffled].map((list) => {
          return runThrough(window, sent(rule, list, 14));
        });
        expect(lastVersions(other ?? [])).toEqual(lastVersions(one ?? []));
        expect(rowsOf(other ?? []).every(({ version }) => version < 2)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('come to the same when readings are later than that, by corrections', () => {
    fc.assert(
      fc.property(cases, ({ rule, frames }) => {
        const ordered = frames.map((each) => ({ ...each, rank: each.at }));
        const shuffled = frames.map((each) => ({ ...each, rank: each.at + each.late }));
        const one = runThrough(window, sent(rule, ordered, 0));
        const other = runThrough(window, sent(rule, shuffled, 0));
        expect(lastVersions(other)).toEqual(lastVersions(one));
        expect(deadLettersOf(other).filter(({ reason }) => reason !== 'late')).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('are the same after a restart at any point', () => {
    fc.assert(
      fc.property(
        all,
        fc.array(fc.nat({ max: 90 }), { maxLength: 5 }),
        ({ rule, frames }, cuts) => {
          const shuffled = frames.map((each) => ({ ...each, rank: each.at + each.late }));
          const items = sent(rule, shuffled, 3);
          expect(runThrough(window, items, new Set(cuts))).toEqual(runThrough(window, items));
        },
      ),
      { numRuns: 100 },
    );
  });
});
