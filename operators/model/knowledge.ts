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

export function emptyKnowledge(): Knowledge {
  return { models: {}, rules: {} };
}

/** Takes a change in. Schedules are the business of the stages that know lines. */
export function applyChange(knowledge: Knowledge, change: ChangeValue): void {
  switch (change.kind) {
    case 'model':
      knowledge.models[change.model.id] = change.model;
      assetIndexes.delete(knowledge);
      return;
    case 'rules':
      knowledge.rules[change.plant] = change.rules;
      return;
    case 'schedule':
      return;
  }
}

/** Derived, so no state: asked for with every message. Dropped whenever a model changes. */
const assetIndexes = new WeakMap<Knowledge, Map<AssetKey, Asset>>();

export function assetOf(knowledge: Knowledge, key: AssetKey): Asset | undefined {
  let index = assetIndexes.get(knowledge);
  if (index === undefined) {
    index = assetsOf(knowledge);
    assetIndexes.set(knowledge, index);
  }
  return index.get(key);
}

function assetsOf({ models }: Knowledge): Map<AssetKey, Asset> {
  const index = new Map<AssetKey, Asset>();
  for (const model of Object.values(models)) {
    for (const line of model.lines) {
      for (const asset of line.assets) index.set(assetKey(model.id, line.id, asset.id), asset);
    }
  }
  return index;
}

export function rulesOf(knowledge: Knowledge, key: AssetKey): Rules | undefined {
  const plant = plantOf(key);
  return Object.hasOwn(knowledge.rules, plant) ? knowledge.rules[plant] : undefined;
}
