/** The schedule, and what left the main way. */

import { z } from 'zod';
import { reachParameters, withinReach } from '../access/visitor.ts';
import { pageParameters, pageSchemaOf, positionOf, toPage } from '../api/page.ts';
import {
  type ApiRoute,
  parameterMilliseconds,
  route,
  timeAnswer,
  timeParameter,
} from '../api/route.ts';
import { placeQuery, type Services } from './services.ts';

const entrySchema = z.object({
  plant: z.string(),
  line: z.string(),
  id: z.string(),
  kind: z.string().describe('order, operation, changeover, planned-stop or maintenance.'),
  start: timeAnswer,
  end: timeAnswer,
  order: z.string(),
  product: z.string(),
  due: timeAnswer.nullable(),
  quantity: z.number().nullable(),
  assets: z.array(z.string()).describe('Only these; all of the line if empty.'),
});

/** Entries of a stretch that are given at most. */
const MOST_ENTRIES = 2_000;

const deadLetterSchema = z.object({
  stream: z.string(),
  sequence: z.number(),
  last_sequence: z.number(),
  appended: timeAnswer,
  reason: z.string(),
  stage: z.string(),
  source: z.string().describe('Subject, asset or rule that it came from.'),
  count: z.coerce.number().describe('Readings or messages.'),
  detail: z.string(),
  originals: z.array(z.string()).describe('The first three, shortened.'),
});

export function recordRoutes(services: Services): readonly ApiRoute[] {
  return [scheduleRoute(services), deadLetterRoute(services)];
}

function scheduleRoute({ questions }: Services): ApiRoute {
  return route({
    id: 'getSchedule',
    method: 'GET',
    path: '/schedule',
    tag: 'Plants',
    access: 'view-plant',
    summary: 'Schedule entries in force that touch a stretch of time.',
    querySchema: z.object({
      plant: placeQuery.plant,
      line: placeQuery.line,
      from: timeParameter,
      to: timeParameter,
    }),
    answer: z.object({ entries: z.array(entrySchema) }),
    async handle({ reach, query }) {
      const { plant = '', line = '', from, to } = query;
      const entries = await questions.ask(
        entrySchema,
        `SELECT plant, line, id, kind, start, \`end\`, \`order\`, product, due, quantity, assets
         FROM planned_now
         WHERE ${withinReach()}
           AND ({plant:String} = '' OR plant = {plant:String}) AND ({line:String} = '' OR line = {line:String})
           AND start < fromUnixTimestamp64Milli({to:Int64}) AND \`end\` > fromUnixTimestamp64Milli({from:Int64})
         ORDER BY start, id
         LIMIT ${MOST_ENTRIES}`,
        {
          ...reachParameters(reach),
          ...{ plant, line, from: parameterMilliseconds(from), to: parameterMilliseconds(to) },
        },
      );
      return { entries };
    },
  });
}

function deadLetterRoute({ questions }: Services): ApiRoute {
  return route({
    id: 'getDeadLetters',
    method: 'GET',
    path: '/dead-letters',
    tag: 'Data',
    access: 'view-exceptions',
    summary:
      'What left the main way and why, newest first: one entry for each epoch, reason, stage and source.',
    querySchema: z.object({
      ...pageParameters,
      reason: z.string().max(32).optional().describe('Only with this reason.'),
      source: z.string().max(300).optional().describe('Only from this source.'),
    }),
    answer: pageSchemaOf(deadLetterSchema),
    async handle({ query }) {
      const { limit, cursor, reason = '', source = '' } = query;
      const { time, id } = positionOf(cursor);
      const rows = await questions.ask(
        deadLetterSchema,
        `SELECT stream, sequence, last_sequence, appended, reason, stage, source, count, detail, originals
         FROM dead_letters
         WHERE ({reason:String} = '' OR reason = {reason:String})
           AND ({source:String} = '' OR source = {source:String})
           AND (appended, concat(reason, ' ', stage, ' ', source)) < (toDateTime64({time:String}, 6, 'UTC'), {id:String})
         ORDER BY appended DESC, concat(reason, ' ', stage, ' ', source) DESC
         LIMIT {limit:UInt32}`,
        { time, id, reason, source, limit: limit + 1 },
      );
      return toPage(rows, limit, (row) => ({
        time: row.appended,
        id: `${row.reason} ${row.stage} ${row.source}`,
      }));
    },
  });
}
