/** Whatever options a window rule has: it is refused with a sentence, or it takes all readings in and stays within bounds. */

import { describe, expect, it } from 'vitest';
import { MOST_PANES, rulesSchema } from '../../../operators/model/rules.ts';
import type { WindowRow } from '../../../operators/model/tables.ts';
import { addReadings, advance, flush } from '../../../operators/window/engine.ts';
import { ensureColumns, openWindowState } from '../../../operators/window/panes.ts';
import { programsOf } from '../../../operators/window/plan.ts';
import { window } from '../../../operators/window/window.ts';
import { runThrough } from '../../support/flows.ts';
import { frame, type Item, rowsOf, rules, SECOND, until } from './run-window.ts';

function issuesOf(rule: object, correction = '1h'): readonly string[] {
  const parsed = rulesSchema.safeParse({ windows: [{ id: 'w', ...rule }], time: { correction } });
  return (parsed.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

function rowsUnder(rule: object, items: readonly Item[]): WindowRow[] {
  return rowsOf(runThrough(window, [rules([{ id: 'w', ...rule }], '1h'), ...items]));
}

const brief = ({ start, end, version, count, sum }: WindowRow) => {
  return `${start / SECOND}..${Math.floor(end / SECOND)} v${version}: ${count}, ${sum}`;
};

describe('`early` of a count window', () => {
  const rule = { kind: 'count', count: 4, early: '10s' };

  it('reports what stands so far, and the window itself when it is full', () => {
    const rows = rowsUnder(rule, [
      frame(1, { speed: [1, 1] }),
      until(5),
      until(10),
      frame(12, { speed: [1] }),
      until(20),
      until(60),
      frame(61, { speed: [1, 1] }),
      until(70),
    ]);
    expect(rows.map(brief)).toEqual([
      '1..2 v0: 2, 2',
      '1..12 v0: 3, 3',
      '1..61 v1: 4, 4',
      '62..62 v0: 1, 1',
    ]);
  });

  it('says nothing twice: without a further reading there is no further row', () => {
    const rows = rowsUnder(rule, [frame(1, { speed: [1] }), ...[10, 20, 30, 4_000].map(until)]);
    expect(rows.map(brief)).toEqual(['1..1 v0: 1, 1']);
  });

  it('takes a late reading in, which can be its first', () => {
    const rows = rowsUnder(rule, [
      frame(5, { speed: [1] }),
      until(10),
      frame(3, { speed: [1] }),
      until(11),
    ]);
    expect(rows.map(brief)).toEqual(['5..5 v0: 1, 1', '3..5 v0: 2, 2']);
  });
});

describe('`early` of every kind', () => {
  const kinds: readonly object[] = [
    { kind: 'tumbling', size: '20s' },
    { kind: 'hopping', size: '20s', hop: '10s' },
    { kind: 'calendar', size: 'day' },
    { kind: 'session', gap: '8s' },
    { kind: 'count', count: 12 },
  ];
  // A reading a second for twelve seconds; the time of the source follows.
  const items = Array.from({ length: 12 }, (_, second) => [
    frame(second + 1, { speed: [1] }),
    until(second + 1),
  ]).flat();
  const end = until(172_800);

  it.each(kinds)('%o tells what stands so far every so often, and the window once', (rule) => {
    const rows = rowsUnder({ ...rule, early: '3s' }, [...items, end]);
    const early = rows.filter(({ version }) => version === 0);
    const final = rows.filter(({ version }) => version === 1);
    expect(early.length).toBeGreaterThanOrEqual(3);
    const counts = early.filter(({ start }) => start === early[0]?.start).map(({ count }) => count);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(rowsUnder(rule, [...items, end])).toEqual(final);
    expect(Math.max(...final.map(({ count }) => count))).toBe(12);
  });
});

describe('A rule that would keep a pane for each reading is refused', () => {
  it.each<[string, object, string | undefined, string]>([
    [
      'a hop with nothing in common with the size',
      { kind: 'hopping', size: '10s', hop: '9999999us' },
      undefined,
      'windows.0.hop: expected a hop that divides the size, such as 10s: windows of 10s every 9s999ms999us would be made of 10000000 panes of 1us, more than 1440',
    ],
    [
      'a hop of less than a second in a day',
      { kind: 'hopping', size: '1d', hop: '10ms' },
      undefined,
      'windows.0.hop: expected a hop that divides the size, such as 1m: windows of 1d every 10ms would be made of 8640000 panes of 10ms, more than 1440',
    ],
    [
      'a window shorter than what comes',
      { kind: 'tumbling', size: '1ms' },
      undefined,
      'windows.0.size: expected a size of at least 181ms, or a shorter time.correction (1h): each signal would keep 3602001 panes, more than 20000',
    ],
    [
      'a gap shorter than what comes',
      { kind: 'session', gap: '1ms' },
      '1d',
      'windows.0.gap: expected a gap of at least 4s321ms, or a shorter time.correction (1d): each signal would keep 86402001 panes, more than 20000',
    ],
    [
      'short windows with holes between them',
      { kind: 'hopping', size: '1ms', hop: '2ms' },
      undefined,
      'windows.0.hop: expected a hop of at least 181ms, or a shorter time.correction (1h): each signal would keep 1801001 panes, more than 20000',
    ],
    [
      'more than readings are kept',
      { kind: 'tumbling', size: '401d' },
      undefined,
      'windows.0.size: expected at most 400d',
    ],
  ])('%s', (_, rule, correction, sentence) => {
    expect(issuesOf(rule, correction)).toEqual([sentence]);
  });

  it.each([
    { kind: 'hopping', size: '1d', hop: '1h' },
    { kind: 'hopping', size: '1d', hop: '1m' },
    { kind: 'hopping', size: '6s', hop: '4s' },
    { kind: 'tumbling', size: '1s' },
    { kind: 'session', gap: '500ms' },
    { kind: 'count', count: 1 },
  ])('and one of common use is not: %o', (rule) => {
    expect(issuesOf(rule)).toEqual([]);
  });
});

const SPANS = ['1us', '250ms', '700ms', '7s', '9999999us', '1h'];
const EARLY = [undefined, '3s'];
const OFFSETS = [undefined, '12s'];

function* everyRule(): Iterable<object> {
  for (const early of EARLY) {
    const common = early === undefined ? {} : { early };
    for (const count of [1, 3]) yield { ...common, kind: 'count', count };
    for (const gap of SPANS) yield { ...common, kind: 'session', gap };
    for (const offset of OFFSETS) {
      const aligned = offset === undefined ? common : { ...common, offset };
      for (const size of SPANS) {
        yield { ...aligned, kind: 'tumbling', size };
        for (const hop of SPANS) yield { ...aligned, kind: 'hopping', size, hop };
      }
    }
  }
}

/** Runs readings of 1 Hz and of 1 kHz, with late ones; gives what is not in the last version of any window. */
function workedOn(rule: object, correction: string) {
  const parsed = rulesSchema.parse({ windows: [{ id: 'w', ...rule }], time: { correction } });
  const windower = programsOf(parsed)[0]!.windower;
  const state = openWindowState(windower.shape);
  ensureColumns(state.panes, 1);
  const last = new Map<number, number>();
  let [late, most, sent, fired] = [0, 0, 0, 0];
  const report = {
    fire: (
      ...[, start, , numbers, at, , version]: Parameters<Parameters<typeof advance>[3]['fire']>
    ) => {
      // Of count windows the engine knows no start.
      fired += 1;
      if (version > 0) last.set(start < 0 ? fired : start, numbers[at] ?? 0);
    },
    tooLate: () => {
      late += 1;
    },
    retract: (_column: number, start: number) => void last.delete(start),
  };
  let now = 0;
  const send = (time: number) => {
    sent += 1;
    const times = Float64Array.of(time);
    const values = Float64Array.of(1);
    addReadings(windower, state, 0, times, values, 0, now, report);
    flush(windower, state, report);
    most = Math.max(most, state.panes.live);
  };
  const moveTo = (time: number) => {
    now = time;
    advance(windower, state, now, report);
  };
  for (let second = 0; second < 5; second += 1) {
    const time = 1_700_000_000 * SECOND + second * SECOND + second * 17;
    send(time);
    for (let step = 1; step <= 9; step += 1) send(time + step * 1_000);
    send(time - 1_500_000);
    moveTo(time - SECOND);
  }
  const counted = () => [...last.values()].reduce((sum, count) => sum + count, 0);
  moveTo(1_800_000_000 * SECOND);
  const open = state.panes.live === 0 ? 0 : (state.panes.numbers[0] ?? 0);
  return { sent, late, most, counted: counted(), open, left: state.panes.live };
}

describe('Every combination of options', () => {
  it.each(['0s', '1s', '1h'])('is bounded and loses nothing unsaid, corrections for %s', (to) => {
    const wrong: unknown[] = [];
    let accepted = 0;
    for (const rule of everyRule()) {
      if (issuesOf(rule, to).length > 0) continue;
      accepted += 1;
      const worked = workedOn(rule, to);
      const { kind, size, hop } = rule as { kind: string; size?: string; hop?: string };
      // A window that hops counts each reading as often as it is in one.
      const isOnce = kind !== 'hopping' || size === hop;
      const { sent, late, counted, open, most, left } = worked;
      const isWhole = !isOnce || sent === late + counted + open;
      if (!isWhole || most > MOST_PANES || left > (kind === 'count' ? 1 : 0)) {
        wrong.push([rule, worked]);
      }
    }
    expect(wrong).toEqual([]);
    expect(accepted).toBeGreaterThan(60);
  });
});
