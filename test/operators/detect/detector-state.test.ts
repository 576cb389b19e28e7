import { serialize } from 'node:v8';
import { Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { detect } from '../../../operators/detect/detect.ts';
import type { AssetDetectors } from '../../../operators/detect/detector-state.ts';
import type { Epoch, Flow } from '../../../operators/flow/flow.ts';
import { type KeyState, NO_CHECKPOINTS, type States } from '../../../operators/flow/states.ts';
import type { Enriched, Observation } from '../../../operators/model/observation.ts';
import { changeOf, model, rulesChange, windowEvent } from './fixtures.ts';

type Item = Flow<Enriched<Observation>>;

/** The state of the press after these items. */
function stateAfter(items: readonly Item[]): AssetDetectors {
  const cells: KeyState[] = [];
  const states: States = {
    ...NO_CHECKPOINTS,
    save: (id, begin) => {
      if (id !== 'detect') return;
      begin((copied) => cells.push(...copied), true).more(10);
    },
  };
  const input = new Subject<Item>();
  detect(states)(input).subscribe();
  for (const item of items) input.next(item);
  input.next({ kind: 'barrier', epoch: 1 as Epoch });
  return cells[0]![1] as AssetDetectors;
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
      return names.map((signal) => windowEvent(10 * (index + 1), 50 + (index % 7), {}, { signal }));
    }).flat();
    const asset = stateAfter([
      changeOf(model),
      changeOf(rulesChange({ id: 'rule', ...rule })),
      ...items,
    ]);
    const [state, ...others] = Object.values(asset.states);
    expect(others).toEqual([]);
    const bytes = serialize(state).length;
    expect(bytes).toBeGreaterThan(100);
    expect(bytes).toBeLessThan(16_384);
  });

  test('the samples of a long learning are spread evenly over it', () => {
    const rule = { id: 'rule', kind: 'baseline', scale: 'linear', ...learning };
    const items = Array.from({ length: 5_000 }, (_, index) => windowEvent(10 * (index + 1), index));
    const { memory } = Object.values(
      stateAfter([changeOf(model), changeOf(rulesChange(rule)), ...items]).states,
    )[0]!;
    if (memory.kind !== 'baseline') throw new Error('expected a baseline');
    const { samples, filled, stride, count } = memory.modes['EXECUTE//']!;
    expect({ stride, count }).toEqual({ stride: 8, count: 5_000 });
    expect([...samples!.slice(0, filled)]).toEqual(Array.from({ length: 625 }, (_, at) => 8 * at));
  });
});
