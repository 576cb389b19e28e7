/** One machine over time: its signals with their limits, and its states. */

import { z } from 'zod';
import { fits } from '../../../operators/model/key.ts';
import { lookup } from '../../../operators/model/plain.ts';
import type { Asset } from '../../../operators/model/plant-model.ts';
import type { Rules } from '../../../operators/model/rules.ts';
import { ApiProblem } from '../api/api-problem.ts';
import {
  type ApiRoute,
  nameParameter,
  parameterMilliseconds,
  route,
  timeAnswer,
  timeParameter,
} from '../api/route.ts';
import {
  END_OF_STRETCH,
  MOST_STATES,
  plannedIn,
  STANDSTILLS,
  STATES_OF_ASSET,
  type StateSpan,
  spansOf,
  standstillRow,
  stateBegun,
} from '../data/timeline.ts';
import { assetInSight, assetPath, type Services } from './services.ts';

/** A stretch of time: to `to`, else to the newest of the line; from `from`, else an hour before. */
export const stretchQuery = {
  from: timeParameter.optional().describe('Without it: an hour before `to`.'),
  to: timeParameter.optional().describe('Without it: the newest time of the line.'),
};
const HOUR = 3_600_000;
export const MOST_POINTS = 4_000;

export const signalAnswer = z.object({
  signal: z.string(),
  unit: z.string().nullable(),
  description: z.string().nullable(),
  range: z.tuple([z.number(), z.number()]).nullable(),
  limits: z
    .array(
      z.object({
        rule: z.string(),
        kind: z.enum(['above', 'below']),
        value: z.number(),
        of: z.string().describe('Of which statistic of its window, where it is not the reading.'),
        severity: z.string(),
      }),
    )
    .describe('Limits of the rules in force.'),
  from: timeAnswer,
  to: timeAnswer,
  step: z.number().describe('Milliseconds of a point.'),
  source: z
    .enum(['readings', 'minutes', 'hours', 'windows', 'features'])
    .describe('From which table the points were made.'),
  times: z.array(z.number()).describe('Milliseconds since 1970: the latest reading of each point.'),
  least: z.array(z.number()),
  greatest: z.array(z.number()),
  latest: z.array(z.number()),
});

const stateAnswer = z.object({
  from: timeAnswer,
  to: timeAnswer,
  state: z.string(),
  kind: z.string(),
  mode: z.string(),
  order: z.string(),
  product: z.string(),
  planned: z.string(),
});

export function machineRoutes(services: Services): readonly ApiRoute[] {
  return [signalRoute(services), timelineRoute(services)];
}

function signalRoute({ models, questions }: Services): ApiRoute {
  return route({
    id: 'getSignal',
    method: 'GET',
    path: '/assets/{plant}/{line}/{asset}/signals/{signal}',
    tag: 'Machines',
    access: 'view-plant',
    summary:
      'A signal over time: least, greatest and latest value of each point, and never more points than asked.',
    pathSchema: assetPath.extend({ signal: nameParameter }),
    querySchema: z.object({
      ...stretchQuery,
      points: z.coerce
        .number()
        .int()
        .min(1)
        .max(MOST_POINTS)
        .default(500)
        .describe('The most points.'),
    }),
    answer: signalAnswer,
    async handle({ reach, path, query }) {
      const { known, asset } = await assetInSight(models, reach, path);
      const declared = lookup(asset.signals, path.signal);
      const stretch = await stretchOf(questions, path, query);
      const { step, source } = resolutionOf(stretch, query.points);
      const points = await questions.ask(pointRow, SOURCES[source], {
        ...{ plant: path.plant, line: path.line, asset: path.asset, signal: path.signal },
        ...{ from: stretch.from, to: stretch.to, step },
      });
      return {
        signal: path.signal,
        unit: declared?.unit ?? null,
        description: declared?.description ?? null,
        range: declared?.range ?? null,
        limits: limitsOf(known.rules, asset, path),
        from: new Date(stretch.from).toISOString(),
        to: new Date(stretch.to).toISOString(),
        ...{ step, source },
        times: points.map(({ time }) => time),
        least: points.map(({ least }) => least),
        greatest: points.map(({ greatest }) => greatest),
        latest: points.map(({ latest }) => latest),
      };
    },
  });
}

function timelineRoute({ models, questions }: Services): ApiRoute {
  return route({
    id: 'getTimeline',
    method: 'GET',
    path: '/assets/{plant}/{line}/{asset}/timeline',
    tag: 'Machines',
    access: 'view-plant',
    summary: 'What the machine did, from when to when, and what was planned.',
    pathSchema: assetPath,
    querySchema: z.object({
      ...stretchQuery,
      points: z.coerce
        .number()
        .int()
        .min(1)
        .max(MOST_POINTS)
        .default(1_000)
        .describe('States that are shorter than one of so many parts may be left out.'),
    }),
    answer: z.object({ from: timeAnswer, to: timeAnswer, states: z.array(stateAnswer) }),
    async handle({ reach, path, query }) {
      await assetInSight(models, reach, path);
      const stretch = await stretchOf(questions, path, query);
      const least = (stretch.to - stretch.from) / query.points;
      const { spans: states, from } = await spansOfAsset(questions, path, stretch, least);
      const [begin, end] = [new Date(from).toISOString(), new Date(stretch.to).toISOString()];
      return { from: begin, to: end, states };
    },
  });
}

/**
 * What a machine did in a stretch, and from when on: where it did more than is read, the stretch begins later. States that
 * are shorter than `least` milliseconds may be left out.
 */
export async function spansOfAsset(
  questions: Services['questions'],
  { plant, line, asset }: z.output<typeof assetPath>,
  { from, to }: Stretch,
  least: number,
): Promise<{ readonly spans: readonly StateSpan[]; readonly from: number }> {
  const place = { plant, line, asset };
  const [begun, [last], standstills] = await Promise.all([
    questions.ask(stateBegun, STATES_OF_ASSET, { ...place, from, to }),
    questions.ask(endRow, END_OF_STRETCH, { ...place, to }),
    questions.ask(standstillRow, STANDSTILLS, { from, to }),
  ]);
  const until = last?.end ?? new Date(to).toISOString();
  const spans = spansOf(begun, until, least, (start, finish) =>
    plannedIn(standstills, place, start, finish),
  );
  const [first] = begun.length < MOST_STATES ? [] : begun;
  return { spans, from: first === undefined ? from : Math.max(from, Date.parse(first.since)) };
}

const endRow = z.object({ end: timeAnswer });

type Stretch = { readonly from: number; readonly to: number };

export async function stretchOf(
  { ask }: Services['questions'],
  { plant, line }: { readonly plant: string; readonly line: string },
  query: { readonly from?: string | undefined; readonly to?: string | undefined },
): Promise<Stretch> {
  const to =
    query.to === undefined ? await newestOf(ask, plant, line) : parameterMilliseconds(query.to);
  const from = query.from === undefined ? to - HOUR : parameterMilliseconds(query.from);
  if (from < to) return { from, to };
  throw new ApiProblem(
    'bad-request',
    'query.from: expected a time before `to`, found one that is not',
  );
}

const newestRow = z.object({ time: z.coerce.number() });

async function newestOf(ask: Services['questions']['ask'], plant: string, line: string) {
  const [row] = await ask(
    newestRow,
    `SELECT toUnixTimestamp64Milli(time) AS time FROM newest WHERE plant = {plant:String} AND line = {line:String}`,
    { plant, line },
  );
  return row === undefined ? Date.now() : row.time + 1;
}

const pointRow = z.object({
  time: z.coerce.number(),
  least: z.number(),
  greatest: z.number(),
  latest: z.number(),
});

/** The finest table whose rows are not longer than a point. */
function resolutionOf({ from, to }: Stretch, points: number) {
  const wanted = Math.max(1, Math.ceil((to - from) / points));
  if (wanted >= 60 * 60_000) return { source: 'hours', step: wholeOf(wanted, 3_600_000) } as const;
  if (wanted >= 60_000) return { source: 'minutes', step: wholeOf(wanted, 60_000) } as const;
  return { source: 'readings', step: wanted } as const;
}

function wholeOf(wanted: number, unit: number): number {
  return Math.ceil(wanted / unit) * unit;
}

const OF_SIGNAL =
  'plant = {plant:String} AND line = {line:String} AND asset = {asset:String} AND signal = {signal:String}';

/** A row that begins before the stretch and reaches into it belongs to its first point. */
const fromRollup = (table: string, column: string, seconds: number) => `
SELECT
  toUnixTimestamp64Milli(max(latest_time)) AS time, min(least) AS least, max(greatest) AS greatest,
  argMax(latest, latest_time) AS latest
FROM ${table}
WHERE ${OF_SIGNAL}
  AND ${column} > toDateTime(intDiv({from:Int64}, 1000) - ${seconds})
  AND ${column} < toDateTime(intDiv({to:Int64} + 999, 1000))
GROUP BY intDiv(greatest(0, toUnixTimestamp(${column}) * 1000 - {from:Int64}), {step:Int64})
ORDER BY time`;

const SOURCES = {
  // A log that was worked twice has readings twice; least, greatest and latest are the same.
  readings: `
SELECT
  toUnixTimestamp64Milli(max(reading.time)) AS time, min(reading.value) AS least, max(reading.value) AS greatest,
  argMax(reading.value, reading.time) AS latest
FROM readings AS reading
WHERE ${OF_SIGNAL}
  AND reading.time >= fromUnixTimestamp64Milli({from:Int64}) AND reading.time < fromUnixTimestamp64Milli({to:Int64})
  AND isFinite(reading.value) AND reading.quality != 'suspect'
  AND (reading.stream, reading.run) NOT IN (SELECT stream, run FROM counted_runs WHERE whole)
GROUP BY intDiv(toUnixTimestamp64Milli(reading.time) - {from:Int64}, {step:Int64})
ORDER BY time`,
  minutes: fromRollup('readings_by_minute', 'minute', 60),
  hours: fromRollup('readings_by_hour', 'hour', 3_600),
} as const;

type Limit = z.output<typeof signalAnswer>['limits'][number];

/** The fixed limits of the rules for a signal of an asset; a number of its own by the attribute of that name. */
export function limitsOf(
  rules: Rules | undefined,
  asset: Asset,
  { plant, line, asset: id, signal }: z.output<typeof assetPath> & { readonly signal: string },
): readonly Limit[] {
  return (rules?.detectors ?? []).flatMap((rule): Limit[] => {
    if (rule.kind !== 'limit' || !fits(rule.signal, signal)) return [];
    if (rule.classes !== undefined && !rule.classes.includes(asset.class)) return [];
    const path = `${plant}/${line}/${id}`;
    if (rule.assets !== undefined && !rule.assets.some((each) => fits(each, path))) return [];
    return (['above', 'below'] as const).flatMap((kind): Limit[] => {
      const bound = rule[kind];
      const value =
        typeof bound === 'object' ? (asset.attributes[bound.attribute] ?? bound.default) : bound;
      if (value === undefined) return [];
      const { severity } = rule.raise;
      const named = typeof severity === 'object' ? severity[kind] : severity;
      return [{ rule: rule.id, kind, value, of: rule.of, severity: named ?? 'warning' }];
    });
  });
}
