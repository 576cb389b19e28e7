import type { Features } from '../model/features.ts';
import { locate } from '../model/key.ts';
import type { FeaturesRow } from '../model/tables.ts';

/** The row of `features` for one waveform's features. */
export function toFeaturesRow(features: Features): FeaturesRow {
  const { asset, point, component, time, rate, samples, rpm, values, absent } = features;
  return {
    ...locate(asset),
    point,
    component: component ?? '',
    time,
    rate,
    samples,
    rpm: rpm ?? null,
    values,
    absent,
  };
}
