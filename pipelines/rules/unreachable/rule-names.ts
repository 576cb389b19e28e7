/** What rules can name: what the plant models declare, and what the rules themselves make. */

import { severityRank } from '../../../operators/detect/life-cycle.ts';
import {
  DETECTOR_LEVELS,
  type DetectorRule,
  SEVERITIES,
} from '../../../operators/model/detector-rule.ts';
import { type AssetKey, assetKey, fits, locate } from '../../../operators/model/key.ts';
import { FEATURE_PREFIX } from '../../../operators/model/observation.ts';
import type { Asset, PlantModel } from '../../../operators/model/plant-model.ts';
import type { Rules } from '../../../operators/model/rules.ts';
import { nearest } from '../../base/nearest.ts';

/** The assets of the plants that rules are for; undefined: nobody said which plants. */
export type KnownAssets = readonly (readonly [AssetKey, Asset])[] | undefined;

/** The values that a field of events can have, and what they are called; without an entry: any. */
export type Vocabulary = Readonly<Record<string, Values | undefined>>;
type Values = {
  /** `a class that an asset has` */
  readonly expected: string;
  readonly known: readonly string[];
};

export function assetsOfPlants(models: readonly PlantModel[]): NonNullable<KnownAssets> {
  return models.flatMap((plant) =>
    plant.lines.flatMap((line) =>
      line.assets.map((asset) => [assetKey(plant.id, line.id, asset.id), asset] as const),
    ),
  );
}

const PARTS = '(outer_race|inner_race|rolling_element|cage)';
const FEATURES: readonly RegExp[] = [
  /^acceleration_(rms|peak|peak_to_peak|low_rms|middle_rms|high_rms)$/,
  /^(crest|skew|kurtosis|velocity_rms|displacement_rms|velocity_[123]x)$/,
  /^line_[1-5]_(frequency|velocity)$/,
  new RegExp(`^(bearing_${PARTS}(_[123]x)?|envelope_${PARTS}_[123]x)$`),
  /^(envelope_(low|high|kurtosis)|shaft_(rpm|confidence))$/,
];

/** Whether waveforms can have a feature of this name, which may hold `*`. */
export function isFeature(signal: string): boolean {
  if (!signal.startsWith(FEATURE_PREFIX)) return false;
  const name = signal.slice(FEATURE_PREFIX.length);
  return name.includes('*') || FEATURES.some((feature) => feature.test(name));
}

/** Whether a signal by this name, which may hold `*`, has values at an asset. */
export function isSignalOf(asset: Asset, name: string): boolean {
  if (asset.points.length > 0 && (name === '*' || isFeature(name))) return true;
  return Object.keys(asset.signals).some((signal) => fits(name, signal));
}

/** `; did you mean "speed"?`, or nothing where no name is near. */
export function hint(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  return near === undefined || near === name ? '' : `; did you mean "${near}"?`;
}

/** What the fields of events can be, so far as the models and the rules say. */
export function vocabularyOf(rules: Rules, models: readonly PlantModel[] | undefined): Vocabulary {
  const { detectors, windows } = rules;
  const made = ['flood', 'regime'];
  const kinds = [...detectors.map(({ kind }) => kind), ...made];
  return {
    ...(models === undefined ? {} : ofPlants(models)),
    rule: {
      expected: 'the id of a detector or window of these rules',
      known: [...detectors.map(({ id }) => id), ...windows.map(({ id }) => id), ...made],
    },
    detector: { expected: 'the kind of a detector of these rules', known: kinds },
    severity: {
      expected: 'a severity that a detector of these rules raises with',
      known: [...new Set(detectors.flatMap(severitiesOf))],
    },
  };
}

function ofPlants(models: readonly PlantModel[]): Vocabulary {
  const assets = assetsOfPlants(models);
  const distinct = (names: readonly string[]) => [...new Set(names)];
  const located = assets.map(([key]) => locate(key));
  const declared = (what: string) => `${what} of the plant model`;
  return {
    class: {
      expected: 'a class that an asset of the plant model has',
      known: distinct(assets.map(([, asset]) => asset.class)),
    },
    plant: { expected: declared('a plant'), known: distinct(located.map(({ plant }) => plant)) },
    line: { expected: declared('a line'), known: distinct(located.map(({ line }) => line)) },
    asset: { expected: declared('an asset'), known: distinct(located.map(({ asset }) => asset)) },
    shift: {
      expected: declared('a shift'),
      known: ['', ...models.flatMap(({ shifts }) => shifts.map(({ id }) => id))],
    },
  };
}

/** The severities that a rule can raise with. */
export function severitiesOf(rule: DetectorRule): readonly string[] {
  const ranks = (DETECTOR_LEVELS[rule.kind] ?? []).map((level) => severityRank(rule, level));
  const { escalate = {} } = rule.raise;
  const longer = Object.entries(escalate).flatMap(([name, after]) =>
    after === undefined ? [] : [name],
  );
  return [...ranks.flatMap((rank) => SEVERITIES[rank - 1] ?? []), ...longer];
}
