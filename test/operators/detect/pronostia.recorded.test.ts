import { describe, expect, test } from 'vitest';
import { checkDetectors } from '../../../operators/detect/check-detectors.ts';
import { detect } from '../../../operators/detect/detect.ts';
import type { Anomaly } from '../../../operators/model/anomaly.ts';
import { type EventTime, SECOND } from '../../../operators/model/time.ts';
import { runThrough, watermark } from '../../support/flows.ts';
import { realData } from '../../support/real-data.ts';
import { type BearingLife, change, exampleChanges, lifeOfCsv, lifeOfRaw } from './bearing-lives.ts';
import { anomaliesOf, enriched } from './fixtures.ts';

function evaluate({ asset, snapshots }: BearingLife): Anomaly[] {
  const items = snapshots.flatMap((snapshot) => {
    const time = (snapshot[0]!.time + 100_000) as EventTime;
    const events = snapshot.map((features) => enriched(features, time, { state: 'UNDEFINED' }));
    return [...events, watermark('pronostia/rig', time)];
  });
  const changes = exampleChanges().map((value) => change<never>(value));
  return anomaliesOf(runThrough(detect, [...changes, ...items])).filter((a) => a.asset === asset);
}

/** What is reported of a bearing: how often in its first third, and the first lasting anomaly with its seconds to the end. */
function summary(life: BearingLife) {
  const end = life.snapshots.at(-1)![0]!.time / SECOND;
  const anomalies = evaluate(life);
  const raised = anomalies.filter(({ phase }) => phase === 'raised');
  const cleared = new Set(anomalies.filter(({ phase }) => phase === 'cleared').map(({ id }) => id));
  const [first] = raised.filter(({ id }) => !cleared.has(id));
  return {
    early: raised.filter(({ time }) => time / SECOND < end / 3).length,
    lasting: first && `${first.rule} ${first.point} ${Math.floor(end - first.time / SECOND)}`,
    cleared: cleared.size,
    anomalies,
  };
}

// Bearing1_1 and 3_3 from their raw waveforms, one per 20 s and 10 s; the others from the features that come with the
// data set. `lasting`: the first anomaly that still stands at the end: rule, point, seconds before the end.
const BEARINGS = [
  { name: 'Bearing1_1', raw: 20, lasting: 'velocity-zone horizontal 11379', cleared: 0 },
  { name: 'Bearing3_3', raw: 10, lasting: 'rms-baseline vertical 89', cleared: 0 },
  { name: 'Bearing1_2', lasting: 'rms-baseline horizontal 169', cleared: 0 },
  { name: 'Bearing2_1', lasting: 'rms-baseline vertical 259', cleared: 0 },
  { name: 'Bearing2_2', lasting: 'rms-baseline vertical 99', cleared: 1 },
  { name: 'Bearing3_1', lasting: 'rms-baseline vertical 189', cleared: 0 },
  { name: 'Bearing3_2', lasting: 'rms-baseline vertical 109', cleared: 0 },
];

describe('the example rules on recorded bearings that ran to failure', () => {
  test.for(BEARINGS)(
    '$name is quiet in its first third and found before its end: $lasting',
    ({ name, raw, ...expected }, context) => {
      const folder = realData('pronostia', context);
      const life = raw === undefined ? lifeOfCsv(folder, name) : lifeOfRaw(folder, name, raw);
      const { anomalies, ...seen } = summary(life);
      expect(seen).toEqual({ early: 0, ...expected });
      // Few enough to be read: what is open is reported again every hour, not with every snapshot.
      expect(anomalies.length).toBeLessThan(10);
    },
  );

  test('the rules have no issues', () => {
    const rules = exampleChanges().flatMap((value) =>
      value.kind === 'rules' ? [value.rules] : [],
    );
    expect(rules.map(checkDetectors)).toEqual([[]]);
  });
});
