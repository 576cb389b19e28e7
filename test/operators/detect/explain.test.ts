import { describe, expect, test } from 'vitest';
import { detect } from '../../../operators/detect/detect.ts';
import type { ChangeValue } from '../../../operators/model/knowledge.ts';
import type { Features } from '../../../operators/model/observation.ts';
import { plantModelSchema } from '../../../operators/model/plant-model.ts';
import { runThrough } from '../../support/flows.ts';
import {
  anomaliesOf,
  changeOf,
  enriched,
  PRESS,
  rulesChange,
  seconds,
  windowEvent,
} from './fixtures.ts';

const model: ChangeValue = {
  kind: 'model',
  id: 'm1',
  model: plantModelSchema.parse({
    id: 'plant',
    lines: [
      {
        id: 'line',
        assets: [
          {
            id: 'press',
            signals: {
              temperature: { unit: '°C', description: 'main bearing', range: [-20, 200] },
            },
            points: [{ id: 'de', direction: 'horizontal', mounting: 'stud' }],
          },
        ],
      },
    ],
  }),
};

function evaluate(rule: object, ...values: Record<string, number>[]) {
  const items = values.map((each, index) => {
    const time = seconds(10 * index);
    const about = { asset: PRESS, point: 'de', rate: 25_600, samples: 256, absent: {} };
    const features: Features = { kind: 'features', ...about, time, values: each };
    return enriched(features, time);
  });
  return anomaliesOf(runThrough(detect, [changeOf(model), changeOf(rulesChange(rule)), ...items]));
}

const rough = { id: 'rough', kind: 'limit', signal: 'vibration_acceleration_rms', above: 1 };
const lines = { bearing_outer_race_1x: 12, bearing_outer_race_2x: 9.5, bearing_outer_race_3x: 5 };

describe('an anomaly of a waveform', () => {
  test('names the sensor, the part whose lines stand out, and what to look at', () => {
    const values = {
      acceleration_rms: 2,
      bearing_outer_race: 4.1,
      bearing_inner_race: 1,
      ...lines,
    };
    const [anomaly] = evaluate(rough, values);
    expect(anomaly).toMatchObject({
      sensor: 'horizontal acceleration at de (stud)',
      part: 'outer_race',
      advice: expect.stringContaining('outer race of the bearing at de'),
      evidence: { lines: 'score 4.1, times the noise: 1x 12, 2x 9.5, 3x 5' },
      unit: 'g',
    });
    expect(anomaly!.reason).toContain(
      '; lines of the outer race stand out (score 4.1, times the noise: 1x 12',
    );
  });

  test.for([
    ['a score that is too small', { bearing_outer_race: 2.79, ...lines }, ''],
    ['a cage that is not enough', { bearing_cage: 3.4 }, ''],
    [
      'the stronger of two',
      { bearing_outer_race: 3, bearing_inner_race: 3.2, ...lines },
      'inner_race',
    ],
    [
      'two that have the same lines, and so the same score',
      { bearing_inner_race: 3.2, bearing_rolling_element: 3.2 },
      '',
    ],
    ['a point without bearing', {}, ''],
  ] as const)('names no part for nothing: %s', ([, more, part]) => {
    expect(evaluate(rough, { acceleration_rms: 2, ...more })[0]!.part).toBe(part);
  });

  test('that clears names no part any more', () => {
    const bad = { acceleration_rms: 2, bearing_outer_race: 4.1, ...lines };
    const [, cleared] = evaluate(rough, bad, { ...bad, acceleration_rms: 0.5 });
    expect(cleared).toMatchObject({ phase: 'cleared', part: '' });
  });

  test.for([
    ['velocity_1x', 'balance'],
    ['velocity_2x', 'alignment'],
    ['kurtosis', 'bearings'],
    ['velocity_rms', 'loose feet'],
  ])('%s: look at %s', ([name, word]) => {
    const rule = { ...rough, signal: `vibration_${name}` };
    expect(evaluate(rule, { [name!]: 9 })[0]!.advice).toContain(word);
  });
});

test('an anomaly of a signal has the name that the plant model gives it', () => {
  const rule = { id: 'hot', kind: 'limit', signal: 'temperature', above: 80 };
  const items = [changeOf(model), changeOf(rulesChange(rule)), windowEvent(10, 99)] as never;
  const [anomaly] = anomaliesOf(runThrough(detect, items));
  expect(anomaly!.sensor).toBe('temperature (main bearing), -20 to 200 °C');
  expect(anomaly!.advice).toContain('order and recipe');
});
