/** What each machine does now, what is wrong with it, and what is being done: the andon board. */

import { z } from 'zod';
import { SEVERITIES } from '../../../operators/model/detector-rule.ts';
import { isWithinReach, type LineReach, reachParameters, withinReach } from '../access/visitor.ts';
import { type ApiRoute, route, timeAnswer } from '../api/route.ts';
import {
  kindOfState,
  plannedIn,
  RECENT_STATES,
  STANDSTILLS,
  STATES_OF_NAMED,
  standstillRow,
  stateBegun,
} from '../data/timeline.ts';
import { ALARMS, type AlarmEntry, alarmSchema } from './alarms.ts';
import { assetsOf } from './plants.ts';
import { atPlace, placeQuery, plantsInSight, type Services } from './services.ts';

const located = { plant: z.string(), line: z.string(), asset: z.string() };

const stateRow = stateBegun.extend({ ...located, kind: z.string(), planned: z.string() });
const latestRow = stateBegun.extend(located);

const requestRow = z.object({
  ...located,
  id: z.string(),
  title: z.string(),
  priority: z.string(),
  failure_mode: z.string(),
  opened: timeAnswer,
  status: z.string().describe('In the CMMS; empty when it has said nothing yet.'),
  slot_start: timeAnswer.nullable(),
  slot_end: timeAnswer.nullable(),
  slot_kind: z.string(),
  stop_cost: z.number().nullable().describe('Of a stop for the work while the machine produces.'),
  cost_in_slot: z.number().nullable(),
});

const situationSchema = z.object({
  ...located,
  name: z.string(),
  class: z.string(),
  criticality: z.string(),
  stop_cost: z.number().nullable(),
  doing: stateRow
    .omit({ plant: true, line: true, asset: true })
    .nullable()
    .describe('Null when the machine never said what it does.'),
  priority: z
    .number()
    .int()
    .min(1)
    .max(3)
    .nullable()
    .describe('1: act now, 2: act soon, 3: look at it; null when nothing is wrong.'),
  alarms: z.number().describe('That stand, or wait to be acknowledged.'),
  unacknowledged: z.number(),
  withheld: z.number().describe('Shelved, suppressed or out of service.'),
  headline: alarmSchema.nullable().describe('The worst alarm, the oldest of several.'),
  request: requestRow.nullable().describe('The open request that was opened first.'),
  requests: z.number().describe('That are open.'),
});

type StateRow = z.output<typeof stateRow>;
type RequestRow = z.output<typeof requestRow>;

const REQUESTS = `
SELECT
  request.plant AS plant, request.line AS line, request.asset AS asset, request.id AS id, request.title AS title,
  request.priority AS priority, request.failure_mode AS failure_mode, request.opened AS opened, times.status AS status,
  request.slot_start AS slot_start, request.slot_end AS slot_end, request.slot_kind AS slot_kind,
  request.stop_cost AS stop_cost,
  JSONExtract(request.request, 'stop', 'cost_in_slot', 'Nullable(Float64)') AS cost_in_slot
FROM open_requests AS request
LEFT JOIN request_times AS times ON request.id = times.id
WHERE ${withinReach('request')}
ORDER BY request.opened, request.id`;

/** The states in which an alarm wants to be seen. */
const SHOWN: ReadonlySet<string> = new Set(['unacknowledged', 'acknowledged', 'returned']);

export function situationRoutes(services: Services): readonly ApiRoute[] {
  return [
    route({
      id: 'getSituation',
      method: 'GET',
      path: '/situation',
      tag: 'Machines',
      access: 'view-plant',
      summary: 'Each machine: what it does, what is wrong, which request is open.',
      querySchema: z.object({
        plant: placeQuery.plant,
        line: placeQuery.line,
        asset: placeQuery.asset,
      }),
      answer: z.object({ machines: z.array(situationSchema) }),
      async handle({ reach, query }) {
        const machines = await situationsOf(services, reach);
        return {
          machines: machines.filter(
            ({ plant, line, asset }) =>
              (query.plant ?? plant) === plant &&
              (query.line ?? line) === line &&
              (query.asset ?? asset) === asset,
          ),
        };
      },
    }),
  ];
}

/** The same three questions for all who see the same, whatever of it they look at. */
async function situationsOf(services: Services, reach: LineReach) {
  const { models, questions } = services;
  const parameters = reachParameters(reach);
  const [plants, states, alarms, requests] = await Promise.all([
    plantsInSight(models, reach),
    latestStatesOf(services, reach),
    questions.ask(alarmSchema, ALARMS, { ...parameters, ...atPlace({}).parameters }),
    questions.ask(requestRow, REQUESTS, parameters),
  ]);
  const [doing, troubles, work] = [byAsset(states), byAsset(alarms), byAsset(requests)];
  return plants
    .flatMap(assetsOf)
    .filter(({ plant, line }) => isWithinReach(reach, plant, line))
    .map((asset) => {
      const key = keyOf(asset);
      const { name, class: kind, criticality, stop_cost, ...rest } = asset;
      const { plant, line, asset: id } = rest;
      return {
        ...{ plant, line, asset: id, name, class: kind, criticality, stop_cost },
        ...summaryOf(doing.get(key) ?? [], troubles.get(key) ?? [], work.get(key) ?? []),
      };
    });
}

/** What each machine does now. Those that have said nothing for long are asked for one by one. */
async function latestStatesOf(
  { models, questions }: Services,
  reach: LineReach,
): Promise<readonly StateRow[]> {
  const [plants, recent] = await Promise.all([
    plantsInSight(models, reach),
    questions.ask(latestRow, RECENT_STATES),
  ]);
  const heard = new Set(recent.map(keyOf));
  const named = plants
    .flatMap(assetsOf)
    .map(keyOf)
    .filter((key) => !heard.has(key));
  const earlier =
    named.length === 0 ? [] : await questions.ask(latestRow, STATES_OF_NAMED, { named });
  const states = [...recent, ...earlier].filter(({ plant, line }) =>
    isWithinReach(reach, plant, line),
  );
  const from = Math.min(...states.map(({ since }) => Date.parse(since)));
  const [newest] = await questions.ask(newestRow, NEWEST_TIME);
  const to = newest?.time ?? 0;
  if (states.length === 0) return [];
  const standstills = await questions.ask(standstillRow, STANDSTILLS, {
    from,
    to: Math.max(from, to) + 1,
  });
  const now = new Date(to).toISOString();
  return states.map((each) => ({
    ...each,
    kind: kindOfState(each.state),
    planned: plannedIn(standstills, each, each.since, now),
  }));
}

const newestRow = z.object({ time: z.coerce.number() });
const NEWEST_TIME =
  'SELECT toUnixTimestamp64Milli(max(newest.time)) AS time FROM newest HAVING count() > 0';

type Named = { readonly plant: string; readonly line: string; readonly asset: string };

function keyOf({ plant, line, asset }: Named): string {
  return `${plant}/${line}/${asset}`;
}

function byAsset<T extends Named>(rows: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const found = new Map<string, T[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const known = found.get(key);
    if (known === undefined) found.set(key, [row]);
    else known.push(row);
  }
  return found;
}

function summaryOf(
  [state]: readonly StateRow[],
  alarms: readonly AlarmEntry[],
  requests: readonly RequestRow[],
) {
  const shown = alarms.filter((each) => SHOWN.has(each.state));
  const rank = ({ severity }: AlarmEntry) => (SEVERITIES as readonly string[]).indexOf(severity);
  const [headline] = shown.toSorted((a, b) => rank(b) - rank(a) || (a.since < b.since ? -1 : 1));
  const [request] = requests;
  return {
    doing: state === undefined ? null : doingOf(state),
    priority: headline === undefined ? null : priorityOf(headline.severity),
    alarms: shown.length,
    unacknowledged: shown.filter((each) => each.state !== 'acknowledged').length,
    withheld: alarms.length - shown.length,
    headline: headline ?? null,
    request: request ?? null,
    requests: requests.length,
  };
}

function doingOf({ plant: _, line: __, asset: ___, ...doing }: StateRow) {
  return doing;
}

/** Three priorities, after ISA-18.2: danger, alarm, and what is less. */
export function priorityOf(severity: string): 1 | 2 | 3 {
  if (severity === 'danger') return 1;
  return severity === 'alarm' ? 2 : 3;
}
