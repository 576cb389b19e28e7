import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomOf } from './plant-log.ts';

const SAMPLES = 2_560;
const RATE = 25_600;

export type MadeUpBearing = {
  readonly folder: string;
  readonly snapshots: number;
  /** From this snapshot on it shakes more and more. */
  readonly from: number;
};

/**
 * A recording like those of the PRONOSTIA bench, of bearing1_1, for machines without the data: noise and the shaft's
 * turning at both points; from `from` on an imbalance that grows. Returns the path of its description.
 */
export function madeUpBearing({ folder, snapshots, from }: MadeUpBearing): string {
  const random = randomOf(11);
  const counts = new Int16Array(snapshots * 2 * SAMPLES);
  for (let at = 0; at < counts.length; at += 1) {
    const snapshot = Math.floor(at / (2 * SAMPLES));
    const angle = (2 * Math.PI * 30 * (at % SAMPLES)) / RATE;
    const worse = Math.max(0, snapshot - from) * 12;
    const noise = (random() - 0.5) * (200 + 20 * worse);
    counts[at] = Math.round(noise + (20 + worse) * Math.sin(angle));
  }
  writeFileSync(join(folder, 'bearing.bin'), counts);
  const description = {
    name: 'made-up-bearing',
    kind: 'waveforms',
    file: 'bearing.bin',
    type: 'i16',
    scale: 0.0016,
    unit: 'g',
    rate: RATE,
    samples: SAMPLES,
    subject: 'waveform.pronostia.rig.bearing1_1',
    points: ['horizontal', 'vertical'],
    rpm: 1800,
    start: '2012-01-01T00:00:00Z',
    interval: '10s',
  };
  const path = join(folder, 'bearing.yaml');
  writeFileSync(path, JSON.stringify(description));
  return path;
}
