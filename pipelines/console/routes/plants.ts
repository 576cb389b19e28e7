/** Plants, lines and assets, as the plant models in force declare them. */

import { z } from 'zod';
import type { PlantModel } from '../../../operators/model/plant-model.ts';
import { isWithinReach, reachParameters, withinReach } from '../access/visitor.ts';
import { type ApiRoute, route, timeAnswer } from '../api/route.ts';
import type { KnownPlant } from '../data/plant-models.ts';
import { placeQuery, plantsInSight, type Services } from './services.ts';

const plantSchema = z.object({
  id: z.string(),
  name: z.string(),
  time_zone: z.string().describe('IANA name: times of the plant are shown in it.'),
  currency: z.string().nullable(),
  lines: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      newest: timeAnswer
        .nullable()
        .describe(
          'Up to when anything is known of the line: its "now". Null before its first data.',
        ),
      asset_names: z
        .record(z.string(), z.string())
        .describe('Of the assets that are called otherwise than by their id.'),
    }),
  ),
});

const signalSchema = z.object({
  id: z.string(),
  unit: z.string().nullable(),
  description: z.string().nullable(),
  range: z.tuple([z.number(), z.number()]).nullable().describe('Physical range of the sensor.'),
});

const assetSchema = z.object({
  plant: z.string(),
  line: z.string(),
  asset: z.string(),
  name: z.string(),
  class: z.string(),
  criticality: z.enum(['A', 'B', 'C']),
  stop_cost: z
    .number()
    .nullable()
    .describe('Of an hour of standstill, in the currency of the plant.'),
  components: z.array(z.string()),
  signals: z.array(signalSchema),
  points: z.array(z.string()),
});

const newestRow = z.object({ plant: z.string(), line: z.string(), time: timeAnswer });

const NEWEST = `SELECT plant, line, time FROM newest WHERE ${withinReach()}`;

export function plantRoutes({ models, questions }: Services): readonly ApiRoute[] {
  return [
    route({
      id: 'getPlants',
      method: 'GET',
      path: '/plants',
      tag: 'Plants',
      access: 'view-plant',
      summary: 'Plants and their lines, with the newest time of each line.',
      answer: z.object({ plants: z.array(plantSchema) }),
      async handle({ reach }) {
        const [plants, newest] = await Promise.all([
          plantsInSight(models, reach),
          questions.ask(newestRow, NEWEST, reachParameters(reach)),
        ]);
        const timeOf = (plant: string, line: string) =>
          newest.find((row) => row.plant === plant && row.line === line)?.time ?? null;
        return {
          plants: plants.map(({ model }) => ({
            id: model.id,
            name: model.name ?? model.id,
            time_zone: model.time_zone,
            currency: model.currency ?? null,
            lines: model.lines
              .filter(({ id }) => isWithinReach(reach, model.id, id))
              .map((line) => ({ ...lineOf(line), newest: timeOf(model.id, line.id) })),
          })),
        };
      },
    }),
    route({
      id: 'getAssets',
      method: 'GET',
      path: '/assets',
      tag: 'Plants',
      access: 'view-plant',
      summary: 'Assets with their signals and measuring points, in the order of the plant model.',
      querySchema: z.object(placeQuery),
      answer: z.object({ assets: z.array(assetSchema) }),
      async handle({ reach, query }) {
        const plants = await plantsInSight(models, reach);
        const assets = plants
          .flatMap(assetsOf)
          .filter(
            (each) =>
              isWithinReach(reach, each.plant, each.line) &&
              (query.plant ?? each.plant) === each.plant &&
              (query.line ?? each.line) === each.line &&
              (query.asset ?? each.asset) === each.asset,
          );
        return { assets };
      },
    }),
  ];
}

function lineOf({ id, name, assets }: PlantModel['lines'][number]) {
  const named = assets.flatMap((asset) =>
    asset.name === undefined || asset.name === asset.id ? [] : [[asset.id, asset.name] as const],
  );
  return { id, name: name ?? id, asset_names: Object.fromEntries(named) };
}

/** The assets of a plant, in the order of its model. */
export function assetsOf({ model }: KnownPlant): readonly z.output<typeof assetSchema>[] {
  return model.lines.flatMap((line) =>
    line.assets.map((asset) => ({
      plant: model.id,
      line: line.id,
      asset: asset.id,
      name: asset.name ?? asset.id,
      class: asset.class,
      criticality: asset.criticality,
      stop_cost: asset.stop_cost ?? null,
      components: asset.components,
      signals: Object.entries(asset.signals).map(([id, signal]) => ({
        id,
        unit: signal.unit ?? null,
        description: signal.description ?? null,
        range: signal.range ?? null,
      })),
      points: asset.points.map(({ id }) => id),
    })),
  );
}
