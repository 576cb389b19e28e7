import { describe, expect, test } from 'vitest';
import { detect } from '../../../operators/detect/detect.ts';
import type { Flow } from '../../../operators/flow/flow.ts';
import type { Detected } from '../../../operators/model/anomaly.ts';
import type { ChangeValue } from '../../../operators/model/knowledge.ts';
import type { Enriched, Observation } from '../../../operators/model/observation.ts';
import { plantModelSchema } from '../../../operators/model/plant-model.ts';
import { rulesSchema } from '../../../operators/model/rules.ts';
import { runThrough, watermark } from '../../support/flows.ts';
import {
  anomaliesOf,
  atOnce,
  changeOf,
  machineEvent,
  model,
  phasesOf,
  rulesChange,
  seconds,
  windowEvent,
} from './fixtures.ts';
import { LEARNT, learning, usual } from './learnt-values.ts';

type Item = Flow<Enriched<Observation>>;

const hot = { id: 'hot', kind: 'limit', signal: 'temperature', above: 80 };
const wait = (second: number): Item => watermark('plant/line', seconds(second));
const rules = (...detectors: object[]): Item => changeOf(rulesChange(...detectors));

function run(...items: Item[]): Flow<Detected>[] {
  return runThrough(detect, [changeOf<Enriched<Observation>>(model), ...items]);
}

/** `cleared well`: which phase, and why. */
function causesOf(items: readonly Flow<Detected>[]): string[] {
  return anomaliesOf(items).map(({ phase, cause }) => `${phase} ${cause}`.trim());
}

/** `waiting 0`: status and samples of each row of `baselines`. */
function statusOf(items: readonly Flow<Detected>[]): string[] {
  return items.flatMap((item) => {
    if (item.kind !== 'row' || item.table !== 'baselines') return [];
    return [`${item.row.status} ${item.row.samples}`];
  });
}

describe('a clear has a cause', () => {
  test('the values came back: well', () => {
    const out = run(rules(hot), windowEvent(10, 85), windowEvent(20, 85), windowEvent(30, 70));
    expect(causesOf(out)).toEqual(['raised', 'cleared well']);
  });

  test.for([
    ['a removed rule', rulesChange(), 'rule changed'],
    ['a reshaped rule', rulesChange({ ...hot, of: 'max' }), 'rule changed'],
    [
      'an asset that is gone',
      { kind: 'model', id: 'm2', model: plantModelSchema.parse({ id: 'plant' }) },
      'asset removed',
    ],
  ] as [string, ChangeValue, string][])('%s', ([, change, cause]) => {
    const out = run(rules(hot), windowEvent(10, 85), wait(12), changeOf(change));
    expect(causesOf(out)).toEqual(['raised', `cleared ${cause}`]);
  });

  test('a repair that has its baseline learnt anew', () => {
    const rule = { ...usual, id: 'usual', kind: 'baseline' };
    const out = run(
      rules(rule),
      ...learning(),
      windowEvent(210, 99),
      machineEvent(215, 'repaired'),
    );
    expect(causesOf(out)).toEqual(['raised', 'cleared baseline reset']);
  });

  test('another limit, by which nothing is wrong any more: the edit ended it, not the machine', () => {
    const looser = rules({ ...hot, above: 90 });
    const out = run(rules(hot), windowEvent(10, 85), looser, windowEvent(20, 85));
    expect(causesOf(out)).toEqual(['raised', 'cleared rule changed']);
  });

  test('another limit, by which it is wrong all the same, and then the values came back: well', () => {
    const stricter = rules({ ...hot, above: 82 });
    const items = [windowEvent(20, 85), windowEvent(30, 70)];
    const out = run(rules(hot), windowEvent(10, 85), stricter, ...items);
    expect(causesOf(out)).toEqual(['raised', 'cleared well']);
  });

  test('rules that say the same anew are no edit', () => {
    const out = run(rules(hot), windowEvent(10, 85), rules(hot), windowEvent(20, 70));
    expect(causesOf(out)).toEqual(['raised', 'cleared well']);
  });
});

describe('a baseline that is edited under an open problem', () => {
  const rule = { ...usual, id: 'usual', kind: 'baseline' };
  const reshaped = { ...rule, learn: 25 };
  const opened = [rules(rule), ...learning(), windowEvent(210, 80), wait(212), rules(reshaped)];
  /** The fault goes on: a sample every ten seconds. */
  const fault = (from: number, to: number): Item[] => {
    return Array.from({ length: (to - from) / 10 }, (_, at) => windowEvent(from + 10 * at, 80));
  };

  test('does not learn the fault, and says that it waits', () => {
    const out = run(...opened, ...fault(220, 800));
    expect(causesOf(out)).toEqual(['raised', 'cleared rule changed']);
    expect(statusOf(out).slice(-1)).toEqual(['waiting 0']);
  });

  test('learns once the problem has ended by the longest rearm of the triggers (10 min without one)', () => {
    const out = run(...opened, ...fault(220, 1_100));
    expect(statusOf(out).at(-1)).toBe('ready 25');
    const trigger = { id: 'look', on: 'usual', rearm: '2h', request: {} };
    const patient = rulesSchema.parse({
      ...{ windows: [{ id: 'ten', kind: 'tumbling', size: '10s' }], triggers: [trigger] },
      detectors: [atOnce(reshaped)],
    });
    const change: ChangeValue = { kind: 'rules', id: 'r2', plant: 'plant', rules: patient };
    const later = run(...opened.slice(0, -1), changeOf(change), ...fault(220, 7_000));
    expect(statusOf(later).at(-1)).toBe('waiting 0');
  });

  test('learns at once after a repair', () => {
    const out = run(
      ...opened,
      ...fault(220, 300),
      machineEvent(301, 'repaired'),
      ...learning([...LEARNT, ...LEARNT]).map((_, at) => windowEvent(310 + 10 * at, 50)),
    );
    expect(statusOf(out).at(-1)).toBe('ready 25');
  });

  test('waits for what another rule found, until that rule judged anew and found it well', () => {
    const fresh = { ...rule, id: 'fresh' };
    const calm = Array.from({ length: 30 }, (_, at) => windowEvent(230 + 10 * at, 50));
    const out = run(
      rules(hot, fresh),
      ...[windowEvent(10, 85), wait(12), rules({ ...hot, of: 'max' }, fresh)],
      ...[windowEvent(220, 79.95), ...calm],
    );
    // 79.95 at most 80.05: raised anew by the edited rule, so it is an open anomaly again.
    expect(causesOf(out)).toEqual(['raised', 'cleared rule changed', 'raised', 'cleared well']);
    expect(statusOf(out).at(-1)).toBe('ready 20');
    const removed = run(
      rules(hot, fresh),
      ...[windowEvent(10, 85), wait(12), rules(fresh)],
      ...calm,
    );
    expect(statusOf(removed).at(-1)).toBe('waiting 0');
  });

  test('another signal goes on learning', () => {
    const every = { ...reshaped, signal: '*' };
    const pressures = [220, 230, 240].map((at) => windowEvent(at, 50, {}, { signal: 'pressure' }));
    const out = run(...opened.slice(0, -1), rules(every), ...fault(220, 250), ...pressures);
    expect(statusOf(out).slice(-2)).toEqual(['waiting 0', 'learning 3']);
  });

  test('is the same wherever the run was cut', () => {
    const items: Item[] = [changeOf(model), ...opened, ...fault(220, 1_100)];
    const whole = runThrough(detect, items);
    for (const cut of [22, 24, 26, 50]) {
      expect(statusOf(runThrough(detect, items, new Set([cut])))).toEqual(statusOf(whole));
    }
  });
});

describe('a changed `after` of a silence', () => {
  const quiet = { id: 'quiet', kind: 'silence', signal: 'temperature', after: '1h' };

  test('that is shorter takes effect at once', () => {
    const out = run(
      rules(quiet),
      windowEvent(10, 5),
      wait(100),
      rules({ ...quiet, after: '30s' }),
      wait(101),
    );
    expect(phasesOf(out)).toEqual(['raised 100.000001 warning']);
    const later = run(
      rules(quiet),
      windowEvent(10, 5),
      wait(20),
      rules({ ...quiet, after: '30s' }),
      wait(41),
    );
    expect(phasesOf(later)).toEqual(['raised 40.000001 warning']);
  });

  test('that is longer ends what is none any more, and waits on', () => {
    const short = { ...quiet, after: '30s' };
    const out = run(
      rules(short),
      windowEvent(10, 5),
      wait(50),
      rules(quiet),
      wait(3_609),
      wait(3_612),
    );
    expect(phasesOf(out)).toEqual([
      'raised 40.000001 warning',
      'cleared 50.000001 warning',
      'raised 3610.000001 warning',
    ]);
    expect(causesOf(out)[1]).toBe('cleared rule changed');
  });

  test('what was put off by blind time stays put off', () => {
    const blind: Item = {
      ...(wait(100) as object),
      blind: { from: seconds(20), to: seconds(100) },
    } as Item;
    const out = run(
      rules({ ...quiet, after: '30s' }),
      windowEvent(10, 5),
      blind,
      rules({ ...quiet, after: '40s' }),
      wait(130),
      wait(131),
    );
    expect(phasesOf(out)).toEqual(['raised 130.000001 warning']);
  });

  test('a changed `while` likewise', () => {
    const asleep = { ...quiet, after: '30s', while: "state == 'STOPPED'" };
    const out = run(
      rules(asleep),
      windowEvent(10, 5),
      wait(100),
      rules({ ...quiet, after: '30s', while: "state == 'EXECUTE'" }),
      wait(129),
      wait(131),
    );
    expect(phasesOf(out)).toEqual(['raised 130.000002 warning']);
  });
});
