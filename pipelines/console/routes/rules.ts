/** The rules: what is in force, since when and by whom; and what another limit of a detector would have raised. */

import { z } from 'zod';
import { isAboutAsset } from '../../../operators/detect/compile.ts';
import { isStatistic } from '../../../operators/detect/sample.ts';
import type { DetectorRule } from '../../../operators/model/detector-rule.ts';
import { assetKey, fits } from '../../../operators/model/key.ts';
import { FEATURE_PREFIX } from '../../../operators/model/observation.ts';
import { lookup } from '../../../operators/model/plain.ts';
import type { Asset } from '../../../operators/model/plant-model.ts';
import type { Rules } from '../../../operators/model/rules.ts';
import { sentenceOf } from '../../rules/explain/explain.ts';
import { findUnreachable } from '../../rules/unreachable/unreachable.ts';
import { isWithinReach, type LineReach } from '../access/visitor.ts';
import { ApiProblem } from '../api/api-problem.ts';
import { type ApiRoute, nameParameter, route, timeAnswer } from '../api/route.ts';
import {
  drawnValues,
  failuresIn,
  type LimitRule,
  otherLimits,
  type Side,
  type StoredValue,
} from '../data/other-limits.ts';
import type { KnownPlant } from '../data/plant-models.ts';
import { counted } from '../data/timeline.ts';
import { limitsOf, signalAnswer, spansOfAsset } from './machines.ts';
import {
  assetInSight,
  type assetPath,
  personNameOf,
  plantInSight,
  type Services,
} from './services.ts';

const count = z.coerce.number();

const ruleSchema = z.object({
  id: z.string(),
  family: z.enum(['detector', 'pattern', 'trigger']),
  kind: z.string().describe('Of a detector; empty for the others.'),
  about: z.string().describe('Its signal, or what it waits for, in words.'),
  raised: z.number().describe('Alarms, incidents or requests of the latest thirty days.'),
  latest: timeAnswer.nullable().describe('When it last did; null: never that anybody knows.'),
  answers: z.number().describe('How often people said whether it was right.'),
  precision: z
    .number()
    .nullable()
    .describe('Share of those that were right; null without an answer.'),
  definition: z.record(z.string(), z.unknown()).describe('As it stands in the rules.'),
  subjects: z
    .array(z.object({ line: z.string(), asset: z.string(), signal: z.string(), point: z.string() }))
    .describe(
      'Of a detector with a fixed limit: what it is about, for its trace; at most two hundred.',
    ),
});

const rulesSchema = z.object({
  rules: z.array(ruleSchema),
  changes: z
    .array(
      z.object({
        change: z.string(),
        time: timeAnswer,
        sequence: count,
        who: z.string().describe('Opaque id of whoever applied it; empty where nobody knows.'),
        name: z.string().describe('Of that person; empty where none is known, or was erased.'),
      }),
    )
    .describe('When rules were applied, the newest first: it is in force.'),
  never: z.array(z.string()).describe('What can never match, one sentence each.'),
});

const limitOutcome = z.object({
  limit: z.number(),
  alarms: z.number(),
  per_month: z.number(),
  warned: z.number().describe('Failures before which an alarm stood.'),
  lead_hours: z.number().nullable().describe('Median, from that alarm to the failure.'),
});

const traceSchema = z.object({
  rule: z.string(),
  side: z.enum(['above', 'below']),
  limit: z.number().describe('In force.'),
  of: z.string().describe('Statistic of the windows; empty for a feature.'),
  series: signalAnswer.describe('What the rule evaluates.'),
  values: z.number().describe('Windows or bursts that were tried.'),
  failures: z.array(timeAnswer).describe('When the machine failed.'),
  limits: z.array(limitOutcome).describe('Ascending; the one in force among them.'),
  left_out: z.array(z.string()).describe('Conditions of the rule that were not tried.'),
});

const DAYS = 30;
const plantPath = z.object({ plant: nameParameter });

export function ruleRoutes(services: Services): readonly ApiRoute[] {
  return [rulesRoute(services), traceRoute(services)];
}

const changeRow = z.object({ change: z.string(), time: timeAnswer, sequence: count });
const CHANGES = `
SELECT change, max(appended) AS time, sequence
FROM rules WHERE plant = {plant:String}
GROUP BY change, sequence
ORDER BY time DESC, sequence DESC
LIMIT 20`;

const usedRow = z.object({ rule: z.string(), count, latest: timeAnswer });
const LATELY = `> (SELECT max(newest.time) FROM newest WHERE newest.plant = {plant:String}) - INTERVAL ${DAYS} DAY`;
const USED = `
SELECT toString(raised.rule) AS rule, countIf(raised.time ${LATELY}) AS count, max(raised.time) AS latest
FROM raised_alarms AS raised WHERE raised.plant = {plant:String} GROUP BY rule
UNION ALL
SELECT toString(incident.rule) AS rule, uniqExactIf(incident.id, incident.time ${LATELY}) AS count, max(incident.time) AS latest
FROM incidents AS incident
WHERE incident.plant = {plant:String} AND incident.rule NOT IN (SELECT rule FROM anomalies WHERE plant = {plant:String})
GROUP BY rule`;

const answersRow = z.object({ rule: z.string(), answers: count, precision: z.number() });
const ANSWERS = `
SELECT toString(rule) AS rule, answers, precision
FROM rule_precision WHERE plant = {plant:String} AND line = ''`;

function rulesRoute(services: Services): ApiRoute {
  const { models, questions, flow } = services;
  return route({
    id: 'getRules',
    method: 'GET',
    path: '/plants/{plant}/rules',
    tag: 'Rules',
    access: 'view-plant',
    summary:
      'The rules in force, with how often each spoke and was right; since when they are, and who applied them.',
    pathSchema: plantPath,
    answer: rulesSchema,
    async handle({ reach, path }) {
      const known = await plantInSight(models, reach, path.plant);
      const [changes, used, answers, applied] = await Promise.all([
        questions.ask(changeRow, CHANGES, path),
        questions.ask(usedRow, USED, path),
        questions.ask(answersRow, ANSWERS, path),
        flow.applied().catch(() => []),
      ]);
      const whoOf = (sequence: number) =>
        applied.find((each) => each.what === `rules.${path.plant}` && each.sequence === sequence)
          ?.who;
      const { rules, model } = known;
      const never = rules === undefined ? [] : findUnreachable(rules, [model]);
      return {
        rules: listed(known, reach).map((rule) => {
          const spoke = used.find((each) => each.rule === rule.id);
          const judged = answers.find((each) => each.rule === rule.id);
          return {
            ...rule,
            ...{ raised: spoke?.count ?? 0, latest: spoke?.latest ?? null },
            ...{ answers: judged?.answers ?? 0, precision: judged?.precision ?? null },
          };
        }),
        changes: await Promise.all(changes.map((each) => withName(services, each, whoOf))),
        never: never.map(({ path: place, message }) => `${place.join('.')}: ${message}`),
      };
    },
  });
}

async function withName(
  services: Services,
  change: z.output<typeof changeRow>,
  whoOf: (sequence: number) => string | undefined,
) {
  const who = whoOf(change.sequence) ?? '';
  return { ...change, who, name: who === '' ? '' : await personNameOf(services, who) };
}

type Listed = Pick<
  z.output<typeof ruleSchema>,
  'id' | 'family' | 'kind' | 'about' | 'definition' | 'subjects'
>;

function listed(known: KnownPlant, reach: LineReach): readonly Listed[] {
  const { rules } = known;
  if (rules === undefined) return [];
  return [
    ...rules.detectors.map((rule): Listed => {
      const subjects = rule.kind === 'limit' ? subjectsOf(rule, known, reach) : [];
      const { id, kind, signal: about } = rule;
      return { id, family: 'detector', kind, about, definition: rule, subjects };
    }),
    ...rules.patterns.map((rule): Listed => {
      const named = { id: rule.id, family: 'pattern', kind: '' } as const;
      return { ...named, about: sentenceOf(rule), definition: rule, subjects: [] };
    }),
    ...rules.triggers.map((rule): Listed => {
      const about = [rule.on].flat().join(', ');
      return { id: rule.id, family: 'trigger', kind: '', about, definition: rule, subjects: [] };
    }),
  ];
}

const MOST_SUBJECTS = 200;

/** The signals and measuring points that a detector is about. */
function subjectsOf(rule: LimitRule, { model }: KnownPlant, reach: LineReach) {
  return model.lines
    .filter(({ id }) => isWithinReach(reach, model.id, id))
    .flatMap((line) =>
      line.assets
        .filter((asset) => isAboutAsset(rule, assetKey(model.id, line.id, asset.id), asset))
        .flatMap((asset) => [
          ...Object.keys(asset.signals)
            .filter((signal) => fits(rule.signal, signal))
            .map((signal) => ({ line: line.id, asset: asset.id, signal, point: '' })),
          // Of features the rule itself has the name; a pattern of names has no one curve.
          ...(rule.signal.startsWith(FEATURE_PREFIX) && !rule.signal.includes('*')
            ? asset.points
            : []
          ).map(({ id: point }) => ({
            line: line.id,
            asset: asset.id,
            signal: rule.signal,
            point,
          })),
        ]),
    )
    .slice(0, MOST_SUBJECTS);
}

const valueRow = z.object({ from: count, to: count, value: z.number().nullable() });
/** The newest of so many: a rule on windows of seconds has millions of them. */
const MOST_VALUES = 50_000;

const OF_ASSET = 'plant = {plant:String} AND line = {line:String} AND asset = {asset:String}';
const SPAN =
  'fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})';

const windowValues = (statistic: string) => `
SELECT toUnixTimestamp64Milli(start) AS from, toUnixTimestamp64Milli(time) AS to, any(value) AS value
FROM
(
  SELECT start, \`end\` AS time, ${statistic} AS value
  FROM windows_final
  WHERE ${OF_ASSET} AND signal = {signal:String} AND \`window\` = {window:String}
)
WHERE time >= ${SPAN}
GROUP BY start, time
ORDER BY time DESC
LIMIT ${MOST_VALUES}`;

const FEATURE_VALUES = `
SELECT
  toUnixTimestamp64Milli(time) AS from, from + toInt64(1000 * any(samples) / any(rate)) AS to,
  any(\`values\`[{feature:String}]) AS value
FROM features AS fact
${counted('fact')} AND ${OF_ASSET} AND point = {point:String} AND mapContains(\`values\`, {feature:String}) AND time >= ${SPAN}
GROUP BY time
ORDER BY time DESC
LIMIT ${MOST_VALUES}`;

const traceQuery = z.object({
  signal: z.string().min(1).max(128).describe('One of its subjects.'),
  point: z.string().max(64).default('').describe('Measuring point of a feature.'),
  side: z.enum(['above', 'below']).optional().describe('Of a rule with two limits.'),
  days: z.coerce
    .number()
    .int()
    .min(1)
    .max(92)
    .default(28)
    .describe('Up to the newest of the line.'),
  points: z.coerce.number().int().min(10).max(4_000).default(500),
});

function traceRoute({ models, questions }: Services): ApiRoute {
  return route({
    id: 'getRuleTrace',
    method: 'GET',
    path: '/assets/{plant}/{line}/{asset}/rules/{rule}/trace',
    tag: 'Rules',
    access: 'view-plant',
    summary:
      'What a detector with a fixed limit evaluated lately, and what other limits would have raised.',
    pathSchema: z.object({
      ...{ plant: nameParameter, line: nameParameter, asset: nameParameter, rule: nameParameter },
    }),
    querySchema: traceQuery,
    answer: traceSchema,
    async handle({ reach, path, query }) {
      const { known, asset } = await assetInSight(models, reach, path);
      const { rules } = known;
      const rule = rules?.detectors.find(({ id }) => id === path.rule);
      if (rules === undefined || rule?.kind !== 'limit') {
        throw new ApiProblem(
          'not-found',
          `expected a detector with a fixed limit, found ${path.rule}`,
        );
      }
      return traceOf(questions, { rules, rule, asset, path, query });
    },
  });
}

type Traced = {
  readonly rules: Rules;
  readonly rule: LimitRule;
  readonly asset: Asset;
  readonly path: z.output<typeof assetPath>;
  readonly query: z.output<typeof traceQuery>;
};

async function traceOf(
  questions: Services['questions'],
  { rules, rule, asset, path, query }: Traced,
): Promise<z.output<typeof traceSchema>> {
  const { signal, point, points } = query;
  const side = query.side ?? (rule.above === undefined ? 'below' : 'above');
  const bound = boundInForce(rule, side, asset);
  const stored = await storedValues(questions, { rules, rule, asset, path, query });
  const { to } = stored;
  const { spans, from } = await spansOfAsset(questions, path, stored, 0);
  const values = stored.values.filter((each) => each.from >= from);
  const about = {
    signal,
    unit: lookup(asset.signals, signal)?.unit ?? null,
    limits: limitsOf(rules, asset, { ...path, signal }).filter((each) => each.rule === rule.id),
  };
  return {
    ...{ rule: rule.id, side, limit: bound, of: point === '' ? rule.of : '' },
    series: {
      ...{ ...about, description: null, range: null, source: 'windows' },
      ...{ from: new Date(from).toISOString(), to: new Date(to).toISOString() },
      ...drawnValues(values, { from, to, points }),
    },
    values: values.length,
    limits: [...(await otherLimits({ rules, rule, side, asset, values, spans }, bound))],
    failures: failuresIn(spans).map((time) => new Date(time).toISOString()),
    left_out: [...leftOut(rule)],
  };
}

/** What the rule evaluated up to the newest of the line, in order; `from` is where that begins. */
async function storedValues(
  questions: Services['questions'],
  { rules, rule, path, query: { signal, point, days } }: Traced,
) {
  const { plant, line, asset } = path;
  const [end] = await questions.ask(z.object({ to: count }), NEWEST, { plant, line });
  const to = (end?.to ?? Date.now()) + 1;
  const from = to - days * 86_400_000;
  const stored = await questions.ask(
    valueRow,
    point === '' ? windowValues(columnOf(rule.of)) : FEATURE_VALUES,
    {
      ...{ plant, line, asset, signal, point, from, to },
      ...{ window: windowOf(rules, rule, signal), feature: signal.replace(FEATURE_PREFIX, '') },
    },
  );
  const values = stored
    .flatMap(({ value, ...span }): StoredValue[] => (value === null ? [] : [{ ...span, value }]))
    .reverse();
  return { values, from: values[0]?.from ?? from, to };
}

const NEWEST = `
SELECT toUnixTimestamp64Milli(time) AS to FROM newest WHERE plant = {plant:String} AND line = {line:String}`;

function boundInForce(rule: LimitRule, side: Side, asset: Asset): number {
  const bound = rule[side];
  const value =
    typeof bound === 'object' ? (asset.attributes[bound.attribute] ?? bound.default) : bound;
  if (value !== undefined) return value;
  throw new ApiProblem(
    'not-found',
    `expected a limit ${side} of ${rule.id} for ${asset.id}, found none`,
  );
}

/** As the stage chooses it: the window that is named, else the first that covers the signal. */
function windowOf(rules: Rules, rule: LimitRule, signal: string): string {
  const first = rules.windows.find(({ signals }) => signals.some((name) => fits(name, signal)));
  return rule.window ?? first?.id ?? '';
}

/** The column of a statistic. Only known names become part of a statement. */
function columnOf(of: string): string {
  if (/^p\d+(?:\.\d+)?$/.test(of)) return `\`quantiles\`['${of}']`;
  return isStatistic(of) ? `\`${of}\`` : 'mean';
}

function leftOut({ when }: DetectorRule): readonly string[] {
  return when?.within === undefined
    ? []
    : Object.keys(when.within).map((signal) => `when.within.${signal}`);
}
