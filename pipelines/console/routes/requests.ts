/** Maintenance requests: which there are, and one from the first reading to what became of it. */

import { z } from 'zod';
import { REQUEST_STATUSES } from '../../../operators/model/machine-event.ts';
import { NOTICE_STEP } from '../../../operators/model/notify-rule.ts';
import type { LedgerEntry } from '../../systems/entry.ts';
import {
  attestedRoles,
  isWithinReach,
  reachOf,
  reachParameters,
  withinReach,
} from '../access/visitor.ts';
import { ApiProblem } from '../api/api-problem.ts';
import { pageParameters, pageSchemaOf, positionOf, toPage } from '../api/page.ts';
import { type ApiRoute, route, timeAnswer } from '../api/route.ts';
import { EXCEPTION_EVENT } from '../data/exceptions.ts';
import { matchesOf, matchSchema } from '../data/matches.ts';
import { askingOf, openDecisionSchema, openDecisionsOf } from '../data/open-decisions.ts';
import { atPlace, personNameOf, placeQuery, requestName, type Services } from './services.ts';

const requestFields = {
  plant: z.string(),
  line: z.string(),
  asset: z.string(),
  id: z.string(),
  revision: z.number().describe('What an act has seen.'),
  action: z.enum(['open', 'update', 'withdraw', 'close']),
  component: z.string(),
  failure_mode: z.string(),
  priority: z.string().describe('low, medium, high or urgent.'),
  title: z.string(),
  opened: timeAnswer,
  time: timeAnswer,
  status: z.string().describe('In the CMMS; empty when it has said nothing yet.'),
  open: z.boolean().describe('Neither withdrawn nor closed.'),
  accepted: timeAnswer.nullable(),
  started: timeAnswer.nullable(),
  completed: timeAnswer.nullable(),
  over: timeAnswer.nullable(),
  order: z.string(),
  product: z.string(),
  due: timeAnswer.nullable(),
  slot_start: timeAnswer.nullable(),
  slot_end: timeAnswer.nullable(),
  slot_kind: z.string(),
  stop_cost: z.number().nullable().describe('Of a stop for the work while the machine produces.'),
  order_late: z.boolean().nullable(),
};
const requestRow = z.object(requestFields);
const requestSchema = requestRow.extend({
  asks: z.boolean().describe('Its workflow waits for what a person decides.'),
});

const FIELDS = `
  request.plant AS plant, request.line AS line, request.asset AS asset, request.id AS id, request.revision AS revision,
  request.action AS action, request.component AS component, request.failure_mode AS failure_mode,
  request.priority AS priority, request.title AS title, request.opened AS opened, request.time AS time,
  times.status AS status, times.open AS open, times.accepted AS accepted, times.started AS started,
  times.completed AS completed, times.over AS over, request.\`order\` AS \`order\`, request.product AS product,
  request.due AS due, request.slot_start AS slot_start, request.slot_end AS slot_end, request.slot_kind AS slot_kind,
  request.stop_cost AS stop_cost, request.order_late AS order_late`;

/** A moment of a request's story. */
const momentSchema = z.object({
  time: timeAnswer,
  kind: z
    .enum(['anomaly', 'event', 'revision', 'status', 'act', 'step'])
    .describe('step: of its workflow, with what a system answered.'),
  title: z.string(),
  text: z.string(),
  state: z.string().describe('How far a step is, or what happened to it; empty for all others.'),
  system: z.string().describe('That was asked, with the id of its object; empty for none.'),
  about: z
    .string()
    .describe('Id of the anomaly, action of the revision, status, type of the act, object.'),
  signal: z.string(),
  point: z.string().describe('Measuring point, where the signal is a feature of its bursts.'),
  value: z.number().nullable(),
  limit: z.number().nullable(),
  unit: z.string(),
  who: z.string().describe('Opaque id of the person; empty where it was none.'),
  photo: z.string().describe('Id of a photo of the asset that came with it; empty for none.'),
});
const storySchema = momentSchema.extend({
  name: z.string().describe('Of the person; empty where none is known.'),
});

const detailSchema = z.object({
  request: requestSchema.extend({
    asset_name: z.string(),
    work: z.string(),
    description: z.string(),
    because: z.string(),
    parts: z.array(z.string()),
    duration: z.number().nullable().describe('Hours.'),
    currency: z.string(),
    cost_in_slot: z.number().nullable(),
  }),
  moments: z.array(storySchema).describe('From the first breach on, in order.'),
  matches: z
    .array(matchSchema)
    .describe('Patterns that it rests on, with the events that they took: the latest 10.'),
  decisions: z.array(openDecisionSchema).describe('What its workflow waits for people to decide.'),
  delivery: z
    .object({
      state: z.enum(['waiting', 'sent', 'rejected']),
      remote: z.string().nullable().describe('Its number in the CMMS.'),
      status: z.enum(REQUEST_STATUSES).nullable(),
      attempts: z.number(),
      note: z.string().describe('Of the last attempt.'),
    })
    .nullable()
    .describe('Null before anything was sent.'),
});

export function requestRoutes(services: Services): readonly ApiRoute[] {
  return [listRoute(services), detailRoute(services)];
}

function listRoute({ questions }: Services): ApiRoute {
  const query = z.object({
    ...pageParameters,
    ...placeQuery,
    open: z
      .enum(['true', 'false'])
      .optional()
      .describe('true: only open ones; false: only the others.'),
  });
  return route({
    id: 'getRequests',
    method: 'GET',
    path: '/requests',
    tag: 'Requests',
    access: 'view-plant',
    summary: 'Requests by their latest revision, newest first.',
    querySchema: query,
    answer: pageSchemaOf(requestSchema),
    async handle({ reach, query: asked }) {
      const { limit, cursor, open = '' } = asked;
      const { condition, parameters } = atPlace(asked, 'request');
      const { time, id } = positionOf(cursor);
      const rows = await questions.ask(
        requestRow,
        `SELECT ${FIELDS}
         FROM current_requests AS request
         INNER JOIN request_times AS times ON request.id = times.id
         WHERE ${withinReach('request')} AND ${condition}
           AND ({open:String} = '' OR times.open = ({open:String} = 'true'))
           AND (request.opened, request.id) < (toDateTime64({time:String}, 6, 'UTC'), {id:String})
         ORDER BY request.opened DESC, request.id DESC
         LIMIT {limit:UInt32}`,
        {
          ...{ ...reachParameters(reach), ...parameters, time, id, open, limit: limit + 1 },
        },
      );
      const asking = await askingOf(
        questions,
        rows.map((row) => row.id),
      );
      const page = toPage(rows, limit, (row) => ({ time: row.opened, id: row.id }));
      return {
        ...page,
        entries: page.entries.map((row) => ({ ...row, asks: asking.has(row.id) })),
      };
    },
  });
}

/** What the JSON of a revision has beyond its columns. */
const revisionSchema = z.object({
  asset_name: z.string(),
  work: z.string(),
  description: z.string(),
  because: z.string(),
  parts: z.array(z.string()),
  duration: z.number().nullable(),
  stop: z.object({ currency: z.string(), cost_in_slot: z.number().nullable() }),
});

const ONE = `
SELECT ${FIELDS}, request.request AS json
FROM current_requests AS request
INNER JOIN request_times AS times ON request.id = times.id
WHERE request.id = {id:String}`;

const MOMENTS = `
WITH
  (SELECT anomalies FROM current_requests WHERE id = {id:String}) AS own,
  (SELECT (plant, line, asset) FROM current_requests WHERE id = {id:String}) AS place,
  (SELECT opened FROM current_requests WHERE id = {id:String}) AS opened,
  (SELECT time FROM current_requests WHERE id = {id:String}) AS latest
SELECT DISTINCT time, kind, title, text, state, system, about, signal, point, value, limit, unit, who, photo
FROM
(
  SELECT
    if(phase = 'raised', since, time) AS time, 'anomaly' AS kind, toString(phase) AS title, reason AS text, '' AS state, '' AS system, id AS about,
    toString(signal) AS signal, toString(point) AS point, toNullable(value) AS value, toNullable(limit) AS limit,
    toString(unit) AS unit, '' AS who, '' AS photo, revision AS place_in_time
  FROM anomalies FINAL
  WHERE has(own, id) AND (phase != 'updated')
  UNION ALL
  SELECT
    time, 'revision', toString(action), JSONExtractString(request, 'because'), '', '', toString(revision), '', '', NULL, NULL, '', '',
    '', revision
  FROM request_history FINAL
  WHERE id = {id:String}
  UNION ALL
  SELECT
    time, 'status', JSONExtractString(data, 'status'), JSONExtractString(data, 'note'), '', '',
    JSONExtractString(data, 'remote'), '', '', NULL, NULL, '', '', '', 0
  FROM machine_events FINAL
  WHERE type = 'request' AND kind = 'status' AND JSONExtractString(data, 'id') = {id:String}
  UNION ALL
  SELECT
    time, 'act', toString(type), concat(JSONExtractString(data, 'reason'), JSONExtractString(data, 'text')),
    '', '', toString(type), '', '', NULL, NULL, '', user, extract(JSONExtractString(data, 'photo'), '[0-9a-f]{32}$'), 0
  FROM machine_events FINAL
  WHERE kind = 'act' AND type != '${EXCEPTION_EVENT}' AND (plant, line, asset) = place AND time >= opened
    -- A comment names its request, and may come at any time.
    AND if(type = 'comment', JSONExtractString(data, 'request') = {id:String}, time <= latest + INTERVAL 1 DAY)
  UNION ALL
  SELECT
    time, 'step', if(step = '', toString(workflow), toString(step)),
    because, toString(state), trim(concat(toString(system), ' ', if(system = '', '', remote))),
    remote, '', '', NULL, NULL, '', '', '', position
  FROM workflow_steps FINAL
  WHERE request = {id:String} AND state != 'skipped' AND NOT startsWith(step, '${NOTICE_STEP}')
    -- What a step waits for is the question that it asks.
    AND NOT (state = 'pending' AND (step, position + 1) IN
      (SELECT step, position FROM workflow_steps WHERE request = {id:String} AND state = 'ask'))
)
ORDER BY time, place_in_time, kind, about`;

function detailRoute(services: Services): ApiRoute {
  const { questions, flow, models } = services;
  return route({
    id: 'getRequest',
    method: 'GET',
    path: '/requests/{id}',
    tag: 'Requests',
    access: 'view-plant',
    summary:
      'One request as a story: evidence, revisions, statuses, acts, steps of its workflow; and where it stands in the CMMS.',
    pathSchema: z.object({ id: requestName }),
    answer: detailSchema,
    async handle({ reach, path, visitor }) {
      const { id } = path;
      const stored = requestRow.extend({ json: z.string() });
      const [found] = await questions.ask(stored, ONE, { id });
      if (found === undefined || !isWithinReach(reach, found.plant, found.line)) {
        throw new ApiProblem('not-found', `expected the id of a request, found ${id}`);
      }
      const rules = (await models.plants()).get(found.plant)?.rules;
      const { plant, line } = found;
      const mayAnswer = (by: readonly string[] | undefined) =>
        visitor !== undefined &&
        isWithinReach(reachOf(visitor.roles, 'decide-work'), plant, line) &&
        (by === undefined ||
          attestedRoles(visitor, 'decide-work', plant, line).some((role) => by.includes(role)));
      const [moments, matches, decisions, entry] = await Promise.all([
        questions.ask(momentSchema, MOMENTS, { id }),
        matchesOf(questions, id, rules),
        openDecisionsOf(questions, id, rules?.workflows ?? [], mayAnswer),
        // The CMMS is one thing, the request another: without the ledger there is still a story.
        flow.request(id).catch(() => undefined),
      ]);
      const { json, ...request } = found;
      const { stop, ...more } = revisionSchema.parse(JSON.parse(json));
      return {
        request: { ...request, asks: decisions.length > 0, ...more, ...stop },
        moments: await withNames(services, moments),
        matches,
        decisions,
        delivery: entry === undefined ? null : deliveryOf(entry, request.revision),
      };
    },
  });
}

async function withNames(services: Services, moments: readonly z.output<typeof momentSchema>[]) {
  const people = [...new Set(moments.map(({ who }) => who))].filter((who) => who !== '');
  const names = await Promise.all(people.map((who) => personNameOf(services, who)));
  return moments.map((each) => ({ ...each, name: names[people.indexOf(each.who)] ?? '' }));
}

function deliveryOf(entry: LedgerEntry, revision: number) {
  const { delivery, remote, status, attempts, history } = entry;
  const state = entry.revision < revision ? ('waiting' as const) : delivery;
  return { state, remote, status, attempts, note: history.at(-1)?.note ?? '' };
}
