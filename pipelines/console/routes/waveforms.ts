/** The diagnosis level of a machine: bursts of a measuring point, one of them with its spectra, and features over time. */

import { z } from 'zod';
import { unitOfFeature } from '../../../operators/detect/sample.ts';
import { FEATURE_PREFIX } from '../../../operators/model/observation.ts';
import type { Asset, Point } from '../../../operators/model/plant-model.ts';
import { ApiProblem } from '../api/api-problem.ts';
import { pageParameters, pageSchemaOf, positionOf, toPage } from '../api/page.ts';
import { type ApiRoute, nameParameter, route, timeAnswer } from '../api/route.ts';
import { counted } from '../data/timeline.ts';
import { type Burst, waveformView } from '../data/waveform-view.ts';
import { limitsOf, MOST_POINTS, signalAnswer, stretchOf, stretchQuery } from './machines.ts';
import { assetInSight, assetPath, type Services } from './services.ts';

const pointPath = assetPath.extend({ point: nameParameter });
type PointPath = z.output<typeof pointPath>;

const burstSchema = z.object({
  time: timeAnswer.describe('Start of the burst: what names it.'),
  rate: z.number().describe('Samples per second.'),
  samples: z.coerce.number(),
  unit: z.string(),
  rpm: z.number().nullable(),
  velocity_rms: z.number().nullable().describe('mm/s; null where it could not be computed.'),
});

const marks = z
  .array(
    z.object({
      kind: z.enum(['order', 'outer_race', 'inner_race', 'rolling_element', 'cage']),
      n: z.number().describe('The order, or the number of the harmonic.'),
      at: z.number().describe('Hz.'),
    }),
  )
  .describe('Where lines of the shaft and of defects of the bearing are expected.');
const lines = z.object({
  step: z.number().describe('Hz: point k begins at k times this.'),
  values: z.array(z.number()).describe('The greatest line of each point.'),
  marks,
});

const spectrumSchema = z.object({
  time: timeAnswer,
  rate: z.number(),
  samples: z.number(),
  unit: z.string(),
  rpm: z.number().nullable(),
  shaft: z.number().nullable().describe('Shaft speed that orders rest on, Hz.'),
  wave: z.object({
    step: z.number().describe('Seconds of a point.'),
    least: z.array(z.number()),
    greatest: z.array(z.number()),
  }),
  velocity: lines.nullable().describe('mm/s rms; null where the samples cannot be read.'),
  envelope: lines
    .nullable()
    .describe('Squared envelope of the prewhitened samples, as a share of its mean.'),
  values: z.record(z.string(), z.number()).describe('Features.'),
  absent: z
    .record(z.string(), z.string())
    .describe('Features that could not be computed, and why.'),
  zone: z.string().nullable().describe('By ISO 20816-3.'),
  diagnosis: z.object({
    verdict: z.string(),
    confidence: z.number(),
    reasons: z.array(z.string()),
    action: z.string(),
  }),
});

const pointsParameter = z.coerce
  .number()
  .int()
  .min(10)
  .max(MOST_POINTS)
  .default(500)
  .describe('The most points of each picture.');

export function waveformRoutes(services: Services): readonly ApiRoute[] {
  return [listRoute(services), spectrumRoute(services), trendRoute(services)];
}

const OF_POINT =
  'plant = {plant:String} AND line = {line:String} AND asset = {asset:String} AND point = {point:String}';

const BURSTS = `
SELECT
  burst.time AS time, burst.rate AS rate, burst.samples AS samples, burst.unit AS unit, burst.rpm AS rpm,
  found.velocity AS velocity_rms
FROM
(
  SELECT time, any(rate) AS rate, any(unit) AS unit, any(rpm) AS rpm, sum(size) AS samples
  FROM
  (
    SELECT
      time, part, any(parts) AS parts, any(rate) AS rate, any(unit) AS unit, any(rpm) AS rpm,
      any(length(samples)) AS size
    FROM waveforms
    WHERE ${OF_POINT} AND time < toDateTime64({before:String}, 6, 'UTC')
    GROUP BY time, part
  )
  GROUP BY time
  -- Some of its parts may have expired, or not landed yet.
  HAVING count() = max(parts)
  ORDER BY time DESC
  LIMIT {limit:UInt32}
) AS burst
LEFT JOIN
(
  SELECT time, anyOrNullIf(\`values\`['velocity_rms'], mapContains(\`values\`, 'velocity_rms')) AS velocity
  FROM features AS fact
  ${counted('fact')} AND ${OF_POINT} AND time < toDateTime64({before:String}, 6, 'UTC')
  GROUP BY time
) AS found ON burst.time = found.time
ORDER BY time DESC`;

function listRoute({ models, questions }: Services): ApiRoute {
  return route({
    id: 'getWaveforms',
    method: 'GET',
    path: '/assets/{plant}/{line}/{asset}/points/{point}/waveforms',
    tag: 'Machines',
    access: 'view-plant',
    summary: 'Bursts of a measuring point, newest first.',
    pathSchema: pointPath,
    querySchema: z.object(pageParameters),
    answer: pageSchemaOf(burstSchema),
    async handle({ reach, path, query }) {
      const { asset } = await assetInSight(models, reach, path);
      pointOf(asset, path);
      const { limit, cursor } = query;
      const { time: before } = positionOf(cursor);
      const rows = await questions.ask(burstSchema, BURSTS, { ...path, before, limit: limit + 1 });
      return toPage(rows, limit, ({ time }) => ({ time, id: '' }));
    },
  });
}

const partRow = z.object({
  time: timeAnswer,
  rate: z.number(),
  unit: z.string(),
  rpm: z.number().nullable(),
  parts: z.number(),
  samples: z.array(z.number().nullable()),
});

const PARTS = `
SELECT time, rate, unit, rpm, parts, samples
FROM waveforms
WHERE ${OF_POINT} AND time = toDateTime64({time:String}, 6, 'UTC')
ORDER BY part
LIMIT 1 BY part`;

const timePath = pointPath.extend({
  time: z
    .string()
    .regex(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z$/,
      'expected a time such as 2026-03-02T06:00:00Z',
    )
    .describe('Start of the burst, as the list has it.'),
});

function spectrumRoute({ models, questions }: Services): ApiRoute {
  return route({
    id: 'getSpectrum',
    method: 'GET',
    path: '/assets/{plant}/{line}/{asset}/points/{point}/waveforms/{time}',
    tag: 'Machines',
    access: 'view-plant',
    summary:
      'One burst: samples, velocity spectrum with orders, envelope spectrum with defect frequencies, and the diagnosis.',
    pathSchema: timePath,
    querySchema: z.object({ points: pointsParameter }),
    answer: spectrumSchema,
    async handle({ reach, path, query }) {
      const { asset } = await assetInSight(models, reach, path);
      const point = pointOf(asset, path);
      const time = path.time.replace('T', ' ').replace('Z', '');
      const parts = await questions.ask(partRow, PARTS, { ...path, time });
      const [first] = parts;
      if (first === undefined) {
        const detail = `expected the time of a burst, found ${path.time}. Samples are kept for 90 days.`;
        throw new ApiProblem('not-found', detail);
      }
      if (parts.length !== first.parts) {
        const detail = `expected ${first.parts} parts of the burst, found ${parts.length}. The others expired, or have not landed yet.`;
        throw new ApiProblem('not-found', detail);
      }
      const { rate, unit, rpm } = first;
      const samples = Float32Array.from(
        parts.flatMap((part) => part.samples.map((each) => each ?? Number.NaN)),
      );
      const burst: Burst = { samples, rate, unit, rpm: rpm ?? undefined };
      const view = waveformView(burst, point, sizeOf(asset), query.points);
      return {
        time: first.time,
        rate,
        samples: samples.length,
        unit: unit || point.unit,
        rpm,
        ...view,
      };
    },
  });
}

function pointOf(asset: Asset, { point }: PointPath): Point {
  const found = asset.points.find(({ id }) => id === point);
  if (found !== undefined) return found;
  const known = asset.points.map(({ id }) => id).join(', ') || 'none';
  throw new ApiProblem(
    'not-found',
    `expected a measuring point of the asset (${known}), found ${point}`,
  );
}

function sizeOf({ iso }: Asset) {
  if (iso === undefined) return {};
  return { group: iso.group === '1' ? 1 : 2, support: iso.support } as const;
}

const trendRow = z.object({
  time: z.coerce.number(),
  least: z.number(),
  greatest: z.number(),
  latest: z.number(),
});

const TREND = `
SELECT
  toUnixTimestamp64Milli(max(burst.time)) AS time, min(value) AS least, max(value) AS greatest,
  argMax(value, burst.time) AS latest
FROM
(
  SELECT time, \`values\`[{feature:String}] AS value
  FROM features AS fact
  ${counted('fact')} AND ${OF_POINT} AND mapContains(\`values\`, {feature:String})
    AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
) AS burst
WHERE isFinite(value)
GROUP BY intDiv(toUnixTimestamp64Milli(burst.time) - {from:Int64}, {step:Int64})
ORDER BY time`;

function trendRoute({ models, questions }: Services): ApiRoute {
  return route({
    id: 'getFeature',
    method: 'GET',
    path: '/assets/{plant}/{line}/{asset}/points/{point}/features/{feature}',
    tag: 'Machines',
    access: 'view-plant',
    summary:
      'A feature of the bursts of a measuring point over time, with the limits of the rules.',
    pathSchema: pointPath.extend({ feature: nameParameter }),
    querySchema: z.object({ ...stretchQuery, points: pointsParameter }),
    answer: signalAnswer,
    async handle({ reach, path, query }) {
      const { known, asset } = await assetInSight(models, reach, path);
      pointOf(asset, path);
      const { from, to } = await stretchOf(questions, path, query);
      const step = Math.max(1, Math.ceil((to - from) / query.points));
      const found = await questions.ask(trendRow, TREND, { ...path, from, to, step });
      const signal = FEATURE_PREFIX + path.feature;
      return {
        signal,
        unit: unitOfFeature(path.feature) ?? null,
        ...{ description: null, range: null },
        limits: limitsOf(known.rules, asset, { ...path, signal }),
        from: new Date(from).toISOString(),
        to: new Date(to).toISOString(),
        ...{ step, source: 'features' },
        times: found.map(({ time }) => time),
        least: found.map(({ least }) => least),
        greatest: found.map(({ greatest }) => greatest),
        latest: found.map(({ latest }) => latest),
      };
    },
  });
}
