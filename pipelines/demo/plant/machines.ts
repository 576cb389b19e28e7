import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type AssetKey, assetKey } from '../../../operators/model/key.ts';
import {
  type Asset,
  type PlantModel,
  type Point,
  plantFileSchema,
} from '../../../operators/model/plant-model.ts';

/** A machine of the simulated plant, as the plant model knows it. Its physics go by its class. */
export type Machine = {
  readonly key: AssetKey;
  readonly line: string;
  readonly asset: Asset;
  readonly point: Point | undefined;
};

/** The demo's plant model and rules. */
export const MODEL = new URL('../../../examples/demo/plant.yaml', import.meta.url);
export const RULES = new URL('../../../examples/demo/rules.yaml', import.meta.url);

/** The one plant of the demo's plant model. */
export function plantOfFile(): PlantModel {
  const text = readFileSync(MODEL, 'utf8');
  const [plant, ...others] = plantFileSchema.parse(parse(text, { merge: true })).plants;
  if (plant === undefined || others.length > 0) throw new Error('expected one plant in the demo');
  return plant;
}

/** The machines of a plant, line by line. */
export function machinesOf(plant: PlantModel): readonly Machine[] {
  return plant.lines.flatMap(({ id: line, assets }) =>
    assets.map((asset) => ({
      key: assetKey(plant.id, line, asset.id),
      line,
      asset,
      point: asset.points[0],
    })),
  );
}
