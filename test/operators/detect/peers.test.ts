import { describe, expect, test } from 'vitest';
import { checkPeers } from '../../../operators/detect/check-detectors.ts';
import { detect } from '../../../operators/detect/detect.ts';
import type { Flow } from '../../../operators/flow/flow.ts';
import type { Anomaly, Detected } from '../../../operators/model/anomaly.ts';
import { type AssetKey, assetKey } from '../../../operators/model/key.ts';
import type { ChangeValue } from '../../../operators/model/knowledge.ts';
import type { Enriched, Observation } from '../../../operators/model/observation.ts';
import { plantModelSchema } from '../../../operators/model/plant-model.ts';
import { runThrough, watermark } from '../../support/flows.ts';
import { anomaliesOf, changeOf, enriched, rulesOf, seconds, windowAt } from './fixtures.ts';

type Item = Flow<Enriched<Observation>>;

const FANS = ['fan1', 'fan2', 'fan3', 'fan4'] as const;
const plant = plantModelSchema.parse({
  id: 'plant',
  lines: [
    {
      id: 'line',
      assets: [
        ...FANS.map((id) => ({ id, class: 'fan', signals: { level: { unit: 'g' } } })),
        { id: 'mill', class: 'mill', signals: { level: { unit: 'g' } } },
      ],
    },
  ],
});
const model: ChangeValue = { kind: 'model', id: 'm1', model: plant };
const RULE = {
  ...{ id: 'apart', kind: 'baseline', signal: 'level', classes: ['fan'], relative_to: 'class' },
  ...{ learn: 20, limit: 6, floor: 0.05, direction: 'both' },
};
const LEARNT = 20;

function rules(...detectors: object[]): Item {
  return changeOf({ kind: 'rules', id: 'r1', plant: 'plant', rules: rulesOf(...detectors) });
}

function keyOf(asset: string): AssetKey {
  return assetKey('plant', 'line', asset);
}

/** One step of the line: a window of each machine that has a value, in the order of the model, then its watermark. */
function step(
  at: number,
  levels: Readonly<Record<string, number>>,
  order = FANS as readonly string[],
) {
  const end = 10 * (at + 1);
  const machines = [...order, 'mill'].filter((asset) => levels[asset] !== undefined);
  return [
    ...machines.map((asset) => {
      const window = windowAt(end, levels[asset]!, { asset: keyOf(asset), signal: 'level' });
      return enriched(window, seconds(end));
    }),
    watermark('plant/line', seconds(end)),
  ] as Item[];
}

/** Four fans of different levels that hardly move while they are learnt. */
function usual(at: number, more: Readonly<Record<string, number>> = {}) {
  const ripple = 1 + 0.01 * (at % 3);
  const levels = { fan1: 1, fan2: 2, fan3: 3, fan4: 4 };
  const of = (name: keyof typeof levels) => levels[name] * ripple * (more[name] ?? 1);
  return { fan1: of('fan1'), fan2: of('fan2'), fan3: of('fan3'), fan4: of('fan4') };
}

/** The peers know what is usual of each other first; only then the rule itself begins to learn. */
const learning = Array.from({ length: 2 * LEARNT }, (_, at) => step(at, usual(at))).flat();

function run(items: readonly Item[], rule: object = RULE, cuts = new Set<number>()) {
  return runThrough(detect, [changeOf(model), rules(rule), ...learning, ...items], cuts);
}

function raisedIn(items: readonly Flow<Detected>[]): Anomaly[] {
  return anomaliesOf(items).filter(({ phase }) => phase === 'raised');
}

function steps(count: number, more: Readonly<Record<string, number>>, from = 2 * LEARNT) {
  return Array.from({ length: count }, (_, at) => step(from + at, usual(from + at, more))).flat();
}

describe('a machine beside its peers', () => {
  const all = { fan1: 3, fan2: 3, fan3: 3, fan4: 3 };

  test('what all of them do is no fault of one, whoever comes first in the model', () => {
    expect(raisedIn(run(steps(10, all)))).toEqual([]);
    // Alone each of them would be one: the test can fail.
    const { relative_to: _, ...alone } = RULE;
    expect(raisedIn(run(steps(10, all), alone)).length).toBe(4);
  });

  test('the one that does it alone is found, and says what was taken off', () => {
    const out = run([...steps(5, all), ...steps(5, { ...all, fan3: 9 }, 2 * LEARNT + 5)]);
    const [anomaly, ...others] = raisedIn(out);
    expect(others).toEqual([]);
    expect(anomaly).toMatchObject({ asset: 'plant/line/fan3', unit: 'g', severity: 'warning' });
    // Nine times its usual 3 g, of which its peers did a factor of three.
    expect(anomaly!.value).toBeCloseTo(9, 0);
    expect(anomaly!.evidence).toMatchObject({ peers: 3 });
    expect(anomaly!.evidence.peers_change).toBeCloseTo(3, 1);
    expect(anomaly!.reason).toContain('after taking off what 3 of its peers did: a factor of');
  });

  test('two that do it at once are both found: of the three others of each, one has changed', () => {
    const out = run(steps(10, { fan1: 5, fan3: 5 }), { ...RULE, direction: 'up' });
    expect(raisedIn(out).map(({ asset }) => asset)).toEqual(['plant/line/fan1', 'plant/line/fan3']);
  });

  test('a machine of another class is none of its peers, a list names whom it is compared with', () => {
    const mill = (at: number, level: number) => ({ ...usual(at), mill: level });
    const before = Array.from({ length: 2 * LEARNT }, (_, at) => step(at, mill(at, 1))).flat();
    const after = Array.from({ length: 10 }, (_, at) => {
      return step(2 * LEARNT + at, { ...mill(2 * LEARNT + at, 50) });
    }).flat();
    const said = (rule: object) => {
      const out = runThrough(detect, [changeOf(model), rules(rule), ...before, ...after]);
      return raisedIn(out).map(({ asset }) => asset);
    };
    const { classes: _, ...every } = RULE;
    // The mill has no peer of its class, so nothing is judged there.
    expect(said(every)).toEqual([]);
    expect(said({ ...every, relative_to: 'line' })).toEqual(['plant/line/mill']);
    const list = ['plant/line/fan1', 'plant/line/fan2'];
    expect(said({ ...every, relative_to: list })).toEqual(['plant/line/mill']);
  });

  test('a difference where the scale is linear', () => {
    const rule = { ...RULE, scale: 'linear' };
    const added = (at: number, by: number, own = 0) => {
      const levels = usual(at);
      return {
        ...{ fan1: levels.fan1 + by, fan2: levels.fan2 + by },
        ...{ fan3: levels.fan3 + by + own, fan4: levels.fan4 + by },
      };
    };
    const from = 2 * LEARNT;
    const together = Array.from({ length: 5 }, (_, at) => step(from + at, added(from + at, 40)));
    expect(raisedIn(run(together.flat(), rule))).toEqual([]);
    const one = Array.from({ length: 5 }, (_, at) => step(from + at, added(from + at, 40, 20)));
    const [anomaly] = raisedIn(run(one.flat(), rule));
    expect(anomaly).toMatchObject({ asset: 'plant/line/fan3' });
    expect(anomaly!.value).toBeCloseTo(23, 0);
    expect(anomaly!.reason).toMatch(/what 3 of its peers did: 4\d(\.\d+)? g/);
  });

  test('peers that fell silent stand for nothing, and with fewer than two nothing is judged', () => {
    const from = 2 * LEARNT;
    const few = Array.from({ length: 20 }, (_, at) => {
      const { fan1, fan2 } = usual(from + at, { fan1: 9 });
      return step(from + at, at < 3 ? usual(from + at) : { fan1, fan2 });
    }).flat();
    // The last values of the others count for three of their intervals; within those the fault is found.
    expect(raisedIn(run(few)).map(({ asset }) => asset)).toEqual(['plant/line/fan1']);
    const later = Array.from({ length: 30 }, (_, at) => {
      const { fan1, fan2 } = usual(from + at, at < 10 ? {} : { fan1: 9 });
      return step(from + at, { fan1, fan2 });
    }).flat();
    expect(raisedIn(run(later))).toEqual([]);
  });

  test('after a repair what is usual of it is learnt anew', () => {
    const from = 2 * LEARNT;
    const event = {
      ...{ kind: 'event', asset: keyOf('fan2'), time: seconds(10 * from), type: 'repaired' },
      ...{ data: {}, origin: { subject: '', sequence: 1, appended: seconds(10 * from) } },
    } as unknown as Observation;
    const repaired = enriched(event, seconds(10 * from + 1));
    // It is twice as loud from then on, and stays so: nobody else has changed.
    const out = run([repaired, ...steps(80, { fan2: 2 }, from + 1)]);
    expect(raisedIn(out)).toEqual([]);
    expect(raisedIn(run(steps(80, { fan2: 2 }, from + 1))).map(({ asset }) => asset)).toEqual([
      'plant/line/fan2',
    ]);
  });

  test('a restart anywhere changes nothing', () => {
    const items = [...steps(5, all), ...steps(5, { ...all, fan3: 9 }, 2 * LEARNT + 5)];
    const whole = run(items);
    const every = new Set(Array.from({ length: learning.length + items.length }, (_, at) => at));
    expect(run(items, RULE, every)).toEqual(whole);
  });

  test('everything passes, in its order, with rules that compare nobody', () => {
    const items = steps(3, {});
    const passed = (rule: object) => {
      return run(items, rule).flatMap((item) => {
        if (item.kind === 'watermark') return [`mark ${item.time}`];
        return item.kind === 'event' && !('kind' in item.value) ? [`${item.key} ${item.time}`] : [];
      });
    };
    const { relative_to: _, ...alone } = RULE;
    expect(passed(RULE)).toEqual(passed(alone));
    expect(passed(RULE).length).toBe(5 * (2 * LEARNT + 3));
  });
});

describe('a rule that compares', () => {
  test('needs two others on the line of each asset that it is about', () => {
    expect(checkPeers(rulesOf(RULE), [plant])).toEqual([]);
    const { classes: _, ...every } = RULE;
    expect(checkPeers(rulesOf(every), [plant])).toEqual([
      {
        path: ['detectors', 0, 'relative_to'],
        message:
          'expected at least 2 others to compare each asset with; plant/line/mill has fewer on the line',
      },
    ]);
    const list = { ...every, relative_to: ['plant/line/fan*'] };
    expect(checkPeers(rulesOf(list), [plant])).toEqual([]);
  });

  test('is a baseline, an ewma, a cusum or a drift', () => {
    expect(() => rulesOf({ ...RULE, kind: 'limit', above: 3 })).toThrow();
    expect(() => rulesOf({ ...RULE, relative_to: 'plant' })).toThrow();
  });
});
