import { describe, expect, test } from 'vitest';
import { detect } from '../../../operators/detect/detect.ts';
import type { ChangeValue } from '../../../operators/model/knowledge.ts';
import type { Enriched, Observation } from '../../../operators/model/observation.ts';
import { plantModelSchema } from '../../../operators/model/plant-model.ts';
import { runThrough } from '../../support/flows.ts';
import {
  anomaliesOf,
  changeOf,
  machineEvent,
  model,
  phasesOf,
  rulesChange,
  windowEvent,
} from './fixtures.ts';
import { afterwards, learning, run } from './learnt-values.ts';

describe('usage', () => {
  const rule = { id: 'service', kind: 'usage', signal: 'temperature', every: 300 };
  const begun = (more: object = {}) => [
    changeOf<Enriched<Observation>>(model),
    changeOf<Enriched<Observation>>(rulesChange({ ...rule, ...more })),
  ];
  // A window adds ten times its value.
  const counted = (...values: number[]) =>
    values.map((value, at) => windowEvent(10 * (at + 1), value));
  const completed = (at: number) => machineEvent(at, 'request', { id: 'r', status: 'completed' });

  test('is due from `every` on, and says how much was counted', () => {
    const out = runThrough(detect, [...begun(), ...counted(10, 10, 9, 1)]);
    expect(phasesOf(out)).toEqual(['raised 40 warning']);
    expect(anomaliesOf(out)[0]).toMatchObject({ detector: 'usage', value: 300, limit: 300 });
    expect(anomaliesOf(out)[0]?.reason).toContain('from one service to the next');
  });

  test('a completed request ends what is due, and it is counted from 0 again', () => {
    const items = [...counted(10, 10, 10), completed(35), windowEvent(40, 20), windowEvent(50, 10)];
    const out = runThrough(detect, [...begun(), ...items]);
    expect(phasesOf(out)).toEqual(['raised 30 warning', 'cleared 35 warning', 'raised 50 warning']);
  });

  test('what is not due goes on counting when other work is completed', () => {
    const items = [...counted(10, 10), completed(25), windowEvent(30, 10)];
    expect(phasesOf(runThrough(detect, [...begun(), ...items]))).toEqual(['raised 30 warning']);
  });

  test('counts while its `while` holds, also in windows in which the state changed', () => {
    const gated = begun({ while: "state == 'EXECUTE'" });
    const standing = windowEvent(10, 100, { state: 'STOPPED' });
    const mixed = windowEvent(20, 20, { mixed: true });
    const out = runThrough(detect, [...gated, standing, mixed, windowEvent(30, 10)]);
    expect(phasesOf(out)).toEqual(['raised 30 warning']);
  });
});

describe('a limit that is an attribute of the asset', () => {
  const rule = { id: 'hot', kind: 'limit', signal: 'temperature' };
  const plant = (attributes: object): ChangeValue => ({
    ...{ kind: 'model', id: 'm2' },
    model: plantModelSchema.parse({
      ...{ id: 'plant' },
      lines: [{ id: 'line', assets: [{ id: 'press', attributes, signals: { temperature: {} } }] }],
    }),
  });
  const raisedAt = (above: object, attributes: object, ...values: number[]) => {
    const items = values.map((value, at) => windowEvent(10 * (at + 1), value));
    return runThrough(detect, [
      changeOf<Enriched<Observation>>(plant(attributes)),
      changeOf<Enriched<Observation>>(rulesChange({ ...rule, above })),
      ...items,
    ]);
  };

  test('is its own, or the default of the rule', () => {
    const above = { attribute: 'max_temperature', default: 80 };
    const out = raisedAt(above, { max_temperature: 90 }, 85, 91);
    expect(phasesOf(out)).toEqual(['raised 20 warning']);
    expect(anomaliesOf(out)[0]!.limit).toBe(90);
    expect(phasesOf(raisedAt(above, {}, 79, 81))).toEqual(['raised 20 warning']);
  });

  test('without either nothing is judged, and that is said once', () => {
    const out = raisedAt({ attribute: 'max_temperature' }, {}, 999, 999);
    expect(phasesOf(out)).toEqual([]);
    const refused = out.flatMap((item) =>
      item.kind === 'row' && item.table === 'dead_letters' ? [item.row] : [],
    );
    expect(refused).toMatchObject([{ reason: 'refused' }]);
    expect(refused[0]!.detail).toContain('asset press has no attribute max_temperature');
  });

  test('changes with the model, and a rate has it too', () => {
    const above = { attribute: 'max_temperature' };
    const out = runThrough(detect, [
      changeOf<Enriched<Observation>>(plant({ max_temperature: 80 })),
      changeOf<Enriched<Observation>>(rulesChange({ ...rule, above })),
      windowEvent(10, 85),
      changeOf<Enriched<Observation>>(plant({ max_temperature: 90 })),
      windowEvent(20, 85),
    ]);
    expect(phasesOf(out)).toEqual(['raised 10 warning', 'cleared 20 warning']);
    const rate = { id: 'fast', kind: 'rate', signal: 'temperature', over: '40s', per: '10s' };
    const climb = runThrough(detect, [
      changeOf<Enriched<Observation>>(plant({ ramp: 5 })),
      changeOf<Enriched<Observation>>(rulesChange({ ...rate, rise: { attribute: 'ramp' } })),
      ...[10, 16, 22, 28].map((value, at) => windowEvent(10 * (at + 1), value)),
    ]);
    expect(anomaliesOf(climb)[0]!.limit).toBe(5);
  });
});

describe('the running range', () => {
  const rule = { kind: 'range', signal: 'temperature', learn: 20, margin: 0.5 };

  test('49 to 51 were seen: 52 is half a width outside and allowed, and belongs to the range from then on', () => {
    expect(phasesOf(run(rule, ...learning(), ...afterwards(52)))).toEqual([]);
    expect(phasesOf(run(rule, ...learning(), ...afterwards(52.01, 52.01)))).toEqual([
      'raised 210 warning',
      'cleared 220 warning',
    ]);
    // 49 to 52 is 3 wide: the next breach is beyond 53.5.
    expect(phasesOf(run(rule, ...learning(), ...afterwards(52, 53.5)))).toEqual([]);
    expect(phasesOf(run(rule, ...learning(), ...afterwards(52, 53.51)))).toEqual([
      'raised 220 warning',
    ]);
  });

  test('with forget it shrinks towards its middle by half in that time', () => {
    // 49 to 51 at 10 s and 20 s, then 50: half as wide at 30 s and so on; at 60 s, after 4 halvings, 0.125 wide.
    const values = [49, 51, 50, 50, 50, ...Array(15).fill(50)];
    const [anomaly] = anomaliesOf(
      run({ ...rule, forget: '10s' }, ...learning(values), ...afterwards(60)),
    );
    expect(anomaly!.evidence.high).toBeCloseTo(50);
    expect(anomaliesOf(run(rule, ...learning(values), ...afterwards(60)))[0]!.evidence.high).toBe(
      51,
    );
  });
});
