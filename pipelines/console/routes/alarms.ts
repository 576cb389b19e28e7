/** Anomalies, alarms by ISA-18.2, and incidents. */

import { z } from 'zod';
import { SEVERITIES } from '../../../operators/model/detector-rule.ts';
import { reachParameters, withinReach } from '../access/visitor.ts';
import { pageParameters, pageSchemaOf, positionOf, toPage } from '../api/page.ts';
import {
  type ApiRoute,
  parameterMilliseconds,
  route,
  timeAnswer,
  timeParameter,
} from '../api/route.ts';
import { atPlace, placeQuery, type Services } from './services.ts';

const located = { plant: z.string(), line: z.string(), asset: z.string() };
const severity = z.string().describe(`One of ${SEVERITIES.join(', ')}.`);
const finite = z.number().nullable();

const anomalySchema = z.object({
  ...located,
  id: z.string(),
  phase: z.enum(['raised', 'updated', 'cleared']),
  revision: z.number().describe('Counts the phases: what an act has seen.'),
  rule: z.string(),
  detector: z.string(),
  signal: z.string(),
  point: z.string(),
  component: z.string(),
  failure_mode: z.string(),
  severity,
  since: timeAnswer.describe('First breach of the unbroken run.'),
  time: timeAnswer.describe('Of this phase.'),
  value: finite,
  limit: finite,
  unit: z.string(),
  reason: z.string().describe('One sentence for people.'),
  advice: z.string(),
  state: z.string().describe('PackML state of the machine at the time.'),
  order: z.string(),
  product: z.string(),
  withheld: z.string().describe('Why people were not told; empty when they were.'),
});

const ANOMALY_COLUMNS =
  'plant, line, asset, id, phase, revision, rule, detector, signal, point, component, failure_mode, severity, since, ' +
  'time, value, limit, unit, reason, advice, state, `order`, product, withheld';

export const alarmSchema = z.object({
  ...located,
  rule: z.string(),
  signal: z.string(),
  point: z.string(),
  anomaly: z.string().describe('Its anomaly: what acts name. Empty for none.'),
  state: z.string().describe('By ISA-18.2: unacknowledged, acknowledged, returned, shelved …'),
  cause: z.string().describe('What brought it there.'),
  who: z.string().describe('Who did it: an opaque id; empty if nobody.'),
  note: z.string().describe('Why, in words.'),
  time: timeAnswer,
  severity,
  since: timeAnswer,
  revision: z.number(),
  value: finite,
  limit: finite,
  unit: z.string(),
  component: z.string(),
  failure_mode: z.string(),
  reason: z.string(),
  advice: z.string(),
});

export type AlarmEntry = z.output<typeof alarmSchema>;

/** Alarms that are not normal, with what their anomaly says. */
export const ALARMS = `
SELECT
  alarm.plant AS plant, alarm.line AS line, alarm.asset AS asset, alarm.rule AS rule, alarm.signal AS signal,
  alarm.point AS point, alarm.anomaly AS anomaly, alarm.state AS state, alarm.cause AS cause, alarm.who AS who,
  alarm.reason AS note, alarm.time AS time, found.severity AS severity, found.since AS since,
  found.revision AS revision, found.value AS value, found.limit AS limit, found.unit AS unit,
  found.component AS component, found.failure_mode AS failure_mode, found.reason AS reason, found.advice AS advice
FROM
(
  SELECT * FROM alarms_now
  WHERE ${withinReach()} AND ${atPlace({}).condition}
  ORDER BY time DESC
  LIMIT 1 BY plant, line, asset, rule, signal, point
) AS alarm
INNER JOIN anomalies_now AS found
  ON alarm.anomaly = found.id AND alarm.plant = found.plant AND alarm.line = found.line AND alarm.asset = found.asset
WHERE alarm.state != 'normal'`;

const incidentSchema = z.object({
  ...located,
  id: z.string(),
  rule: z.string(),
  component: z.string(),
  failure_mode: z.string(),
  severity,
  start: timeAnswer,
  end: timeAnswer,
  time: timeAnswer,
  anomalies: z.array(z.string()),
});

export function alarmRoutes(services: Services): readonly ApiRoute[] {
  return [anomalyRoute(services), alarmRoute(services), incidentRoute(services)];
}

function anomalyRoute({ questions }: Services): ApiRoute {
  const query = z.object({
    ...pageParameters,
    ...placeQuery,
    standing: z
      .enum(['true', 'false'])
      .optional()
      .describe('true: only those that have not cleared.'),
    severity: z.enum(SEVERITIES).optional().describe('Only of this severity.'),
    from: timeParameter
      .optional()
      .describe('Only those whose latest phase is not before this time.'),
  });
  return route({
    id: 'getAnomalies',
    method: 'GET',
    path: '/anomalies',
    tag: 'Alarms',
    access: 'view-plant',
    summary: 'Anomalies by their latest phase, newest first.',
    querySchema: query,
    answer: pageSchemaOf(anomalySchema),
    async handle({ reach, query: asked }) {
      const { limit, cursor, standing, severity: only = '', from } = asked;
      const { condition, parameters } = atPlace(asked);
      const { time, id } = positionOf(cursor);
      const rows = await questions.ask(
        anomalySchema,
        `SELECT ${ANOMALY_COLUMNS}
         FROM anomalies_now
         WHERE ${withinReach()} AND ${condition}
           AND ({severity:String} = '' OR severity = {severity:String})
           AND ({standing:String} = '' OR (phase != 'cleared') = ({standing:String} = 'true'))
           AND time >= fromUnixTimestamp64Milli({from:Int64})
           AND (time, id) < (toDateTime64({time:String}, 6, 'UTC'), {id:String})
         ORDER BY time DESC, id DESC
         LIMIT {limit:UInt32}`,
        {
          ...reachParameters(reach),
          ...parameters,
          ...{ time, id, limit: limit + 1, severity: only, standing: standing ?? '' },
          from: from === undefined ? 0 : parameterMilliseconds(from),
        },
      );
      return toPage(rows, limit, (row) => row);
    },
  });
}

/** All alarms of a plant in a flood are one page: whoever filters and scrolls them has them at once. */
const MOST_ALARMS = 10_000;

function alarmRoute({ questions }: Services): ApiRoute {
  const query = z.object({
    ...pageParameters,
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(MOST_ALARMS)
      .default(100)
      .describe('Entries of a page.'),
    ...placeQuery,
    state: z.string().max(32).optional().describe('Only in this state.'),
  });
  return route({
    id: 'getAlarms',
    method: 'GET',
    path: '/alarms',
    tag: 'Alarms',
    access: 'view-plant',
    summary: 'Alarms that are not normal, those that changed last first.',
    querySchema: query,
    answer: pageSchemaOf(alarmSchema),
    async handle({ reach, query: asked }) {
      const { limit, cursor, state = '' } = asked;
      const { time, id } = positionOf(cursor);
      const rows = await questions.ask(
        alarmSchema,
        `SELECT * FROM (${ALARMS})
         WHERE ({state:String} = '' OR state = {state:String})
           AND (time, anomaly) < (toDateTime64({time:String}, 6, 'UTC'), {id:String})
         ORDER BY time DESC, anomaly DESC
         LIMIT {limit:UInt32}`,
        {
          ...reachParameters(reach),
          ...atPlace(asked).parameters,
          ...{ time, id, state, limit: limit + 1 },
        },
      );
      return toPage(rows, limit, (row) => ({ time: row.time, id: row.anomaly }));
    },
  });
}

function incidentRoute({ questions }: Services): ApiRoute {
  return route({
    id: 'getIncidents',
    method: 'GET',
    path: '/incidents',
    tag: 'Alarms',
    access: 'view-plant',
    summary: 'Matches of patterns, and anomalies that a trigger names, newest first.',
    querySchema: z.object({ ...pageParameters, ...placeQuery }),
    answer: pageSchemaOf(incidentSchema),
    async handle({ reach, query: asked }) {
      const { limit, cursor } = asked;
      const { condition, parameters } = atPlace(asked);
      const { time, id } = positionOf(cursor);
      const rows = await questions.ask(
        incidentSchema,
        `SELECT plant, line, asset, id, rule, component, failure_mode, severity, start, \`end\`, time, anomalies
         FROM incidents FINAL
         WHERE ${withinReach()} AND ${condition}
           AND (stream, run) NOT IN (SELECT stream, run FROM counted_runs WHERE whole)
           AND (time, id) < (toDateTime64({time:String}, 6, 'UTC'), {id:String})
         ORDER BY time DESC, id DESC
         LIMIT {limit:UInt32}`,
        { ...reachParameters(reach), ...parameters, time, id, limit: limit + 1 },
      );
      return toPage(rows, limit, (row) => row);
    },
  });
}
