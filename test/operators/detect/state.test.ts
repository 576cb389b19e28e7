import { serialize } from 'node:v8';
import { Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { detect } from '../../../operators/detect/detect.ts';
import type { AssetState } from '../../../operators/detect/hear.ts';
import { migrateDetect } from '../../../operators/detect/migrate.ts';
import type { Epoch, Flow } from '../../../operators/flow/flow.ts';
import type { Cell, States } from '../../../operators/flow/states.ts';
import type { Enriched, Observation } from '../../../operators/model/situation.ts';
import { changeOf, heard, model, ruled } from './judging.ts';

type Item = Flow<Enriched<Observation>>;

/** The state of the press after these items. */
function stateAfter(items: readonly Item[]): AssetState {
  const cells: Cell[] = [];
  const states: States = {
    restore: () => undefined,
    save: (_id, begin) => {
      begin((copied) => cells.push(...copied)).more(10);
    },
  };
  const input = new Subject<Item>();
  detect(states)(input).subscribe();
  for (const item of items) input.next(item);
  input.next({ kind: 'barrier', epoch: 1 as Epoch });
  return cells[0]![1] as AssetState;
}

describe('state per asset, signal and mode', () => {
  const learning = { signal: 'temperature', learn: 20_000 };
  const signals = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const rules = [
    { kind: 'baseline', ...learning },
    { kind: 'iso20816-change', ...learning },
    { kind: 'ewma', ...learning },
    { kind: 'cusum', ...learning },
    { kind: 'range', ...learning },
    { kind: 'noise-floor', while: 'true', ...learning },
    { kind: 'drift', ...learning, recent: 500 },
    { kind: 'drift', signal: 'temperature', learn: 1_000, recent: 500 },
    { kind: 'rate', signal: 'temperature', rise: 1, over: '1h' },
    { kind: 'trend', signal: 'temperature', above: 1 },
    { kind: 'multivariate', signal: 'all', signals, learn: 20_000 },
    { kind: 'multivariate', signal: 'all', signals, learn: 400 },
  ];

  test.for(rules)('$kind (learn $learn) stays under 16 kB after 5,000 samples', (rule) => {
    const names = 'signals' in rule ? signals : ['temperature'];
    const items = Array.from({ length: 5_000 }, (_, index) => {
      return names.map((signal) => heard(10 * (index + 1), 50 + (index % 7), {}, { signal }));
    }).flat();
    const state = stateAfter([changeOf(model), changeOf(ruled({ id: 'rule', ...rule })), ...items]);
    const [cell, ...others] = Object.values(state.cells);
    expect(others).toEqual([]);
    const bytes = serialize(cell).length;
    expect(bytes).toBeGreaterThan(100);
    expect(bytes).toBeLessThan(16_384);
  });

  test('what a long learning keeps is spread evenly over it', () => {
    const rule = { id: 'rule', kind: 'baseline', scale: 'linear', ...learning };
    const items = Array.from({ length: 5_000 }, (_, index) => heard(10 * (index + 1), index));
    const { memory } = Object.values(
      stateAfter([changeOf(model), changeOf(ruled(rule)), ...items]).cells,
    )[0]!;
    if (memory.kind !== 'baseline') throw new Error('expected a baseline');
    const { samples, kept, stride, count } = memory.modes['EXECUTE//']!;
    expect({ stride, count }).toEqual({ stride: 8, count: 5_000 });
    expect([...samples!.slice(0, kept)]).toEqual(Array.from({ length: 625 }, (_, at) => 8 * at));
  });
});

test('a state of version 1 goes on with what it had learnt', () => {
  const [median, mad] = [50, 1];
  const half = { status: 'learning', samples: Float64Array.of(49, 51, 0), count: 2, median, mad };
  const before = {
    standing: 0,
    situation: null,
    cells: { 'rule||temperature': { memory: { kind: 'baseline', modes: { EXECUTE: half } } } },
  };
  const after = migrateDetect(before as never, 1);
  expect(after.readings).toEqual({});
  const { memory } = Object.values(after.cells)[0]!;
  expect(memory).toMatchObject({
    modes: {
      EXECUTE: { count: 2, kept: 2, stride: 1, running: 0, median: 50, status: 'learning' },
    },
  });
  expect(() => migrateDetect(before as never, 7)).toThrow('version 7');
});
