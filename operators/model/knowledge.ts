import { type AssetKey, assetKey, plantOf } from './key.ts';
import type { Asset, PlantModel } from './plant-model.ts';
import type { Rules } from './rules.ts';
import type { Schedule } from './schedule.ts';

export type ModelChange = {
  readonly kind: 'model';
  readonly id: string;
  readonly model: PlantModel;
};
export type RulesChange = {
  readonly kind: 'rules';
  readonly id: string;
  readonly plant: string;
  readonly rules: Rules;
};

/** What reaches every stage and key at its sequence number. */
export type ChangeValue = ModelChange | RulesChange | Schedule;

/** The plant models and rules in force: shared by all keys of a stage. */
export type Knowledge = {
  readonly models: Record<string, PlantModel>;
  readonly rules: Record<string, Rules>;
};

export function nothingKnown(): Knowledge {
  return { models: {}, rules: {} };
}

/** Takes a change in. Schedules are the business of the stages that know lines. */
export function learn(knowledge: Knowledge, change: ChangeValue): void {
  switch (change.kind) {
    case 'model':
      knowledge.models[change.model.id] = change.model;
      return;
    case 'rules':
      knowledge.rules[change.plant] = change.rules;
      return;
    case 'schedule':
      return;
  }
}

/** Indexes are derived, so they are no state: made again whenever the model object is another one. */
const indexes = new WeakMap<PlantModel, ReadonlyMap<AssetKey, Asset>>();

function indexOf(model: PlantModel): ReadonlyMap<AssetKey, Asset> {
  const known = indexes.get(model);
  if (known !== undefined) return known;
  const index = new Map<AssetKey, Asset>();
  for (const line of model.lines) {
    for (const asset of line.assets) index.set(assetKey(model.id, line.id, asset.id), asset);
  }
  indexes.set(model, index);
  return index;
}

export function assetOf(knowledge: Knowledge, key: AssetKey): Asset | undefined {
  const plant = plantOf(key);
  // Own properties only: plants are named by whoever publishes, and `constructor` is no plant.
  const model = Object.hasOwn(knowledge.models, plant) ? knowledge.models[plant] : undefined;
  return model === undefined ? undefined : indexOf(model).get(key);
}

export function rulesOf(knowledge: Knowledge, key: AssetKey): Rules | undefined {
  const plant = plantOf(key);
  return Object.hasOwn(knowledge.rules, plant) ? knowledge.rules[plant] : undefined;
}
