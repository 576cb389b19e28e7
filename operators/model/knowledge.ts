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
  /**
   * Of `knownTo` alone, never of what is kept: the assets that somebody else judges, and who. `models` is without them.
   */
  readonly elsewhere?: ReadonlyMap<AssetKey, string>;
};

/** Who judges a line of which the model says nothing else. */
export const CENTRE = 'centre';

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

/** Why a judge has an asset no more. */
export function causeOfAbsence(
  { elsewhere }: Knowledge,
  key: AssetKey,
): 'asset removed' | 'judge changed' {
  return elsewhere?.has(key) === true ? 'judge changed' : 'asset removed';
}

/** `causeOfAbsence` for people. */
export function textOfAbsence(knowledge: Knowledge, key: AssetKey): string {
  const judge = knowledge.elsewhere?.get(key);
  return judge === undefined
    ? `asset removed: the plant model has no ${key} any more`
    : `judge changed: ${judge} judges ${key} from now on`;
}

/**
 * What one judge knows of all that is known: the assets of other judges are to it as if the model did not have them, so
 * that what it has open of them ends as that of a removed asset does. The same knowledge where there are none.
 */
export function knownTo(judge: string): (knowledge: Knowledge) => Knowledge {
  const seen = new WeakMap<Knowledge, Knowledge>();
  const models = new WeakMap<PlantModel, PlantModel>();
  const ownOf = (model: PlantModel): PlantModel => {
    if (model.lines.every((line) => evaluatorOf(line) === judge)) return model;
    const known = models.get(model);
    if (known !== undefined) return known;
    const lines = model.lines.map((line) => {
      return evaluatorOf(line) === judge ? line : { ...line, assets: [] };
    });
    const own = { ...model, lines };
    models.set(model, own);
    return own;
  };
  return (knowledge) => {
    const known = seen.get(knowledge);
    if (known !== undefined) return known;
    const elsewhere = new Map(
      Object.values(knowledge.models).flatMap((model) => othersOf(model, judge)),
    );
    const own = Object.fromEntries(
      Object.entries(knowledge.models).map(([id, model]) => [id, ownOf(model)]),
    );
    const found = elsewhere.size === 0 ? knowledge : { ...knowledge, models: own, elsewhere };
    seen.set(knowledge, found);
    return found;
  };
}

type Line = PlantModel['lines'][number];

export function evaluatorOf({ judged_at }: Pick<Line, 'judged_at'>): string {
  return judged_at ?? CENTRE;
}

function othersOf(model: PlantModel, judge: string): (readonly [AssetKey, string])[] {
  return model.lines.flatMap((line) => {
    const by = evaluatorOf(line);
    if (by === judge) return [];
    return line.assets.map(({ id }) => [assetKey(model.id, line.id, id), by] as const);
  });
}
