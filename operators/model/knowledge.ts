import { type AssetKey, assetKey, type Key, plantOf } from './key.ts';
import { applySchedule, type LineSchedules, withoutUnknownLines } from './line-schedules.ts';
import { lookup } from './plain.ts';
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
  /** Workflows under way go on by these definitions, and not by those that they began with. */
  readonly migrate?: true;
};

/** What reaches every stage and key at its sequence number. */
export type ChangeValue = ModelChange | RulesChange | Schedule;

/** The plant models, rules and schedules in force: one immutable value that all stages read. */
export type Knowledge = {
  readonly models: Readonly<Record<string, PlantModel>>;
  readonly rules: Readonly<Record<string, Rules>>;
  readonly schedules: LineSchedules;
};

export const EMPTY_KNOWLEDGE: Knowledge = { models: {}, rules: {}, schedules: {} };

/** Stages take a change in one after the other: what the first of them made of it is for all. */
const applied = new WeakMap<
  ChangeValue,
  { readonly before: Knowledge; readonly after: Knowledge }
>();

/** What is known after a change. */
export function applyChange(before: Knowledge, change: ChangeValue): Knowledge {
  const known = applied.get(change);
  if (known?.before === before) return known.after;
  const after = changed(before, change);
  applied.set(change, { before, after });
  return after;
}

function changed(knowledge: Knowledge, change: ChangeValue): Knowledge {
  const { models, rules, schedules } = knowledge;
  switch (change.kind) {
    case 'model':
      return { ...knowledge, models: { ...models, [change.model.id]: change.model } };
    case 'rules':
      return { ...knowledge, rules: { ...rules, [change.plant]: change.rules } };
    case 'schedule':
      return {
        ...knowledge,
        schedules: withoutUnknownLines(applySchedule(schedules, change), models),
      };
  }
}

/** Derived, so no state: asked for with every message. */
const assetIndexes = new WeakMap<Knowledge['models'], Map<AssetKey, Asset>>();

export function assetOf({ models }: Knowledge, key: AssetKey): Asset | undefined {
  let index = assetIndexes.get(models);
  if (index === undefined) {
    index = assetsOf(models);
    assetIndexes.set(models, index);
  }
  return index.get(key);
}

function assetsOf(models: Knowledge['models']): Map<AssetKey, Asset> {
  const index = new Map<AssetKey, Asset>();
  for (const model of Object.values(models)) {
    for (const line of model.lines) {
      for (const asset of line.assets) index.set(assetKey(model.id, line.id, asset.id), asset);
    }
  }
  return index;
}

export function rulesOf({ rules }: Knowledge, key: Key): Rules | undefined {
  return lookup(rules, plantOf(key));
}

export function plantModelOf({ models }: Knowledge, key: Key): PlantModel | undefined {
  return lookup(models, plantOf(key));
}
