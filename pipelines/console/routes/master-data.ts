/** Master data of a plant: which systems hold what of it, what things are called there, what is wrong; and how objectives were kept. */

import { z } from 'zod';
import {
  evaluateObjectives,
  type KeptObjective,
  OBJECTIVES,
  readObjectives,
} from '../../warehouse/objectives.ts';
import { type LineReach, reachParameters } from '../access/visitor.ts';
import { ApiProblem } from '../api/api-problem.ts';
import { type ApiRoute, nameParameter, route } from '../api/route.ts';
import { plantInSight, type Services } from './services.ts';

const count = z.coerce.number();
const time = z.string();

const heldSchema = z.object({
  ...{ system: z.string(), entity: z.string(), objects: count },
  as_of: time.describe('The oldest copy is as of then.'),
  is_record: z.coerce.boolean().describe('The system is the one of record, at this plant.'),
});
const findingSchema = z.object({
  check: z.string().describe('File of sql/quality.'),
  ...{ entity: z.string(), system: z.string(), objects: z.array(z.string()) },
  owner: z.string().describe('Who corrects it; empty for nobody.'),
  since: time.describe('Every look has found it since.'),
  ...{ text: z.string(), proposal: z.string() },
  of_plant: z.coerce.boolean().describe('False for what is of no one plant.'),
});
const scoreSchema = z.object({
  ...{ time, objects: count, flagged: count },
  score: z.number().nullable().describe('Share of the objects that nothing was found of.'),
});
const mappingSchema = z.object({
  ...{ entity: z.string(), id: z.string(), system: z.string(), remote: z.string() },
  ...{ from: z.string(), to: z.string().nullable() },
  state: z.string().describe('in force, waiting (not approved), to come, ended'),
});

const DAYS = 30;
/** Milliseconds. */
const DAY = 86_400_000;
const stretchSchema = z.object({ begun: time, ended: time, text: z.string() });
const keptSchema = z.object({
  objective: z.string().describe('File of sql/objectives.'),
  title: z.string(),
  target: z.number().describe('Percent of the time in which it is to be kept.'),
  minutes: z.number().describe('Of which anything is known of the plant.'),
  degraded: z.number().describe('Minutes in which it was not kept.'),
  budget: z.number().describe('Minutes that may be so.'),
  spent: z.number().describe('Of the budget; above 1 it was missed.'),
  held: count.describe('Requests that had to wait meanwhile.'),
  worst: stretchSchema.nullable().describe('The longest stretch that one cause took.'),
});

const iso = (column: string) => `formatDateTime(${column}, '%Y-%m-%dT%H:%i:%SZ', 'UTC')`;

const HELD = `
SELECT
  held.system AS system, held.entity AS entity, count() AS objects, ${iso('min(held.as_of)')} AS as_of,
  any(held.record = held.system) AS is_record
FROM master_now AS held
WHERE held.plant = {plant:String} AND held.system != 'governance' AND held.entity != 'plant'
GROUP BY held.system, held.entity
ORDER BY system, entity`;

const FOUND = `
SELECT
  found.check AS check, found.entity AS entity, found.system AS system, found.objects AS objects, found.owner AS owner,
  ${iso('found.since')} AS since, found.text AS text, found.proposal AS proposal, found.plant != '' AS of_plant
FROM master_quality AS found FINAL
WHERE found.check != 'counted'
  AND found.id = (SELECT argMax(id, time) FROM master_quality WHERE master_quality.check = 'counted')
  AND (found.plant = {plant:String} OR ({reach_all:UInt8} = 1 AND found.plant = ''))
ORDER BY of_plant DESC, check, system, objects
LIMIT 1000`;

const SCORES = `
SELECT ${iso('looked.time')} AS time, looked.objects AS objects, looked.flagged AS flagged, looked.score AS score
FROM master_scores AS looked
WHERE looked.plant = {plant:String}
ORDER BY looked.time DESC
LIMIT 60`;

const MAPPED = `
SELECT
  mapped.entity AS entity, mapped.id AS id, mapped.system AS system, mapped.remote AS remote,
  toString(mapped.valid_from) AS from, toString(mapped.valid_to) AS to, mapped.state AS state
FROM master_mappings_now AS mapped
WHERE mapped.id = {plant:String} OR startsWith(mapped.id, concat({plant:String}, '/'))
ORDER BY entity, id, system, from
LIMIT 1000`;

/** Rejects with an `ApiProblem` for whoever does not see all of a plant. */
async function wholePlantInSight({ models }: Services, reach: LineReach, plant: string) {
  await plantInSight(models, reach, plant);
  if (reach.everywhere || reach.plants.has(plant)) return;
  const found = `lines of ${plant} alone`;
  throw new ApiProblem('forbidden', `expected a plant within reach, found ${found}`);
}

export function masterDataRoutes(services: Services): readonly ApiRoute[] {
  const { questions } = services;
  return [
    objectivesRoute(services),
    route({
      id: 'getMasterData',
      method: 'GET',
      path: '/plants/{plant}/master-data',
      tag: 'Plants',
      access: 'view-plant',
      summary:
        'Which systems hold what of a plant, what its things are called there, and what the last look found wrong. For whoever ' +
        'sees the whole plant; what is of no one plant, for whoever sees all of them.',
      pathSchema: z.object({ plant: nameParameter }),
      answer: z.object({
        held: z.array(heldSchema),
        findings: z.array(findingSchema).describe('At most 1,000.'),
        scores: z.array(scoreSchema).describe('Of the last 60 looks, the newest first.'),
        mappings: z.array(mappingSchema).describe('At most 1,000.'),
      }),
      async handle({ reach, path: { plant } }) {
        await wholePlantInSight(services, reach, plant);
        const parameters = { ...reachParameters(reach), plant };
        const [held, findings, scores, mappings] = await Promise.all([
          questions.ask(heldSchema, HELD, parameters),
          questions.ask(findingSchema, FOUND, parameters),
          questions.ask(scoreSchema, SCORES, parameters),
          questions.ask(mappingSchema, MAPPED, parameters),
        ]);
        return {
          held: [...held],
          findings: [...findings],
          scores: [...scores],
          mappings: [...mappings],
        };
      },
    }),
  ];
}

/** The objectives are those of `objectives.yaml` in the folder of the console, as for `andon objectives`. */
function objectivesRoute(services: Services): ApiRoute {
  const objectives = readObjectives();
  return route({
    id: 'getObjectives',
    method: 'GET',
    path: '/plants/{plant}/objectives',
    tag: 'Plants',
    access: 'view-plant',
    summary: `How the objectives of service were kept at a plant in the last ${DAYS} days. For whoever sees the whole plant.`,
    pathSchema: z.object({ plant: nameParameter }),
    answer: z.object({ objectives: z.array(keptSchema) }),
    async handle({ reach, path: { plant } }) {
      await wholePlantInSight(services, reach, plant);
      // By the second, so that it is worked out once for those who look at the same time.
      const to = Math.floor(Date.now() / 1_000) * 1_000;
      const kept = await evaluateObjectives(
        (query, parameters) => services.questions.ask(z.looseObject({}), query, parameters),
        objectives,
        { from: to - DAYS * DAY, to },
      );
      const own = kept.filter((one) => one.plant === plant);
      return { objectives: own.map(shownObjective) };
    },
  });
}

function shownObjective({ objective, held, worst, ...one }: KeptObjective) {
  const clock = (milliseconds: number) => new Date(milliseconds).toISOString();
  const { target, minutes, degraded, budget, spent } = one;
  return {
    ...{ objective, title: OBJECTIVES[objective].title, held: held.length },
    ...{ target, minutes, degraded, budget, spent },
    worst:
      worst === null
        ? null
        : { begun: clock(worst.begun), ended: clock(worst.ended), text: worst.text },
  };
}
