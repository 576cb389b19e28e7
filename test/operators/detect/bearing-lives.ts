import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parse } from 'yaml';
import type { Flow } from '../../../operators/flow/flow.ts';
import { type AssetKey, assetKey } from '../../../operators/model/key.ts';
import type { ChangeValue } from '../../../operators/model/knowledge.ts';
import type { Sequence } from '../../../operators/model/message.ts';
import type { Features } from '../../../operators/model/observation.ts';
import { plantFileSchema } from '../../../operators/model/plant-model.ts';
import { rulesSchema } from '../../../operators/model/rules.ts';
import { type EventTime, SECOND } from '../../../operators/model/time.ts';
import { extract } from '../../../operators/spectrum/extract.ts';

/** Model and rules of the example, as changes. */
export function exampleChanges(): ChangeValue[] {
  const read = (name: string) => parse(readFileSync(`examples/pronostia/${name}`, 'utf8'));
  const [model] = plantFileSchema.parse(read('plant.yaml')).plants;
  const rules = rulesSchema.parse(read('rules.yaml'));
  return [
    { kind: 'model', id: 'model', model: model! },
    { kind: 'rules', id: 'rules', plant: 'pronostia', rules },
  ];
}

export function change<T>(value: ChangeValue, sequence = 1): Flow<T> {
  return { kind: 'change', sequence: sequence as Sequence, value };
}

/** One life of a bearing: the features of each snapshot, by point. */
export type BearingLife = {
  readonly asset: AssetKey;
  readonly snapshots: readonly Features[][];
};

const SAMPLES = 2_560;
const POINTS = ['horizontal', 'vertical'] as const;

/** From the raw file: [snapshot][channel][2560] of i16, 0.0016 g each. */
export function lifeOfRaw(folder: string, bearing: string, interval: number): BearingLife {
  const bytes = readFileSync(`${folder}/${bearing}_raw_i16.bin`);
  const counts = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  const asset = assetOf(bearing);
  const snapshots = Array.from({ length: counts.length / SAMPLES / 2 }, (_, index) => {
    return POINTS.map((point, channel) => {
      const start = (index * 2 + channel) * SAMPLES;
      const samples = Float32Array.from(counts.subarray(start, start + SAMPLES), (v) => v * 0.0016);
      const extracted = extract(samples, 25_600, 'g', 1_800);
      return features(asset, point, index * interval, extracted.values, extracted.absent);
    });
  });
  return { asset, snapshots };
}

/** From the features that come with the data set. */
export function lifeOfCsv(folder: string, bearing: string, interval = 10): BearingLife {
  const text = gunzipSync(readFileSync(`${folder}/${bearing}_features.csv.gz`)).toString();
  const [head = '', ...lines] = text.trim().split('\n');
  const names = head.split(',');
  const asset = assetOf(bearing);
  const snapshots = lines.map((line, index) => {
    const row = Object.fromEntries(line.split(',').map((cell, at) => [names[at], Number(cell)]));
    return POINTS.map((point) => {
      const of = (name: string) => row[`${point[0]}_${name}`]!;
      return features(asset, point, index * interval, {
        acceleration_rms: of('rms_g'),
        acceleration_low_rms: of('rms_g_10_1000'),
        acceleration_middle_rms: of('rms_g_1000_5000'),
        acceleration_peak: of('peak_g'),
        crest: of('crest'),
        kurtosis: of('kurtosis'),
        velocity_rms: of('vel_rms_mm_s_10_1000'),
      });
    });
  });
  return { asset, snapshots };
}

function assetOf(bearing: string): AssetKey {
  return assetKey('pronostia', 'rig', bearing.toLowerCase());
}

function features(
  asset: AssetKey,
  point: string,
  seconds: number,
  values: Record<string, number>,
  absent: Record<string, string> = {},
): Features {
  return {
    kind: 'features',
    asset,
    point,
    component: 'bearing',
    time: (seconds * SECOND) as EventTime,
    rate: 25_600,
    samples: SAMPLES,
    values,
    absent,
  };
}
