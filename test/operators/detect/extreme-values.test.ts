import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { detect } from '../../../operators/detect/detect.ts';
import type { Flow } from '../../../operators/flow/flow.ts';
import type { Detected } from '../../../operators/model/anomaly.ts';
import type { Enriched, Observation } from '../../../operators/model/observation.ts';
import { runThrough } from '../../support/flows.ts';
import { anomaliesOf, changeOf, model, phasesOf, rulesChange, windowEvent } from './fixtures.ts';

type Item = Flow<Enriched<Observation>>;

const signal = 'temperature';
const learnt = { signal, learn: 20, modes: [] };
const both = { kind: 'multivariate', signal: 'both', signals: ['temperature', 'velocity'] };

/** Every kind that compares values, on both scales, with and without what follows. */
const rules = [
  { id: 'limit', kind: 'limit', signal, above: 80, below: -1e308 },
  { id: 'zone', kind: 'iso20816', signal: 'velocity' },
  { ...learnt, id: 'change', kind: 'iso20816-change', signal: 'velocity' },
  { ...learnt, id: 'usual', kind: 'baseline', scale: 'linear', floor: 0, direction: 'both' },
  { ...learnt, id: 'ratio', kind: 'baseline', direction: 'both', clear: { deadband: '5%' } },
  { ...learnt, id: 'follows', kind: 'baseline', scale: 'linear', floor: 0, forget: '1m' },
  { ...learnt, id: 'mean', kind: 'ewma', scale: 'linear', floor: 0, direction: 'both' },
  { ...learnt, id: 'sum', kind: 'cusum', scale: 'linear', floor: 0 },
  { ...learnt, id: 'new', kind: 'range', margin: 0, forget: '1m' },
  { ...learnt, id: 'stale', kind: 'drift', scale: 'linear', recent: 20 },
  { ...learnt, id: 'noise', kind: 'noise-floor', while: 'true' },
  { ...both, id: 'both', learn: 20, modes: [], follow: '1m' },
  { ...both, id: 'part', learn: 20, modes: [], explained: 0.5, shrink: 0, weight: 1 },
  { id: 'fast', kind: 'rate', signal, rise: 1e-300, fall: 1, over: '40s' },
  { id: 'soon', kind: 'trend', signal, above: 100, over: '2m', certainty: 1e-300 },
  { id: 'frozen', kind: 'stuck', signal, windows: 2 },
  { id: 'quiet', kind: 'silence', signal, after: '0s' },
];

/** Each by itself: what one finds keeps the others from learning. */
function run(rule: object, ...items: Item[]): Flow<Detected>[] {
  return runThrough(detect, [changeOf(model), changeOf(rulesChange(rule)), ...items]);
}

function ruleOf(id: string): object {
  return rules.find((rule) => rule.id === id)!;
}

function holdsNumbers(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.values(value).every(holdsNumbers);
}

/** Anomalies and rows that hold a number that is none. */
function strange(items: readonly Flow<Detected>[]): unknown[] {
  return items.flatMap((item) => {
    const content = item.kind === 'event' ? item.value : item.kind === 'row' ? item.row : null;
    const { situation: _, ...own } = { situation: null, ...content };
    return content !== null && ('kind' in content || item.kind === 'row') && !holdsNumbers(own)
      ? [content]
      : [];
  });
}

function windowsOf(values: readonly (readonly [number, number])[]): Item[] {
  return values.flatMap(([first, second], at) => {
    const end = 10 * (at + 1);
    const own = (value: number) => ({ min: value, max: value, last: value, first: value });
    return [
      windowEvent(end, first, {}, { ...own(first) }),
      windowEvent(end, second, {}, { signal: 'velocity', ...own(second) }),
    ];
  });
}

const MOST = Number.MAX_VALUE;
const extreme = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(0, 1, 1, 1, -1, 50, 51) },
  fc.constantFrom(MOST, -MOST, 1e308, -1e308, 1e200, 1e39, 1e-320, Number.MIN_VALUE, -0, 2 ** 53),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

describe('numbers of anomalies', () => {
  test('are numbers, whatever values come', () => {
    const kinds = new Set<string>();
    const value = fc.tuple(extreme, extreme);
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 25, maxLength: 60 }),
        // Of some, after a learning in which nothing moved.
        fc.boolean(),
        (values, isConstant) => {
          const calm = isConstant ? Array.from({ length: 41 }, () => [7, 7] as const) : [];
          for (const rule of rules) {
            const out = run(rule, ...windowsOf([...calm, ...values]));
            expect(strange(out)).toEqual([]);
            if (anomaliesOf(out).length > 0) kinds.add(rule.id);
          }
        },
      ),
      { numRuns: 60, seed: 7 },
    );
    expect([...kinds].sort()).toEqual(rules.map(({ id }) => id).sort());
  });

  test('of several signals that stood still while they were learnt: what moves is found, what stands is not', () => {
    const still = Array.from({ length: 40 }, () => [7, 3] as const);
    const moved = Array.from({ length: 60 }, () => [9, 3] as const);
    expect(phasesOf(run(ruleOf('both'), ...windowsOf(still)))).toEqual([]);
    const [found] = anomaliesOf(run(ruleOf('both'), ...windowsOf([...still, ...moved])));
    expect(found!.score).toBeGreaterThan(1);
    expect(found!.score).toBeLessThan(1_000);
    expect(found!.contributions.temperature).toBeCloseTo(1);
  });

  test('a single absurd value does not stay in a weighted mean for ever', () => {
    const calm = (count: number) =>
      Array.from({ length: count }, (_, at) => [50 + (at % 2), 3] as const);
    const values = windowsOf([...calm(40), [MOST, 3], ...calm(300)]);
    expect(phasesOf(run(ruleOf('mean'), ...values)).at(-1)).toMatch(/^cleared/);
  });

  test('what is no number is counted, not judged', () => {
    const values = [Number.POSITIVE_INFINITY, Number.NaN];
    const out = run(ruleOf('limit'), ...values.map((value, at) => windowEvent(10 * at, value)));
    const lost = out.flatMap((item) =>
      item.kind === 'row' && item.table === 'dead_letters' ? [item.row] : [],
    );
    const detail = 'not judged by limit: a value of temperature is no number';
    expect(lost).toMatchObject([
      { reason: 'not-finite', detail },
      { reason: 'not-finite', detail },
    ]);
    expect(anomaliesOf(out)).toEqual([]);
  });
});
