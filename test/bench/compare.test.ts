import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { barsOf } from '../../bench/bars.ts';
import { comparedWith } from '../../bench/compare.ts';
import { figuresOf } from '../../bench/figures.ts';
import { percentilesOf } from '../../bench/percentiles.ts';
import { slopeOf, steadySlope } from '../../bench/slope.ts';
import { combined, speedsOf } from '../../bench/spread.ts';

const report = (ratio: number, p99: number) => ({
  windows: [{ name: 'A1', signals: 20, ratio_to_loop: ratio }],
  latency: [{ share: 50, row: { p99 }, request: { p99: 100 } }],
});

test.each([
  ['the same', 0.1, 1_000, ['same', 'same', 'same']],
  ['within the tolerance', 0.09, 1_400, ['same', 'same', 'same']],
  ['better', 0.12, 500, ['better', 'better', 'same']],
  ['worse', 0.08, 1_600, ['worse', 'worse', 'same']],
])('a report that is %s', (_how, ratio, p99, verdicts) => {
  const compared = comparedWith(figuresOf(report(0.1, 1_000)), figuresOf(report(ratio, p99)));
  expect(compared.map(({ verdict }) => verdict)).toEqual(verdicts);
});

test('a figure of one report alone is told without a judgement', () => {
  const { latency, windows } = report(0.1, 1_000);
  const compared = comparedWith(figuresOf({ windows }), figuresOf({ latency }));
  expect(compared).toEqual([
    { name: 'windows A1 20 ratio_to_loop', verdict: 'missing', before: 0.1, now: undefined },
    { name: 'latency 50 row.p99', verdict: 'new', before: undefined, now: 1_000 },
    { name: 'latency 50 request.p99', verdict: 'new', before: undefined, now: 100 },
  ]);
});

test('the stored baseline has figures of every part of the short round', () => {
  const baseline = JSON.parse(
    readFileSync(new URL('../../bench/baseline.json', import.meta.url), 'utf8'),
  );
  const parts = new Set(figuresOf(baseline).map(({ name }) => name.split(' ')[0]));
  expect([...parts].sort()).toEqual(
    ['windows', 'patterns', 'state', 'stages', 'landing', 'end_to_end', 'latency', 'away', 'scale']
      .concat('recovery', 'peers')
      .sort(),
  );
  expect(baseline.machine.cores).toBeGreaterThan(0);
});

test('reports of several processes become one: what differs is a spread, what was right must always have been', () => {
  const [first, second, third] = [3, 1, 2].map((speed) => ({
    windows: [{ name: 'A1', warm: { events_per_s: speed }, results: 7, right: speed !== 1 }],
  }));
  expect(combined([first, second, third])).toEqual({
    windows: [
      {
        name: 'A1',
        warm: { events_per_s: { median: 2, least: 1, greatest: 3 } },
        ...{ results: 7, right: false },
      },
    ],
  });
  expect(combined([first])).toEqual(first);
});

test('a bar is met by the median, and what was not right is a bar that is missed', () => {
  const ratio = (median: number) => ({ median, least: 0, greatest: 9 });
  const peers = [
    { name: 'A2', peer: 'Flink', signals: 1, warm: { clock: ratio(1.5), cpu: ratio(1.4) } },
  ];
  const patterns = [{ name: 'W1', right: false }];
  const kept = { 'every reading landed once': true };
  const bars = barsOf({ peers, patterns, recovery: { kept } });
  expect(bars.map(({ bar, figure, met }) => [bar, figure, met])).toEqual([
    ['A2, frames of 1, to Flink', 'warm.clock', true],
    ['A2, frames of 1, to Flink', 'warm.cpu', false],
    ['patterns W1: check sums', '', false],
    ['every reading landed once', '', true],
  ]);
});

test('cold is the first round, warm the median of all', () => {
  const rounds = [4, 1, 2].map((seconds) => ({ seconds, cpu: 2 * seconds }));
  expect(speedsOf(8, rounds)).toEqual({
    cold: { events_per_s: 2, events_per_cpu_s: 1 },
    warm: { events_per_s: 4, events_per_cpu_s: 2 },
  });
});

test('percentiles are of the nearest rank', () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index);
  expect(percentilesOf(values)).toEqual({ probes: 200, p50: 100, p95: 190, p99: 198, max: 200 });
  expect(percentilesOf([7])).toEqual({ probes: 1, p50: 7, p95: 7, p99: 7, max: 7 });
});

test('the slope of a line is found between points that scatter evenly', () => {
  expect(slopeOf([0, 1, 2, 3].map((x) => [x, 5 + 2 * x + (x % 3 === 0 ? 1 : -1)]))).toBeCloseTo(2);
  expect(slopeOf([[1, 1]])).toBe(0);
});

test('a slope under a saw says how much of it may be chance', () => {
  const saw = (rise: number) => {
    return Array.from({ length: 600 }, (_, second) => {
      return [second / 60, 300 + (rise * second) / 60 + (second % 25)] as const;
    });
  };
  const flat = steadySlope(saw(0), 0.5);
  expect(Math.abs(flat.slope)).toBeLessThan(2 * flat.error);
  const rising = steadySlope(saw(3), 0.5);
  expect(Math.abs(rising.slope - 3)).toBeLessThan(2 * rising.error);
  expect(rising.slope).toBeGreaterThan(4 * rising.error);
  expect(steadySlope(saw(1).slice(0, 40), 0.5).error).toBeNaN();
});
