import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { detect } from '../../../operators/detect/detect.ts';
import type { ChangeValue } from '../../../operators/model/knowledge.ts';
import { plantModelSchema } from '../../../operators/model/plant-model.ts';
import { type EventTime, SECOND } from '../../../operators/model/time.ts';
import { runThrough } from '../../support/flows.ts';
import { realData } from '../../support/real-data.ts';
import { anomaliesOf, changeOf, enriched, PRESS, rulesChange } from './fixtures.ts';

const BEARINGS = ['B1', 'B2', 'B3', 'B4'];

const model: ChangeValue = {
  kind: 'model',
  id: 'm1',
  model: plantModelSchema.parse({
    id: 'plant',
    lines: [{ id: 'line', assets: [{ id: 'press', points: BEARINGS.map((id) => ({ id })) }] }],
  }),
};

/** Snapshots every ten minutes of four bearings until the first fails: [snapshot][bearing] standard deviation in g. */
function snapshots(folder: string): number[][] {
  const text = gunzipSync(readFileSync(`${folder}/test2_timefeatures.csv.gz`)).toString();
  const [head = '', ...lines] = text.trim().split('\n');
  const columns = BEARINGS.map((bearing) => head.split(',').indexOf(`${bearing}_std`));
  return lines.map((line) => columns.map((column) => Number(line.split(',')[column])));
}

test('IMS test 2: with its defaults `ewma` finds the bearing that failed by snapshot 548, and the others not before 700', (context) => {
  const items = snapshots(realData('ims', context)).flatMap((row, index) => {
    const time = (600 * index * SECOND) as EventTime;
    const about = { asset: PRESS, rate: 20_000, samples: 20_480, absent: {} };
    return row.map((acceleration_rms, at) => {
      const point = BEARINGS[at]!;
      return enriched(
        { kind: 'features', ...about, point, time, values: { acceleration_rms } },
        time,
      );
    });
  });
  const rule = { id: 'mean', kind: 'ewma', signal: 'vibration_acceleration_rms' };
  const out = anomaliesOf(
    runThrough(detect, [changeOf(model), changeOf(rulesChange(rule)), ...items]),
  );
  const first = (point: string) => {
    const time = out.find((anomaly) => anomaly.point === point)?.time ?? Number.MAX_SAFE_INTEGER;
    return 1 + time / SECOND / 600;
  };
  expect(first('B1')).toBeGreaterThan(500);
  expect(first('B1')).toBeLessThanOrEqual(548);
  for (const healthy of ['B2', 'B3', 'B4']) expect(first(healthy)).toBeGreaterThanOrEqual(700);
});
